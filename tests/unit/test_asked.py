"""What was asked for and is not there, in a report."""

import datetime as dt
import json
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from dags.errors import NothingDue
from dags.run.due import refuse_without_bars
from gx.errors import SuiteError
from gx.gate.asked import Asked
from gx.gate.checkpoint import run_in_memory
from gx.gate.expected import any_session
from gx.report.console import report_lines
from gx.report.model import QualityReport
from gx.suite.named import suite_path
from gx.suite.read import Suite, parse_suite, read_suite
from sql.errors import NoBarsError
from tests.staged_runs import daily_bars

NAMES = tuple(f"S{number:02}" for number in range(12))
NEWEST = "2024-05-17"


def suite(**meta: Any) -> Suite:
    document = json.loads(read_suite(suite_path("stock_data")).text)
    document["meta"] = meta
    return parse_suite(json.dumps(document).encode(), where="stock_data", name="stock_data")


def unwritten(symbols: list[str], days: int) -> pd.DataFrame:
    """Bars that do not say when they were written."""
    made = daily_bars(symbols, days)
    made["created_at"] = pd.NaT
    return made


def bars() -> pd.DataFrame:
    return unwritten(list(NAMES), 100)


def judged(frame: pd.DataFrame, asked: Asked, given: Suite | None = None) -> QualityReport:
    return run_in_memory(frame, given or suite(), as_of=NEWEST, asked=asked)


def failed(report: QualityReport) -> set[str]:
    return {outcome.type for outcome in report.failed}


def test_a_symbol_without_a_bar_is_missing_and_no_other_symbol_is_held_for_it():
    report = judged(bars(), Asked((*NAMES, "NOPE"), "2024-01-01", NEWEST))

    assert report.missing == ("NOPE",) and report.symbols["NOPE"].rows == 0
    assert "1 symbol is missing: NOPE." in report.sentence
    assert report.success and report.decide("quarantine").open
    assert "expect_no_missing_sessions" in failed(report)


def test_a_report_with_missing_symbols_survives_storage():
    report = judged(bars(), Asked((*NAMES, "NOPE"), "2024-01-01", NEWEST))

    from gx.report.model import read_report

    again = read_report(json.loads(json.dumps(report.to_dict())), report.failing)
    assert again.missing == report.missing and again.ended == report.ended
    assert again.sentence == report.sentence


def test_every_symbol_that_is_there_may_be_held_though_others_are_missing():
    broken = bars().assign(low=-1.0)

    decision = judged(broken, Asked((*NAMES, "NOPE"))).decide("quarantine")

    assert not decision.open and decision.held == NAMES


def test_half_a_market_closes_the_gate_for_all_of_it():
    frame = bars()
    late = (frame["date"] == NEWEST) & frame["symbol"].isin(NAMES[:6])

    report = judged(frame[~late], Asked(NAMES))

    assert [o.type for o in report.blocking] == ["expect_no_market_wide_holes"]
    assert report.blocking[0].symbols == NAMES[:6]
    assert not report.decide("quarantine").open and report.decide("quarantine").held == ()


def test_the_line_for_the_suite_names_who_stopped_and_when():
    frame = bars()
    frame = frame[(frame["symbol"] != "S03") | (frame["date"] <= "2024-05-10")]

    report = judged(frame, Asked((*NAMES, "NOPE")))
    assert report.ended == {"S03": "2024-05-10"}

    declared = judged(frame, Asked(NAMES), suite(ended=report.ended))
    assert declared.ended == {} and "expect_no_missing_sessions" not in failed(declared)


def test_a_symbol_that_ended_before_the_range_is_not_missing():
    asked = Asked((*NAMES, "TWTR"), "2024-05-13", NEWEST)
    frame = bars()[bars()["date"] >= "2024-05-13"]

    assert judged(frame, asked).missing == ("TWTR",)
    assert judged(frame, asked, suite(ended={"TWTR": "2022-10-27"})).missing == ()
    assert judged(frame, asked, suite(ended={"TWTR": "2024-05-14"})).missing == ("TWTR",)


