"""Made-up markets of every sort: short and long, liquid and hardly traded, of any price."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PRICES = ["open", "high", "low", "close"]
Floats = NDArray[np.float64]
Values = dict[str, Floats]  # open, high, low, close and volume


@dataclass(frozen=True)
class Style:
    """How a symbol trades.

    start, tick: in its currency. daily: the size of a usual move, as a log. still: the share of
    bars on which nothing trades. volume: the usual one. every: from bar to bar. digits: prices are
    adjusted ones, of which no digit tells a tick.
    """

    name: str
    start: float
    tick: float
    daily: float
    volume: float = 4e5
    still: float = 0.0
    every: str = "B"
    digits: bool = False


STYLES = (
    Style("liquid", 84.0, 0.01, 0.016),
    Style("small cap", 3.2, 0.01, 0.035, 3e4),
    Style("sub-cent", 0.0042, 0.0001, 0.06, 2e6, still=0.2),
    Style("penny", 0.27, 0.005, 0.04, 9e4, still=0.3),
    Style("yen", 2480.0, 1.0, 0.018),
    Style("rupiah", 4525.0, 25.0, 0.024, 9e6),
    Style("pence", 312.5, 0.5, 0.022, 6e4),
    Style("illiquid", 11.9, 0.05, 0.025, 700.0, still=0.65),
    Style("hardly traded", 46.0, 0.2, 0.03, 90.0, still=0.92),
    Style("adjusted", 37.0, 0.01, 0.02, 2e5, digits=True),
    Style("coin", 27_150.0, 0.01, 0.035, 2e4, every="D"),
    Style("hourly", 1.62, 0.0001, 0.006, 2e5, every="h"),
    Style("minute", 412.0, 0.01, 0.0012, 8e3, every="min"),
)


def made_up(style: Style, bars: int, rng: np.random.Generator) -> Values:
    """A symbol's bars, with the tails and the news that prices have: a jump in 600 bars."""
    trades = rng.random(bars) >= style.still
    size = style.daily * rng.standard_t(4, bars) / np.sqrt(2)
    news = rng.random(bars) < 1 / 600
    size += news * rng.choice([-1, 1], bars) * rng.uniform(8, 18, bars) * style.daily
    size = np.clip(size, -0.75, 0.75)
    move = np.where(trades, size, 0.0)
    close = style.start * np.exp(rng.normal(0, 0.5) + np.cumsum(move))
    before = np.append(close[0], close[:-1])
    width = style.daily * (0.2 + np.abs(rng.normal(0, 0.5, (2, bars))) + 1.5 * news)
    opened = np.where(trades, before * np.exp(rng.normal(0, 0.3, bars) * style.daily), close)
    high = np.where(trades, np.maximum(opened, close) * np.exp(width[0]), close)
    low = np.where(trades, np.minimum(opened, close) * np.exp(-width[1]), close)
    prices = _in_ticks({"open": opened, "high": high, "low": low, "close": close}, style, rng)
    busy = np.exp(rng.normal(0, 0.6, bars) + 0.15 * np.abs(size) / style.daily) * (1 + 4 * news)
    volume = np.where(trades, np.maximum(np.round(style.volume * busy), 1.0), 0.0)
    return {**prices, "volume": volume}


def frame_of(symbols: Mapping[str, tuple[Style, Values]]) -> pd.DataFrame:
    """The bars of several symbols that are as long; each begins seven bars after the one before."""
    size, many = len(next(iter(symbols.values()))[1]["close"]), len(symbols)
    calendars = {
        every: pd.date_range("2003-01-02", periods=size + 7 * many, freq=every)
        for every in {style.every for style, _ in symbols.values()}
    }
    frames = [
        pd.DataFrame({"symbol": name, "date": calendars[style.every][7 * n : 7 * n + size], **own})
        for n, (name, (style, own)) in enumerate(symbols.items())
    ]
    return pd.concat(frames, ignore_index=True)


def _in_ticks(
    prices: dict[str, Floats], style: Style, rng: np.random.Generator
) -> dict[str, Floats]:
    ticks = {name: np.maximum(np.round(one / style.tick), 1) for name, one in prices.items()}
    if not style.digits:
        return {name: np.round(many * style.tick, 6) for name, many in ticks.items()}
    tick = style.tick * rng.uniform(0.3, 0.99)
    return {name: (many * tick).astype(np.float32).astype(float) for name, many in ticks.items()}
