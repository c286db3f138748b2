"""Which bars are final: a session that has not closed may still change its own."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from gx.plugins.expectations.kernels.calendars import Sessions, sessions_from

_DAY_US = 86_400_000_000
# IB's last print of a bar may be some seconds late.
_MARGIN = timedelta(minutes=1)


@dataclass(frozen=True)
class Clock:
    """The calendar of a symbol, how long its bars are, and what time it is (aware, UTC)."""

    sessions: Sessions
    minutes: int
    now: datetime

    @classmethod
    def of(cls, calendar: str, minutes: int, first_year: int, now: datetime) -> "Clock":
        """The clock of a calendar of exchange_calendars; raises UnknownCalendarError."""
        return cls(sessions_from(calendar, first_year), minutes, now)

    @property
    def is_daily(self) -> bool:
        """Is a bar a day?"""
        return self.minutes >= 1_440

    def final(self, bars: pd.DataFrame) -> pd.DataFrame:
        """The bars (by ``date``: days, or instants in UTC) that nothing can change any more."""
        if not self.is_daily:
            ends = pd.DatetimeIndex(bars.index) + timedelta(minutes=self.minutes) + _MARGIN
            return bars[ends <= pd.Timestamp(self.now)]
        return bars[pd.DatetimeIndex(bars.index) <= self.last_closed()]

    def last_closed(self) -> pd.Timestamp:
        """The day of the last session that has closed."""
        closed = int(np.searchsorted(self.sessions.closes, _microseconds(self.now - _MARGIN)))
        return pd.Timestamp(int(self.sessions.days[closed - 1]) * _DAY_US, unit="us")

    def missing(self, days: pd.DatetimeIndex) -> list[pd.Timestamp]:
        """The sessions between the first and the last of ``days`` that none of them is."""
        if days.empty:
            return []
        every = pd.DatetimeIndex((self.sessions.days * _DAY_US).astype("datetime64[us]"))
        between = every[(every >= days.min()) & (every <= days.max())]
        return list(between.difference(days))


def _microseconds(moment: datetime) -> int:
    return pd.Timestamp(moment).value // 1000
