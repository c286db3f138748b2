"""Which session a bar within the day belongs to, and at which moments a range of days begins."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gx.dataset.model import Dataset
from gx.plugins.expectations.kernels.bars import Bars
from gx.plugins.expectations.kernels.calendars import (
    Sessions,
    load_sessions,
    local_days,
    session_rows,
)
from gx.plugins.expectations.kernels.moments import Moment
from gx.suite.calendars import Calendars

Days = NDArray[np.datetime64]
_INSTANT = timedelta(microseconds=1)


def zone_of(dataset: Dataset) -> str:
    """The time zone whose days a range of this dataset is about: its calendar's, or UTC."""
    if dataset.calendar is None:
        return dataset.source.zone or "UTC"
    return load_sessions(dataset.calendar, 2020, 2024).zone


def last_closed(sessions: Sessions, now: datetime) -> date:
    """The day of the last session that has closed."""
    day = Moment(pd.Timestamp(now), pd.Timestamp(now)).last_closed_day(sessions)
    return date(1970, 1, 1) + timedelta(days=day)


def moments_of(
    dataset: Dataset, start: date | None, end: date | None
) -> tuple[date | None, date | None]:
    """The first and the last moment of a range of days (None: open); of daily bars the days.

    A day begins and ends at midnight in `zone_of` the dataset.
    """
    if dataset.is_daily:
        return start, end
    zone = ZoneInfo(zone_of(dataset))
    first = start and _midnight(start, zone)
    last = end and _midnight(end + timedelta(days=1), zone) - _INSTANT
    return first, last


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def session_dates(bars: pd.DataFrame, calendars: Calendars) -> Days:
    """The date of each bar's session (datetime64[D]), by the calendar of its symbol.

    `bars` has symbol and date (datetime64 with a zone). A bar outside of every session has its day
    at the exchange; one without a date has none (NaT).
    """
    frame = Bars.of(bars)
    rows = session_rows(frame, calendars.usual, calendars.others)
    days = np.zeros(len(bars), np.int64)
    for number, sessions in enumerate(rows.sessions):
        mine = rows.calendar == number
        inside = mine & (rows.ordinal >= 0)
        days[mine] = local_days(frame, sessions)[mine]
        days[inside] = sessions.days[rows.ordinal[inside]]
    found, order = np.zeros(len(bars), "datetime64[D]"), frame.table.order
    found[slice(None) if order is None else order] = days.astype("datetime64[D]")
    found[bars["date"].isna().to_numpy()] = np.datetime64("NaT")
    return found


def session_date(calendar: str, moment: datetime) -> date | None:
    """The date of the session during which a moment (UTC, without a zone) falls; None for none."""
    sessions = _around(calendar, moment.year)
    at = np.datetime64(moment, "us").astype(np.int64)
    place = int(np.searchsorted(sessions.opens, at, side="right")) - 1
    if place >= 0 and at <= sessions.closes[place]:
        day: date = sessions.days[place].astype("datetime64[D]").item()
        return day
    local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(sessions.zone)).date()
    held = np.datetime64(local, "D").astype(np.int64) in sessions.days
    return local if held else None


@lru_cache(maxsize=8)
def _around(calendar: str, year: int) -> Sessions:
    return load_sessions(calendar, year - 1, year + 1)
