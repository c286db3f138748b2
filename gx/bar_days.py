"""Of which session a daily bar is, when the file gives it a time of day.

A bar's date is a date in the exchange's time zone. A file shows a date of its own, and where it has
time zones (or is taken for UTC) the exchange's calendar gives another: midnight in India is 18:30
UTC of the day before. What tells which one is meant are the sessions (a date that is none is no
bar's), and the time of day (a day is called by its midnight, or by its opening or closing).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from gx.bar_dates import Ints, Stamps
from gx.errors import BarFileError
from gx.suite_calendars import Calendars

if TYPE_CHECKING:
    from gx.plugins.expectations.kernels.calendars import Sessions

SECOND = 1_000_000
DAY = 86_400 * SECOND
# Six dates in a row that are moved by a day hold a day of the weekend.
FEWEST_DATES = 6
# Moved by a day, one date in five is none of the exchange's. A good file has a few such as well.
SHARE = 0.9


class BarsWithinTheDayError(BarFileError):
    """The bars are not daily: `stock_data` has no place for them."""


@dataclass(frozen=True)
class Reading:
    """One way to read the bars' dates: days since 1970, and microseconds of the day.

    ``named``: every time of day is one by which days are called. ``sessions`` of the ``dates`` are
    sessions; ``telling``, if a wrong date could show as none.
    """

    shown: str
    days: Ints
    times: Ints
    named: bool
    dates: int
    sessions: int
    telling: bool

    @property
    def clear(self) -> bool:
        """The dates themselves say that they are right."""
        return self.telling and self.sessions >= SHARE * self.dates

    def said(self, row: int) -> str:
        """The reading in words, with the bar at ``row`` as its example."""
        day = np.datetime64(int(self.days[row]), "D")
        return f"{self.shown} {day} ({self.sessions} of {self.dates} dates are sessions)"


def days_of(stamps: Stamps, symbols: Sequence[str | None], calendars: Calendars) -> pa.Array:
    """Each bar's date (date32); null where the cell is none.

    Raises BarsWithinTheDayError when a symbol has several bars a day, or times of day that differ
    by more than a close differs; BarFileError when the dates can be read in two ways, or the
    calendar is none.
    """
    if stamps.are_dates:
        return stamps.days.combine_chunks()
    written = _microseconds(stamps.written)
    instant = written if stamps.instant is None else _microseconds(stamps.instant)
    known = stamps.written.is_valid().to_numpy(zero_copy_only=False)
    days = np.zeros(len(known), np.int64)
    codes, names = pd.factorize(np.array([calendars.of(symbol) for symbol in symbols]))
    owners = pd.factorize(np.asarray(symbols, dtype=object))[0]
    for number, name in enumerate(names):
        rows = np.flatnonzero(known & (codes == number))
        if len(rows):
            group = _Group(str(name), owners[rows], written[rows], instant[rows], stamps)
            days[rows] = group.days()
    return pa.array(days.astype("datetime64[D]"), mask=~known)


class _Group:
    """The rows of one calendar."""

    def __init__(
        self, calendar: str, owners: Ints, written: Ints, instant: Ints, stamps: Stamps
    ) -> None:
        self.calendar, self.owners = calendar, owners
        self.written, self.instant = written, instant
        self.zoned = stamps.instant is not None
        self.sessions = _sessions(calendar, written)

    def days(self) -> Ints:
        """The days of the reading that is right."""
        at_exchange = _local(self.instant, self.sessions.zone)
        shown = self._read("as written", self.written, own_clock=not self.zoned)
        moved = self._read(f"in {self.sessions.zone}", at_exchange, own_clock=True)
        self._require_daily(shown, moved)
        if (shown.days == moved.days).all():
            if shown.named or moved.named or moved.clear:
                return moved.days
        elif shown.clear != moved.clear:
            return shown.days if shown.clear else moved.days
        elif shown.named != moved.named:
            return shown.days if shown.named else moved.days
        raise self._ambiguous(shown, moved)

    def _read(self, name: str, clock: Ints, *, own_clock: bool) -> Reading:
        days, times = clock // DAY, clock % DAY
        dates = np.unique(days)
        around = np.arange(dates[0] - 1, dates[-1] + 2)
        open_days = self.sessions.days
        return Reading(
            shown=name,
            days=days,
            times=times,
            named=self._named(days, times, own_clock),
            dates=len(dates),
            sessions=int(np.isin(dates, open_days).sum()),
            telling=len(dates) >= FEWEST_DATES and not np.isin(around, open_days).all(),
        )

    def _named(self, days: Ints, times: Ints, own_clock: bool) -> bool:
        """Midnight, the day's last second, or the exchange's opening or closing."""
        if (times == 0).all() or (times >= DAY - SECOND).all():
            return True
        if not own_clock or not len(self.sessions.days):
            return False
        place = np.minimum(np.searchsorted(self.sessions.days, days), len(self.sessions.days) - 1)
        closes = _local(self.sessions.closes, self.sessions.zone) % DAY
        opens = _local(self.sessions.opens, self.sessions.zone) % DAY
        # A bar within the day is called by its start: alone at the opening it may be one.
        several = len(np.unique(days)) > 1
        return _all_at(times, closes, place) or (several and _all_at(times, opens, place))

    def _require_daily(self, shown: Reading, moved: Reading) -> None:
        if all(self._several_a_day(reading.days) for reading in (shown, moved)):
            raise BarsWithinTheDayError("holds bars within the day: several of a symbol a day")
        tidy = any(read.named or len(np.unique(read.times)) == 1 for read in (shown, moved))
        few = shown.dates < FEWEST_DATES and not shown.named and not moved.named
        if not tidy or few:
            times = ", ".join(_clock(time) for time in np.unique(shown.times)[:3])
            raise BarsWithinTheDayError(
                f"holds bars within the day (at {times} …), or of another exchange than "
                f"{self.calendar}: name it with CALENDAR= (--calendar)"
            )

    def _several_a_day(self, days: Ints) -> bool:
        bars = pd.DataFrame({"owner": self.owners, "day": days, "at": self.instant})
        bars = bars.drop_duplicates(["owner", "at"])  # the same bar twice is another fault
        return bool(bars.duplicated(["owner", "day"]).any())

    def _ambiguous(self, shown: Reading, moved: Reading) -> BarFileError:
        differing = np.flatnonzero(shown.days != moved.days)
        row = int(differing[0]) if len(differing) else 0
        return BarFileError(
            f"its dates are ambiguous: {_stamp(self.written[row])} is {shown.said(row)}, "
            f"and {moved.said(row)} of {self.calendar}. Name the exchange's calendar with "
            f"CALENDAR= (--calendar), or write plain dates{_midnight(self.instant)}"
        )


def _all_at(times: Ints, of_sessions: Ints, place: Ints) -> bool:
    """Is every time that of its session, or the usual one (an early close keeps its label)?"""
    usual = np.median(of_sessions)
    return bool(((times == of_sessions[place]) | (times == usual)).all())


def _midnight(instant: Ints) -> str:
    """Where one constant time of day in UTC would be midnight."""
    times = np.unique(instant % DAY)
    if len(times) > 1 or times[0] == 0:
        return ""
    minutes = int(-times[0] // (60 * SECOND)) % 1440
    minutes -= 1440 if minutes > 14 * 60 else 0
    sign = "-" if minutes < 0 else "+"
    offset = f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    return f" ({_clock(times[0])} UTC is midnight at UTC{offset})"


def _sessions(calendar: str, written: Ints) -> "Sessions":
    from gx.plugins.expectations.errors import UnknownCalendarError
    from gx.plugins.expectations.kernels.calendars import EARLIEST_YEAR, load_sessions

    ends = np.array([written.min(), written.max()]).astype("datetime64[us]").astype("datetime64[Y]")
    first, last = (int(year) for year in ends.astype(int) + 1970)
    now = pd.Timestamp.now(tz="UTC").year
    # A typo must not cost a thousand years of sessions.
    span = (max(min(first, now) // 10 * 10, EARLIEST_YEAR), max(min(last, now), EARLIEST_YEAR) + 1)
    try:
        return load_sessions(calendar, *span)
    except UnknownCalendarError as error:
        raise BarFileError(str(error)) from None


def _microseconds(stamps: pa.ChunkedArray) -> Ints:
    filled = stamps.cast(pa.int64()).fill_null(0)
    return np.asarray(filled.to_numpy())


def _local(instant: Ints, zone: str) -> Ints:
    """What a clock in the zone shows."""
    aware = pd.DatetimeIndex(instant.astype("datetime64[us]")).tz_localize("UTC")
    local = aware.tz_convert(zone).tz_localize(None).to_numpy("datetime64[us]")
    return np.asarray(local.view(np.int64))


def _stamp(written: np.int64) -> str:
    return str(np.datetime64(int(written), "us")).replace("T", " ").removesuffix(".000000")


def _clock(time: np.int64) -> str:
    return _stamp(time)[11:]