@pytest.mark.parametrize(
    ("first", "last", "due"),
    [
        ("2024-05-11", "2024-05-12", False),  # a weekend
        ("2024-05-27", "2024-05-27", False),  # Memorial Day
        ("2024-05-11", "2024-05-13", True),
        ("2024-05-11", None, True),
        (None, "2024-05-12", True),
    ],
)
def test_a_range_without_a_session_has_none_due(first: str | None, last: str | None, due: bool):
    assert any_session(suite(), Asked(NAMES, first, last)) is due


def test_no_bar_is_due_on_a_day_on_which_the_symbol_s_exchange_rests():
    document = json.loads(suite().text)
    for entry in document["expectations"]:
        if "calendars" in entry["kwargs"]:
            entry["kwargs"]["calendars"] = {"BTC": "24/7"}
    mixed = parse_suite(json.dumps(document).encode(), where="stock_data", name="stock_data")
    coin = unwritten(["BTC"], 10)
    coin["date"] = pd.date_range("2024-05-03", periods=10).astype("datetime64[s]")
    asked = Asked(("AAPL", "BTC"), "2024-05-11", "2024-05-12")

    report = run_in_memory(coin.tail(2), mixed, as_of="2024-05-12", asked=asked)

    assert report.missing == ()
    assert any_session(mixed, asked)


def test_a_session_that_has_not_closed_yet_is_not_due():
    document = json.loads(suite().text)
    for entry in document["expectations"]:
        if "calendar" in entry["kwargs"]:
            entry["kwargs"]["calendar"] = "24/7"
    always = parse_suite(json.dumps(document).encode(), where="stock_data", name="stock_data")
    today = dt.datetime.now(dt.UTC).date()
    asked = Asked(("BTC",), today.isoformat(), today.isoformat())
    yesterday = (today - dt.timedelta(days=1)).isoformat()

    assert any_session(always, asked) and not any_session(always, asked, closed=True)
    assert any_session(always, Asked(("BTC",), yesterday), closed=True)


@pytest.mark.parametrize("kind", ["scheduled", "backfill", "manual"])
@pytest.mark.parametrize(
    ("calendar", "first", "last", "said"),
    [
        ("XNYS", "2024-05-11", "2024-05-12", "had a session from .* 2024-05-12 .a weekend."),
        ("XNYS", "2024-05-27", "2024-05-27", "had a session on 2024-05-27"),
        ("24/7", None, None, "No session on .* has closed yet"),
    ],
)
def test_a_range_in_which_no_bar_is_due_says_why(
    kind: str, calendar: str, first: str | None, last: str | None, said: str
):
    document = json.loads(suite().text)
    for entry in document["expectations"]:
        if "calendar" in entry["kwargs"]:
            entry["kwargs"]["calendar"] = calendar
    given = parse_suite(json.dumps(document).encode(), where="stock_data", name="stock_data")
    today = dt.datetime.now(dt.UTC).date()
    start, end = (dt.date.fromisoformat(day) if day else today for day in (first, last))
    run: Any = SimpleNamespace(
        request=SimpleNamespace(symbols=NAMES, start=start, end=end),
        identity=SimpleNamespace(trigger_type=kind),
    )
    error = NoBarsError if kind == "manual" else NothingDue
    with pytest.raises(error, match=said):
        refuse_without_bars(run, given, NoBarsError("There is no bar."))


def test_a_bar_after_the_end_that_the_suite_gives_is_remarked():
    frame, ended = bars(), suite(ended={"S03": "2024-05-10", "S04": NEWEST, "NOPE": "2020-01-01"})

    whole = judged(frame, Asked(NAMES), ended)

    assert len(whole.weaknesses) == 1 + len(ended.weaknesses)
    assert whole.weaknesses[-1].startswith(
        "The suite's meta.ended says that S03 ended on 2024-05-10, and it has a bar of 2024-05-17"
    )
    assert any("S03 ended on" in line for line in report_lines(whole))


@pytest.mark.parametrize(
    "ended",
    [
        *("TWTR", ["TWTR"], {"TWTR": "soon"}, {"TWTR": None}, {"TWTR": 20251103}),
        *({"TWTR": "20251103"}, {"TWTR": "2025-W01-1"}, {"TWTR": "2025-11-03 "}, {"TWTR": True}),
    ],
)
def test_an_end_that_is_no_date_is_refused(ended: Any):
    with pytest.raises(SuiteError, match=r"meta\.ended"):
        suite(ended=ended)
