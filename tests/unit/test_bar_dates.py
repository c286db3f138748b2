"""Which date a cell is: by the file's own clock, or by the calendar of the bar's exchange."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from gx.errors import BarFileError
from gx.files.dates.days import BarsWithinTheDayError, days_of
from gx.files.dates.stamps import read_stamps
from gx.suite.calendars import Calendars

# Sessions of all these exchanges, and long enough to hold weekends.
NEW_YORK = [day.date() for day in pd.bdate_range("2025-10-06", "2025-10-31")]
MUMBAI = [day.date() for day in pd.bdate_range("2025-09-03", "2025-09-30")]
WEEK = [day.date() for day in pd.date_range("2025-10-01", "2025-10-31")]


def column(cells: Sequence[object], kind: pa.DataType | None = None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(cells, kind or pa.string())])


def read(
    cells: Sequence[object],
    calendar: str = "XNYS",
    kind: pa.DataType | None = None,
    *,
    named: bool = False,
):
    calendars = Calendars(calendar, named=named)
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
    calendar: str, zone: str, days: list[dt.date], form: Any
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


def test_the_readings_of_an_ambiguous_file_are_shown_with_the_calendars_to_name():
    with pytest.raises(BarFileError) as raised:
        read(at(MUMBAI, "00:00", "Asia/Kolkata"), "XNYS")
    said = str(raised.value)
    assert "2025-09-02 18:30:00 is as written 2025-09-02 (16 of 20 dates are sessions of" in said
    assert "XNYS), or as midnight there 2025-09-03 (20 of 20 dates are sessions of XBOM)" in said
    assert said.count("2025-09-02") == 2
    assert "CALENDAR=XBOM" in said
    assert "18:30:00 UTC is midnight at UTC+05:30" in said


@pytest.mark.parametrize("days", [MUMBAI, MUMBAI[1:4]])
def test_midnights_of_the_east_are_no_closes_in_new_york(days: list[dt.date]):
    """16:00 in New York is when it closes, and in UTC it is midnight in Hong Kong."""
    naive = [text.removesuffix("+00:00") for text in at(days, "00:00", "Asia/Hong_Kong")]
    assert naive[0].endswith("16:00:00")
    with pytest.raises(BarFileError, match="CALENDAR=XHKG"):
        read(naive)
    if days is MUMBAI:
        assert read(naive, "XHKG", named=True) == days


def test_what_was_named_is_not_asked_for_again():
    with pytest.raises(BarFileError) as raised:
        read(at(MUMBAI, "00:00", "Asia/Kolkata"), "XNYS", named=True)
    assert "Write plain dates, or name another calendar: CALENDAR=" in str(raised.value)
    with pytest.raises(BarsWithinTheDayError) as within:
        read(["2025-11-03 10:15:00-05:00"], named=True)
    assert "CALENDAR=" not in str(within.value)


def test_one_bar_a_day_at_different_times_is_not_called_several():
    with pytest.raises(BarsWithinTheDayError, match=r"different times of day, 15:32:11, 15:58:02"):
        read(["2025-11-03 15:32:11", "2025-11-04 15:58:02"])


def test_closes_of_few_days_that_may_be_midnights_elsewhere_need_a_name():
    naive = [f"{day} 16:00:00" for day in NEW_YORK[:3]]
    with pytest.raises(BarFileError, match=r"ambiguous.*CALENDAR=XNYS or CALENDAR=X"):
        read(naive)
    assert read(naive, named=True) == NEW_YORK[:3]
    winter = [dt.date(2025, 11, day) for day in (4, 5)]
    in_utc = at(winter, "16:00", "America/New_York")
    with pytest.raises(BarFileError, match="ambiguous"):  # midnight in Istanbul and Moscow
        read(in_utc)
    assert read(in_utc, named=True) == winter
    assert read(at(winter, "16:00", "America/New_York", "America/New_York")) == winter


def test_a_session_that_opens_on_the_evening_before_is_that_of_its_day():
    evenings = [day - dt.timedelta(days=1) for day in NEW_YORK]
    naive = [f"{day} 17:00:00" for day in evenings]
    assert read(naive, "CMES", named=True) == NEW_YORK
    assert read(at(evenings, "17:00", "America/Chicago"), "CMES", named=True) == NEW_YORK
    closes = [f"{day} 17:00:00" for day in NEW_YORK]
    assert read(closes, "CMES", named=True) == NEW_YORK
    with pytest.raises(BarFileError, match=r"ambiguous.* as the close .* as the opening"):
        read(closes[:2], "CMES", named=True)
    with pytest.raises(BarFileError, match="ambiguous"):
        read(naive)


@pytest.mark.parametrize("start", [0, 1])
def test_currencies_roll_at_five_in_new_york(start: int):
    """Over the end of summer time, called by the beginning of their day or by its end."""
    days = [day.date() for day in pd.bdate_range("2025-10-20", "2025-11-14")]
    rolls = [day - dt.timedelta(days=start) for day in days]
    assert read(at(rolls, "17:00", "America/New_York"), "24/5", named=True) == days
    assert read([f"{day} 17:00:00" for day in rolls], "24/5", named=True) == days


@pytest.mark.parametrize("calendar", ["XBOM", "XNYS"])
def test_a_bar_called_by_the_midnight_at_its_end_is_of_the_day_that_ends(calendar: str):
    next_days = [day + dt.timedelta(days=1) for day in MUMBAI]
    cells = at(next_days, "00:00", "Asia/Kolkata", "Asia/Kolkata")
    assert read(cells, calendar) == MUMBAI


@pytest.mark.parametrize("by", [-1, 1])
def test_plain_dates_that_are_all_moved_by_a_day_are_refused(by: int):
    moved = [day + dt.timedelta(days=by) for day in NEW_YORK]
    found = r"those of A are sessions of XNYS only when moved by a day; one is .*, a S.*day"
    for time in ("", " 00:00:00"):
        with pytest.raises(BarFileError, match=found):
            read([f"{day}{time}" for day in moved])
    assert read([str(day) for day in moved], "24/7", named=True) == moved


def test_markets_that_open_on_sundays_have_their_calendar_named():
    days = [
        day.date()
        for day in pd.date_range("2025-10-05", "2025-10-30")
        if day.weekday() not in (4, 5)
    ]
    with pytest.raises(BarFileError, match="CALENDAR=XSAU"):
        read([str(day) for day in days])
    assert read([str(day) for day in days], "XSAU", named=True) == days


def test_one_symbol_that_is_moved_does_not_hide_behind_the_others():
    moved = [str(day + dt.timedelta(days=1)) for day in NEW_YORK]
    right = [day.date() for day in pd.bdate_range("2015-01-05", "2025-11-14")]
    cells, symbols = [*map(str, right), *moved], ["A"] * len(right) + ["B"] * len(moved)
    for time in ("", " 00:00:00Z"):
        stamps = read_stamps(column([cell + time for cell in cells]))
        with pytest.raises(BarFileError, match="ambiguous"):
            days_of(stamps, symbols, Calendars())


@pytest.mark.parametrize("form", ["{}", "{} 00:00:00"])
def test_a_file_with_holes_is_moved_though_few_of_its_days_are_saturdays(form: str):
    days = [day for day in pd.bdate_range("2025-06-02", "2025-07-31") if day.day not in (6, 13, 20)]
    next_days = [form.format(day.date() + dt.timedelta(days=1)) for day in days][:26]
    saturdays = [day for day in next_days if dt.date.fromisoformat(day[:10]).weekday() == 5]
    assert len(saturdays) == 2
    with pytest.raises(BarFileError, match="ambiguous"):
        read(next_days, named=True)


def test_strays_on_weekends_are_for_the_gate_to_judge():
    days = [NEW_YORK[0] - dt.timedelta(days=1), *NEW_YORK]
    for form in ("{}", "{} 00:00:00", "{} 00:00:00Z", "{} 00:00:00-04:00", "{} 23:59:59"):
        assert read([form.format(day) for day in days]) == days
    weekly = [day.date() for day in pd.date_range("2025-01-05", "2025-11-02", freq="W")]
    assert read(list(map(str, weekly))) == weekly


def test_coins_beside_shares_keep_the_days_that_they_are_called_by():
    cells = [f"{day} 00:00:00+00:00" for day in [*WEEK, *NEW_YORK]]
    symbols = ["BTC"] * len(WEEK) + ["AAPL"] * len(NEW_YORK)
    found = days_of(read_stamps(column(cells)), symbols, Calendars())
    assert found.to_pylist() == [*WEEK, *NEW_YORK]


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


def test_a_calendar_that_the_library_cannot_build_is_told_in_a_line():
    with pytest.raises(BarFileError, match=r"calendar 'XTAE' .* is broken and gives no sessions"):
        read(["2025-11-03 00:00:00Z"], "XTAE")
