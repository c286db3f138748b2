"""How well days agree with an exchange's sessions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gx.errors import BarFileError
from gx.files.dates.stamps import Ints
from gx.suite.calendars import Calendars

if TYPE_CHECKING:
    from gx.plugins.expectations.kernels.calendars import Sessions

Bools = NDArray[np.bool_]
# Moved by a day, a week has one date in five on a day of the weekend; from ten dates in a row on no
# less than one in seven. A good file has a few strays as well, and another exchange's holidays are
# at most one date in twenty: up to one in ten is let pass, of fewer than ten dates none is.
STRAYS = 10
# The last year's sessions tell on which days of the week an exchange trades; India has had three
# special ones on Saturdays in a year.
RECENT, SPECIAL = 250, 5


@dataclass(frozen=True)
class Fit:
    """How many of the ``dates`` are ``sessions``; ``good``: for each owner, whether enough are."""

    dates: int
    sessions: int
    good: Bools

    @property
    def whole(self) -> bool:
        """The days are right for every owner."""
        return bool(self.good.all())


@dataclass(frozen=True)
class DistinctBars:
    """Bars without repetitions: the ``owner`` of each (0 to ``owners`` - 1) and its ``stamp``.

    A stamp is the position of its day in the arrays of days.
    """

    owner: Ints
    stamp: Ints
    owners: int

    @cached_property
    def counts(self) -> Ints:
        """How many bars each owner has."""
        return np.bincount(self.owner, minlength=self.owners)

    def count(self, stamps: Bools) -> Ints:
        """How many bars of each owner have one of the stamps."""
        return np.bincount(self.owner[stamps[self.stamp]], minlength=self.owners)

    def fit(self, days: Ints, sessions: "Sessions") -> Fit:
        """Judge each owner by itself: one that is moved must not hide behind the others."""
        on_session = _are_sessions(days, sessions)
        misses = self.count(~on_session)
        dates, first = np.unique(days, return_index=True)
        good = misses * STRAYS <= self.counts
        return Fit(len(dates), int(on_session[first].sum()), good)

    def whole_weeks(self, days: Ints) -> Bools:
        """Whether an owner has bars on Saturdays and Sundays, as where nobody ever closes."""
        saturday, sunday = (self.count(weekday(days) == day) for day in (5, 6))
        return np.asarray((saturday > 0) & (sunday > 0))

    def several_a_day(self, days: Ints) -> bool:
        """Whether an owner has two bars on one day."""
        if len(np.unique(days)) == len(days):
            return False
        bars = pd.DataFrame({"owner": self.owner, "day": days[self.stamp]})
        return bool(bars.duplicated().any())


def distinct_bars(owners: Ints, stamps: Ints) -> DistinctBars:
    """The bars of rows, each with its owner (any number) and its stamp."""
    owner = pd.factorize(owners)[0]
    bars = pd.DataFrame({"owner": owner, "stamp": stamps}).drop_duplicates()
    owner, stamp = (bars[name].to_numpy(np.int64) for name in ("owner", "stamp"))
    return DistinctBars(owner, stamp, int(owner.max()) + 1)


def moved(bars: DistinctBars, days: Ints, sessions: "Sessions") -> Bools:
    """Of each owner, whether its days are sessions only when moved by a day, on or back.

    By the days of the week alone: one in ten, or of ten days two, are days on which the exchange
    never trades, and moved none is. So moved on a week has a Saturday and no Monday.
    """
    off = bars.count(_never(days, sessions))
    wrong = (off * STRAYS > bars.counts) | ((off > 1) & (bars.counts >= STRAYS))
    if not wrong.any():
        return wrong
    right = [bars.count(_never(days + by, sessions)) == 0 for by in (-1, 1)]
    return np.asarray(wrong & (right[0] | right[1]))


def by_calendar(
    symbols: Sequence[str | None], calendars: Calendars
) -> Iterator[tuple[str, bool, Ints, Ints]]:
    """Each calendar, whether it was named, every row's owner (a number), and the rows it judges."""
    owners, names = pd.factorize(np.asarray(symbols, dtype=object), use_na_sentinel=False)
    texts = [name if isinstance(name, str) else None for name in names]
    wanted = [(calendars.of(name), calendars.names(name)) for name in texts]
    for calendar, named in dict.fromkeys(wanted):
        judged = np.array([one == (calendar, named) for one in wanted], bool)
        yield calendar, named, owners, np.flatnonzero(judged[owners])


def sessions_around(calendar: str, days: Ints) -> "Sessions":
    """The calendar's sessions for days since 1970; raises BarFileError for no calendar."""
    from gx.plugins.expectations.errors import UnknownCalendarError
    from gx.plugins.expectations.kernels.calendars import sessions_from

    first = int(days.min().astype("datetime64[D]").astype("datetime64[Y]").astype(int)) + 1970
    try:
        return sessions_from(calendar, first)
    except UnknownCalendarError as error:
        raise BarFileError(str(error)) from None


def local_clock(instant: Ints, zone: str) -> Ints:
    """What a clock in the zone shows at instants, both in microseconds since 1970."""
    aware = pd.DatetimeIndex(instant.astype("datetime64[us]")).tz_localize("UTC")
    local = aware.tz_convert(zone).tz_localize(None).to_numpy("datetime64[us]")
    return np.asarray(local.view(np.int64))


def _are_sessions(days: Ints, sessions: "Sessions") -> Bools:
    """Of days that the calendar does not reach, those of the week that has sessions count."""
    known = sessions.days
    if not len(known):
        return np.zeros(len(days), bool)
    beyond = (days < known[0]) | (days > known[-1])
    return np.where(beyond, ~_never(days, sessions), np.isin(days, known))


def _never(days: Ints, sessions: "Sessions") -> Bools:
    """Whether a day is one of the week on which the exchange never trades."""
    usual = np.bincount(weekday(sessions.days[-RECENT:]), minlength=7) > SPECIAL
    return ~usual[weekday(days)]


def weekday(days: Ints) -> Ints:
    """0 for Monday; the first of January 1970 was a Thursday."""
    return np.asarray((days + 3) % 7)
