"""Price charts around bars that failed, laid out as numbers for an SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gx.report.pictures.axes import LEFT, RIGHT, WIDTH, Tick, even_steps
from gx.report.pictures.bounds import Numbers

HEIGHT, TOP = 250.0, 16.0
BOTTOM = 206.0  # of the prices; volumes stand below, then the dates
FLOOR, VOLUME_HEIGHT = 232.0, 20.0
SHOWN = 64
_PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True)
class Candle:
    """One bar as SVG path data: ``path`` for its prices, ``volume`` for its volume."""

    x: float
    path: str
    volume: str
    up: bool
    severity: str | None
    off: tuple[str, ...]
    label: str


@dataclass(frozen=True)
class PriceChart:
    """The bars of one symbol around its worst one; ``off`` candles leave the scale."""

    symbol: str
    sentence: str
    candles: tuple[Candle, ...]
    half: float
    prices: tuple[Tick, ...]
    dates: tuple[Tick, ...]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    top: float = TOP
    bottom: float = BOTTOM
    floor: float = FLOOR


def price_charts(
    bars: pd.DataFrame, failing: pd.DataFrame, symbols: Sequence[str]
) -> tuple[PriceChart, ...]:
    """A chart for each of ``symbols`` that has a dated bar, in that order.

    ``bars`` has the columns of a bar (dates as datetime64 or as text); ``failing`` is
    QualityReport.failing, worst first; one without a severity is not marked, and not trusted for
    the scale either. Bars and failures are matched by symbol and date.
    """
    owners, culprits = bars["symbol"].astype("string"), failing["symbol"].astype("string")
    charts = (
        _chart(symbol, bars[(owners == symbol).fillna(False)], failing[culprits == symbol])
        for symbol in symbols
    )
    return tuple(chart for chart in charts if chart)


def _chart(symbol: str, bars: pd.DataFrame, failing: pd.DataFrame) -> PriceChart | None:
    bars = bars.assign(date=pd.to_datetime(bars["date"], errors="coerce")).dropna(subset="date")
    if bars.empty:
        return None
    bars = bars.sort_values("date", kind="stable").reset_index(drop=True)
    bad = _severities(failing)
    shown = bars.iloc[_window(bars["date"], next(iter(bad), None))]
    numbers = shown.reindex(columns=[*_PRICES, "volume"]).apply(pd.to_numeric, errors="coerce")
    prices = numbers.to_numpy(float, na_value=np.nan)
    days = _labels(shown["date"])
    marks = [bad.get(date) for date in shown["date"]]
    good = np.array([mark is None for mark in marks])
    low, high = _scale(prices[:, :4], good)
    most = _most_volume(prices[:, 4], good)
    step = (WIDTH - LEFT - RIGHT) / len(shown)
    half = max(0.8, min(step * 0.34, 7))
    return PriceChart(
        symbol=symbol,
        sentence=_sentence(days, len(bars), marks, sum(map(bool, bad.values()))),
        candles=tuple(
            _Drawn(LEFT + (at + 0.5) * step, half, low, high, most).candle(day, row, mark)
            for at, (day, row, mark) in enumerate(zip(days, prices, marks, strict=True))
        ),
        half=round(half, 1),
        prices=tuple(
            Tick(round(_y(at, low, high), 1), label) for at, label in even_steps(low, high, 5)
        ),
        dates=_date_ticks(days, step),
    )


def _severities(failing: pd.DataFrame) -> dict[object, str]:
    """The worst severity by date, worst first, as ``failing`` is."""
    dated = failing.assign(date=pd.to_datetime(failing["date"], errors="coerce"))
    dated = dated.dropna(subset="date").drop_duplicates("date")
    return dict(zip(dated["date"], dated["severity"].astype(str), strict=True))


def _window(dates: pd.Series, worst: Any) -> slice:
    if len(dates) <= SHOWN:
        return slice(None)
    middle = int(dates.searchsorted(worst)) if worst is not None else len(dates)
    start = min(max(middle - SHOWN // 2, 0), len(dates) - SHOWN)
    return slice(start, start + SHOWN)


def _scale(prices: Numbers, good: NDArray[np.bool_]) -> tuple[float, float]:
    """The range of the good bars, and of the bad ones as far as they do not flatten the others."""
    every = prices[np.isfinite(prices)]
    trusted = prices[good][np.isfinite(prices[good])]
    if not len(every):
        return 0.0, 1.0
    trusted = trusted if len(trusted) else np.quantile(every, [0.25, 0.75])
    low, high = float(trusted.min()), float(trusted.max())
    slack = 0.6 * ((high - low) or abs(high) or 1.0)
    low, high = max(low - slack, min(low, every.min())), min(high + slack, max(high, every.max()))
    margin = 0.04 * ((high - low) or abs(high) or 1.0)
    return low - margin, high + margin


def _most_volume(volumes: Numbers, good: NDArray[np.bool_]) -> float:
    """The volume that fills the strip: a bad one may stand out three times, and not more."""
    usable = np.isfinite(volumes) & (volumes > 0)
    if not usable.any():
        return 1.0
    trusted = volumes[usable & good] if (usable & good).any() else volumes[usable]
    return float(min(volumes[usable].max(), 3 * trusted.max()))


@dataclass(frozen=True)
class _Drawn:
    """Where a bar goes."""

    x: float
    half: float
    low: float
    high: float
    most: float

    def candle(self, day: str, numbers: Numbers, mark: str | None) -> Candle:
        named = zip((*_PRICES, "volume"), numbers, strict=True)
        said = ", ".join(f"{name} {_said(value)}" for name, value in named)
        prices = numbers[:4][np.isfinite(numbers[:4])]
        above, below = (prices > self.high).any(), (prices < self.low).any()
        return Candle(
            x=round(self.x, 1),
            path=self._path(*(self._at(price) for price in numbers[:4])),
            volume=self._volume(numbers[4]),
            up=bool(numbers[3] >= numbers[0]),
            severity=mark or None,
            off=(*(("above",) if above else ()), *(("below",) if below else ())),
            label=f"{day}{f' ({mark})' if mark else ''}: {said}",
        )

    def _at(self, price: float) -> float | None:
        if np.isnan(price):
            return None
        return round(_y(min(max(price, self.low), self.high), self.low, self.high), 1)

    def _path(
        self, opened: float | None, high: float | None, low: float | None, close: float | None
    ) -> str:
        x, left, right = (f"{at:.1f}" for at in (self.x, self.x - self.half, self.x + self.half))
        body = [price for price in (opened, close) if price is not None]
        drawn = ""
        if high is not None and low is not None:
            # The line stops at the body, which is hollow when the price rose.
            ends = (min(body), max(body)) if body else (low, low)
            drawn += f"M{x} {high}V{ends[0]}" + (f"M{x} {ends[1]}V{low}" if body else "")
        if body:
            drawn += f"M{left} {min(body)}H{right}V{max(body)}H{left}z"
        return drawn

    def _volume(self, volume: float) -> str:
        if not volume > 0:
            return ""
        size = max(VOLUME_HEIGHT * min(volume / self.most, 1.0), 0.8)
        return f"M{self.x:.1f} {FLOOR}v-{size:.1f}"


def _y(price: float, low: float, high: float) -> float:
    return TOP + (high - price) / (high - low) * (BOTTOM - TOP)


def _said(value: float) -> str:
    return "NULL" if value != value else f"{value:,.10g}"


def _labels(dates: pd.Series) -> list[str]:
    """Days, with a time when any bar has one."""
    within_day = bool((dates != dates.dt.normalize()).any())
    return list(dates.dt.strftime("%Y-%m-%d %H:%M" if within_day else "%Y-%m-%d"))


def _sentence(days: Sequence[str], bars: int, marks: Sequence[str | None], bad: int) -> str:
    marked = len({day for day, mark in zip(days, marks, strict=True) if mark})
    outside = f", {bad - marked:,} more outside this window" if bad > marked else ""
    part = "" if len(days) == bars else f" ({len(days)} of {bars:,} bars)"
    count = f"{marked:,} bad bar{'' if marked == 1 else 's'} marked"
    return f"{days[0]} to {days[-1]}{part}; {count}{outside}"


def _date_ticks(days: Sequence[str], step: float) -> tuple[Tick, ...]:
    at = np.unique(np.linspace(0, len(days) - 1, min(len(days), 5)).round().astype(int))
    return tuple(Tick(round(LEFT + (i + 0.5) * step, 1), days[i]) for i in at)
