"""Waivers: what they accept, what they do not, and how their file is read."""

from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gx.editing.waivers import WaiverStore
from gx.errors import WaiverError
from gx.gate.checkpoint import run_in_memory
from gx.gate.verdicts import waived_bars
from gx.project import SUITES
from gx.report.console import report_lines
from gx.report.model import QualityReport, read_report
from gx.report.render import render_html
from gx.suite.named import suite_path
from gx.suite.read import read_suite
from gx.suite.waivers import (
    DAYS,
    WaivedBar,
    Waiver,
    made_waiver,
    parse_waivers,
    read_waivers,
    today,
    unacceptable,
    waivers_text,
    waivers_with,
)
from tests.unit.expectations.series import SESSIONS, walk

NAMES = ("AAA", "BBB", "CCC")
LAST = SESSIONS[59]
AS_OF = str(LAST.date())


def waiver(**given: Any) -> Waiver:
    made = datetime(2026, 1, 1, tzinfo=UTC)
    return made_waiver(
        **{
            "id": "0123abcd",
            "expectation": "no_gross_price_errors",
            "first_date": "2000-01-01",
            "reason": "checked against the exchange's own list",
            "author": "ann",
            "made": made,
            "expires": today() + timedelta(days=DAYS),
            **given,
        }
    )


def clean() -> pd.DataFrame:
    """Sixty bars of three symbols, each written on the day after."""
    frame = pd.concat([walk(name, 60) for name in NAMES], ignore_index=True)
    return frame.assign(created_at=frame["date"] + pd.Timedelta(days=1))


@pytest.fixture
def bars() -> pd.DataFrame:
    """The same; one price of BBB is ten times as high, on two days."""
    frame = clean()
    wrong = (frame.symbol == "BBB") & frame.date.isin([SESSIONS[30], SESSIONS[45]])
    frame.loc[wrong, "high"] *= 10
    return frame


def judged(bars: pd.DataFrame, *waivers: Waiver, **asked: Any) -> QualityReport:
    suite = read_suite(suite_path("stock_data"))
    given: dict[str, Any] = {"as_of": AS_OF, "waivers": waivers}
    return run_in_memory(bars, suite, **{**given, **asked})


def gross(**given: Any) -> tuple[Waiver, ...]:
    """Waivers of all that such a price fails."""
    names = ("no_gross_price_errors", "no_unit_errors", "no_reversing_spikes")
    return tuple(
        waiver(**{"id": f"{at:08x}", "expectation": name, "symbol": "BBB", **given})
        for at, name in enumerate(names)
    )


def test_a_waiver_of_a_dataset_accepts_nothing_of_another_one_by_the_same_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("gx.project.WAIVERS", tmp_path)
    ids = ("00000001", "00000002")
    kept = [waiver(id=ids[0], dataset="raw"), waiver(id=ids[1])]
    (tmp_path / "shared.json").write_text(waivers_text("shared", kept))
    assert read_waivers("shared") == tuple(kept)
    assert [one.id for one in waivers_with("shared", [], "raw")] == list(ids)
    assert [one.id for one in waivers_with("shared", [], "stock_data")] == [ids[1]]
    more = waiver(id="00000003", dataset="stock_data")
    assert waivers_with("shared", [more], "stock_data")[1:] == (more,)


def test_what_is_waived_is_counted_and_blocks_nobody(bars: pd.DataFrame):
    before, report = judged(bars), judged(bars, *gross())

    assert before.held == ("BBB",) and not before.success
    assert report.success and report.held == ()
    assert report.waived >= 4
    waived = [one for one in report.outcomes if one.status == "waived"]
    assert {one.name for one in waived} >= {"no_gross_price_errors"}
    assert not set(before.failing["row"]) & set(report.failing["row"])
    use = report.waivers[0]
    assert use.failures == 4 and use.symbols == ["BBB"]  # critical and warning, two bars each
    assert use.days == [str(SESSIONS[at].date()) for at in (30, 45)]
    assert "waived." in report.sentence


