"""Bars against the sessions of their exchange: closed days, the future, holes, late data."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gx.plugins.expectations.kernels.bars import Bars, Ints, Judgement
from gx.plugins.expectations.kernels.calendars import (
    SessionRows,
    Sessions,
    instants,
    local_days,
    microseconds,
    moment,
    session_rows,
)
from gx.plugins.expectations.kernels.holes import LISTED, day_label, holes_of


def off_session(
    bars: Bars,
    *,
    calendar: str = "XNYS",
    calendars: Mapping[str, str] | None = None,
) -> Judgement:
    """Flag bars dated on a day that is no session of the symbol's calendar.

    Bars longer than a day are labelled by a week or month and are not judged.
    """
    if bars.table.bar_size == "longer":
        return bars.nothing()
    rows = session_rows(bars, calendar, calendars, moment(None))
    return bars.judge(rows.ordinal < 0)


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
    now = moment(as_of)
    rows = session_rows(bars, calendar, calendars, now)
    flags = np.zeros(len(bars.table), dtype=bool)
    for number, sessions in enumerate(rows.sessions):
        mine = rows.calendar == number
        if bars.table.bar_size == "intraday":
            late = instants(bars, sessions) > microseconds(now)
        else:
            late = local_days(bars, sessions) > _last_closed_day(sessions, now)
        flags |= mine & late
    return bars.judge(flags)


def missing_sessions(
    bars: Bars,
    *,
    calendar: str = "XNYS",
    calendars: Mapping[str, str] | None = None,
    allowed: int = 0,
) -> Judgement:
    """Flag the first bar after sessions without a bar, in symbols that lack more than `allowed`.

    Counted between a symbol's first and last bar. A missing bar is no row, so the bar that
    follows the hole stands for it; `details` names the missing sessions.
    """
    if bars.table.bar_size == "longer":
        return bars.nothing()
    rows = session_rows(bars, calendar, calendars, moment(None))
    after, missing = holes_of(bars, rows)
    lacking = np.bincount(bars.table.code[after], missing, minlength=bars.table.symbol_count)
    chosen = lacking[bars.table.code[after]] > allowed
    after, missing = after[chosen], missing[chosen]
    flags = np.zeros(len(bars.table), dtype=bool)
    flags[after] = True
    return bars.judge(flags, details=_named_holes(bars, rows, after, missing))


def stale_feeds(
    bars: Bars,
    *,
    calendar: str = "XNYS",
    calendars: Mapping[str, str] | None = None,
    as_of: str | None = None,
    allowed: int = 1,
) -> Judgement:
    """Flag the last bar of symbols with more than `allowed` closed sessions since, at `as_of`."""
    table = bars.table
    if table.bar_size == "longer":
        return bars.nothing()
    now = moment(as_of)
    rows = session_rows(bars, calendar, calendars, now)
    flags = np.zeros(len(table), dtype=bool)
    for number, sessions in enumerate(rows.sessions):
        last = np.flatnonzero((table.remaining == 0) & (rows.calendar == number))
        reached = np.searchsorted(sessions.days, local_days(bars, sessions)[last], side="right")
        closed = int(np.searchsorted(sessions.closes, microseconds(now), side="right"))
        flags[last] = closed - reached > allowed
    return bars.judge(flags)


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
    rows = session_rows(bars, calendar, calendars, moment(None))
    written = _written(table.frame[bars.created_at], created_zone)
    written = written if table.order is None else written[table.order]
    flags = np.zeros(len(table), dtype=bool)
    for number, sessions in enumerate(rows.sessions):
        newest = (table.remaining == 0) & (rows.ordinal >= 0) & (rows.calendar == number)
        last = np.flatnonzero(newest)
        known = written[last] != np.iinfo(np.int64).min
        flags[last] = known & (written[last] < sessions.closes[rows.ordinal[last]])
    return bars.judge(flags)


def _last_closed_day(sessions: Sessions, now: pd.Timestamp) -> int:
    closed = int(np.searchsorted(sessions.closes, microseconds(now), side="right"))
    return int(sessions.days[closed - 1]) if closed else microseconds(now) // 86_400_000_000


def _named_holes(bars: Bars, rows: SessionRows, after: Ints, missing: Ints) -> dict[str, object]:
    listed: list[dict[str, str]] = []
    for row, count in zip(after[:LISTED], missing[:LISTED], strict=True):
        sessions = rows.sessions[rows.calendar[row]]
        symbol = str(bars.table.symbols[bars.table.code[row]])
        for place in range(rows.ordinal[row] - count, rows.ordinal[row])[: LISTED - len(listed)]:
            listed.append({"symbol": symbol, "date": day_label(sessions.days[place])})
    return {"missing": listed, "missing_count": int(missing.sum())} if len(after) else {}


def _written(created: "pd.Series[pd.Timestamp]", zone: str) -> Ints:
    stamps = pd.to_datetime(created)
    aware = (
        stamps
        if stamps.dt.tz is not None
        else stamps.dt.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward")
    )
    plain = aware.dt.tz_convert("UTC").dt.tz_localize(None)
    return plain.to_numpy(dtype="datetime64[us]").view(np.int64)
