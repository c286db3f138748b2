"""The digits that a symbol's prices have: what all of them are multiples of."""

from functools import reduce

import numpy as np

from gx.plugins.expectations.kernels.bars import Flags, Floats
from gx.repair.series import Series

BARS, FEWEST_PRICES = 40, 20  # which tell of it
MOST_DECIMALS = 6
ORDINARY = 0.9  # of these prices; a few are means, or of a trade between ticks
# Of a step: what a double, and of many steps what a single precision number rounds.
EXACT, SINGLE, COARSEST = 1e-5, 1.2e-7, 0.05


def usual_step(series: Series, at: int) -> float | None:
    """What most prices around a bar are multiples of: 0.01, or 5; None where there is nothing."""
    use = np.flatnonzero(series.sound & ~series.failing)
    around = use[np.argsort(np.abs(use - at), kind="stable")[:BARS]]
    prices = np.unique(series.prices[around])
    if len(prices) < FEWEST_PRICES:
        return None
    for decimals in range(MOST_DECIMALS + 1):
        counts = prices * 10.0**decimals
        ordinary = _whole(counts)
        if ordinary.mean() >= ORDINARY:
            found = np.round(counts[ordinary]).astype(np.int64)
            return float(reduce(np.gcd, found)) / 10.0**decimals
    return None


def on_steps(prices: Floats, step: float) -> Flags:
    """Say which prices are multiples of the step, and not of none."""
    steps = prices / step
    return _whole(steps) & (np.round(steps) > 0)


def _whole(counts: Floats) -> Flags:
    slack = np.clip(SINGLE * np.abs(counts), EXACT, COARSEST)
    whole: Flags = np.abs(counts - np.round(counts)) <= slack
    return whole
