"""What traders read off bars: averages, momentum, ranges, volatility, drawdown.

Each looks back over bars, not days: a session without a bar does not count. Where anything that it
needs is not there (NaN, infinite, no price at all) it is NaN, and its warm-up begins anew behind
that: no number is ever made of missing ones, and none is infinite. A bar's number depends on the
bar and a fixed count of bars before it, its *reach*; with these at hand it is the same to the last
bit as from the whole history.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from transforms.windows import (
    Flags,
    Floats,
    Places,
    memory,
    smoothed,
    window_max,
    window_squares,
    window_sum,
)

# Exchanges trade on about so many days a year.
SESSIONS_A_YEAR = 252
# Greater ones are no prices, and their sums might be infinite.
TOO_GREAT = 1e100
# So many bars at a time: what is worked on stays near the processor.
BARS_AT_A_TIME = 1 << 15


class Prices:
    """Prices of sorted bars, 0 where they are unknown, and the places of bars that have them.

    Each is read when it is first asked for.
    """

    def __init__(self, bars: pd.DataFrame) -> None:
        """Of bars that are sorted by symbol and date."""
        self._bars = bars
        symbol = bars["symbol"]
        self._first = (symbol != symbol.shift()).to_numpy(dtype=bool, na_value=True)

    @cached_property
    def high(self) -> Floats:
        """The highs."""
        return _known(self._bars["high"])[0]

    @cached_property
    def low(self) -> Floats:
        """The lows."""
        return _known(self._bars["low"])[0]

    @cached_property
    def close(self) -> Floats:
        """The closes."""
        return _known(self._bars["close"])[0]

    @cached_property
    def closes(self) -> Places:
        """The places of bars that have a close."""
        return Places.of(self._first, _known(self._bars["close"])[1])

    @cached_property
    def positive(self) -> Places:
        """The places of bars whose close is above 0."""
        return self._places(self.close > 0)

    @cached_property
    def ranges(self) -> Places:
        """The places of bars that have high, low and close."""
        return self._places(_known(self._bars["high"])[1] & _known(self._bars["low"])[1])

    def _places(self, known: Flags) -> Places:
        return self.closes if known.all() else Places.of(self._first, known & self.closes.known)

    def part(self, start: int, end: int) -> "Prices":
        """Those of some of the bars."""
        return _Part(self, slice(start, end))

    def changes(self) -> Floats:
        """Close less the close before; 0 where one of them is unknown."""
        found = np.zeros_like(self.close)
        np.subtract(self.close[1:], self.close[:-1], out=found[1:])
        found *= self.closes.reaching(1)
        return found


class _Part(Prices):
    """Some of the bars: what is read of the whole is not read again."""

    def __init__(self, whole: Prices, at: slice) -> None:
        self._whole, self._at = whole, at

    @cached_property
    def high(self) -> Floats:
        return self._whole.high[self._at]

    @cached_property
    def low(self) -> Floats:
        return self._whole.low[self._at]

    @cached_property
    def close(self) -> Floats:
        return self._whole.close[self._at]

    @cached_property
    def closes(self) -> Places:
        return self._whole.closes.part(self._at)

    @cached_property
    def positive(self) -> Places:
        return self._as_closes(self._whole.positive)

    @cached_property
    def ranges(self) -> Places:
        return self._as_closes(self._whole.ranges)

    def _as_closes(self, places: Places) -> Places:
        return self.closes if places is self._whole.closes else places.part(self._at)


def sma(prices: Prices, bars: int) -> Floats:
    """Simple moving average: the mean of the last ``bars`` closes.

    Unit: the price's currency. Warm-up: ``bars`` - 1 bars. Source: Murphy, Technical Analysis of
    the Financial Markets (1999), chapter 9; TA-Lib's SMA.
    """
    return prices.closes.from_place(bars - 1, window_sum(prices.close, bars) / bars)


def ema(prices: Prices, bars: int) -> Floats:
    """Exponential moving average: the close weighs 2 / (``bars`` + 1), the one before the rest.

    Begins with the mean of the first ``bars`` closes. Unit: the price's currency. Warm-up:
    ``bars`` - 1 bars. Source: Murphy (1999), chapter 9; TA-Lib's EMA.
    """
    return smoothed(prices.close, prices.closes, bars, bars - 1, _weight(bars))


def rsi(prices: Prices, bars: int) -> Floats:
    """Relative strength index: average gain as a share of average gain and average loss, times 100.

    Averages of the changes from close to close: the mean of the first ``bars``, then each change
    with weight 1 / ``bars`` (Wilder's smoothing). NaN while the close has not moved for as long as
    it remembers (512 bars for 14): TA-Lib has 0 there. Unit: 0 to 100. Warm-up: ``bars`` bars.
    Source: Wilder, New Concepts in Technical Trading Systems (1978); TA-Lib's RSI.
    """
    changes = prices.changes()
    gain = smoothed(np.maximum(changes, 0), prices.closes, bars, bars, 1 / bars)
    loss = smoothed(np.maximum(-changes, 0), prices.closes, bars, bars, 1 / bars)
    with np.errstate(invalid="ignore"):  # nothing by nothing, where the close has not moved
        return np.asarray(100 * gain / (gain + loss))


def macd(prices: Prices, fast: int, slow: int, signal: int) -> tuple[Floats, Floats, Floats]:
    """Moving average convergence/divergence: line, signal and histogram.

    The line is the EMA of ``fast`` bars less that of ``slow`` bars, both begun at the bar ``slow``
    with the mean of the closes up to it; the signal is the EMA of ``signal`` bars of the line; the
    histogram is line - signal. Unit: the price's currency. Warm-up, of all three: ``slow`` +
    ``signal`` - 2 bars. Source: Appel, Technical Analysis: Power Tools for Active Investors (2005);
    TA-Lib's MACD.
    """
    places, close = prices.closes, prices.close
    line = smoothed(close, places, fast, slow - 1, _weight(fast))
    line -= smoothed(close, places, slow, slow - 1, _weight(slow))
    first = slow + signal - 2
    known = np.where(places.counts >= slow - 1, line, 0)
    average = smoothed(known, places, signal, first, _weight(signal))
    line = places.from_place(first, line)
    return line, average, line - average


def atr(prices: Prices, bars: int) -> Floats:
    """Average true range, by Wilder's smoothing.

    The true range is the greatest of high - low and the distances of high and of low from the close
    before; the average is the mean of the first ``bars``, then each with weight 1 / ``bars``.
    Unit: the price's currency. Warm-up: ``bars`` bars. Source: Wilder (1978); TA-Lib's ATR.
    """
    high, low, before = prices.high, prices.low, prices.close[:-1]
    true = high - low
    np.maximum(true[1:], np.abs(high[1:] - before), out=true[1:])
    np.maximum(true[1:], np.abs(low[1:] - before), out=true[1:])
    true *= prices.ranges.reaching(1)
    return smoothed(true, prices.ranges, bars, bars, 1 / bars)


def volatility(prices: Prices, bars: int) -> Floats:
    """Realised volatility: the standard deviation of the last ``bars`` log returns, annualised.

    With ``bars`` - 1 degrees of freedom, times the root of 252, the sessions of a year, whatever
    calendar a symbol keeps. Unit: 1 (0.2 is 20 % a year). Warm-up: ``bars`` bars. A close that is
    not above 0 has no logarithm, and begins it anew. Source: Hull, Options, Futures, and Other
    Derivatives, "Estimating volatility from historical data".
    """
    places, logs = prices.positive, np.zeros_like(prices.close)
    np.log(prices.close, out=logs, where=places.known)
    returns = np.zeros_like(logs)
    np.subtract(logs[1:], logs[:-1], out=returns[1:])
    returns *= places.reaching(1)
    squares = window_squares(returns, bars)
    return places.from_place(bars, np.sqrt(squares * (SESSIONS_A_YEAR / (bars - 1))))


def drawdown(prices: Prices, bars: int) -> Floats:
    """Drawdown: the close / the highest of the last ``bars`` closes - 1.

    Of a window, not of all time: 0 at the highest close of the last ``bars``, never above. Unit: 1
    (-0.1 is 10 % below). Warm-up: ``bars`` - 1 bars. A close that is not above 0 begins it anew.
    Source: Magdon-Ismail and Atiya, Maximum drawdown (Risk, 2004), over a rolling window.
    """
    found = prices.close / window_max(prices.close, bars) - 1
    return prices.positive.from_place(bars - 1, found)


def _weight(bars: int) -> float:
    return 2 / (bars + 1)


def _known(values: pd.Series) -> tuple[Floats, Flags]:
    """The values, 0 for those that are no number of a price's size, and which are."""
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.abs(numbers) < TOO_GREAT
    return (numbers if known.all() else np.where(known, numbers, 0.0)), known


@dataclass(frozen=True)
class Indicator:
    """The ``columns`` that ``made`` fills, and how many bars before a bar they depend on."""

    columns: tuple[str, ...]
    reach: int
    made: Callable[[Prices], tuple[Floats, ...]]


def _averages(bars: int) -> Mapping[str, Indicator]:
    remembered = memory(1 - _weight(bars)) + bars - 1
    return {
        f"sma_{bars}": Indicator((f"sma_{bars}",), bars - 1, lambda prices: (sma(prices, bars),)),
        f"ema_{bars}": Indicator((f"ema_{bars}",), remembered, lambda prices: (ema(prices, bars),)),
    }


def _macd_reach(fast: int, slow: int, signal: int) -> int:
    of_line = max(memory(1 - _weight(one)) for one in (fast, slow)) + slow - 1
    return of_line + memory(1 - _weight(signal))


INDICATORS: Mapping[str, Indicator] = {
    **_averages(20),
    **_averages(50),
    **_averages(200),
    "rsi_14": Indicator(("rsi_14",), memory(13 / 14) + 14, lambda prices: (rsi(prices, 14),)),
    "macd": Indicator(
        ("macd", "macd_signal", "macd_histogram"),
        _macd_reach(12, 26, 9),
        lambda prices: macd(prices, 12, 26, 9),
    ),
    "atr_14": Indicator(("atr_14",), memory(13 / 14) + 14, lambda prices: (atr(prices, 14),)),
    "volatility_20": Indicator(("volatility_20",), 20, lambda prices: (volatility(prices, 20),)),
    "drawdown_252": Indicator(("drawdown_252",), 251, lambda prices: (drawdown(prices, 252),)),
}


def columns_of(names: Iterable[str]) -> tuple[str, ...]:
    """The columns that these indicators fill."""
    return tuple(column for name in names for column in INDICATORS[name].columns)


def reach_of(names: Iterable[str]) -> int:
    """How many of a symbol's bars before a bar these indicators depend on."""
    return max((INDICATORS[name].reach for name in names), default=0)


def add_indicators(
    bars: pd.DataFrame, names: Sequence[str], before: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Add the columns of these indicators (float64) to bars that are sorted by symbol and date.

    Needs symbol, date, high, low, close. ``before`` has bars of the same symbols, of those columns,
    that lie before these: ``reach_of(names)`` of each symbol are enough. Each bar counts once: two
    of one date are two.
    """
    if not names:
        return bars
    if before is None or before.empty:
        return bars.assign(**computed(bars, names))
    needed = ["symbol", "date", "high", "low", "close"]
    joined = pd.concat([before[needed], bars[needed]], ignore_index=True)
    order = joined.sort_values(["symbol", "date"], kind="stable").index.to_numpy()
    asked_for = order >= len(before)
    found = computed(joined.take(order), names)
    return bars.assign(**{name: values[asked_for] for name, values in found.items()})


def computed(bars: pd.DataFrame, names: Sequence[str]) -> dict[str, Floats]:
    """The columns of these indicators, for every one of bars that are sorted by symbol and date."""
    prices = Prices(bars)
    found = {column: np.empty(len(bars)) for column in columns_of(names)}
    with np.errstate(invalid="ignore", divide="ignore"):  # what is unknown is divided, too
        for start in range(0, len(bars), BARS_AT_A_TIME):
            end = min(start + BARS_AT_A_TIME, len(bars))
            part = prices.part(max(start - reach_of(names), 0), end)
            for name in names:
                columns = {column: found[column][start:end] for column in INDICATORS[name].columns}
                _fill(columns, INDICATORS[name], part)
    return found


def _fill(columns: Mapping[str, Floats], indicator: Indicator, prices: Prices) -> None:
    """Fill an indicator's columns of the last bars, from those that it reaches back to."""
    bars, there = len(next(iter(columns.values()))), len(prices.close)
    reached = min(bars + indicator.reach, there)
    made = indicator.made(prices.part(there - reached, there))
    for column, values in zip(indicator.columns, made, strict=True):
        columns[column][:] = values[reached - bars :]
