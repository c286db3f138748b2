"""Of which session a bar is."""

from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from gx.plugins.expectations.kernels.calendars import Sessions, load_sessions


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
