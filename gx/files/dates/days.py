"""Of which session a daily bar is, when the file gives it a time of day.

A bar's date is a date in the exchange's time zone. A file shows a date of its own, and where it has
time zones (or is taken for UTC) the exchange's calendar gives another: midnight in India is 18:30
UTC of the day before. A day may be called by its midnight, by the next one, by its opening (which
may be on the evening before) or its close. The sessions tell which of these is meant: a reading is
taken when all its dates but a few strays are sessions, and no other one says as much.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa

from gx.errors import BarFileError
from gx.files.dates.day_fit import (
    Fit,
    by_calendar,
    distinct_bars,
    local_clock,
    moved,
    sessions_around,
)
from gx.files.dates.day_readings import (
    DAY,
    NAMED,
    SECOND,
    By,
    Reading,
    Stamped,
    distinct,
    own_readings,
    readings_elsewhere,
)
from gx.files.dates.plain_dates import refuse_moved
from gx.files.dates.stamps import Ints, Stamps
from gx.suite.calendars import Calendars

# Six dates in a row, moved by a day, hold a day of the weekend; where nobody closes they hold both.
FEWEST_DATES = 6
SHOWN = 2


class BarsWithinTheDayError(BarFileError):
    """The bars are not daily: `stock_data` has no place for them."""


def days_of(stamps: Stamps, symbols: Sequence[str | None], calendars: Calendars) -> pa.Array:
    """Each bar's date (date32); null where the cell is none.

    Raises BarsWithinTheDayError when a symbol has several bars a day, or times of day that differ
    by more than a close differs; BarFileError when the dates can be read in two ways, or the
    calendar is none.
    """
    if stamps.are_dates:
        dates = stamps.days.combine_chunks()
        if stamps.have_weekends:
            refuse_moved(dates, symbols, calendars)
        return dates
    written = _microseconds(stamps.written)
    instant = written if stamps.instant is None else _microseconds(stamps.instant)
    known = stamps.written.is_valid().to_numpy(zero_copy_only=False)
    days = np.zeros(len(known), np.int64)
    for calendar, named, owners, rows in by_calendar(symbols, calendars):
        rows = rows[known[rows]]
        if len(rows):
            zoned = stamps.instant is not None
            stamped, which = _distinct_stamps(owners[rows], written[rows], instant[rows], zoned)
            days[rows] = _Group(calendar, named, stamped).days()[which]
    return pa.array(days.astype("datetime64[D]"), mask=~known)


def _distinct_stamps(
    owners: Ints, written: Ints, instant: Ints, zoned: bool
) -> tuple[Stamped, Ints]:
    """Each stamp once, and of each row which one it is."""
    pairs = pd.DataFrame({"written": written, "instant": instant})
    number = pairs.groupby(["written", "instant"], sort=False).ngroup()
    which: Ints = np.asarray(number, np.int64)
    first = np.unique(which, return_index=True)[1]
    return Stamped(written[first], instant[first], zoned, distinct_bars(owners, which)), which


class _Group:
    """The bars of one calendar, which was ``named`` for them or is only the usual one."""

    def __init__(self, calendar: str, named: bool, stamped: Stamped) -> None:
        self.calendar, self.named, self.stamped = calendar, named, stamped
        self.sessions = sessions_around(calendar, stamped.written // DAY)
        self.readings = [
            reading
            for reading in own_readings(stamped, calendar, self.sessions)
            if not stamped.bars.several_a_day(reading.days)
        ]

    def days(self) -> Ints:
        """The days of the reading that is right."""
        if self._several_a_day():
            raise BarsWithinTheDayError(
                "holds bars within the day, several of a symbol; stock_data has one bar a day"
            )
        found = self._candidates()
        if len(found) == 1 and not self._contradicted(found[0]):
            return found[0].days
        self._require_daily()
        raise self._ambiguous()

    @cached_property
    def elsewhere(self) -> list[Reading]:
        """The midnights of other exchanges that the stamps may be."""
        return readings_elsewhere(self.stamped)

    @cached_property
    def _shows_own_clock(self) -> bool:
        """Whether the file is written in the exchange's zone, which is not UTC."""
        written, instant = self.stamped.written, self.stamped.instant
        there = local_clock(instant, self.sessions.zone)
        return bool((written == there).all() and (written != instant).any())

    def _candidates(self) -> list[Reading]:
        """What the best kind of readings says."""
        clear = [reading for reading in self.readings if reading.is_clear]
        return (
            distinct(way for way in clear if way.fit.whole and not self._is_moved(way))
            or distinct(way for way in self.readings if self._tells(way))
            or distinct(way for way in clear if self._stands(way))
        )

    def _tells(self, reading: Reading) -> bool:
        """A time that names no day: its sessions have to say that the days beside it are wrong."""
        return (
            not reading.is_clear
            and reading.fit.whole
            and reading.fit.dates >= FEWEST_DATES
            and not any(self._fit(reading.days + by).whole for by in (-1, 1))
        )

    def _stands(self, reading: Reading) -> bool:
        """A midnight that the file itself shows is its date, and for the gate to judge.

        Unless the dates are moved by a day, and no other exchange has such ones.
        """
        if reading.by is not By.MIDNIGHT or reading.assumed:
            return False
        if not self.named and any(reading.says_as(other) for other in self.elsewhere):
            return True
        return not self._is_moved(reading)

    def _is_moved(self, reading: Reading) -> bool:
        return bool(moved(self.stamped.bars, reading.days, self.sessions).any())

    def _contradicted(self, chosen: Reading) -> bool:
        """Whether another reading of these stamps is as good."""
        others = [] if self.named or self._shows_own_clock else self.elsewhere
        if not all(chosen.says_as(other) for other in others):
            return True
        if chosen.assumed and self._shown_is_as_good(chosen):
            return True
        return any(
            other.fit.whole and other.fit.sessions > chosen.fit.sessions for other in self.readings
        )

    def _shown_is_as_good(self, chosen: Reading) -> bool:
        """Whether the dates that the file shows are others, and not worse."""
        shown = self.stamped.written // DAY
        if (shown == chosen.days).all() or self.stamped.bars.several_a_day(shown):
            return False
        fit = self._fit(shown)
        return fit.whole and fit.sessions >= chosen.fit.sessions

    def _several_a_day(self) -> bool:
        """By the file's clock and by the exchange's."""
        clocks = (self.stamped.written, local_clock(self.stamped.instant, self.sessions.zone))
        return all(self.stamped.bars.several_a_day(clock // DAY) for clock in clocks)

    def _fit(self, days: Ints) -> Fit:
        return self.stamped.bars.fit(days, self.sessions)

    def _require_daily(self) -> None:
        if self.elsewhere:
            return
        if any(reading.is_clear for reading in self.readings):
            return
        if self.readings and len(np.unique(self.stamped.written // DAY)) >= FEWEST_DATES:
            return
        times = np.unique(self.stamped.written % DAY)
        at = ", ".join(_clock(time) for time in times[:3]) + " …" * (len(times) > 3)
        different = "different times of day, " if len(times) > 1 else ""
        how = f", or name the exchange if it is not {self.calendar}: CALENDAR= (--calendar)"
        raise BarsWithinTheDayError(
            f"its bars are at {different}{at}, as bars within the day are; if they are daily, "
            f"write plain dates{'' if self.named else how}"
        )

    def _ambiguous(self) -> BarFileError:
        own = sorted(self.readings, key=lambda way: (not way.fit.whole, not way.is_clear))
        shown = distinct([*distinct(own)[:SHOWN], *self.elsewhere[:SHOWN]])
        by_stamp = np.stack([reading.days for reading in shown])
        differing = np.flatnonzero(by_stamp.min(axis=0) != by_stamp.max(axis=0))
        stamp = int(differing[0]) if len(differing) else 0
        said = ", or ".join(reading.said(stamp) for reading in shown)
        if len(shown) == 1:
            said += f", but no day of {self.calendar} is called by this time"
        return BarFileError(
            f"its dates are ambiguous: {_stamp(self.stamped.written[stamp])} is {said}. "
            f"{self._advice(shown)}{_midnight(self.stamped.instant)}"
        )

    def _advice(self, shown: Iterable[Reading]) -> str:
        fitting = [name for reading in shown if reading.fit.whole for name in reading.whose[:NAMED]]
        names = [name for name in dict.fromkeys(fitting) if name != self.calendar or not self.named]
        such = " or ".join(f"CALENDAR={name}" for name in names)
        if self.named:
            return "Write plain dates" + (f", or name another calendar: {such}" if such else "")
        such = such or "CALENDAR="
        return f"Name the exchange's calendar ({such}, --calendar), or write plain dates"


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


def _microseconds(stamps: pa.ChunkedArray) -> Ints:
    filled = stamps.cast(pa.int64()).fill_null(0)
    return np.asarray(filled.to_numpy())


def _stamp(written: np.int64) -> str:
    return str(np.datetime64(int(written), "us")).replace("T", " ").removesuffix(".000000")


def _clock(time: np.int64) -> str:
    return _stamp(time)[11:]
