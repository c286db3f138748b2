"""One symbol's bars as arrays, in the order of time, and what its ordinary bars are like."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from gx.plugins.expectations.kernels.bars import Flags, Floats, Ints
from gx.repair.proposal import PRICES

OPEN, HIGH, LOW, CLOSE = range(4)
ROUNDING = 1e-9  # of a price; adjusted prices have been rounded
WIDEST = 4.0  # median ranges that a repaired bar spans at most
# A repaired bar is as near to its neighbours as this many median moves, within these bounds (log).
NEAR, NEAREST, FARTHEST = 8.0, 0.03, 0.22


@dataclass(frozen=True)
class Series:
    """``rows`` are positions in the run's extract, -1 for bars before its range.

    ``prices`` has a column for open, high, low and close. ``failing`` bars are those that the suite
    found something about: no other one is repaired.
    """

    symbol: str
    rows: Ints
    dates: pd.DatetimeIndex
    prices: Floats
    volume: Floats
    failing: Flags

    @classmethod
    def of(
        cls,
        symbol: str,
        bars: pd.DataFrame,
        rows: Ints,
        failing: Flags,
        lookback: pd.DataFrame | None,
    ) -> "Series":
        """The bars with those before them; ``rows`` and ``failing`` belong to ``bars``."""
        before = 0 if lookback is None else len(lookback)
        both = bars if lookback is None else pd.concat([lookback, bars])
        dates = pd.DatetimeIndex(both["date"])
        order = np.argsort(dates.asi8, kind="stable")
        numbers = both[[*PRICES, "volume"]].apply(pd.to_numeric, errors="coerce")
        table = numbers.to_numpy(float, na_value=np.nan)[order]
        return cls(
            symbol=symbol,
            rows=np.append(np.full(before, -1), rows)[order],
            dates=dates[order],
            prices=table[:, :4],
            volume=table[:, 4],
            failing=np.append(np.zeros(before, dtype=bool), failing)[order],
        )

    @cached_property
    def logs(self) -> Floats:
        """Log prices; NaN for what is no positive number."""
        with np.errstate(invalid="ignore", divide="ignore"):
            logs = np.log(self.prices)
        return np.where(np.isfinite(logs), logs, np.nan)

    @cached_property
    def sound(self) -> Flags:
        """Bars with four positive prices that agree with each other."""
        return np.isfinite(self.logs).all(axis=1) & consistent(self.prices)

    @cached_property
    def usual_range(self) -> float:
        """The median of log high/low of the sound bars; 0 when none moves."""
        extent = (self.logs[:, HIGH] - self.logs[:, LOW])[self.sound]
        return float(np.median(extent)) if len(extent) else 0.0

    @cached_property
    def tolerance(self) -> float:
        """How far (log) a repaired bar may be from the one beside it."""
        closes = self.logs[self.sound, CLOSE]
        moves = np.abs(np.diff(closes))
        usual = float(np.median(moves)) if len(moves) else 0.0
        return float(np.clip(NEAR * usual, NEAREST, FARTHEST))

    def fits_itself(self, prices: Floats) -> Flags:
        """Say which repaired bars agree in themselves and are not wider than the symbol's are."""
        with np.errstate(invalid="ignore", divide="ignore"):
            extent = np.log(prices[:, HIGH] / prices[:, LOW])
            narrow: Flags = extent <= max(WIDEST * self.usual_range, NEAREST)
        return narrow & consistent(prices)

    def bar(self, at: int) -> tuple[float | None, ...]:
        """A bar's numbers as they are."""
        return (*map(float, self.prices[at]), float(self.volume[at]))

    def day(self, at: int) -> str:
        """A bar's day, or its moment."""
        moment: Any = self.dates[at]
        return str(moment.date() if moment == moment.normalize() else moment)


def consistent(prices: Floats) -> Flags:
    """Say which bars have low <= open, close <= high, all positive and finite."""
    with np.errstate(invalid="ignore"):
        slack = ROUNDING * np.abs(prices[:, HIGH])
        top = np.maximum(prices[:, OPEN], prices[:, CLOSE])
        bottom = np.minimum(prices[:, OPEN], prices[:, CLOSE])
        good: Flags = (top <= prices[:, HIGH] + slack) & (prices[:, LOW] <= bottom + slack)
        good &= (prices > 0).all(axis=1) & np.isfinite(prices).all(axis=1)
    return good


def rounded(values: Sequence[float] | Floats) -> tuple[float, ...]:
    """Numbers without the last bit's noise: 1.4633 * 100 is 146.33."""
    return tuple(float(f"{value:.15g}") for value in values)


def shown(value: float | None) -> str:
    """A price in a sentence."""
    return "none" if value is None else f"{value:.8g}"
