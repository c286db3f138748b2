"""The ways in which stamps of daily bars can be read as days."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from gx.files.dates.day_fit import DistinctBars, Fit, local_clock, sessions_around
from gx.files.dates.stamps import Ints

if TYPE_CHECKING:
    from gx.plugins.expectations.kernels.calendars import Sessions

SECOND = 1_000_000
DAY = 86_400 * SECOND
ALWAYS_OPEN = "24/7"
# The day of currencies begins and ends at 17:00 in New York.
CURRENCIES, ROLL, ROLL_ZONE = "24/5", 17 * 3600 * SECOND, "America/New_York"
# Whose midnights a file without a calendar's name may hold. One exchange for each time zone and its
# holidays; neighbours with the same ones are left out.
ELSEWHERE = {
    "Pacific/Auckland": ("XNZE",),
    "Australia/Sydney": ("XASX",),
    "Asia/Tokyo": ("XTKS",),
    "Asia/Seoul": ("XKRX",),
    "Asia/Hong_Kong": ("XHKG",),
    "Asia/Shanghai": ("XSHG",),
    "Asia/Singapore": ("XSES",),
    "Asia/Taipei": ("XTAI",),
    "Asia/Kuala_Lumpur": ("XKLS",),
    "Asia/Manila": ("XPHS",),
    "Asia/Jakarta": ("XIDX",),
    "Asia/Bangkok": ("XBKK",),
    "Asia/Kolkata": ("XBOM",),
    "Asia/Karachi": ("XKAR",),
    "Asia/Riyadh": ("XSAU",),
    "Europe/Istanbul": ("XIST",),
    "Europe/Moscow": ("XMOS",),
    "Europe/Helsinki": ("XHEL",),
    "Africa/Johannesburg": ("XJSE",),
    "Europe/Berlin": ("XFRA", "XPAR"),
    "Europe/London": ("XLON",),
    "America/Sao_Paulo": ("BVMF",),
    "America/Toronto": ("XTSE",),
    "America/New_York": ("XNYS",),
    "America/Chicago": ("CMES",),
    "America/Mexico_City": ("XMEX",),
    "UTC": (CURRENCIES, ALWAYS_OPEN),
}


NAMED = 3  # more names in a line say less


class By(Enum):
    """What a time of day calls its day by."""

    MIDNIGHT = "the day's first moment, or its last"
    SESSION = "the session's opening or closing"
    NEXT_MIDNIGHT = "the moment at which the next day begins"
    NOTHING = "the same time every day, which says nothing"


@dataclass(frozen=True)
class Stamped:
    """Distinct stamps of bars of one calendar, and their bars.

    ``written`` is what the file's clock shows, ``instant`` when that was (UTC), or would be if the
    file, which is not ``zoned``, meant UTC: microseconds since 1970.
    """

    written: Ints
    instant: Ints
    zoned: bool
    bars: DistinctBars


@dataclass(frozen=True)
class Reading:
    """One way to read the stamps: a day (since 1970) of each, and how that agrees with sessions.

    ``assumed``: the file shows no zone, and UTC is taken for it. ``whose`` names the calendars.
    """

    shown: str
    days: Ints
    by: By
    fit: Fit
    whose: tuple[str, ...]
    assumed: bool = False

    @property
    def is_clear(self) -> bool:
        """Whether days are usually called by such times."""
        return self.by in (By.MIDNIGHT, By.SESSION)

    def says_as(self, other: "Reading") -> bool:
        """Whether both give the same days."""
        return bool((self.days == other.days).all())

    def said(self, stamp: int) -> str:
        """The reading in words, with one stamp as its example."""
        day = np.datetime64(int(self.days[stamp]), "D")
        whose = " or ".join(self.whose[:NAMED])
        found = f"{self.fit.sessions} of {self.fit.dates} dates are sessions of {whose}"
        return f"{self.shown} {day} ({found})"


def own_readings(stamped: Stamped, calendar: str, sessions: "Sessions") -> Iterator[Reading]:
    """Every reading under one calendar, right or not."""
    if stamped.zoned:
        for by, said, days in _by_day(stamped.written):
            fit = stamped.bars.fit(days, sessions)
            yield Reading("as written" + said, days, by, fit, (calendar,))
    there = local_clock(stamped.instant, sessions.zone)
    clocks: list[tuple[str, Ints, bool]] = [(f"in {sessions.zone}", there, False)]
    if not stamped.zoned:
        as_utc = f"as UTC, in {sessions.zone}"
        clocks = [("as written", stamped.written, False), (as_utc, there, True)]
    for shown, clock, assumed in clocks:
        for by, said, days in (*_by_day(clock), *_by_session(clock, sessions)):
            fit = stamped.bars.fit(days, sessions)
            yield Reading(shown + said, days, by, fit, (calendar,), assumed)
    if calendar == CURRENCIES:
        yield from _by_roll(stamped, sessions)


def readings_elsewhere(stamped: Stamped) -> list[Reading]:
    """Where the stamps would be midnights, and give sessions of an exchange there."""
    found: dict[bytes, list[Reading]] = {}
    for zone, names in ELSEWHERE.items():
        clock = local_clock(stamped.instant, zone)
        days = next((days for by, _, days in _by_day(clock) if by is By.MIDNIGHT), None)
        if days is None:
            continue
        for name in names:
            fit = stamped.bars.fit(days, sessions_around(name, days))
            if name == ALWAYS_OPEN:
                fit = replace(fit, good=fit.good & stamped.bars.whole_weeks(days))
            reading = Reading("as midnight there", days, By.MIDNIGHT, fit, (name,))
            found.setdefault(days.tobytes(), []).append(reading)
    merged = [_merged(alike) for alike in found.values()]
    return [reading for reading in merged if reading.fit.whole]


def _merged(alike: Sequence[Reading]) -> Reading:
    """The same days by several calendars, the nearest first: each owner has its own."""
    best = sorted(alike, key=lambda reading: -reading.fit.sessions)
    good = np.any([reading.fit.good for reading in best], axis=0)
    names = [name for reading in best if reading.fit.good.any() for name in reading.whose]
    return replace(best[0], fit=replace(best[0].fit, good=good), whose=tuple(names))


def _by_day(clock: Ints) -> Iterator[tuple[By, str, Ints]]:
    days, times = clock // DAY, clock % DAY
    if (times == 0).all():
        yield By.MIDNIGHT, "", days
        yield By.NEXT_MIDNIGHT, " (as the end of its day)", days - 1
    elif (times >= DAY - SECOND).all():
        yield By.MIDNIGHT, "", days
    elif (times == times[0]).all():
        yield By.NOTHING, "", days


def _by_session(clock: Ints, sessions: "Sessions") -> Iterator[tuple[By, str, Ints]]:
    """The session that opens or closes at each stamp; one may open on the evening before."""
    if not len(sessions.days):
        return
    ends = (("close", sessions.closes), ("opening", sessions.opens))
    for said, instants in ends:
        offsets = local_clock(instants, sessions.zone) - sessions.days * DAY
        usual = int(np.median(offsets))
        if not usual % DAY:  # a midnight, which is read as such
            continue
        days = (clock - usual + DAY // 2) // DAY
        place = np.minimum(np.searchsorted(sessions.days, days), len(offsets) - 1)
        since = clock - days * DAY
        # An early close may keep the usual label.
        of_session = (since == offsets[place]) & (days == sessions.days[place])
        named = bool((of_session | (since == usual)).all())
        # A bar within the day is called by its start: alone at the opening it may be one.
        if named and (said == "close" or usual < 0 or len(np.unique(days)) > 1):
            yield By.SESSION, f" as the {said}", days


def _by_roll(stamped: Stamped, sessions: "Sessions") -> Iterator[Reading]:
    clocks = [(local_clock(stamped.instant, ROLL_ZONE), not stamped.zoned)]
    if not stamped.zoned:
        clocks.insert(0, (stamped.written, False))
    for clock, assumed in clocks:
        if not (clock % DAY == ROLL).all():
            continue
        for said, days in (("close", clock // DAY), ("opening", clock // DAY + 1)):
            fit = stamped.bars.fit(days, sessions)
            shown = f"as the {said} of its day in New York"
            yield Reading(shown, days, By.SESSION, fit, (CURRENCIES,), assumed)


def distinct(readings: Iterable[Reading]) -> list[Reading]:
    """The first reading of each kind of days."""
    first: dict[bytes, Reading] = {}
    for reading in readings:
        first.setdefault(reading.days.tobytes(), reading)
    return list(first.values())
