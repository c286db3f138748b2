"""The numbers of a run that MLflow draws; MLflow groups charts by what stands before the slash.

| Group | Point |
|---|---|
| (none) | counts of rows, symbols and expectations, `seconds_STEP`, `failures_SEVERITY` |
| ``unexpected_share/EXPECTATION`` | failing share, 0 to 1; 1 for a check of the table as a whole |
| ``symbol_rows/SYMBOL`` | bars |
| ``symbol_failing_share/SYMBOL`` | failing bars, as a share of the symbol's, 0 to 1 |
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from dags.reporting.missing import missing_symbols
from dags.staging.records import Extracted, Published, Records, Transformed
from gx.names import COLUMN_KEYS, dotted_name
from gx.report.document import OutcomeDocument, ReportDocument, SymbolDocument

# More lines than that nobody reads in a chart, and every one costs MLflow a row a run.
WORST_SYMBOLS = 50

_COLUMN_KWARGS = (*COLUMN_KEYS, "column_set")
# Where a bound may be a text (a date), which is as little a part of an expectation's identity.
_BOUND_KWARGS = ("min_value", "max_value", "as_of")


def run_metrics(
    steps: Records, report: ReportDocument | None, failing_rows: int, seconds: float
) -> dict[str, float]:
    """Counts, shares and seconds; what a step did not come to is left out, never made up as 0."""
    metrics: dict[str, float] = {"execution_time_seconds": round(seconds, 3)}
    for step, record in steps.items():
        if record.seconds is not None:
            metrics[f"seconds_{step}"] = record.seconds
    if extracted := steps.found(Extracted):
        metrics["total_rows"] = extracted.rows
        metrics["symbols_processed"] = len(extracted.rows_by_symbol)
        metrics["symbols_missing"] = len(missing_symbols(steps, report))
        if extracted.rounded:
            metrics["numbers_rounded"] = extracted.rounded
    if report:
        metrics |= _validation_metrics(report, failing_rows)
    if transformed := steps.found(Transformed):
        metrics["rows_transformed"] = transformed.rows
    if published := steps.found(Published):
        metrics["rows_published"] = published.rows
        for count in ("new", "changed", "removed", "held", "superseded", "still_held"):
            metrics[f"rows_{count}"] = getattr(published, count)
    return metrics


def expectation_names(expectations: Sequence[OutcomeDocument]) -> list[str]:
    """A name for each, unique in the suite and the same from run to run.

    The type without ``expect_`` and the columns: ``column_values_to_be_between.close``. Where two
    entries share that, each gets what tells them apart, in this order: a digest of its other
    kwargs (numbers and bounds excepted, so that a line goes on when a bound is moved), its
    severity, its place among them.
    """
    names = [dotted_name(entry.type, entry.kwargs) for entry in expectations]
    for suffix in (_kwargs_digest, lambda entry: str(entry.own_severity or entry.severity)):
        names = _distinct_names(names, expectations, suffix)
    seen: Counter[str] = Counter()
    shared = Counter(names)
    for index, name in enumerate(names):
        seen[name] += 1
        if shared[name] > 1:
            names[index] = f"{name}.{seen[name]}"
    return names


def expectation_shares(report: ReportDocument) -> dict[str, float]:
    """The failing share of each expectation that was checked, by the name of its metric."""
    named = zip(expectation_names(report.expectations), report.expectations, strict=True)
    shares = {f"unexpected_share/{name}": failing_share(entry) for name, entry in named}
    return {name: share for name, share in shares.items() if share is not None}


def failing_share(entry: OutcomeDocument) -> float | None:
    """The share of unexpected values; None for what was not checked, 1 for a whole table."""
    if entry.status not in ("passed", "waived", "failed"):
        return None
    if entry.status == "failed" and not entry.unexpected_count:
        return 1.0
    return float(entry.unexpected_share)


def worst_symbols(symbols: Mapping[str, SymbolDocument]) -> list[str]:
    """The symbols to draw: those with the largest failing share first, then by name."""
    order = sorted(symbols, key=lambda name: (-symbol_share(symbols[name]), name))
    return order[:WORST_SYMBOLS]


def _validation_metrics(report: ReportDocument, failing_rows: int) -> dict[str, float]:
    expectations, symbols = report.expectations, report.symbols
    metrics: dict[str, float] = {
        "validation_checks_passed": len(expectations) - len(report.failed),
        "validation_checks_total": len(expectations),
        "failing_rows": failing_rows,
        "failing_share": share(failing_rows, report.rows),
        "failures_waived": report.waived,
        "bars_doubtful": len(report.doubtful),
        "bars_gone": sum(removal.bars for removal in report.removed),
        "symbols_failing": sum(symbol.failing_rows > 0 for symbol in symbols.values()),
    }
    for severity, count in report.failures_by_severity.items():
        metrics[f"failures_{severity}"] = count
    metrics |= expectation_shares(report)
    for name in worst_symbols(symbols):
        metrics[f"symbol_rows/{name}"] = symbols[name].rows
        metrics[f"symbol_failing_share/{name}"] = symbol_share(symbols[name])
    return metrics


def symbol_share(symbol: SymbolDocument) -> float:
    """The share of a symbol's bars that fail, 0 to 1."""
    return share(symbol.failing_rows, symbol.rows)


def share(failing: int, rows: int) -> float:
    """The failing part of the rows, 0 to 1; 0 of none."""
    return failing / rows if rows else 0.0


def _distinct_names(
    names: list[str], entries: Sequence[OutcomeDocument], suffix: Callable[[OutcomeDocument], str]
) -> list[str]:
    """The names, where entries that share one and differ in `suffix` carry it."""
    suffixes: dict[str, set[str]] = {}
    for name, entry in zip(names, entries, strict=True):
        suffixes.setdefault(name, set()).add(suffix(entry))
    return [
        f"{name}.{suffix(entry)}" if len(suffixes[name]) > 1 else name
        for name, entry in zip(names, entries, strict=True)
    ]


def _kwargs_digest(entry: OutcomeDocument) -> str:
    others = {
        name: value
        for name, value in entry.kwargs.items()
        if name not in (*_COLUMN_KWARGS, *_BOUND_KWARGS) and not _is_number(value)
    }
    document = json.dumps(others, sort_keys=True, default=str)
    return hashlib.sha256(document.encode()).hexdigest()[:6]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
