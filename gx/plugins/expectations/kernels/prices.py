"""One bar's own prices: finite, positive, and low <= open, close <= high."""

import numpy as np

from gx.plugins.expectations.kernels.bars import Bars, Judgement
from gx.plugins.expectations.kernels.moves import RELATIVE_ROUNDING


def not_finite_positive(bars: Bars) -> Judgement:
    """Flag bars with a price that is missing, NaN, infinite, zero or negative."""
    bad = np.zeros(len(bars.table), dtype=bool)
    for column in bars.prices:
        price = bars.table.floats(column)
        bad |= ~(np.isfinite(price) & (price > 0))
    return Judgement(bars.table.restore(bad))


def inconsistent_ohlc(bars: Bars, *, tolerance: float = 0.0) -> Judgement:
    """Flag bars unless low <= open, close <= high within `tolerance` (in the price's currency).

    A bar with a missing, NaN or infinite price is flagged: nothing shows that it is consistent.
    One billionth of the price is always allowed, the rounding of adjusted prices.
    """
    opened, high, low, close = (bars.table.floats(column) for column in bars.prices)
    upper, lower = np.maximum(opened, close), np.minimum(opened, close)
    with np.errstate(invalid="ignore"):
        slack = tolerance + RELATIVE_ROUNDING * np.abs(upper)
        good = (low <= lower + slack) & (upper <= high + slack) & (low <= high + slack)
    good &= np.isfinite(high) & np.isfinite(low) & np.isfinite(upper)
    return Judgement(bars.table.restore(~good))
