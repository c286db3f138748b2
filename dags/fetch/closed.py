"""Which bars are final and which are missing, by the calendar of their exchange."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from gx.dataset.sessions import last_closed
from gx.plugins.expectations.kernels.bars import NO_TIME, Ints
from gx.plugins.expectations.kernels.calendars import (
    MICROSECONDS_PER_DAY,
    Sessions,
    sessions_from,
)

# IB's last print of a bar may be some seconds late.
MARGIN = timedelta(minutes=1)


@dataclass(frozen=True)
class Clock:
    """The calendar of a symbol, how long its bars are, and what time it is (aware, UTC)."""

    sessions: Sessions
    minutes: int
    now: datetime
    unfinished: date | None = None  # a day that has not ended, whatever the calendar says

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
            return bars[pd.DatetimeIndex(bars.index) <= plain(self.final_until())]
        return bars[pd.DatetimeIndex(bars.index) <= self.last_closed()]

    def final_until(self) -> datetime:
        """The last moment at which a bar within the day began that nothing can change any more."""
        return self.now - timedelta(minutes=self.minutes) - MARGIN

    def last_closed(self) -> pd.Timestamp:
        """The day of the last session that has closed."""
        closed = last_closed(self.sessions, self.now - MARGIN)
        if self.unfinished and closed >= self.unfinished:
            before = self._sessions_until(self.unfinished - timedelta(days=1))
            closed = before[-1].date() if len(before) else self.unfinished - timedelta(days=1)
        return pd.Timestamp(closed).as_unit("us")

    def closed_since(self, newest: datetime) -> list[date]:
        """The sessions that have closed since the day of a symbol's newest bar."""
        day = newest.date() if self.is_daily else self.day_of(newest)
        closed = self._sessions_until(self.last_closed().date())
        return [one.date() for one in closed[closed > pd.Timestamp(day)]]

    def day_of(self, moment: datetime) -> date:
        """The day at the exchange."""
        return moment.astimezone(self._zone).date()

    def midnight(self, day: date) -> datetime:
        """When a day begins at the exchange, in UTC."""
        return datetime.combine(day, time(), self._zone).astimezone(UTC)

    def begins(self, day: date) -> datetime:
        """When a day begins, as bars are dated: in UTC, and within the day at the exchange."""
        return datetime.combine(day, time(), UTC) if self.is_daily else self.midnight(day)

    def days_of(self, bars: pd.DatetimeIndex) -> list[date]:
        """The days, in order, of bars by their dates (UTC, without a zone)."""
        if not self.is_daily:
            bars = bars.tz_localize(UTC).tz_convert(self.sessions.zone)
        return sorted({one.date() for one in bars})

    def trading_days(self, first: datetime, last: datetime) -> list[date]:
        """The days at the exchange between two moments in which a session lies, or a part of it."""
        calendar = self.sessions
        low, high = int(first.timestamp() * 1e6), int(last.timestamp() * 1e6)
        # Before and after hours are on the session's own day.
        near = (calendar.closes > low - MICROSECONDS_PER_DAY) & (
            calendar.opens < high + MICROSECONDS_PER_DAY
        )
        zone = calendar.zone
        moments = np.concatenate([calendar.opens[near], calendar.closes[near] - 1])
        local = pd.DatetimeIndex(moments.astype("datetime64[us]")).tz_localize(UTC).tz_convert(zone)
        found = sorted({one.date() for one in local})
        begun, ended = self.day_of(first), self.day_of(last - timedelta(microseconds=1))
        return [day for day in found if begun <= day <= ended]

    def missing(self, days: pd.DatetimeIndex) -> list[date]:
        """The sessions between the first and the last of ``days`` that none of them is."""
        if days.empty:
            return []
        every = self._sessions_until(days.max().date())
        return [one.date() for one in every[every >= days.min()].difference(days)]

    def _sessions_until(self, day: date) -> pd.DatetimeIndex:
        every = (self.sessions.days * MICROSECONDS_PER_DAY).astype("datetime64[us]")
        return pd.DatetimeIndex(every[every <= np.datetime64(day)])

    def missing_within(self, pauses: list[tuple[datetime, datetime]]) -> list[date]:
        """The sessions that lack a bar's length of bars or more, by the day at the exchange.

        ``pauses`` are bars within the day after which the next one began later than it could.
        """
        ends = np.array([_microseconds(begun) for begun, _ in pauses], dtype=np.int64)
        highs = np.array([_microseconds(ended) for _, ended in pauses], dtype=np.int64)
        begun = [self._lacking(ends + self._length, highs, *part) for part in self._trading]
        local = pd.DatetimeIndex(np.concatenate(begun).astype("datetime64[us]"))
        return self.days_of(local)

    def _lacking(self, lows: Ints, highs: Ints, starts: Ints, ends: Ints) -> Ints:
        """When trading begins, or goes on, within each span, for a bar's length or more."""
        first = np.searchsorted(ends, lows, side="right")
        counts = np.maximum(np.searchsorted(starts, highs, side="left") - first, 0)
        span = np.repeat(np.arange(len(lows)), counts)
        at = first[span] + np.arange(len(span)) - np.repeat(np.cumsum(counts) - counts, counts)
        begun = np.maximum(lows[span], starts[at])
        long_enough = np.minimum(highs[span], ends[at]) - begun >= self._length
        return np.asarray(begun[long_enough], dtype=np.int64)

    @property
    def _trading(self) -> tuple[tuple[Ints, Ints], tuple[Ints, Ints]]:
        """When trading begins and ends: until a session's break or its end, and after its break."""
        one = self.sessions
        broken = one.pauses != NO_TIME
        whole = (one.opens, np.where(broken, one.pauses, one.closes))
        return whole, (one.resumes[broken], one.closes[broken])

    @property
    def _length(self) -> int:
        return self.minutes * 60_000_000

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.sessions.zone)


def plain(moment: datetime) -> pd.Timestamp:
    """An instant as bars are dated: in UTC, without a zone."""
    return pd.Timestamp(moment).tz_convert(UTC).tz_localize(None)


def _microseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1e6)
