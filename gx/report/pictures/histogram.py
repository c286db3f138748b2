"""Histograms of a column's values with the bounds of an expectation, as numbers for an SVG."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from gx.report.pictures.axes import LEFT, RIGHT, WIDTH, Tick, even_steps, in_short
from gx.report.pictures.bounds import ColumnBounds, Numbers, bounds_of

PLOT, ROW = 112.0, 13.0
BINS = 48
# Beyond this many times the middle 98 % of the values, what is left flattens everything else.
_TAIL = 1.5
_LOG_FROM = 1_000.0


@dataclass(frozen=True)
class Bin:
    """A bar of the histogram, ``size`` high; ``outside`` the bounds or not."""

    x: float
    width: float
    size: float
    outside: bool
    label: str


@dataclass(frozen=True)
class Line:
    """A bound, or what was ``found``; labels on different ``row``s never overlap."""

    at: float
    label: str
    anchor: str
    row: int
    found: bool


@dataclass(frozen=True)
class Histogram:
    """How often values are found; counts are on a square-root scale, so that one bad one shows."""

    title: str
    sentence: str
    severity: str
    bins: tuple[Bin, ...]
    lines: tuple[Line, ...]
    values: tuple[Tick, ...]
    most: int
    width: float = WIDTH
    left: float = LEFT
    right: float = WIDTH - RIGHT

    @property
    def top(self) -> float:
        """Where the plot begins, below a row of text for each line."""
        return 8 + ROW * len(self.lines)

    @property
    def floor(self) -> float:
        """Where it ends."""
        return self.top + PLOT

    @property
    def height(self) -> float:
        """All of it, with the labels of the values."""
        return self.floor + 22


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    log: bool

    def x(self, value: float) -> float:
        place = (self.along(value) - self.along(self.low)) / (
            self.along(self.high) - self.along(self.low)
        )
        return LEFT + min(max(place, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)

    def along(self, value: float) -> float:
        return float(np.log10(value)) if self.log else value

    def edges(self) -> Numbers:
        ends = np.linspace(self.along(self.low), self.along(self.high), BINS + 1)
        return np.power(10.0, ends) if self.log else ends


def histogram(
    type_: str, kwargs: Mapping[str, object], severity: str, bars: pd.DataFrame, *, of: str = ""
) -> Histogram | None:
    """The values that an expectation is about, and its bounds; ``of`` says whose values they are.

    None for an expectation that bounds no numbers, and when the column has no finite number.
    """
    column = kwargs.get("column")
    if not isinstance(column, str) or column not in bars:
        return None
    if not pd.api.types.is_numeric_dtype(bars[column]):
        return None
    every = bars[column].to_numpy(float, na_value=np.nan)
    values = every[np.isfinite(every)]
    asked = bounds_of(type_, kwargs, values) if len(values) else None
    if asked is None:
        return None
    drawn = _drawn(column, values, len(every) - len(values), asked, severity)
    return replace(drawn, sentence=f"{of}: {drawn.sentence}") if of else drawn


def _drawn(
    column: str, values: Numbers, unusable: int, asked: ColumnBounds, severity: str
) -> Histogram:
    scale = _scale(values, asked)
    edges = scale.edges()
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return Histogram(
        title=column,
        sentence=_sentence(values, unusable, asked.of_values(), scale),
        severity=severity,
        bins=tuple(_bins(scale, edges, counts, asked.of_values(), values)),
        lines=_lines(values, asked, scale),
        values=tuple(Tick(round(scale.x(at), 1), label) for at, label in _value_steps(scale)),
        most=int(counts.max()),
    )


def _scale(values: Numbers, asked: ColumnBounds) -> _Scale:
    """The range of the values; of stray ones only as much as leaves the others visible."""
    least, most = float(values.min()), float(values.max())
    low, high = (float(q) for q in np.quantile(values, [0.01, 0.99]))
    if least > 0 and high / low > _LOG_FROM:
        return _Scale(*_with_bounds(least, most, asked, log=True), log=True)
    slack = _TAIL * ((high - low) or abs(high) or 1.0)
    low, high = max(least, low - slack), min(most, high + slack)
    low, high = _with_bounds(low, high, asked, log=False)
    return _Scale(low, high, log=False)


def _with_bounds(low: float, high: float, asked: ColumnBounds, *, log: bool) -> tuple[float, float]:
    """Room for a bound that lies near; one far away is named at the edge."""
    if log:
        room = (high / low) ** 0.5
        nearby = [b for b in (asked.low, asked.high) if b and low / room <= b <= high * room]
        return min([low, *nearby]) / 1.05, max([high, *nearby]) * 1.05
    room = 0.6 * ((high - low) or abs(high) or 1.0)
    bounds = [b for b in (asked.low, asked.high) if b is not None]
    nearby = [b for b in bounds if low - room <= b <= high + room]
    low, high = min([low, *nearby]), max([high, *nearby])
    margin = 0.02 * ((high - low) or abs(high) or 1.0)
    return low - margin, high + margin


def _bins(
    scale: _Scale, edges: Numbers, counts: Any, asked: ColumnBounds, values: Numbers
) -> list[Bin]:
    bins = []
    for at in np.flatnonzero(counts).tolist():
        left, right, count = float(edges[at]), float(edges[at + 1]), int(counts[at])
        extreme = _beyond(at, edges, values)
        x = scale.x(left)
        bins.append(
            Bin(
                x=round(x, 1),
                width=round(max(scale.x(right) - x - 1, 1), 1),
                size=round(_size(count, int(counts.max())), 1),
                outside=asked.exclude((left + right) / 2 if extreme is None else extreme),
                label=f"{in_short(left)} to {in_short(right)}"
                f"{'' if extreme is None else f' and on to {in_short(extreme)}'}: {count:,}",
            )
        )
    return bins


def _beyond(at: int, edges: Numbers, values: Numbers) -> float | None:
    """The furthest value that an end bin stands for, when it leaves the scale."""
    if at == 0 and values.min() < edges[0]:
        return float(values.min())
    if at == len(edges) - 2 and values.max() > edges[-1]:
        return float(values.max())
    return None


def _size(count: int, most: int) -> float:
    return max(2.0, float(np.sqrt(count / most)) * PLOT)


def _lines(values: Numbers, asked: ColumnBounds, scale: _Scale) -> tuple[Line, ...]:
    of = f"{asked.statistic} " if asked.statistic else ""
    said = [(f"{of}at least", asked.low, False), (f"{of}at most", asked.high, False)]
    if asked.statistic:
        found = asked.found(values)
        said.append((f"found {asked.statistic}", found, True))
    given = [(word, value, found) for word, value, found in said if value is not None]
    return tuple(
        _line(scale, value, word, row, found) for row, (word, value, found) in enumerate(given)
    )


def _line(scale: _Scale, value: float, word: str, row: int, found: bool) -> Line:
    off = "← " if value < scale.low else ""
    beyond = " →" if value > scale.high else ""
    usable = value > 0 or not scale.log
    x = scale.x(value) if usable else LEFT
    anchor = "start" if x < WIDTH / 2 else "end"
    return Line(round(x, 1), f"{off}{word} {in_short(value)}{beyond}", anchor, row, found)


def _value_steps(scale: _Scale) -> list[tuple[float, str]]:
    if not scale.log:
        return list(even_steps(scale.low, scale.high, 7))
    tens = np.arange(np.ceil(np.log10(scale.low)), np.log10(scale.high))
    return [
        (10.0**ten, in_short(10.0**ten, max(0, -int(ten)))) for ten in tens[:: len(tens) // 8 + 1]
    ]


def _sentence(values: Numbers, unusable: int, asked: ColumnBounds, scale: _Scale) -> str:
    outside = np.zeros(len(values), bool)
    if asked.low is not None:
        outside |= values < asked.low
    if asked.high is not None:
        outside |= values > asked.high
    parts = [
        f"{len(values):,} values from {in_short(float(values.min()))} to "
        f"{in_short(float(values.max()))}"
    ]
    if outside.any():
        parts.append(f"{int(outside.sum()):,} outside")
    if unusable:
        parts.append(f"{unusable:,} without a number")
    if scale.log:
        parts.append("logarithmic")
    return ", ".join(parts)
