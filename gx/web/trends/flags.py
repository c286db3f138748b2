"""A symbol's closes as a line, with a mark at each bar that failed, laid out for an SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gx.report.pictures.axes import LEFT, RIGHT, WIDTH, Tick, even_steps

HEIGHT, TOP, BOTTOM = 260.0, 14.0, 232.0
# Of thousands of bars the lowest and the highest close of each of so many parts are drawn.
PARTS = 600
# Severity is told by shape as well: a triangle, a diamond, a circle; 10 pixels wide, around 0, 0.
SHAPES = {
    "critical": "M0-6L6 5H-6z",
    "warning": "M0-6L6 0L0 6L-6 0z",
    "info": "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
}


@dataclass(frozen=True)
class Flag:
    """A bar that failed: its moment, close (None: no number), severity, and what it says."""

    moment: pd.Timestamp
    close: float | None
    severity: str
    label: str


@dataclass(frozen=True)
class Mark:
    """Where a flag stands; ``at`` is its place among the flags."""

    x: float
    y: float
    at: int
    severity: str
    shape: str
    label: str


@dataclass(frozen=True)
class FlagChart:
    """The line as a path, and the marks on it."""

    line: str
    marks: tuple[Mark, ...]
    prices: tuple[Tick, ...]
    dates: tuple[Tick, ...]
    sentence: str
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    bottom: float = BOTTOM


def flag_chart(bars: pd.DataFrame | None, flags: Sequence[Flag]) -> FlagChart | None:
    """The chart of one symbol's bars (``date``, ``close``); None when there is nothing to draw.

    A flag of a day that ``bars`` lack stands at its own close. One that would flatten the line is
    drawn at the edge.
    """
    closes = _closes(bars)
    moments = pd.DatetimeIndex(sorted({*closes.index, *(flag.moment for flag in flags)}))
    if moments.empty:
        return None
    places = (
        np.linspace(LEFT + 8, WIDTH - RIGHT - 8, len(moments)) if len(moments) > 1 else [WIDTH / 2]
    )
    across: dict[Any, float] = dict(zip(moments, places, strict=True))
    scale = _Scale.of(closes, flags)
    return FlagChart(
        line=_line([(across[moment], scale.at(close)) for moment, close in closes.items()]),
        marks=tuple(
            Mark(
                round(across[flag.moment], 1),
                scale.at(flag.close),
                at,
                flag.severity,
                SHAPES.get(flag.severity, SHAPES["info"]),
                flag.label,
            )
            for at, flag in enumerate(flags)
        ),
        prices=tuple(
            Tick(scale.at(at), label) for at, label in even_steps(scale.low, scale.high, 5)
        ),
        dates=_dates(moments, places),
        sentence=f"{moments[0]:%Y-%m-%d} to {moments[-1]:%Y-%m-%d}, {len(closes):,} bars",
    )


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float

    @classmethod
    def of(cls, closes: "pd.Series[float]", flags: Sequence[Flag]) -> "_Scale":
        """The range of the bars without a flag, and of the others as far as they let it be."""
        bad = {flag.moment for flag in flags}
        own = [flag.close for flag in flags if flag.close is not None and np.isfinite(flag.close)]
        good = closes[~closes.index.isin(list(bad))].to_numpy(float)
        trusted = good if len(good) else np.array([*own, *closes.to_numpy(float)])
        if not len(trusted):
            return cls(0.0, 1.0)
        every = np.array([*own, *closes.to_numpy(float)])
        low, high = float(trusted.min()), float(trusted.max())
        slack = 0.4 * ((high - low) or abs(high) or 1.0)
        low, high = (
            max(low - slack, min(low, every.min())),
            min(high + slack, max(high, every.max())),
        )
        margin = 0.05 * ((high - low) or abs(high) or 1.0)
        return cls(low - margin, high + margin)

    def at(self, price: float | None) -> float:
        """Where a price stands; what is no number stands at the bottom."""
        if price is None or not np.isfinite(price):
            return BOTTOM
        inside = min(max(price, self.low), self.high)
        return round(TOP + (self.high - inside) / (self.high - self.low) * (BOTTOM - TOP), 1)


def _closes(bars: pd.DataFrame | None) -> "pd.Series[float]":
    """The finite closes by moment, in order; of two of one moment the last."""
    if bars is None or bars.empty:
        return pd.Series(dtype=float)
    dated = bars.assign(
        date=pd.to_datetime(bars["date"], errors="coerce"),
        close=pd.to_numeric(bars["close"], errors="coerce").astype(float),
    )
    dated = dated[dated["date"].notna() & np.isfinite(dated["close"])]
    series: pd.Series[float] = dated.set_index("date")["close"].sort_index(kind="stable")
    return series[~series.index.duplicated(keep="last")]


def _line(points: Sequence[tuple[float, float]]) -> str:
    if not points:
        return ""
    drawn = points
    if len(points) > 2 * PARTS:
        drawn = [
            points[at]
            for part in np.array_split(np.arange(len(points)), PARTS)
            for at in _lowest_and_highest(points, part)
        ]
    return "M" + "L".join(f"{x:.1f} {y}" for x, y in drawn)


def _lowest_and_highest(
    points: Sequence[tuple[float, float]], part: NDArray[np.int64]
) -> list[int]:
    ordered = sorted(part.tolist(), key=lambda at: points[at][1])
    return sorted({ordered[0], ordered[-1]})


def _dates(
    moments: pd.DatetimeIndex, places: Sequence[float] | NDArray[np.float64]
) -> tuple[Tick, ...]:
    at = np.unique(np.linspace(0, len(moments) - 1, min(len(moments), 5)).round().astype(int))
    return tuple(Tick(round(float(places[i]), 1), f"{moments[i]:%Y-%m-%d}") for i in at)
