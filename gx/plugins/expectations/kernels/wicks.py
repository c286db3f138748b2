"""A high or a low that nothing else of the bar, nor the bars beside it, knows of."""

import numpy as np

from gx.plugins.expectations.kernels.bars import Bars, Flags, Floats, Ints
from gx.plugins.expectations.kernels.calm import (
    FEWEST_TICKS,
    FEWEST_VOLUMES,
    usual_range,
    usual_volumes,
)
from gx.plugins.expectations.kernels.moves import tick_move
from gx.plugins.expectations.kernels.windows import values_around

NEIGHBOURS = 3
USUAL_RANGES = 8.0
BUSY = 5.0  # medians of volume: a squeeze is traded


def lone_wicks(bars: Bars, factor: float, window: int) -> Flags:
    """Flag bars whose high, or low, is `factor` from open and close and from the bars beside it.

    A high must be `factor` times the higher of open and close and of the highs of three bars on
    either side, a low 1/`factor` of the lower and of their lows; both by eight times the median
    range besides. A bar with five times the median volume passes: prices that are really paid on
    the way up and down are traded.
    """
    table = bars.table
    opened, high, low, close = (table.log_price(column) for column in bars.prices)
    least = np.log(factor)
    up, down = high - np.fmax(opened, close), np.fmin(opened, close) - low
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(((up >= least) | (down >= least)) & (table.code >= 0))
    beyond = np.fmax(_beyond(bars, high, rows, up), _beyond(bars, -low, rows, down))
    extent = np.nan_to_num(usual_range(bars, rows, window))
    volume = table.floats(bars.volume)
    usual = usual_volumes(bars, rows, range(-window, window + 1))
    with np.errstate(invalid="ignore"):
        far = (beyond >= least) & (beyond >= USUAL_RANGES * extent)
        far &= beyond >= FEWEST_TICKS * tick_move(bars)[rows]
        far &= ~((volume[rows] > BUSY * usual.value) & (usual.count >= FEWEST_VOLUMES))
    flags = np.zeros(len(table), dtype=bool)
    flags[rows[far]] = True
    return flags


def _beyond(bars: Bars, ends: Floats, rows: Ints, own: Floats) -> Floats:
    """By how much the end of each row is beyond its own open and close and its neighbours' ends."""
    beside = [*range(-NEIGHBOURS, 0), *range(1, NEIGHBOURS + 1)]
    around = values_around(bars.table, ends, rows, beside)
    highest = np.fmax.reduce(around, axis=1, initial=-np.inf)
    beyond: Floats = np.fmin(own[rows], ends[rows] - highest)
    return beyond
