"""Bars against the sessions of their exchange: closed days, the future, late data."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gx.plugins.expectations.kernels.attendance import LISTED, last_days
from gx.plugins.expectations.kernels.bars import Bars, Ints, Judgement
from gx.plugins.expectations.kernels.calendars import instants, local_days, session_rows
from gx.plugins.expectations.kernels.hours import Hours, outside_hours
from gx.plugins.expectations.kernels.moments import Moment


def off_session(
    bars: Bars,
    *,
    calendar: str = "XNYS",
    calendars: Mapping[str, str] | None = None,
    hours: Hours | None = None,
) -> Judgement:
    """Flag bars dated on a day that is no session of the symbol's calendar.

    Of bars within the day also those that are outside the session (see `outside_hours`). Bars
    longer than a day are labelled by a week or month and are not judged.
    """
    if bars.table.bar_size == "longer":
        return bars.nothing()
    rows = session_rows(bars, calendar, calendars)
    flags = rows.ordinal < 0
    if bars.table.bar_size == "intraday":
        flags |= outside_hours(bars, rows, hours)
    return bars.judge(flags)


def future(
    bars: Bars,
    *,
    calendar: str = "XNYS",
    calendars: Mapping[str, str] | None = None,
    as_of: str | None = None,
) -> Judgement:
    """Flag bars after the last session that had closed at `as_of`.

    Bars within the day are flagged when they are later than `as_of` itself. Without a session
    before `as_of` in the calendar, the day of `as_of` is the limit.
    """
    now = Moment.of(as_of)
    rows = session_rows(bars, calendar, calendars)
    flags = np.zeros(len(bars.table), dtype=bool)
    for number, sessions in enumerate(rows.sessions):
        mine = rows.calendar == number
        if bars.table.bar_size == "intraday":
            late = instants(bars, sessions) > now.latest(sessions)
        else:
            late = local_days(bars, sessions) > now.last_closed_day(sessions)
        flags |= mine & late
    return bars.judge(flags)


def stale_feeds(
    bars: Bars,
    *,
    calendar: str = "XNYS",
    calendars: Mapping[str, str] | None = None,
    as_of: str | None = None,
    ended: Mapping[str, str] | None = None,
    allowed: int = 1,
) -> Judgement:
    """Flag the last bar of symbols with more than `allowed` closed sessions since, at `as_of`.

    Of a symbol that has ended nothing new is expected. `details` says how far each is behind.
    """
    table = bars.table
    if table.bar_size == "longer":
        return bars.nothing()
    now, end = Moment.of(as_of), last_days(ended, [str(symbol) for symbol in table.symbols])
    rows = session_rows(bars, calendar, calendars)
    flags = np.zeros(len(table), dtype=bool)
    behind = np.zeros(len(table), dtype=np.int64)
    for number, sessions in enumerate(rows.sessions):
        last = np.flatnonzero((table.remaining == 0) & (rows.calendar == number))
        by_day = np.searchsorted(sessions.days, local_days(bars, sessions)[last], side="right")
        # A session may begin on the evening before.
        reached = np.where(rows.ordinal[last] >= 0, rows.ordinal[last] + 1, by_day)
        due = np.searchsorted(sessions.days, end[table.code[last]], side="right")
        behind[last] = np.minimum(due, now.closed(sessions)) - reached
        flags[last] = behind[last] > allowed
    named = [
        {"symbol": str(table.symbols[table.code[row]]), "sessions": int(behind[row])}
        for row in np.flatnonzero(flags)[:LISTED]
    ]
    return bars.judge(flags, details={"behind_now": named} if named else {})


def incomplete_last_bars(
    bars: Bars,
    *,
    calendar: str = "XNYS",
    calendars: Mapping[str, str] | None = None,
    created_zone: str = "UTC",
) -> Judgement:
    """Flag a symbol's newest bar when it was written before its session had closed.

    `created_at` without zone is read in `created_zone`; without a value nothing is said.
    """
    table = bars.table
    rows = session_rows(bars, calendar, calendars)
    written = _written(table.frame[bars.created_at], created_zone)
    written = written if table.order is None else written[table.order]
    flags = np.zeros(len(table), dtype=bool)
    for number, sessions in enumerate(rows.sessions):
        newest = (table.remaining == 0) & (rows.ordinal >= 0) & (rows.calendar == number)
        last = np.flatnonzero(newest)
        known = written[last] != np.iinfo(np.int64).min
        flags[last] = known & (written[last] < sessions.closes[rows.ordinal[last]])
    return bars.judge(flags)


def _written(created: "pd.Series[pd.Timestamp]", zone: str) -> Ints:
    stamps = pd.to_datetime(created)
    aware = (
        stamps
        if stamps.dt.tz is not None
        else stamps.dt.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward")
    )
    plain = aware.dt.tz_convert("UTC").dt.tz_localize(None)
    return plain.to_numpy(dtype="datetime64[us]").view(np.int64)