def test_only_its_symbol_and_its_days_are_accepted(bars: pd.DataFrame):
    day = SESSIONS[30].date()
    one_day = judged(bars, *gross(first_date=day, last_date=day))
    other = judged(bars, *gross(symbol="CCC"))

    assert one_day.held == ("BBB",)
    failing = one_day.failing[one_day.failing["severity"] == "critical"]
    assert list(failing["date"]) == [SESSIONS[45]]
    assert other.held == ("BBB",) and not other.waived and other.waivers == ()


def test_of_named_bars_another_value_is_another_bar(bars: pd.DataFrame):
    at = bars.index[(bars.symbol == "BBB") & (bars.date == SESSIONS[30])][0]
    bar = bars.loc[at]
    kept = WaivedBar(
        date=str(SESSIONS[30].date()),
        **{name: float(bar[name]) for name in ("open", "high", "low", "close", "volume")},
    )
    waivers = gross(bars=(kept.model_dump(),))
    assert judged(bars, *waivers).failing["date"].tolist() == [SESSIONS[45]]

    bars.loc[at, "high"] *= 1.01
    report = judged(bars, *waivers)
    assert len(report.failing) == 2
    assert {one.state for one in report.waivers} == {"changed"}
    remark = report.waivers[0].remark
    assert "1 bar that it names is not as it was when accepted" in remark
    assert any(remark in line for line in report_lines(report))
    assert remark in unescape(render_html(report, provenance={}))
    assert "Accepted bars of BBB have changed since, and count again." in report.sentence


def test_of_a_bar_that_changed_and_is_right_now_nothing_is_said(bars: pd.DataFrame):
    at = bars.index[(bars.symbol == "BBB") & (bars.date == SESSIONS[30])][0]
    kept = WaivedBar(
        date=str(SESSIONS[30].date()),
        **{name: float(bars[name][at]) for name in ("open", "high", "low", "close", "volume")},
    )

    mended = judged(clean(), *gross(bars=(kept.model_dump(),)))

    assert mended.success and mended.waivers == ()


def test_a_waiver_that_is_over_says_no_more_of_bars_that_changed(bars: pd.DataFrame):
    kept = WaivedBar(
        date=str(SESSIONS[30].date()), open=1.0, high=2.0, low=0.5, close=1.5, volume=9
    )
    yesterday = today() - timedelta(days=1)

    assert judged(bars, *gross(bars=(kept.model_dump(),), expires=yesterday)).waivers == ()


def test_after_its_end_a_waiver_accepts_nothing_and_says_so(bars: pd.DataFrame):
    yesterday, soon = today() - timedelta(days=1), today() + timedelta(days=7)
    over, ending = judged(bars, *gross(expires=yesterday)), judged(bars, *gross(expires=soon))

    assert over.held == ("BBB",) and not over.waived
    assert {one.state for one in over.waivers} == {"expired"}
    assert f"expired on {yesterday}: what it accepted counts again" in over.waivers[0].remark
    assert ending.success and {one.state for one in ending.waivers} == {"expires_soon"}
    assert f"expires on {soon}" in ending.waivers[0].remark


def test_a_crash_and_a_missing_column_cannot_be_waived():
    without = clean().drop(columns="volume")
    names = {one.name for one in judged(without).blocking}
    waivers = [waiver(id=f"{at:08x}", expectation=name) for at, name in enumerate(sorted(names))]

    report = judged(without, *waivers)
    assert names == {one.name for one in report.blocking} and not report.waived


def test_a_symbol_that_is_behind_and_sessions_of_the_market_are_waived():
    bars = clean()
    late = bars[(bars.symbol == "AAA") | (bars.date < SESSIONS[58])]
    names = ("no_missing_sessions", "no_market_wide_holes")
    before = judged(late)
    assert {one.name for one in before.blocking} >= {"no_market_wide_holes"}

    ids = {name: f"{at:08x}" for at, name in enumerate(names)}
    every = [waiver(id=key, expectation=name) for name, key in ids.items()]
    report = judged(late, *every)
    assert report.success and "no_missing_sessions" not in {one.name for one in report.failed}
    # One symbol's waiver leaves the other one late.
    (lacking,) = [
        one
        for one in judged(late, waiver(expectation=names[0], symbol="BBB")).outcomes
        if one.name == names[0]
    ]
    assert lacking.symbols == ("CCC",) and lacking.status == "failed"
    # One that ends before the newest day accepts nothing of it.
    ended = [waiver(expectation=names[1], last_date=SESSIONS[57].date())]
    assert not judged(late, *ended).success


