"""The moment from which bars are judged."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from gx.plugins.expectations.errors import ExpectationInputError
from gx.plugins.expectations.kernels.calendars import MICROSECONDS_PER_DAY, Sessions, microseconds

END_OF_DAY = pd.Timedelta(days=1) - pd.Timedelta(1, "ns")


@dataclass(frozen=True)
class Moment:
    """An instant, never later than now; with `day` (since 1970) the whole of that day.

    A day is each exchange's own: its session of that day has closed then, whatever the hour in UTC.
    """

    instant: pd.Timestamp
    now: pd.Timestamp
    day: int | None = None

    @classmethod
    def of(cls, as_of: str | None) -> Self:
        """Read `as_of`: None is now; a date is that whole day; a time without zone is UTC.

        A day to come excuses no bar of the days until then.

        Raises ExpectationInputError for anything that is no date.
        """
        now = pd.Timestamp.now(tz="UTC")
        if as_of is None:
            return cls(now, now)
        stamp = _stamp(as_of)
        is_day = stamp.tz is None and stamp == stamp.normalize()
        stamp = stamp.tz_localize("UTC") if stamp.tz is None else stamp.tz_convert("UTC")
        if stamp >= now:
            return cls(now, now)
        if not is_day:
            return cls(stamp, now)
        return cls(min(now, stamp + END_OF_DAY), now, microseconds(stamp) // MICROSECONDS_PER_DAY)

    def closed(self, sessions: Sessions) -> int:
        """Count the sessions that have closed by then."""
        if self.day is None:
            return _upto(sessions.closes, microseconds(self.instant))
        return min(_upto(sessions.closes, microseconds(self.now)), _upto(sessions.days, self.day))

    def last_closed_day(self, sessions: Sessions) -> int:
        """The day of the last closed session; without any, the day of the moment itself."""
        closed = self.closed(sessions)
        if closed:
            return int(sessions.days[closed - 1])
        return microseconds(self.instant) // MICROSECONDS_PER_DAY

    def latest(self, sessions: Sessions) -> int:
        """The last instant that is not in the future, in microseconds since 1970.

        Of a whole day that is its end at the exchange, or the close of its session if later.
        """
        if self.day is None:
            return microseconds(self.instant)
        midnight = pd.Timestamp((self.day + 1) * MICROSECONDS_PER_DAY, unit="us")
        ends = [microseconds(midnight.tz_localize(sessions.zone, nonexistent="shift_forward")) - 1]
        closed = self.closed(sessions)
        ends += [int(sessions.closes[closed - 1])] if closed else []
        return min(microseconds(self.now), max(ends))


def _stamp(as_of: str) -> pd.Timestamp:
    try:
        stamp = pd.Timestamp(as_of)
    except ValueError as error:
        raise ExpectationInputError(
            f"as_of {as_of!r} is not a date; write it as 2025-01-31"
        ) from error
    if pd.isna(stamp):
        raise ExpectationInputError("as_of is empty; leave it out to mean today")
    return stamp


def _upto(values: "np.ndarray[tuple[int], np.dtype[np.int64]]", limit: int) -> int:
    return int(np.searchsorted(values, limit, side="right"))
