"""In which zone the moments of daily bars show their day; the sessions tell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gx.dataset.signs.moments import DAY, SHARE, Ints
from gx.editing.suggest import CALENDARS, CalendarFit, fit_calendars
from gx.errors import DatasetError
from gx.files.day_fit import local_clock
from gx.files.day_readings import ELSEWHERE
from gx.plugins.expectations.kernels.calendars import Sessions, load_sessions

SHOWN = 3


@dataclass(frozen=True)
class Stamped:
    """The times of a sample's bars (microseconds since 1970) and whose they are, by position."""

    symbols: NDArray[np.object_]
    times: Ints

    def fit(self, days: Ints) -> CalendarFit:
        """The calendars that these days fit."""
        dates = days.astype("datetime64[D]")
        return fit_calendars(pd.DataFrame({"symbol": self.symbols, "date": dates}))

    def most(self, fits: NDArray[np.bool_]) -> tuple[list[str], list[str]]:
        """The symbols of which nearly all bars fit, and the others."""
        shares = pd.Series(fits).groupby(self.symbols).mean()
        good = shares >= SHARE
        return list(map(str, shares.index[good])), list(map(str, shares.index[~good]))


@dataclass(frozen=True)
class Reading:
    """One zone in which the moments are read as days, and how these fit."""

    zone: str
    why: str
    fit: CalendarFit
    others: tuple[str, ...] = ()

    @property
    def misses(self) -> tuple[int, int]:
        """How many bars do not fit; symbols whose bars are other zones' count most."""
        return len(self.others), self.fit.misfits


def daily_zone(stamped: Stamped) -> tuple[Reading, tuple[str, ...]]:
    """The zone of daily bars' moments, and what is uncertain about it.

    Raises DatasetError where no zone, or more than one, makes days of them.
    """
    found = list(_midnights(stamped)) or list(_session_ends(stamped))
    whole = [reading for reading in found if not reading.others]
    if not whole:
        raise DatasetError(_not_one(stamped, found))
    best = min(whole, key=lambda one: (one.misses, one.zone != _zone_of(one.fit.calendar)))
    rivals = [one for one in whole if one.misses == best.misses and one is not best]
    days = local_clock(stamped.times, best.zone) // DAY
    for rival in rivals:
        if (local_clock(stamped.times, rival.zone) // DAY != days).any():
            raise DatasetError(
                f"its moments may be days in {best.zone} or in {rival.zone}: say --zone"
            )
    year = np.arange(stamped.times.max() - 366 * DAY, stamped.times.max(), DAY // 2)
    clock = local_clock(year, best.zone)
    names = [one.zone for one in rivals if (local_clock(year, one.zone) != clock).any()][:SHOWN]
    unsure = (f"zone: on these days {', '.join(names)} would do as well",) if names else ()
    return best, unsure


def _zone_of(calendar: str) -> str:
    return load_sessions(calendar, 2024, 2024).zone


def _midnights(stamped: Stamped) -> Iterator[Reading]:
    for zone in ("UTC", *(one for one in ELSEWHERE if one != "UTC")):
        clock = local_clock(stamped.times, zone)
        good, others = stamped.most(clock % DAY == 0)
        if not good:
            continue
        fit = stamped.fit(clock // DAY)
        yield Reading(zone, f"the moments are midnights in {zone}", fit, tuple(others))


def _session_ends(stamped: Stamped) -> Iterator[Reading]:
    years = stamped.times.astype("datetime64[us]").astype("datetime64[Y]").astype(int) + 1970
    seen: set[str] = set()
    for name in CALENDARS:
        sessions = load_sessions(name, int(years.min()), int(years.max()))
        if sessions.zone in seen or not len(sessions.days):
            continue
        clock = local_clock(stamped.times, sessions.zone)
        for said, at in _ends(sessions):
            good, others = stamped.most(clock % DAY == at)
            if good:
                seen.add(sessions.zone)
                fit = stamped.fit(clock // DAY)
                why = f"the moments are the {said} of {name} in {sessions.zone}"
                yield Reading(sessions.zone, why, fit, tuple(others))
                break


def _ends(sessions: Sessions) -> Iterator[tuple[str, int]]:
    """At which time of day a session usually opens and closes there, unless that is midnight."""
    for said, instants in (("opening", sessions.opens), ("close", sessions.closes)):
        times = local_clock(instants, sessions.zone) % DAY
        usual = int(np.median(times))
        if usual:
            yield said, usual


def _not_one(stamped: Stamped, found: Sequence[Reading]) -> str:
    if not found:
        times = sorted({str(np.datetime64(int(one), "us"))[11:16] for one in stamped.times[:1_000]})
        at = ", ".join(times[:SHOWN]) + " …" * (len(times) > SHOWN)
        return (
            f"its moments are at {at} UTC, which is neither midnight in a zone of an exchange nor "
            "the opening or close of one: say --zone, in which they show the day of a bar"
        )
    best = min(found, key=lambda reading: reading.misses)
    named = ", ".join(best.others[:SHOWN]) + " …" * (len(best.others) > SHOWN)
    return (
        f"{best.why}, but not those of {named}: one zone can't read both. Say --zone, or make two "
        'datasets, each of a query for its symbols: --query "select … where …"'
    )
