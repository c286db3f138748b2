from typing import Any

import pytest

from dags.reporting.tracked.metrics import WORST_SYMBOLS, expectation_names, run_metrics
from dags.staging.records import Records, StepRecord
from gx.report.document import OutcomeDocument, ReportDocument
from tests.report_documents import outcome_document, report_document


def entry(
    kind: str = "expect_column_values_to_be_between",
    severity: str = "critical",
    status: str = "passed",
    count: int = 0,
    share: float = 0.0,
    **kwargs: Any,
) -> OutcomeDocument:
    return outcome_document(
        type=kind,
        kwargs=kwargs,
        severity=severity,
        status=status,
        unexpected_count=count,
        unexpected_share=share,
    )


def report(*expectations: OutcomeDocument, **symbols: tuple[int, int]) -> ReportDocument:
    return report_document(*expectations, symbols=symbols)


def test_an_expectation_is_named_by_its_type_and_columns():
    pair = entry("expect_compound_columns_to_be_unique", column_list=["symbol", "date"])
    table = entry("expect_table_columns_to_match_set", column_set=["a", "b"])
    assert expectation_names([entry(column="close"), pair, table]) == [
        "column_values_to_be_between.close",
        "compound_columns_to_be_unique.symbol.date",
        "table_columns_to_match_set",
    ]


def test_two_of_a_kind_are_told_apart_and_a_moved_bound_renames_neither():
    def names(lowest: float) -> list[str]:
        return expectation_names(
            [
                entry(column="close", min_value=lowest, severity="warning"),
                entry(column="close", min_value=0.01),
                entry(column="close", min_value=1, row_condition="symbol == 'A'"),
                entry(column="close", min_value=2),
            ]
        )

    found = names(5)
    assert found == names(6)
    assert len(set(found)) == 4
    assert found[0].endswith(".warning")
    assert [name[-2:] for name in (found[1], found[3])] == [".1", ".2"]


@pytest.mark.parametrize(
    ("status", "count", "share", "expected"),
    [
        ("passed", 0, 0.0, 0.0),
        ("passed", 2, 0.02, 0.02),  # within its `mostly`
        ("failed", 5, 0.05, 0.05),
        ("failed", 0, 0.0, 1.0),  # the table as a whole
        ("error", 0, 0.0, None),
        ("skipped", 0, 0.0, None),
    ],
)
def test_the_unexpected_share_says_what_was_checked_and_nothing_else(
    status: str, count: int, share: float, expected: float | None
):
    judged = report(entry(status=status, count=count, share=share, column="close"))
    metrics = run_metrics(Records(), judged, 0, 1.0)
    assert metrics.get("unexpected_share/column_values_to_be_between.close") == expected


def test_the_worst_symbols_are_drawn_and_all_are_counted():
    symbols = {f"S{number:03d}": (10, number % 3) for number in range(500)}
    metrics = run_metrics(Records(), report(**symbols), 499, 1.0)
    drawn = [name for name in metrics if name.startswith("symbol_failing_share/")]
    assert len(drawn) == WORST_SYMBOLS
    assert {metrics[name] for name in drawn} == {0.2}
    assert metrics["symbol_rows/S002"] == 10
    assert metrics["symbols_failing"] == sum(bad > 0 for _, bad in symbols.values())
    assert metrics["failing_share"] == 4.99


def test_what_no_step_came_to_is_left_out():
    failed = Records(extract=StepRecord(status="failed", seconds=0.5))
    assert run_metrics(failed, None, 0, 2.0) == {
        "execution_time_seconds": 2.0,
        "seconds_extract": 0.5,
    }
