"""The calendars of bars within the day, by the hours that have bars."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gx.dataset.signs.moments import Ints
from gx.editing.suggest import CALENDARS, CalendarFit
from gx.errors import DatasetError
from gx.files.day_fit import local_clock
from gx.plugins.expectations.kernels.calendars import Sessions, load_sessions

HOUR = 3_600_000_000
ALWAYS_OPEN = "24/7"
UNCLEAR = 0.25  # of the hours may be another exchange's before it is said


@dataclass(frozen=True)
class HourFit:
    """The zone in which a clock's times are, the calendars that fit, and what is uncertain."""

    zone: str
    fit: CalendarFit
    hours: int
    unsure: tuple[str, ...] = ()


def fit_hours(own: Mapping[str, Ints], *, zoned: bool) -> HourFit:
    """The calendars in whose sessions the bars are; ``own`` has each symbol's times.

    They are microseconds since 1970, in UTC if they are ``zoned``, and else what a clock shows of
    which the zone is to be found. Raises DatasetError where that can't be told.
    """
    hours = {symbol: np.unique(times // HOUR) for symbol, times in own.items() if len(times)}
    ends = [int(times[at]) for times in hours.values() for at in (0, -1)]
    first, last = (
        int(np.datetime64(hour * HOUR, "us").astype("datetime64[Y]").astype(int)) + 1970
        for hour in (min(ends), max(ends))
    )
    sessions = {name: load_sessions(name, first, last) for name in CALENDARS}
    fits = [_fit(hours, sessions, zone) for zone in (["UTC"] if zoned else _zones(sessions))]
    best = min(fits, key=lambda one: one.fit.misfits)
    if not zoned:
        _require_one_zone(best, fits, np.concatenate(list(own.values())))
    return best


def _zones(sessions: Mapping[str, Sessions]) -> list[str]:
    return list(dict.fromkeys(["UTC", *(one.zone for one in sessions.values())]))


def _fit(hours: Mapping[str, Ints], sessions: Mapping[str, Sessions], zone: str) -> HourFit:
    expected = {name: _open_hours(one, zone) for name, one in sessions.items()}
    costs = {
        symbol: {name: _misfits(mine, all_) for name, all_ in expected.items()}
        for symbol, mine in hours.items()
    }
    usual = Counter(min(cost, key=cost.__getitem__) for cost in costs.values()).most_common(1)[0][0]
    others = {}
    for symbol, cost in costs.items():
        name = min(cost, key=cost.__getitem__)
        if cost[usual] > 2 * cost[name] + 3:
            others[symbol] = name
    misfits = sum(cost[others.get(symbol, usual)] for symbol, cost in costs.items())
    count = sum(map(len, hours.values()))
    unsure = (
        (f"calendar: {misfits:,} of {count:,} hours do not fit {usual}, which is the nearest",)
        if misfits > UNCLEAR * count
        else ()
    )
    return HourFit(zone, CalendarFit(usual, others, misfits), count, unsure)


def _open_hours(sessions: Sessions, zone: str) -> Ints:
    """The hours since 1970, by the clock of a zone, in which an exchange is open."""
    opens, closes = (local_clock(one, zone) for one in (sessions.opens, sessions.closes))
    first, last = opens // HOUR, -(-closes // HOUR)
    spans = [np.arange(*span) for span in zip(first, last, strict=True)]
    return np.unique(np.concatenate(spans)) if spans else np.zeros(0, np.int64)


def _misfits(mine: Ints, open_: Ints) -> int:
    between = open_[(open_ >= mine[0]) & (open_ <= mine[-1])]
    return len(np.setxor1d(mine, between, assume_unique=True))


def _require_one_zone(best: HourFit, fits: list[HourFit], times: Ints) -> None:
    """Another zone must be clearly worse, unless its clock is the same."""
    if best.fit.calendar == ALWAYS_OPEN:
        raise DatasetError(
            "its times have no zone, and bars around the clock do not tell in which they are: say "
            "--zone, such as UTC"
        )
    for other in fits:
        if other.zone == best.zone or other.fit.misfits > 1.5 * best.fit.misfits + 3:
            continue
        if (local_clock(times, other.zone) != local_clock(times, best.zone)).any():
            raise DatasetError(
                f"its times have no zone, and may be of {best.zone} ({best.fit.calendar}) or of "
                f"{other.zone} ({other.fit.calendar}): say --zone"
            )
        # The same clock on these days.
