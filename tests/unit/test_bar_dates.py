"""Which date a cell is: by the file's own clock, or by the calendar of the bar's exchange."""

import datetime as dt
from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pytest

from gx.bar_dates import read_stamps
from gx.bar_days import BarsWithinTheDayError, days_of
from gx.errors import BarFileError
from gx.suite_calendars import Calendars

# Sessions of all these exchanges, and long enough to hold weekends.
NEW_YORK = [day.date() for day in pd.bdate_range("2025-10-06", "2025-10-31")]
MUMBAI = [day.date() for day in pd.bdate_range("2025-09-03", "2025-09-30")]
WEEK = [day.date() for day in pd.date_range("2025-10-01", "2025-10-31")]


def column(cells: Sequence[object], kind: pa.DataType | None = None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(cells, kind or pa.string())])


def read(cells: Sequence[object], calendar: str = "XNYS", kind: pa.DataType | None = None):
    calendars = Calendars(calendar)
    return days_of(read_stamps(column(cells, kind)), ["A"] * len(cells), calendars).to_pylist()


def at(days: Sequence[dt.date], time: str, zone: str, shown: str = "UTC") -> list[str]:
    """Each day's time in a zone, as another zone's clock shows it."""
    moments = (pd.Timestamp(f"{day} {time}", tz=zone).tz_convert(shown) for day in days)
    return [str(moment) for moment in moments]


@pytest.mark.parametrize(
    "cell",
    [
        "2025-11-03",
        "20251103",
        "2025-11-03 00:00:00",
        "2025-11-03T00:00:00.000",
        "2025-11-03 00:00:00.000000000",
        "2025-11-03 00:00",
        "20251103000000",
    ],
)
def test_a_date_or_a_midnight_without_a_zone_is_that_date_whatever_the_calendar(cell: str):
    assert read([cell], "no calendar") == [dt.date(2025, 11, 3)]


@pytest.mark.parametrize(
    ("calendar", "zone", "days"),
    [
        ("XNYS", "America/New_York", NEW_YORK),
        ("XBOM", "Asia/Kolkata", MUMBAI),
        ("XTKS", "Asia/Tokyo", NEW_YORK),
        ("XASX", "Australia/Sydney", NEW_YORK),
        ("XLON", "Europe/London", NEW_YORK),
        ("24/7", "UTC", WEEK),
        ("24/5", "UTC", NEW_YORK),
    ],
)
@pytest.mark.parametrize("form", ["UTC", "own", "Z", "s", "ms", "us", "ns", "zoned_column"])
def test_midnight_at_the_exchange_is_its_date_in_whatever_zone_it_is_written(
    calendar: str, zone: str, days: list[dt.date], form: str
):
    texts = at(days, "00:00:00", zone, zone if form == "own" else "UTC")
    kind = None
    cells: list[object] = list(texts)
    if form == "Z":
        cells = [text.replace(" ", "T").replace("+00:00", "Z") for text in texts]
    elif form == "zoned_column":
        cells, kind = [pd.Timestamp(text) for text in texts], pa.timestamp("ns", zone)
    elif form not in ("UTC", "own"):
        cells = [str(pd.Timestamp(text).as_unit(form).value) for text in texts]

    assert read(cells, calendar, kind) == days


@pytest.mark.parametrize("number", [1, 2, 3, 20])
def test_a_few_bars_have_the_date_of_the_midnight_that_they_are_written_with(number: int):
    """Too few to tell by the sessions: a day is called by its midnight."""
    assert read([f"{day} 00:00:00+00:00" for day in NEW_YORK[:number]]) == NEW_YORK[:number]
    assert read(at(MUMBAI[:number], "00:00", "Asia/Kolkata"), "XBOM") == MUMBAI[:number]


def test_the_day_of_a_coin_may_be_called_by_its_last_moment():
    assert read([f"{day}T23:59:59.999Z" for day in WEEK], "24/7") == WEEK


