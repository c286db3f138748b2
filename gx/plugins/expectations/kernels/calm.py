"""Whether a step in the price is news: in a crash range and volume explode, in a wrong bar not."""

from typing import Final

import numpy as np

from gx.plugins.expectations.kernels.bars import Bars, Flags, Floats, Ints
from gx.plugins.expectations.kernels.moves import returns, tick_move
from gx.plugins.expectations.kernels.windows import Medians, medians_at, values_around

SMALLEST_RANGE: Final = 1e-3  # log; a median range below it is a symbol that hardly trades
EXACT = 0.03  # log; a gap this near to a ratio on a day of ordinary width needs no calm volume
ORDINARY_WIDTH = 2.0  # medians; the crash of AAPL on 2000-09-29 had 2.7, and 0.05 from 2:1
HALVED = np.log(2.0)  # from here on a step alone is rarer than news; smaller ones must be calmer
FEWEST_VOLUMES = 5
# A step that needs no scale: no other move of the symbol is a third of it, and five are known.
UNDENIABLE = np.log(1.8)
FEWEST_OTHERS = 5
FEWEST_BARS = FEWEST_OTHERS + 2
OUTSTANDING = 3.0
MOST_ENDS = 4
FEWEST_TICKS = 5.0  # below, a price is too coarse to come near a ratio other than by chance
FEWEST_CHANGES = 5
MOST_DECIMALS = 7
FEWEST_UNITS = 20  # of its last decimal, from which a price is fine enough


def is_calm(
    bars: Bars,
    rows: Ints,
    step: Floats,
    window: int,
    turmoil: float,
    distance: Floats | None = None,
) -> Flags:
    """Say on which days neither range nor volume tells of news.

    Both are compared with their medians, in shares of before the `step` (log): up to `turmoil`
    times is calm, and down to half of that for a step of less than 2:1. A step whose `distance`
    from a ratio is tiny needs no calm volume, from 2:1 on.
    """
    table = bars.table
    extent = table.log_price(bars.high) - table.log_price(bars.low)
    usual_extent = usual_range(bars, rows, window)
    allowed = turmoil * np.clip(np.abs(step) / HALVED, 0.5, 1.0)
    with np.errstate(invalid="ignore"):
        width = extent[rows] / np.maximum(usual_extent, SMALLEST_RANGE)
        shares = np.maximum(np.exp(-step), 1.0)
        busy = table.floats(bars.volume)[rows] > allowed * _usual_volume(bars, rows, shares, window)
        calm: Flags = ~((width > turmoil) | busy)
        if distance is not None:
            large = np.abs(step) >= HALVED - EXACT
            calm |= (distance <= EXACT) & (width <= ORDINARY_WIDTH) & (large | ~busy)
    return calm


def usual_range(bars: Bars, rows: Ints, window: int) -> Floats:
    """The median range (log) of the bars around; one that did not trade tells no range."""
    extent = bars.table.log_price(bars.high) - bars.table.log_price(bars.low)
    moved = np.where(extent > 0, extent, np.nan)
    return medians_at(bars.table, moved, rows, range(-window, window + 1)).value


def _usual_volume(bars: Bars, rows: Ints, shares: Floats, window: int) -> Floats:
    """The median volume before, in new shares; where few are known the one after counts as well."""
    before, after = (
        usual_volumes(bars, rows, span) for span in (range(-window, 0), range(1, window))
    )
    usual = before.value * shares
    few = before.count < FEWEST_VOLUMES
    return np.where(few, np.fmax(usual, after.value), usual)


def usual_volumes(bars: Bars, rows: Ints, offsets: range) -> Medians:
    """The median volume of the bars at `offsets` that have one."""
    volume = bars.table.floats(bars.volume)
    return medians_at(bars.table, np.where(volume > 0, volume, np.nan), rows, offsets)


def is_outstanding(bars: Bars, size: Floats, rows: Ints, window: int) -> Flags:
    """Say which steps of `size` at `rows` are far beyond all other moves, however few they are.

    Other steps as large as `UNDENIABLE` do not count, up to four: two defects have four ends.
    """
    moves = moves_around(bars, rows, window)
    with np.errstate(invalid="ignore"):
        others = np.where(moves < UNDENIABLE, moves, np.nan)
        large = np.count_nonzero(moves >= UNDENIABLE, axis=1)
    enough = np.count_nonzero(np.isfinite(others), axis=1) >= np.maximum(FEWEST_OTHERS, 2 * large)
    largest = np.fmax.reduce(others, axis=1, initial=0.0)
    found: Flags = enough & (large <= MOST_ENDS)
    found &= (size >= UNDENIABLE) & (size >= OUTSTANDING * largest)
    return found


def moves_around(bars: Bars, rows: Ints, window: int) -> Floats:
    """The sizes of the moves around each row, without its own; NaN where there is none."""
    size = np.abs(returns(bars))
    around = values_around(bars.table, size, rows, range(-window, window + 1))
    around[:, window] = np.nan
    return around


def is_beyond_ticks(bars: Bars, size: Floats, rows: Ints) -> Flags:
    """Say which steps are more than five ticks.

    The symbol's smallest change stands for its tick where at least five changes are known. Where
    the step may be the smallest one itself, the prices' decimals do.
    """
    table = bars.table
    many = _changes(bars)[rows] >= FEWEST_CHANGES
    fine: Flags = size > FEWEST_TICKS * tick_move(bars)[rows]
    near = np.maximum(rows - 1, 0)
    prices = np.array([table.floats(bars.close)[at] for at in (rows, near)])
    with np.errstate(invalid="ignore"):
        digits = np.array([_is_whole(prices * 10.0**d).all(axis=0) for d in range(MOST_DECIMALS)])
        decimals = np.where(digits.any(axis=0), digits.argmax(axis=0), MOST_DECIMALS)
        few = prices.min(axis=0) * 10.0**decimals >= FEWEST_UNITS
    fine |= ~many & few
    return fine


def _is_whole(values: Floats) -> Flags:
    whole: Flags = np.abs(values - np.round(values)) <= 1e-6 * np.abs(values)
    return whole


def _changes(bars: Bars) -> Ints:
    """How many changes of the close each row's symbol has."""
    table = bars.table

    def compute() -> Ints:
        changed = (np.nan_to_num(returns(bars)) != 0).astype(np.int64)
        sums = np.add.reduceat(changed, table.starts) if len(changed) else changed
        return np.repeat(sums, table.counts)

    return table.memo(("changes", bars.close), compute)
