"""What a report says is different from the run before, where the two looked at other symbols."""

from dataclasses import replace

import pandas as pd

from gx.report.changes import Changes, ReportedRun, compare, from_json, to_json
from gx.report.model import Outcome, QualityReport, SymbolVerdict, no_failing_bars

OUTLIER = Outcome("expect_x", {"column": "close"}, "warning", "failed", "X holds.", "", 3)
TABLE = Outcome("expect_y", {"column": "open"}, "critical", "failed", "Y holds.")
PASSED = SymbolVerdict("passed", 23, 0)


def reported(symbols: str, *outcomes: Outcome) -> ReportedRun:
    report = QualityReport(
        suite="stock_data",
        suite_sha256="5" * 64,
        suite_text="",
        rows=23 * len(symbols),
        first_date="2025-10-06",
        last_date="2025-11-04",
        outcomes=outcomes,
        symbols=dict.fromkeys(symbols, PASSED),
        failing=no_failing_bars(),
    )
    return ReportedRun(report.to_dict(every_row=False))


def of(outcome: Outcome, symbols: str, failing: int = 3) -> Outcome:
    return replace(
        outcome,
        symbols=tuple(symbols),
        status="failed" if symbols else "passed",
        unexpected_count=failing,
    )


def test_what_failed_for_other_symbols_is_not_fixed_by_looking_at_fewer():
    many = reported("ABCD", of(OUTLIER, "CD"), TABLE)
    found = compare(many, reported("AB", of(OUTLIER, "", 0), replace(TABLE, status="passed")))

    assert found.expectations.newly_fixed == ("Y holds.",)  # of no symbol: of every run
    assert found.shared == 2
    assert from_json(to_json(found)) == found


def test_what_fails_for_a_symbol_of_both_is_compared():
    found = compare(reported("ABC", of(OUTLIER, "BC")), reported("AB", of(OUTLIER, "", 0)))
    assert found.expectations.newly_fixed == ("X holds.",)
    more = compare(reported("A", of(OUTLIER, "", 0)), reported("AB", of(OUTLIER, "B")))
    assert more.expectations.newly_failing == ()
    assert compare(reported("A", of(OUTLIER, "")), reported("A", of(OUTLIER, "A"))).shared is None


def of_days(first: int, last: int, *failing: int, symbol: str = "A") -> ReportedRun:
    """A run over these days of October, and on which of them a bar failed."""
    days = [pd.Timestamp(2025, 10, day) for day in failing]
    run = reported("A", of(OUTLIER, symbol if failing else "", len(failing)))
    report = {**run.report, "first_date": f"2025-10-{first:02}", "last_date": f"2025-10-{last:02}"}
    rows = pd.DataFrame({"symbol": symbol, "date": days, "reasons": [["X holds."]] * len(days)})
    return ReportedRun(report, failing=lambda: rows)


def test_a_failure_that_is_out_of_sight_is_not_fixed():
    found = compare(of_days(1, 20, 3), of_days(10, 25))
    assert found.expectations.newly_fixed == ()
    assert found.dates == ("2025-10-10", "2025-10-20")
    assert from_json(to_json(found)) == found
    fixed = compare(of_days(1, 20, 15), of_days(10, 25)).expectations
    assert fixed.newly_fixed == ("X holds.",)


def test_a_failure_of_a_new_day_is_told_apart_from_one_of_a_day_that_was_well():
    new_day = compare(of_days(1, 20), of_days(1, 21, 21)).expectations
    assert (new_day.newly_failing, new_day.unseen) == ((), ("X holds.",))
    restated = compare(of_days(1, 20), of_days(1, 21, 5, 21)).expectations
    assert (restated.newly_failing, restated.unseen) == (("X holds.",), ())


def test_bars_that_still_fail_are_counted_over_the_days_of_both():
    (still,) = compare(
        of_days(1, 20, 2, 12, 13), of_days(10, 25, 12, 24)
    ).expectations.still_failing
    assert (still.before, still.now) == (2, 1)


def test_without_a_day_in_common_no_failure_of_a_bar_is_compared():
    found = compare(of_days(1, 5, 3), of_days(10, 25, 12))
    assert found.dates == ("2025-10-10", "2025-10-05")
    assert (found.expectations.newly_fixed, found.expectations.newly_failing) == ((), ())
    assert found.expectations.unseen == ("X holds.",)


def test_without_its_bars_a_failure_counts_for_its_symbols():
    gone = replace(of_days(1, 20, 3), failing=lambda: None)
    assert compare(gone, of_days(10, 25)).expectations.newly_fixed == ("X holds.",)


def test_a_crash_is_everybodys():
    crashed = replace(of(OUTLIER, "C"), status="error")
    found = compare(reported("C", crashed), reported("AB", of(OUTLIER, "", 0)))
    assert found.expectations.newly_fixed == ("X holds.",)
    assert found.shared == 0


def test_changes_of_before_are_read():
    document = to_json(compare(reported("A"), reported("A")))
    assert isinstance(document, dict)
    del document["shared"]
    assert isinstance(from_json(document), Changes)