def test_the_report_keeps_and_shows_what_is_waived(bars: pd.DataFrame):
    report = judged(bars, *gross())
    read = read_report(report.to_dict(), report.failing)

    assert read.waivers == report.waivers and read.waived == report.waived
    assert read.sentence == report.sentence
    page, lines = render_html(report), "\n".join(report_lines(report))
    assert 'id="waived"' in page and "checked against the exchange&#39;s own list" in page
    assert "waived    4 failures of no_gross_price_errors, BBB, from 2000-01-01 on" in lines


def test_what_is_waived_is_known_of_each_bar_and_symbol(bars: pd.DataFrame):
    before, report = judged(bars), judged(bars, *gross())

    waived = waived_bars(report.outcomes)
    assert waived["row"].tolist() == sorted(before.failing["row"])
    every = dict(zip(before.failing["row"], before.failing["expectations"], strict=True))
    for row, names in zip(waived["row"], waived["expectations"], strict=True):
        assert set(names) == set(every[row]) and len(names) == len(set(names))
    counts = {name: one.waived for name, one in report.symbols.items()}
    assert counts == {"AAA": 0, "BBB": report.waived, "CCC": 0}
    read = read_report(report.to_dict(), report.failing)
    assert read.symbols == report.symbols
    assert f"<small>{report.waived} waived</small>" in render_html(report)
    assert waived_bars(before.outcomes).empty


@pytest.mark.parametrize(("gone", "waived"), [((30,), True), ((29, 30), False), ((20, 30), True)])
def test_a_hole_that_grows_is_another_hole(gone: tuple[int, ...], waived: bool):
    bars = clean()
    at = bars[(bars.symbol == "BBB") & (bars.date == SESSIONS[31])].iloc[0]
    kept = {name: float(at[name]) for name in ("open", "high", "low", "close", "volume")}
    day, after = str(SESSIONS[31].date()), str(SESSIONS[29].date())
    one = waiver(
        expectation="no_missing_sessions",
        symbol="BBB",
        bars=({**kept, "date": day, "after": after},),
    )
    lacking = (bars.symbol == "BBB") & bars.date.isin([SESSIONS[one] for one in gone])

    report = judged(bars[~lacking].reset_index(drop=True), one)

    failed = [one for one in report.outcomes if one.name == "no_missing_sessions"]
    assert failed[0].waived_count == int(waived)


def test_the_longest_time_is_the_same_wherever_one_is_made(tmp_path: Path):
    store = WaiverStore(tmp_path / "waivers", tmp_path / "history", SUITES)
    wanted = {"expectation": "no_gross_price_errors", "first_date": "2020-01-01"}

    with pytest.raises(WaiverError, match="it may last 3,660 days, until"):
        late = {**wanted, "expires": today() + timedelta(days=3_670)}
        store.accept("stock_data", [late], author="ann", reason="so it is")
    assert store.accept(
        "stock_data",
        [{**wanted, "expires": today() + timedelta(days=3_659)}],
        author="ann",
        reason="so it is",
    )


