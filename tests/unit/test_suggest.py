"""A suite drafted from bars within the day, and what is not asked of daily ones."""

import datetime as dt

import pandas as pd
import pyarrow as pa
import pytest

from gx.editing.store import canonical
from gx.editing.suggest import draft_suite, fit_calendars
from gx.files.check import not_asked
from gx.gate.checkpoint import run_in_memory
from gx.suite.read import parse_suite
from tests.unit.expectations.within_the_day import times_of, walk_within

SPAN = ("2025-10-20", "2025-12-05")
CALENDARS = ("XNYS", "XTKS", "XHKG", "CMES", "24/7", "XLON", "XASX", "FX")
LEFT_OUT = {
    *("expect_last_bar_to_be_complete", "expect_no_unadjusted_splits", "expect_no_stale_prices"),
    *("expect_volume_to_agree_with_price", "expect_no_volume_unit_changes"),
    "expect_symbols_to_trade",
}


@pytest.fixture(scope="module")
def bars() -> pd.DataFrame:
    """Three symbols of each calendar above; the first exchange has the most."""
    frames = [
        walk_within(times_of(name, *SPAN, 60), f"{name}{number}")
        for name in CALENDARS
        for number in range(2 if name == "XNYS" else 1)
    ]
    return pd.concat(frames, ignore_index=True)


def test_a_draft_of_bars_within_the_day_has_what_makes_sense_for_them(bars: pd.DataFrame):
    draft = draft_suite(bars, "hourly")

    entries = {entry["type"]: entry for entry in draft.document["expectations"]}
    assert set(draft.left_out) == LEFT_OUT and not LEFT_OUT & set(entries)
    assert set(draft.left_out.values()) == {"only makes sense for daily bars"}
    missing = entries["expect_no_missing_bars_within_sessions"]
    assert missing["kwargs"]["minutes"] == 60 and missing["kwargs"]["calendar"] == "XNYS"
    assert "60 minutes apart" in missing["notes"]
    calendars = {f"{name}0": name for name in CALENDARS if name != "XNYS"}
    assert missing["kwargs"]["calendars"] == calendars
    assert "XNYS fits best, 7 symbols keep another one (0 bars do not match)." in missing["notes"]


def test_the_draft_raises_nothing_critical_on_its_own_bars(bars: pd.DataFrame):
    drafted = draft_suite(bars, "hourly").document
    suite = parse_suite(canonical(drafted).encode(), where="hourly", name="hourly")

    report = run_in_memory(bars, suite, as_of="2025-12-06")

    assert report.success
    assert {one.type for one in report.failed if one.severity != "info"} == set()


def test_distances_that_differ_are_left_to_each_symbol():
    frames = [walk_within(times_of("XNYS", *SPAN, m), f"M{m}") for m in (5, 60)]

    entries = draft_suite(pd.concat(frames, ignore_index=True), "mixed").document["expectations"]

    missing = next(e for e in entries if e["type"] == "expect_no_missing_bars_within_sessions")
    assert missing["kwargs"]["minutes"] is None and "each one's own" in missing["notes"]


def test_what_is_for_bars_within_the_day_is_not_asked_of_daily_ones():
    daily = pa.table({"symbol": ["A"], "date": [dt.date(2025, 11, 3)]})
    within = pa.table({"symbol": ["A"], "date": [dt.datetime(2025, 11, 3, 9, 30)]})
    reason = "only makes sense for bars within the day"

    assert not_asked(daily).get("expect_no_missing_bars_within_sessions") == reason
    assert "expect_no_missing_bars_within_sessions" not in not_asked(within)


@pytest.mark.parametrize(
    ("symbol", "calendar"),
    [("EURUSD=X", "FX"), ("GBP/JPY", "FX"), ("7203.T", "XTKS"), ("AAPL", "XNYS"), ("X.Y", "XNYS")],
)
def test_of_calendars_that_fit_alike_the_name_decides(symbol: str, calendar: str):
    """Of a few days on which every exchange was open."""
    days = pd.date_range("2025-06-02", "2025-06-05")

    assert fit_calendars(pd.DataFrame({"symbol": symbol, "date": days})).calendar == calendar


def test_what_the_bars_say_counts_for_more_than_the_name():
    sundays = pd.date_range("2025-06-01", "2025-07-20")
    assert fit_calendars(pd.DataFrame({"symbol": "EURUSD", "date": sundays})).calendar == "24/7"
