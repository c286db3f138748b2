"""A threshold as a curve: what it finds on bars that are there, and what of planted defects."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from great_expectations.expectations.registry import get_expectation_impl

from gx.editing.tuning.plant import (
    GROSS,
    ONE_BAR,
    OPENING,
    REPEATED,
    SPLITS,
    UNITS,
    VOLUME,
    Kind,
    Planted,
    planted,
)
from gx.errors import SuiteError
from gx.plugins.expectations import BarExpectation
from gx.plugins.expectations.kernels.bars import Bars, Flags, SortedFrame
from gx.report.events import events_of
from gx.report.sentences import counted

MOST_PLANTED, FEWEST_PLANTED = 300, 5
ROUNDS = 8  # of planting what a symbol can have once, until there are enough
_ENOUGH = 40
FEW = 1e-4  # events per bar that a proposed threshold may raise
_NEEDED = ("symbol", "date", "open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class Dial:
    """The parameter of an expectation that is turned, its levels from strict to tolerant."""

    parameter: str
    levels: tuple[float, ...]
    kind: Kind


DIALS: Mapping[str, Dial] = {
    "expect_no_return_outliers": Dial("threshold", (4, 5, 6, 8, 10, 12, 15, 20, 30), ONE_BAR),
    "expect_no_reversing_spikes": Dial("threshold", (3, 4, 5, 6, 8, 10, 15, 20), ONE_BAR),
    "expect_opening_gaps_to_be_ordinary": Dial("threshold", (6, 8, 10, 15, 20, 30, 50), OPENING),
    "expect_volume_to_agree_with_price": Dial("multiple", (10, 20, 30, 50, 100, 300), VOLUME),
    "expect_no_stale_prices": Dial("sessions", (3, 4, 5, 7, 10, 20), REPEATED),
    "expect_no_gross_price_errors": Dial("factor", (1.8, 2, 2.5, 3, 4, 6, 10), GROSS),
    "expect_no_volume_unit_changes": Dial("factor", (8, 15, 25, 50, 100, 300), UNITS),
    "expect_no_unadjusted_splits": Dial("threshold", (3, 4, 6, 8, 10, 15), SPLITS),
}


@dataclass(frozen=True)
class Point:
    """At a level: failing bars, the events that they are, and the share of the planted missed."""

    level: float
    bars: int
    events: int
    missed: float


@dataclass(frozen=True)
class Curve:
    """What a parameter's levels cost on ``rows`` bars of ``symbols``, strict ones first.

    ``current`` is the level of the entry, one of the points. ``proposed`` is the level that misses
    least of those with at most an event in 10,000 bars, of equals the one with fewest events, or
    the current one; where there is none, the one with fewest events. ``planted`` says what was, and
    ``count`` how many.
    """

    name: str
    parameter: str
    current: float
    proposed: float
    points: tuple[Point, ...]
    planted: str
    count: int
    rows: int
    symbols: int

    @property
    def sentence(self) -> str:
        """What the proposal is, and what it would change."""
        now, then = self._at(self.current), self._at(self.proposed)
        if then.level == now.level:
            return f"{self.parameter} = {now.level:g} may stay: {self._cost(now)}."
        return (
            f"{self.parameter} = {then.level:g} is proposed: {self._cost(then)}; "
            f"{now.level:g} now: {self._cost(now)}."
        )

    def _cost(self, point: Point) -> str:
        return f"{counted(point.events, 'event')}, misses {point.missed:.0%} of the planted"

    def _at(self, level: float) -> Point:
        return next(one for one in self.points if one.level == level)


def tunable(type_: str) -> str | None:
    """The parameter of an expectation that can be tuned, if any."""
    return DIALS[type_].parameter if type_ in DIALS else None


def curve(entry: Mapping[str, Any], bars: pd.DataFrame, seed: int = 1) -> Curve:
    """The curve of an entry of a suite on bars (symbol, date, open, high, low, close, volume).

    Bars without a symbol or a date are left out. Raises SuiteError for an expectation that has no
    such parameter, and for bars that are too few to plant anything in.
    """
    type_ = str(entry.get("type"))
    if type_ not in DIALS:
        known = ", ".join(sorted(DIALS))
        raise SuiteError(f"{type_} has no threshold that can be tuned; these have: {known}")
    dial = DIALS[type_]
    expectation = get_expectation_impl(type_)
    assert issubclass(expectation, BarExpectation)
    frame = bars.dropna(subset=["symbol", "date"])[list(_NEEDED)]
    frame = frame.sort_values(["symbol", "date"], ignore_index=True)
    defects = _planted(frame, dial.kind, seed)
    count = sum(len(one.spans) for one in defects)
    if count < FEWEST_PLANTED:
        raise SuiteError(
            f"{counted(len(frame), 'bar')} of {counted(frame['symbol'].nunique(), 'symbol')} are "
            f"too few to tune {type_} on: it takes symbols with more than "
            f"{2 * dial.kind.window} bars. Take more days or more symbols"
        )
    kwargs = dict(entry.get("kwargs") or {})
    current = _current(expectation, kwargs, dial)
    judge = Judge(expectation, kwargs, dial.parameter)
    there, wrong = SortedFrame(frame), [(SortedFrame(one.bars), one.spans) for one in defects]
    points = []
    for level in sorted({*dial.levels, current}):
        bars_failing, events = _events(judge.flags(level, there), frame)
        missed = sum(_missed(judge.flags(level, table), spans) for table, spans in wrong)
        points.append(Point(level, bars_failing, events, missed / count))
    return Curve(
        name=type_.removeprefix("expect_"),
        parameter=dial.parameter,
        current=current,
        proposed=_proposed(points, current, len(frame)),
        points=tuple(points),
        planted=dial.kind.told,
        count=count,
        rows=len(frame),
        symbols=int(frame["symbol"].nunique()),
    )


def curves(document: Mapping[str, Any], bars: pd.DataFrame) -> Iterator[tuple[int, Curve]]:
    """Those of every entry of a suite that can be tuned, with its place from 0."""
    for at, entry in enumerate(document.get("expectations") or []):
        if tunable(str(entry.get("type"))):
            yield at, curve(entry, bars)


def _current(expectation: type[BarExpectation], kwargs: Mapping[str, Any], dial: Dial) -> float:
    default = expectation.__fields__[dial.parameter].default
    given = kwargs.get(dial.parameter, default)
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise SuiteError(f"{dial.parameter} is {given!r}, and no number that could be tuned")
    return float(given)


@dataclass(frozen=True)
class Judge:
    """An expectation with all its kwargs but the ``parameter`` whose levels are tried."""

    expectation: type[BarExpectation]
    kwargs: Mapping[str, Any]
    parameter: str

    def flags(self, level: float, table: SortedFrame) -> Flags:
        """Which bars fail at a level."""
        needed = self.expectation.needs_columns
        roles = {role: role for role in needed if role not in ("symbol", "date")}
        known = self.expectation.parameters()
        given = {key: value for key, value in self.kwargs.items() if key in known}
        whole = self.expectation.__fields__[self.parameter].type_ is int
        given[self.parameter] = int(level) if whole else level
        found = self.expectation.detector(Bars(table, **roles), **given)
        return np.asarray(found.flags, dtype=bool)


def _planted(frame: pd.DataFrame, kind: Kind, seed: int) -> list[Planted]:
    """Frames with defects; of what a symbol can have once several, until there are enough."""
    found: list[Planted] = []
    for turn in range(ROUNDS if kind.lasting else 1):
        found.append(planted(frame, kind, MOST_PLANTED, seed + turn))
        if sum(len(one.spans) for one in found) >= _ENOUGH:
            break
    return found


def _events(flags: Flags, frame: pd.DataFrame) -> tuple[int, int]:
    rows = np.flatnonzero(flags)
    symbols, dates = frame["symbol"].iloc[rows], frame["date"].iloc[rows]
    return len(rows), events_of(rows, rows, symbols, dates).count


def _missed(flags: Flags, spans: Sequence[tuple[int, int]]) -> int:
    """A wrong bar is found by itself or by the step away from it."""
    return sum(not flags[first : last + 2].any() for first, last in spans)


def _proposed(points: Sequence[Point], current: float, rows: int) -> float:
    allowed = max(1, int(FEW * rows))
    quiet = [one for one in points if one.events <= allowed]
    if not quiet:
        return min(points, key=lambda one: (one.events, one.level != current)).level
    return min(quiet, key=lambda one: (one.missed, one.events, one.level != current)).level
