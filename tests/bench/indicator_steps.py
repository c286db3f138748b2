"""The indicators as the pipeline makes them, and by hand in numpy, for `tests.bench.measure`.

By hand is what one writes for a panel without a hole, a row a session and a column a symbol: sums
by `cumsum`, smoothing by a loop over the sessions with all symbols at a time. It knows no missing
bar, no symbol that is shorter than others, and its sums depend on where they begin.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tests.bench.bars import generate_bars

Panel = npt.NDArray[np.float64]
ROUNDS = 5


def compared(symbols: int, sessions: int) -> Callable[[], dict[str, Any]]:
    """CPU seconds of both, the least of some rounds in turns, by indicator and of all at once."""
    from transforms.indicators import INDICATORS, add_indicators, columns_of

    bars = generate_bars(symbols, sessions)

    def work() -> dict[str, Any]:
        found = {}
        for names in (*([name] for name in INDICATORS), list(INDICATORS)):
            seconds: dict[str, list[float]] = {"ours": [], "hand": []}
            for _ in range(ROUNDS):
                ours = _timed(seconds["ours"], add_indicators, bars, names)
                hand = _timed(seconds["hand"], by_hand, bars, names)
            apart = max(float((ours[one] - hand[one]).abs().max()) for one in columns_of(names))
            name = names[0] if len(names) == 1 else "all"
            found[name] = {**{who: min(spent) for who, spent in seconds.items()}, "apart": apart}
        return found

    return work


def _timed(
    spent: list[float],
    work: Callable[[pd.DataFrame, Sequence[str]], pd.DataFrame],
    bars: pd.DataFrame,
    names: Sequence[str],
) -> pd.DataFrame:
    started = time.process_time()
    found = work(bars, names)
    spent.append(time.process_time() - started)
    return found


def by_hand(bars: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The same columns, of as many bars of every symbol."""
    symbols = bars["symbol"].nunique()
    high, low, close = (
        np.ascontiguousarray(bars[name].to_numpy().reshape(symbols, -1).T)
        for name in ("high", "low", "close")
    )
    found: dict[str, Panel] = {}
    for name in names:
        found |= BY_HAND[name](high, low, close)
    return bars.assign(**{name: panel.T.ravel() for name, panel in found.items()})


def _mean(values: Panel, bars: int) -> Panel:
    sums = np.cumsum(values, axis=0)
    found = np.full_like(values, np.nan)
    found[bars - 1] = sums[bars - 1]
    found[bars:] = sums[bars:] - sums[:-bars]
    found /= bars
    return found


def _smoothed(values: Panel, bars: int, first: int, weight: float) -> Panel:
    found = np.full_like(values, np.nan)
    last = values[first - bars + 1 : first + 1].mean(axis=0)
    found[first] = last
    for session in range(first + 1, len(values)):
        last = last + weight * (values[session] - last)
        found[session] = last
    return found


def _ema(values: Panel, bars: int, first: int) -> Panel:
    return _smoothed(values, bars, first, 2 / (bars + 1))


def _rsi(high: Panel, low: Panel, close: Panel) -> Mapping[str, Panel]:
    changes = np.zeros_like(close)
    changes[1:] = np.diff(close, axis=0)
    gain = _smoothed(np.maximum(changes, 0), 14, 14, 1 / 14)
    loss = _smoothed(np.maximum(-changes, 0), 14, 14, 1 / 14)
    return {"rsi_14": 100 * gain / (gain + loss)}


def _macd(high: Panel, low: Panel, close: Panel) -> Mapping[str, Panel]:
    line = _ema(close, 12, 25) - _ema(close, 26, 25)
    signal = _ema(line, 9, 33)
    line[:33] = np.nan
    return {"macd": line, "macd_signal": signal, "macd_histogram": line - signal}


def _atr(high: Panel, low: Panel, close: Panel) -> Mapping[str, Panel]:
    true = high - low
    true[1:] = np.maximum(true[1:], np.abs(high[1:] - close[:-1]))
    true[1:] = np.maximum(true[1:], np.abs(low[1:] - close[:-1]))
    return {"atr_14": _smoothed(true, 14, 14, 1 / 14)}


def _volatility(high: Panel, low: Panel, close: Panel) -> Mapping[str, Panel]:
    returns = np.zeros_like(close)
    returns[1:] = np.diff(np.log(close), axis=0)
    squares = _mean(returns**2, 20) - _mean(returns, 20) ** 2
    squares[:20] = np.nan
    return {"volatility_20": np.sqrt(np.maximum(squares, 0) * (252 * 20 / 19))}


def _drawdown(high: Panel, low: Panel, close: Panel) -> Mapping[str, Panel]:
    """The greatest of a window is that of the rest of one block of bars and of the next's begin."""
    bars, sessions = 252, len(close)
    whole = np.full((-(-sessions // bars) * bars, close.shape[1]), -np.inf)
    whole[:sessions] = close
    blocks = whole.reshape(-1, bars, close.shape[1])
    begun = np.maximum.accumulate(blocks, axis=1).reshape(whole.shape)[:sessions]
    rest = np.maximum.accumulate(blocks[:, ::-1], axis=1)[:, ::-1].reshape(whole.shape)[:sessions]
    found = np.full_like(close, np.nan)
    greatest = np.maximum(begun[bars - 1 :], rest[: sessions - bars + 1])
    found[bars - 1 :] = close[bars - 1 :] / greatest - 1
    return {"drawdown_252": found}


def _averages(bars: int) -> Mapping[str, Callable[[Panel, Panel, Panel], Mapping[str, Panel]]]:
    return {
        f"sma_{bars}": lambda high, low, close: {f"sma_{bars}": _mean(close, bars)},
        f"ema_{bars}": lambda high, low, close: {f"ema_{bars}": _ema(close, bars, bars - 1)},
    }


BY_HAND: Mapping[str, Callable[[Panel, Panel, Panel], Mapping[str, Panel]]] = {
    **_averages(20),
    **_averages(50),
    **_averages(200),
    "rsi_14": _rsi,
    "macd": _macd,
    "atr_14": _atr,
    "volatility_20": _volatility,
    "drawdown_252": _drawdown,
}