def test_a_file_reads_as_it_was_written(tmp_path: Path):
    waivers = (waiver(), waiver(id="00000001", symbol="BBB", last_date="2026-01-31"))
    text = waivers_text("stock_data", waivers)
    (tmp_path / "stock_data.json").write_text(text)

    read = read_waivers("stock_data", tmp_path)
    assert set(read) == set(waivers) and waivers_text("stock_data", read) == text
    assert read_waivers("other", tmp_path) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON"),
        ('{"suite": "s", "waivers": [{"id": "x"}]}', "faults"),
        ('{"suite": "t", "waivers": []}', "its suite is 't'"),
        ('{"suite": "s", "waivers": [], "more": 1}', "more: "),
        ('{"suite": "s"}', "waivers: "),
        ("[]", "waivers/s.json: "),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused(text: str, said: str):
    with pytest.raises(WaiverError, match=r"waivers/s\.json") as refused:
        parse_waivers("s", text.encode())
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"last_date": "1999-01-01"}, "before it begins"),
        ({"expires": date(2025, 1, 1)}, "before it was made"),
        ({"reason": "  "}, "say why"),
        ({"symbol": " B"}, "space at its beginning"),
        ({"bars": [{"date": "2025-01-02"}]}, "name it"),
        ({"bars": [{"date": "1990-01-02"}], "symbol": "B"}, "not between its first and last day"),
        ({"first_date": "01/02/2025"}, "first_date"),
    ],
)
def test_a_waiver_that_cannot_be_meant_is_refused(given: dict[str, Any], said: str):
    with pytest.raises(WaiverError, match="this waiver") as refused:
        waiver(**given)
    assert said in str(refused.value)


@pytest.mark.parametrize("column", ["close", "volume"])
def test_what_cannot_be_stored_cannot_be_waived(column: str):
    bars = clean()
    at = bars.index[bars.symbol == "BBB"][30]
    bars.loc[at, column] = np.nan
    names = {one.name for one in judged(bars).blocking}
    waivers = [waiver(id=f"{at:08x}", expectation=name) for at, name in enumerate(sorted(names))]

    report = judged(bars, *waivers)

    assert report.held == ("BBB",)
    assert list(report.failing["row"][report.failing["severity"] == "critical"]) == [at]
    assert {one.state for one in report.waivers} == {"impossible"}
    assert all("1 bar that it names" in one.remark for one in report.waivers)


def test_of_two_bars_on_one_date_none_can_be_waived_and_the_others_can(bars: pd.DataFrame):
    twice = pd.concat([bars, bars[(bars.symbol == "BBB") & (bars.date == SESSIONS[30])]])
    twice = twice.sort_values(["symbol", "date"], ignore_index=True)
    unique = waiver(id="99999999", expectation="compound_columns_to_be_unique(symbol, date)")

    report = judged(twice, unique, *gross())

    assert report.held == ("BBB",)
    critical = report.failing[report.failing["severity"] == "critical"]
    assert set(critical["date"]) == {SESSIONS[30]} and len(critical) == 2
    use = next(one for one in report.waivers if one.expectation == "no_gross_price_errors")
    assert use.failures and use.refused and use.is_in_force
    assert "or of a date that has two" in use.remark


@pytest.mark.parametrize(
    ("expectation", "why"),
    [
        ("column_values_to_not_be_null(close)", "without a close cannot be stored"),
        ("compound_columns_to_be_unique(symbol, date)", "of a date that has two cannot be stored"),
        ("table_columns_to_match_set", "about the table as a whole"),
        ("table_row_count_to_be_between", "about the table as a whole"),
        ("column_max_to_be_between(close)", "about the table as a whole"),
        ("column_values_to_be_between(close)", ""),
        ("column_value_lengths_to_be_between(symbol)", ""),
        ("column_values_to_not_be_null(created_at)", ""),
        ("no_gross_price_errors", ""),
    ],
)
def test_what_nobody_can_accept_is_told(expectation: str, why: str):
    said = unacceptable(expectation)

    assert why in said and bool(why) == bool(said)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"expectation": "table_columns_to_match_set"}, "about the table as a whole"),
        ({"expectation": "column_values_to_not_be_null(close)"}, "cannot be stored"),
        (
            {"symbol": "BBB", "bars": ({"date": "2020-01-02", "open": 1.0, "volume": 3.0},)},
            "the bar of 2020-01-02 cannot be waived",
        ),
    ],
)
def test_a_waiver_that_could_accept_nothing_is_refused(
    tmp_path: Path, given: dict[str, Any], why: str
):
    store = WaiverStore(tmp_path / "waivers", tmp_path / "history", SUITES)
    wanted = {"expectation": "no_gross_price_errors", "first_date": "2020-01-01", **given}

    with pytest.raises(WaiverError, match=why):
        store.accept("stock_data", [wanted], author="ann", reason="so it is")
    assert store.read("stock_data") == ()
