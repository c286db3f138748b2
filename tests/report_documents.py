"""Reports as the gate keeps them, made of what a test says of them."""

from typing import Any

from gx.report.document import OutcomeDocument, ReportDocument, SymbolDocument


def outcome_document(**said: Any) -> OutcomeDocument:
    """An expectation's outcome: passed, if nothing else is said."""
    status = said.get("status", "passed")
    usual: dict[str, Any] = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {},
        "severity": "critical",
        "success": status in ("passed", "skipped"),
        "status": status,
        "description": "",
        "observed": "",
        "unexpected_count": 0,
        "unexpected_share": 0.0,
        "symbols": [],
        "ownerless": 0,
        "examples": [],
        "exception": None,
    }
    return OutcomeDocument(**{**usual, **said})


def report_document(
    *expectations: OutcomeDocument,
    rows: int = 100,
    symbols: dict[str, tuple[int, int]] | None = None,
) -> ReportDocument:
    """A report of these outcomes; ``symbols`` have rows and failing rows."""
    return ReportDocument(
        success=True,
        verdict="Passed.",
        suite="stock_data",
        suite_sha256="5" * 64,
        rows=rows,
        first_date=None,
        last_date=None,
        symbols={
            name: SymbolDocument(verdict="passed", reasons=[], rows=all_rows, failing_rows=failing)
            for name, (all_rows, failing) in (symbols or {}).items()
        },
        expectations=list(expectations),
    )
