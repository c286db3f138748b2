"""Price charts around bars that failed, laid out as numbers for an SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gx.report import SEVERITIES

WIDTH, HEIGHT = 720.0, 230.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 8.0, 16.0, 24.0
SHOWN = 80
_PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True)
class Candle:
    """One bar. Positions are in the SVG's units; a price that is missing or off has none."""

    x: float
    high: float | None
    low: float | None
    open: float | None
    close: float | None
    up: bool
    severity: str | None
    off: tuple[str, ...]
    label: str


@dataclass(frozen=True)
class Tick:
    """A labelled position on an axis."""

    at: float
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
    bottom: float = HEIGHT - BOTTOM


def price_charts(
    bars: pd.DataFrame, failing: pd.DataFrame, symbols: Sequence[str]
) -> tuple[PriceChart, ...]:
    """A chart for each of ``symbols`` that has a dated bar, in that order.

    ``bars`` has the columns of a bar (dates as datetime64 or as text); ``failing`` is
    QualityReport.failing, worst first. Bars and failures are matched by symbol and date.
    """
    owners, culprits = bars["symbol"].astype("string"), failing["symbol"].astype("string")
    charts = (
        _chart(symbol, bars[(owners == symbol).fillna(False)], failing[culprits == symbol])
        for symbol in symbols
    )
    return tuple(chart for chart in charts if chart)


def worst_symbols(failing: pd.DataFrame, limit: int = 6) -> tuple[str, ...]:
    """The symbols at fault, those of the worst and most failing bars first."""
    if failing.empty:
        return ()
    owned = failing[["symbol", "severity"]].dropna().astype(str)
    counts = owned.value_counts().unstack(fill_value=0).reindex(columns=SEVERITIES, fill_value=0)
    order = counts.sort_values(list(SEVERITIES), ascending=False, kind="stable")
    return tuple(order.index[:limit])


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
    low, high = _scale(prices[:, :4], np.array([mark is None for mark in marks]))
    step = (WIDTH - LEFT - RIGHT) / len(shown)
    return PriceChart(
        symbol=symbol,
        sentence=_sentence(days, len(bars), marks, len(bad)),
        candles=tuple(
            _candle(LEFT + (at + 0.5) * step, day, row, mark, low, high)
            for at, (day, row, mark) in enumerate(zip(days, prices, marks, strict=True))
        ),
        half=max(0.8, min(step * 0.34, 7)),
        prices=_price_ticks(low, high),
        dates=_date_ticks(days, step),
    )


def _severities(failing: pd.DataFrame) -> dict[Any, str]:
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


def _scale(prices: np.ndarray[Any, Any], good: np.ndarray[Any, Any]) -> tuple[float, float]:
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


def _candle(
    x: float, day: str, numbers: np.ndarray[Any, Any], mark: str | None, low: float, high: float
) -> Candle:  # fmt: skip
    places: dict[str, float | None] = {}
    off = set()
    for name, price in zip(_PRICES, numbers, strict=False):
        inside = min(max(price, low), high)
        if not np.isnan(price) and inside != price:
            off.add("above" if price > high else "below")
        places[name] = None if np.isnan(price) else round(_y(inside, low, high), 1)
    named = zip((*_PRICES, "volume"), numbers, strict=True)
    said = ", ".join(f"{name} {_said(value)}" for name, value in named)
    return Candle(
        x=round(x, 1),
        up=bool(numbers[3] >= numbers[0]),
        severity=mark,
        off=tuple(sorted(off)),
        label=f"{day}{f' ({mark})' if mark else ''}: {said}",
        **places,
    )


def _y(price: float, low: float, high: float) -> float:
    return TOP + (high - price) / (high - low) * (HEIGHT - TOP - BOTTOM)


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


def _price_ticks(low: float, high: float) -> tuple[Tick, ...]:
    rough = (high - low) / 5
    unit = 10.0 ** np.floor(np.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    first = np.ceil(low / step) * step
    places = max(0, int(-np.floor(np.log10(step))))
    return tuple(
        Tick(round(_y(value, low, high), 1), f"{value:,.{places}f}")
        for value in np.arange(first, high, step)
    )


def _date_ticks(days: Sequence[str], step: float) -> tuple[Tick, ...]:
    at = np.unique(np.linspace(0, len(days) - 1, min(len(days), 5)).round().astype(int))
    return tuple(Tick(round(LEFT + (i + 0.5) * step, 1), days[i]) for i in at)
