"""What a report says is different from the run before, where the two looked at other symbols."""

from dataclasses import replace

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
