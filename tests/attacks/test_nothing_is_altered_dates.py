"""Attack: daily bars of fifteen exchanges, stamped in every usual way, the calendar named or not.

The dates are the sessions, or the file is refused: never a wrong date in silence.
"""

import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gx.errors import BarFileError
from gx.files.dates.days import days_of
from gx.files.dates.stamps import read_stamps
from gx.plugins.expectations.kernels.calendars import Sessions, load_sessions
from gx.suite.calendars import Calendars

EXCHANGES = (
    *("XNYS", "XLON", "XHKG", "XTKS", "XBOM", "XASX", "XFRA", "XSHG", "XSES", "XTSE"),
    *("BVMF", "CMES", "24/7", "24/5", "XNZE"),
)
# Bars that are called by the next midnight look like those of the next day until the weekends tell.
ENOUGH = 25
Moments = pd.DatetimeIndex


def midnights(days: Moments, sessions: Sessions, by: str = "0s") -> Moments:
    return days.tz_localize(sessions.zone, nonexistent="shift_forward") + pd.Timedelta(by)


def next_midnights(days: Moments, sessions: Sessions, by: str = "0s") -> Moments:
    return midnights(days + pd.Timedelta(days=1), sessions, by)


def at(days: Moments, sessions: Sessions, instants: np.ndarray) -> Moments:
    place = np.searchsorted(sessions.days, days.to_numpy("datetime64[D]").astype(np.int64))
    return pd.DatetimeIndex(instants[place].astype("datetime64[us]")).tz_localize("UTC")


CALLED_BY: dict[str, Callable[[Moments, Sessions], Moments]] = {
    "midnight": midnights,
    "next midnight": next_midnights,
    "last second": lambda days, sessions: next_midnights(days, sessions, "-1s"),
    "last ms": lambda days, sessions: next_midnights(days, sessions, "-1ms"),
    "close": lambda days, sessions: at(days, sessions, sessions.closes),
    "opening": lambda days, sessions: at(days, sessions, sessions.opens),
}


def naive(moments: Moments, zone: str) -> list[str]:
    return [str(moment.tz_localize(None)) for moment in moments.tz_convert(zone)]


WRITTEN_AS: dict[str, Callable[[Moments, str], list[str]]] = {
    "the date": lambda moments, zone: [text[:10] for text in naive(moments, zone)],
    "local": naive,
    "UTC without zone": lambda moments, _: naive(moments, "UTC"),
    "UTC": lambda moments, _: [text.replace(" ", "T") + "Z" for text in naive(moments, "UTC")],
    "local with offset": lambda moments, zone: [str(one) for one in moments.tz_convert(zone)],
    "seconds": lambda moments, _: [str(moment.value // 10**9) for moment in moments],
    "ms": lambda moments, _: [str(moment.value // 10**6) for moment in moments],
    "ns": lambda moments, _: [str(moment.value) for moment in moments],
}


def read(cells: Sequence[str], calendars: Calendars) -> list[dt.date] | None:
    stamps = read_stamps(pa.chunked_array([pa.array(cells)]))
    try:
        return list(days_of(stamps, ["A"] * len(cells), calendars).to_pylist())
    except BarFileError:
        return None


def days_from(exchange: str, first: int, count: int) -> tuple[Moments, Sessions]:
    sessions = load_sessions(exchange, 2020, 2026)
    first = first % (len(sessions.days) - count)
    return pd.DatetimeIndex(sessions.days[first : first + count].astype("datetime64[D]")), sessions


@settings(max_examples=200, deadline=None)
@given(
    exchange=st.sampled_from(EXCHANGES),
    called=st.sampled_from(sorted(CALLED_BY)),
    form=st.sampled_from(sorted(WRITTEN_AS)),
    first=st.integers(0, 3000),
    count=st.integers(1, 300),
    named=st.booleans(),
)
@example("XHKG", "midnight", "UTC without zone", 1000, 3, False)
@example("XSHG", "midnight", "UTC without zone", 1000, 44, False)
@example("CMES", "opening", "local", 1000, 44, True)
@example("CMES", "opening", "UTC", 1000, 1, True)
@example("XBOM", "next midnight", "local with offset", 1000, 44, True)
@example("XTSE", "next midnight", "local", 1300, 25, False)
@example("24/7", "midnight", "UTC", 1287, 5, False)
@example("XNZE", "close", "UTC without zone", 1200, 250, True)
def test_the_dates_are_the_sessions_or_the_file_is_refused(
    exchange: str, called: str, form: str, first: int, count: int, named: bool
):
    ends_at_midnight = called == "next midnight" or (called == "close" and "24/" in exchange)
    if ends_at_midnight:
        if exchange == "24/7":  # the same bytes as midnights of the days behind
            return
        count = max(count, ENOUGH)
    days, sessions = days_from(exchange, first, count)
    cells = WRITTEN_AS[form](CALLED_BY[called](days, sessions), sessions.zone)
    if form == "the date" and exchange == "CMES" and called == "opening":
        count = max(count, ENOUGH)  # the evening before, without its time
        days, sessions = days_from(exchange, first, count)
        cells = WRITTEN_AS[form](CALLED_BY[called](days, sessions), sessions.zone)

    found = read(cells, Calendars(exchange, named=True) if named else Calendars())

    assert found in ([day.date() for day in days], None)


@pytest.mark.parametrize("exchange", EXCHANGES)
@pytest.mark.parametrize("called", ["midnight", "last second", "opening"])
def test_three_months_of_the_calendar_that_was_named_are_read(exchange: str, called: str):
    """Refusing everything would keep the promise above as well."""
    days, sessions = days_from(exchange, 1200, 60)
    for form in sorted(set(WRITTEN_AS) - {"the date"}):
        cells = WRITTEN_AS[form](CALLED_BY[called](days, sessions), sessions.zone)
        found = read(cells, Calendars(exchange, named=True))
        assert found == [day.date() for day in days], form


@pytest.mark.parametrize("exchange", EXCHANGES)
@pytest.mark.parametrize("form", ["the date", "local", "local with offset"])
def test_midnights_as_an_exchange_writes_them_need_no_name(exchange: str, form: str):
    days, sessions = days_from(exchange, 1200, 60)
    cells = WRITTEN_AS[form](midnights(days, sessions), sessions.zone)
    assert read(cells, Calendars()) == [day.date() for day in days]