def test_a_close_is_of_its_day_also_when_it_is_early_or_an_hour_later_in_utc():
    days = [
        dt.date(2025, 10, 30),
        dt.date(2025, 11, 3),
        dt.date(2025, 11, 28),
        dt.date(2025, 12, 1),
    ]
    texts = at(days, "16:00", "America/New_York")
    texts[2] = "2025-11-28 18:00:00+00:00"

    assert read(texts) == days
    assert read([f"{day} 16:00:00" for day in days]) == days
    assert read(at(days[:1], "16:00", "America/New_York")) == days[:1]


def test_a_time_without_a_zone_is_taken_for_utc_when_only_that_gives_sessions():
    naive = [text.removesuffix("+00:00") for text in at(MUMBAI, "00:00", "Asia/Kolkata")]
    assert read(naive, "XBOM") == MUMBAI


def test_eight_in_the_evening_in_new_york_is_no_session_of_the_next_day():
    assert read(at(NEW_YORK, "20:00", "America/New_York")) == NEW_YORK


def test_both_readings_are_shown_when_neither_gives_sessions():
    with pytest.raises(BarFileError) as raised:
        read(at(MUMBAI, "00:00", "Asia/Kolkata"), "XNYS")
    said = str(raised.value)
    assert "2025-09-02 18:30:00 is as written 2025-09-02 (16 of 20 dates are sessions)" in said
    assert "and in America/New_York 2025-09-02 (16 of 20 dates are sessions) of XNYS" in said
    assert "CALENDAR=" in said
    assert "18:30:00 UTC is midnight at UTC+05:30" in said


def test_a_time_that_names_no_day_of_a_market_that_never_closes_is_ambiguous():
    with pytest.raises(BarFileError, match="are ambiguous"):
        read(at(WEEK, "00:00", "Asia/Kolkata"), "24/7")


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param(["2025-11-03 09:30:00", "2025-11-03 09:35:00"], id="two_a_day"),
        pytest.param(
            ["2025-11-02 01:30:00-04:00", "2025-11-02 01:30:00-05:00"],
            id="the_hour_that_comes_twice",
        ),
        pytest.param([*map(str, NEW_YORK), "2025-11-03 15:32:11"], id="one_live_bar"),
        pytest.param(["2025-11-03 10:15:00-05:00"], id="one_bar"),
        pytest.param(["2025-11-03 09:30:00-05:00"], id="one_bar_at_the_opening"),
        pytest.param(["1762180200", "1762180500"], id="since_1970"),
    ],
)
def test_bars_within_the_day_have_no_date(cells: list[str]):
    with pytest.raises(BarsWithinTheDayError, match="within the day"):
        read(cells)


def test_each_symbol_has_its_own_calendar():
    cells = [*at(MUMBAI, "00:00", "Asia/Kolkata"), *at(NEW_YORK, "00:00", "America/New_York")]
    symbols = ["IN"] * len(MUMBAI) + ["US"] * len(NEW_YORK)
    found = days_of(read_stamps(column(cells)), symbols, Calendars("XNYS", {"IN": "XBOM"}))
    assert found.to_pylist() == [*MUMBAI, *NEW_YORK]


def test_a_bar_that_is_there_twice_is_no_bar_within_the_day():
    cells = at([NEW_YORK[0], *NEW_YORK], "00:00", "America/New_York")
    assert read(cells) == [NEW_YORK[0], *NEW_YORK]


def test_what_is_no_date_is_told_by_its_row():
    stamps = read_stamps(column(["2025-02-30", "2025-11-03", None, "x", "2025-11-04 25:00:00"]))
    assert stamps.bad.tolist() == [0, 3, 4]
    mixed = read_stamps(column(["2025-11-03 00:00:00Z", "2025-11-04"]))
    assert mixed.bad.tolist() == [1]


def test_a_calendar_that_is_none_is_named():
    with pytest.raises(BarFileError, match="calendar 'XXXX' is unknown"):
        read(["2025-11-03 00:00:00Z"], "XXXX")
