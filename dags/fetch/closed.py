"""Which bars are final: a session that has not closed may still change its own."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from gx.plugins.expectations.kernels.calendars import (
    MICROSECONDS_PER_DAY,
    Sessions,
    sessions_from,
)
from gx.plugins.expectations.kernels.moments import Moment

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
        settled = pd.Timestamp(self.now - _MARGIN)
        day = Moment(settled, settled).last_closed_day(self.sessions)
        return pd.Timestamp(day * MICROSECONDS_PER_DAY, unit="us")

    def missing(self, days: pd.DatetimeIndex) -> list[pd.Timestamp]:
        """The sessions between the first and the last of ``days`` that none of them is."""
        if days.empty:
            return []
        every = pd.DatetimeIndex(
            (self.sessions.days * MICROSECONDS_PER_DAY).astype("datetime64[us]")
        )
        between = every[(every >= days.min()) & (every <= days.max())]
        return list(between.difference(days))
