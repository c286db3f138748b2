"""One entry with a table of exceptions, against the copies that somebody would write by hand."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from dags.reporting.tracked.metrics import expectation_names
from gx.editing.trials import check_document, effects, try_draft
from gx.errors import SuiteError
from gx.gate.asked import NOTHING_ASKED, Asked
from gx.gate.checkpoint import run_in_memory
from gx.gate.waive import waive
from gx.report.by_symbol import leaf_of, leaves
from gx.report.changes import no_longer_critical
from gx.report.console import report_lines
from gx.report.model import Outcome, QualityReport, explain, read_report
from gx.report.overlap import Overlap
from gx.report.pictures.choose import draw
from gx.report.render import render_html
from gx.suite.calendars import Calendars
from gx.suite.diff import compare
from gx.suite.exceptions.table import fits
from gx.suite.read import Suite, parse_suite, with_calendars
from gx.suite.waivers import made_waiver, today
from tests.market_parts import AS_OF, in_parts
from tests.unit.test_merge import planted, same

ROWS: list[dict[str, Any]] = [
    {"symbols": "S03", "off": True},
    {"symbols": "S0*", "severity": "warning"},
    {"symbols": "S1?", "severity": "info"},
]
SMALL = {"row_condition": "volume < 1050000", "condition_parser": "pandas"}
BETWEEN = (
    "expect_column_values_to_be_between",
    {"column": "close", "min_value": 0, "max_value": 60},
)
BY_SYMBOL: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("expect_column_values_to_be_between", {"column": "close", "max_value": 90}, {"max_value": 60}),
    ("expect_column_values_to_not_be_null", {"column": "close"}, {"mostly": 0.9}),
    ("expect_column_values_to_be_unique", {"column": "volume"}, {"mostly": 0.5}),
    ("expect_column_max_to_be_between", {"column": "close", "max_value": 90}, {"max_value": 1e6}),
    ("expect_compound_columns_to_be_unique", {"column_list": ["symbol", "date"]}, {"mostly": 0.5}),
    ("expect_no_return_outliers", {}, {"threshold": 5.0}),
    ("expect_no_stale_prices", {}, {"sessions": 4}),
    ("expect_bars_on_trading_sessions", {}, {"calendar": "24/7"}),
    ("expect_bars_to_be_fresh", {"as_of": "2025-06-30"}, {"allowed": 30}),
    ("expect_no_unit_errors", {}, {"factor": 50}),
]


def entry(type_: str, kwargs: Any, rows: Sequence[Any] = (), severity: str = "critical") -> Any:
    meta = {"meta": {"exceptions": list(rows)}} if rows else {}
    return {"type": type_, "kwargs": kwargs, "severity": severity, **meta}


def suite_of(*entries: dict[str, Any]) -> Suite:
    document = {"name": "x", "expectations": list(entries)}
    return parse_suite(json.dumps(document).encode(), where="x", name="x")


@pytest.fixture(scope="module")
def market() -> tuple[pd.DataFrame, pd.DataFrame]:
    return planted(1)


def judged(
    suite: Suite, market: tuple[pd.DataFrame, pd.DataFrame], asked: Asked = NOTHING_ASKED
) -> QualityReport:
    bars, lookback = market
    return run_in_memory(bars, suite, as_of=AS_OF, lookback=lookback, asked=asked)


def failing_of(outcomes: Sequence[Outcome], bars: pd.DataFrame) -> list[tuple[str, str]]:
    """Each failing bar with its severity."""
    return sorted(
        (str(bars.index[row]), one.severity) for one in leaves(outcomes) for row in one.rows
    )


@pytest.mark.parametrize(("type_", "kwargs", "changes"), BY_SYMBOL)
def test_exceptions_judge_each_bar_as_copies_by_hand_would(
    market: tuple[pd.DataFrame, pd.DataFrame],
    type_: str,
    kwargs: dict[str, Any],
    changes: dict[str, Any],
):
    rows = [{**ROWS[0]}, {**ROWS[1], "kwargs": changes}, {**ROWS[2]}]
    report = judged(suite_of(entry(type_, kwargs, rows)), market)

    copies = []
    for chosen, own, severity in (
        (lambda s: s.str.startswith("S0") & (s != "S03"), changes, "warning"),
        (lambda s: s.str.fullmatch("S1."), {}, "info"),
        (lambda s: ~s.str.startswith("S0") & ~s.str.fullmatch("S1."), {}, "critical"),
    ):
        bars, lookback = (frame[chosen(frame["symbol"].fillna(""))] for frame in market)
        copy = suite_of(entry(type_, {**kwargs, **own}, severity=severity))
        found = run_in_memory(bars, copy, as_of=AS_OF, lookback=lookback)
        copies += [(str(bars.index[row]), severity) for one in found.outcomes for row in one.rows]
    bars = market[0]
    assert failing_of(report.outcomes, bars) == sorted(copies)
    assert len(report.outcomes) == 1


@pytest.mark.parametrize("count", [1, 5])
def test_exceptions_say_the_same_of_parts_as_of_the_whole(
    market: tuple[pd.DataFrame, pd.DataFrame], count: int
):
    entries = [
        entry(type_, kwargs, [ROWS[0], {**ROWS[1], "kwargs": changes}, ROWS[2]])
        for type_, kwargs, changes in BY_SYMBOL
    ]
    wide = [
        entry("expect_no_gross_price_errors", {}, [{"symbols": "S0*", "kwargs": {"factor": 2}}]),
        entry("expect_no_duplicated_series", {}, [ROWS[0], ROWS[2]]),
        entry(
            "expect_no_missing_sessions",
            {},
            [
                {"symbols": "S01", "kwargs": {"calendar": "24/7"}},
                {"symbols": "S02", "off": True},
                {"symbols": "S1*", "kwargs": {"allowed": 5}, "severity": "warning"},
            ],
        ),
        entry("expect_no_market_wide_holes", {}, [ROWS[0], ROWS[1]]),
        entry("expect_symbols_to_be_unambiguous", {}, [ROWS[0], ROWS[2]]),
        entry("expect_table_row_count_to_be_between", {"min_value": 10}, [ROWS[1]]),
        entry("expect_column_values_to_be_between", BETWEEN[1] | SMALL, ROWS),
        entry("expect_no_duplicated_series", {"sessions": 10, **SMALL}, ROWS),
        entry("expect_no_stale_prices", {"sessions": 4, **SMALL}, ROWS),
    ]
    suite = suite_of(*entries, *wide)
    names = sorted({*market[0]["symbol"], *market[1]["symbol"], "NOPE", "S1Z"})
    for asked in (NOTHING_ASKED, Asked(tuple(names), "2024-06-01", "2025-06-02")):
        whole = judged(suite, market, asked)
        same(in_parts(*market, suite, count, asked), whole)
    assert {one.type for one in whole.failed} > {"expect_no_missing_sessions"}


CLOSE = {"column": "close", "max_value": 60}


def two_symbols(rows: Sequence[Any], severity: str) -> QualityReport:
    """NVDA and TSLA with a close of 100 each, against a maximum of 60."""
    days = pd.bdate_range("2025-10-01", periods=3).as_unit("ms")
    bars = pd.DataFrame({"symbol": ["NVDA"] * 3 + ["TSLA"] * 3, "date": [*days, *days]})
    for column in ("open", "high", "low", "close", "volume"):
        bars[column] = 100.0
    found = entry("expect_column_values_to_be_between", CLOSE, rows, severity)
    return run_in_memory(bars, suite_of(found), as_of=AS_OF)


@pytest.mark.parametrize(
    ("own", "other", "held", "verdicts"),
    [
        ("critical", "warning", ("NVDA",), {"NVDA": "held", "TSLA": "warned"}),
        ("warning", "critical", ("TSLA",), {"NVDA": "warned", "TSLA": "held"}),
        ("critical", "info", ("NVDA",), {"NVDA": "held", "TSLA": "passed"}),
    ],
)
def test_a_severity_by_symbol_holds_those_symbols_and_no_others(
    own: str, other: str, held: tuple[str, ...], verdicts: dict[str, str]
):
    report = two_symbols([{"symbols": "TS*", "severity": other}], own)

    decision = report.decide("quarantine")
    assert (decision.open, decision.held) == (True, held)
    assert {s: one.verdict for s, one in report.symbols.items()} == verdicts
    of_bars = dict(zip(report.failing["symbol"], report.failing["severity"], strict=True))
    assert of_bars == {"NVDA": own, "TSLA": other}
    (outcome,) = report.outcomes
    assert (outcome.severity, outcome.own_severity) == ("critical", own)
    assert explain(outcome).endswith(f"[3 bars in 1 event in {held[0]}]")
    kept = read_report(json.loads(json.dumps(report.to_dict())), report.failing)
    for policy in ("fail", "quarantine", "ask"):
        assert kept.decide(policy) == report.decide(policy)


def test_the_gate_stays_open_when_only_a_warning_of_a_critical_entry_failed():
    rows = [
        {"symbols": "NVDA", "kwargs": {"max_value": 200}},
        {"symbols": "T?LA", "severity": "warning"},
    ]
    report = two_symbols(rows, "critical")

    assert report.success
    assert report.failures_by_severity == {"critical": 0, "warning": 1, "info": 0}
    kept = report.to_dict()
    assert no_longer_critical(kept, kept) == ()  # the entry is as critical as it was


def test_what_is_off_is_not_judged_and_said_everywhere():
    report = two_symbols([{"symbols": "TSLA", "off": True}], "critical")

    assert report.symbols["TSLA"].verdict == "passed"
    assert "1 expectation is off for TSLA." in report.sentence
    lines = "\n".join(report_lines(report))
    assert "TSLA: not judged (1 symbol: TSLA)" in lines
    assert "TSLA: not judged (1 symbol: TSLA)" in render_html(report)
    assert "For TSLA: not judged." in report.outcomes[0].description
    read = read_report(report.to_dict(), report.failing)
    assert read.outcomes[0].exceptions[1].off
    assert read.sentence == report.sentence


def test_an_expectation_that_is_off_for_all_symbols_here_is_skipped_and_closes_nothing():
    rows = [{"symbols": "TSLA", "off": True}, {"symbols": "NVDA", "off": True}]
    report = two_symbols(rows, "critical")

    assert report.success
    assert report.outcomes[0].status == "skipped"
    assert "1 expectation is off for NVDA, TSLA." in report.sentence


def test_exceptions_of_symbols_that_are_not_here_close_nothing():
    report = two_symbols([{"symbols": "BRK*", "kwargs": {"max_value": 1}}], "critical")

    assert report.decide("quarantine").held == ("NVDA", "TSLA")
    told = report.outcomes[0].exceptions[1]
    assert (told.count, told.outcome) == (0, None)
    assert told.sentence == "BRK*: max_value 1 (no symbol here)"


def test_a_waiver_accepts_failures_of_an_entry_whichever_row_found_them():
    whole = two_symbols([{"symbols": "TSLA", "kwargs": {"max_value": 70}}], "critical")
    assert whole.decide("quarantine").reasons
    bars = whole.failing
    waiver = made_waiver(
        id="00000001",
        expectation=whole.outcomes[0].name,
        symbol="TSLA",
        first_date="2025-10-01",
        reason="known",
        author="ann",
        made=datetime.now(UTC),
        expires=today() + timedelta(days=3),
    )
    frame = bars.set_index("row").sort_index()
    waived = waive(whole.outcomes, frame, [waiver], today=today(), last_date="2025-10-03")

    (outcome,) = waived.outcomes
    assert outcome.symbols == ("NVDA",)
    assert (outcome.status, outcome.waived_count, outcome.unexpected_count) == ("failed", 3, 3)
    assert [one.outcome and one.outcome.status for one in outcome.exceptions] == [
        "failed",
        "waived",
    ]
    assert waived.uses[0].failures == 3


@pytest.mark.parametrize(
    ("type_", "kwargs", "change"),
    [
        ("expect_no_gross_price_errors", {"factor": 4}, {"factor": 1.5}),
        ("expect_no_missing_sessions", {}, {"allowed": 30}),
    ],
)
def test_what_looks_across_symbols_judges_all_of_them_by_a_row_s_settings(
    market: tuple[pd.DataFrame, pd.DataFrame],
    type_: str,
    kwargs: dict[str, Any],
    change: dict[str, Any],
):
    rows = [{"symbols": "S0*", "kwargs": change}]
    one = judged(suite_of(entry(type_, kwargs, rows)), market).outcomes[0]
    own, other = (
        judged(suite_of(entry(type_, {**kwargs, **more})), market).outcomes[0]
        for more in ({}, change)
    )

    mine = market[0]["symbol"].fillna("").str.startswith("S0").to_numpy()
    expected = [row for row in own.rows if not mine[row]]
    expected += [row for row in other.rows if mine[row]]
    assert one.rows.tolist() == sorted(expected)
    assert len(expected) and one.rows.tolist() != own.rows.tolist()
    assert set(one.behind) == {
        s
        for s in (*own.behind, *other.behind)
        if s in (other if s.startswith("S0") else own).behind
    }


def test_a_calendar_by_symbol_is_that_of_its_symbols_alone(
    market: tuple[pd.DataFrame, pd.DataFrame],
):
    named = dict.fromkeys(("S01", "S02"), "24/7")
    by_hand = entry("expect_no_missing_sessions", {"calendars": named})
    rows = [
        {"symbols": "S01", "kwargs": {"calendar": "24/7"}},
        {"symbols": "S02", "kwargs": {"calendar": "24/7"}},
    ]
    table = entry("expect_no_missing_sessions", {}, rows)

    one, other = (judged(suite_of(each), market).outcomes[0] for each in (table, by_hand))
    assert one.rows.tolist() == other.rows.tolist()
    assert one.behind == other.behind


FAULTS: list[tuple[str, dict[str, Any], Any, str, str]] = [
    (*BETWEEN, "no list", "must be a list", "exceptions"),
    (*BETWEEN, [1], "must be an object", "exceptions.0"),
    (*BETWEEN, [{}], "names no symbol", "exceptions.0.symbols"),
    (*BETWEEN, [{"symbols": "A"}], "says nothing", "exceptions.0"),
    (*BETWEEN, [{"symbols": "*", "off": True}], "fits every symbol", "exceptions.0.symbols"),
    (*BETWEEN, [{"symbols": "?*", "off": True}], "fits every symbol", "exceptions.0.symbols"),
    (*BETWEEN, [{"symbols": "A" * 33, "off": True}], "33 characters", "exceptions.0.symbols"),
    (*BETWEEN, [{"symbols": "A\u200b", "off": True}], "nobody sees", "exceptions.0.symbols"),
    (*BETWEEN, [{"symbols": "A", "off": 1}], "true or false", "exceptions.0.off"),
    (*BETWEEN, [{"symbols": "A", "off": True, "severity": "info"}], "is off", "exceptions.0.off"),
    (*BETWEEN, [{"symbols": "A", "severity": "fatal"}], "must be one of", "exceptions.0.severity"),
    (*BETWEEN, [{"symbols": "A", "severity": ["info"]}], "one of", "exceptions.0.severity"),
    (*BETWEEN, [{"symbols": "A", "kwargs": [8]}], "an object", "exceptions.0.kwargs"),
    (*BETWEEN, [{"symbols": "A", "kwargs": {"max": 8}}], "unknown", "exceptions.0.max"),
    (*BETWEEN, [{"symbols": "A", "kwargs": {"column": "open"}}], "which bars and columns",
     "exceptions.0.column"),
    (*BETWEEN, [{"symbols": "A", "kwargs": {"max_value": "high"}}], "no number",
     "exceptions.0.max_value"),
    (*BETWEEN, [{"symbols": "A", "kwargs": {"max_value": -1}}], "no value can be met",
     "exceptions.0.min_value"),
    (*BETWEEN, [{"symbols": "A", "kwargs": {"value_set": list(range(2_000))}}], "2,000 characters",
     "exceptions.0.kwargs"),
    (*BETWEEN, [{"symbols": f"A{n}", "off": True} for n in range(101)], "100 are the most",
     "exceptions"),
    (*BETWEEN, [{"symbols": "A*", "off": True}, {"symbols": "A?B*", "severity": "info"}],
     "never reached: exception 1 (A*)", "exceptions.1.symbols"),
    (*BETWEEN, [{"symbols": "A", "off": True}, {"symbols": "A", "severity": "info"}],
     "names what exception 1 names", "exceptions.1.symbols"),
    ("expect_column_to_exist", {"column": "close"}, [{"symbols": "A", "off": True}],
     "the same for all symbols", "exceptions"),
    ("expect_no_market_wide_holes", {}, [{"symbols": "A", "kwargs": {"percent": 5}}],
     "compares all symbols with one another", "exceptions.0.percent"),
    ("expect_no_missing_sessions", {}, [{"symbols": "A", "kwargs": {"calendar": "XLOM"}}],
     "did you mean 'XLON'", "exceptions.0.calendar"),
    ("expect_no_return_outliers", {}, [{"symbols": "A", "kwargs": {"threshold": -1}}],
     "greater than 0", "exceptions.0.threshold"),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "kwargs", "rows", "said", "field"), FAULTS)
def test_a_fault_says_what_is_wrong_and_names_the_row(
    type_: str, kwargs: dict[str, Any], rows: Any, said: str, field: str
):
    given = {"type": type_, "kwargs": kwargs, "severity": "warning", "meta": {"exceptions": rows}}
    with pytest.raises(SuiteError) as raised:
        suite_of(given)
    told = [(str(one), one.entry, one.field) for one in raised.value.faults]
    assert [one for one in told if said in one[0] and one[1:] == (1, field)], told


@pytest.mark.parametrize("pattern", ["A?", "*.L", "[A]*", "BRK B", "A*A*A*A*A*A*A*A*A*A*B"])
def test_a_pattern_is_read_as_it_is_written(pattern: str):
    suite_of(entry(*BETWEEN, [{"symbols": pattern, "off": True}]))
    assert fits("[A]*", "[A]B")
    assert not fits("[A]*", "AB")
    assert not fits("A*A*A*A*A*A*A*A*A*A*B", "A" * 32)


def test_a_difference_between_suites_is_told_for_each_exception():
    def documents(rows: Sequence[Any]) -> dict[str, Any]:
        return {"name": "x", "expectations": [entry(*BETWEEN, rows)]}

    before = [{"symbols": "BRK*", "kwargs": {"max_value": 5}}, {"symbols": "A", "severity": "info"}]
    after = [
        {"symbols": "BRK*", "kwargs": {"max_value": 8}},
        {"symbols": "A", "severity": "warning"},
        {"symbols": "TSLA", "off": True},
        {"symbols": "NVDA", "kwargs": {"max_value": 70}},
    ]
    (change,) = compare(documents(before), documents(after))

    assert [(d.field, d.before, d.after) for d in change.details] == [
        ("for BRK*: max_value", 5, 8),
        ("for A: severity", "info", "warning"),
        ("for TSLA", "judged", "not judged"),
        ("for NVDA: max_value", 60, 70),
    ]
    turned = [after[1], after[0], *after[2:]]
    (change,) = compare(documents(after), documents(turned))
    assert [d.field for d in change.details] == ["order of exceptions"]
    assert compare(documents(after), documents(after)) == ()
    (change,) = compare(
        documents(after),
        {"name": "x", "expectations": [{**entry(*BETWEEN), "meta": {"exceptions": ["broken"]}}]},
    )
    assert [d.field for d in change.details] == ["exceptions"]


def test_saving_tells_of_a_new_exception_that_fits_no_symbol(
    market: tuple[pd.DataFrame, pd.DataFrame],
):
    def documents(*patterns: str) -> dict[str, Any]:
        rows = [{"symbols": pattern, "severity": "info"} for pattern in patterns]
        return {"name": "x", "expectations": [entry(*BETWEEN, rows, "warning")]}

    said = effects(documents("OLD", "S0*", "XYZ"), "x", market[0], saved=documents("OLD"))
    assert said == (
        "On the bars of the last run, the exception for XYZ of "
        "column_values_to_be_between(close) fits no symbol.",
    )


def test_a_trial_shows_what_each_exception_found(market: tuple[pd.DataFrame, pd.DataFrame]):
    rows = [{"symbols": "S0*", "off": True}]
    document = {"name": "x", "expectations": [entry(*BETWEEN, rows, "warning")]}
    found: Any = try_draft(document, "x", market[0], as_of=AS_OF)
    (outcome,) = found["outcomes"]
    assert outcome["by_symbol"][1].startswith("S0*: not judged (")
    assert not [s for s in outcome["symbols"] if s.startswith("S0")]


def test_a_picture_marks_bars_by_their_row_s_severity_and_draws_no_bounds_of_others(
    market: tuple[pd.DataFrame, pd.DataFrame],
):
    bars = market[0][market[0]["symbol"].isin(["S05", "S10"])].reset_index(drop=True)
    rows = [{"symbols": "S05", "kwargs": {"max_value": 10}, "severity": "warning"}]
    found = entry(*BETWEEN, rows)
    report = run_in_memory(bars, suite_of(found), as_of=AS_OF)
    worst = report.failed[0].symbols[0]

    read = read_report(json.loads(json.dumps(report.to_dict())), report.failing)
    for one in (report, read):
        (picture,) = draw(one.failed, one.failing, bars, judged_rows=len(bars), limit=3)
        (chart,) = picture.charts
        assert (picture.histogram, chart.symbol) == (None, worst)
        marked = {bar.severity for bar in chart.candles} - {"", None}
        assert marked == {leaf_of(one.failed[0], worst).severity}
    assert read.to_dict(every_row=False) == report.to_dict(every_row=False)


def test_a_rule_about_the_market_that_looks_at_no_bar_closes_the_gate_with_exceptions_too():
    days = pd.bdate_range("2025-10-01", periods=3).as_unit("ms")
    bars = pd.DataFrame({"symbol": ["NVDA"] * 3 + ["TSLA"] * 3, "date": [*days, *days]})
    for column in ("open", "high", "low", "close", "volume"):
        bars[column] = 100.0
    none = {"row_condition": "volume > 1000", "condition_parser": "pandas"}
    rows = [{"symbols": "TSLA", "severity": "info"}]

    report = run_in_memory(
        bars, suite_of(entry("expect_no_gross_price_errors", none, rows)), as_of=AS_OF
    )
    (outcome,) = report.outcomes
    assert (outcome.status, outcome.blocks) == ("unchecked", True)


@pytest.mark.parametrize("own", [{"calendar": "XNYS"}, {"calendar": "XNYS", "calendars": {}}])
def test_a_row_s_calendar_goes_before_the_entry_s_and_a_dataset_s(own: dict[str, Any]):
    saturday = pd.DatetimeIndex(["2025-10-03", "2025-10-04"]).as_unit("ms")
    bars = pd.DataFrame({"symbol": ["BTC"] * 2 + ["TSLA"] * 2, "date": [*saturday, *saturday]})
    for column in ("open", "high", "low", "close", "volume"):
        bars[column] = 100.0
    rows = [{"symbols": "BTC", "kwargs": {"calendar": "24/7"}}]
    suite = suite_of(entry("expect_bars_on_trading_sessions", own, rows))
    judging = with_calendars(suite, Calendars("XNYS", {"BTC": "XLON"}))

    for one in (suite, judging):
        assert run_in_memory(bars, one, as_of=AS_OF).held == ("TSLA",)


def test_runs_are_compared_over_the_bars_of_both_whichever_row_they_failed():
    rows = [{"symbols": "TS*", "severity": "warning"}]
    now = two_symbols(rows, "critical")
    before = two_symbols([*rows, {"symbols": "NVDA", "kwargs": {"max_value": 200}}], "critical")
    both = Overlap(frozenset({"NVDA", "TSLA"}), ("2025-10-02", "2025-10-03"))

    (entry_now,) = now.document().expectations
    assert both.within(entry_now, both.inside(now.failing)).unexpected_count == 4
    day_before = Overlap(dates=("2025-09-01", "2025-09-30"))
    gone = day_before.within(entry_now, day_before.inside(now.failing))
    assert (gone.success, gone.unexpected_count) == (True, 0)
    (entry_before,) = before.document().expectations
    assert both.within(entry_before, both.inside(before.failing)).unexpected_count == 2


def test_the_editor_is_told_the_row_of_a_fault():
    rows = [{"symbols": "A*", "off": True}, {"symbols": "AB", "kwargs": {"max_value": "x"}}]
    document = {"name": "x", "expectations": [entry(*BETWEEN, rows)]}
    faults: Any = check_document(document, "x")["faults"]
    assert [(one["entry"], one["field"]) for one in faults] == [(1, "exceptions.1.symbols")]
    assert faults[0]["message"].startswith("exception 2 (AB): is never reached")


def test_an_expectation_is_one_line_of_metrics_whatever_its_exceptions_failed_as():
    rows = [{"symbols": "TSLA", "severity": "info"}]
    entries = [entry(*BETWEEN, rows), entry(BETWEEN[0], {**BETWEEN[1], "max_value": 1}, (), "info")]
    bars = two_symbols([], "info").failing.drop(columns=["row", "severity"])
    both = run_in_memory(bars, suite_of(*entries), as_of=AS_OF).document().expectations
    alone = bars[bars["symbol"] == "TSLA"]
    one = run_in_memory(alone, suite_of(*entries), as_of=AS_OF).document().expectations

    assert [each.severity for each in (both[0], one[0])] == ["critical", "info"]
    assert expectation_names(both) == expectation_names(one)
    assert expectation_names(one)[0] == "column_values_to_be_between.close.critical"
