"""Prices that stand still and volumes that do not fit them."""

import numpy as np

from gx.plugins.expectations.kernels.bars import (
    Bars,
    Flags,
    Floats,
    Ints,
    Judgement,
    symbols_with_fewer,
)
from gx.plugins.expectations.kernels.moves import (
    RELATIVE_ROUNDING,
    nonzero,
    previous,
    returns,
    tick_move,
)
from gx.plugins.expectations.kernels.volumes import repeated
from gx.plugins.expectations.kernels.windows import (
    covered,
    exceeds_median,
    medians_at,
    runs_of,
)

REPEATS = 5
LEAST_CHANCE = 0.02  # share of unchanged closes that any symbol is granted
SEVERAL_TICKS = 2.5  # a price that moves by one or two ticks stands still by itself
FEWEST_TICKS = 5.0  # a usual range of fewer is flat now and then by itself


def stale_prices(
    bars: Bars,
    *,
    sessions: int = 5,
    chance: float = 1e-5,
    flat_share: float = 0.02,
    window: int = 120,
) -> Judgement:
    """Flag closes that repeat for `sessions` bars or more, and flat bars that traded.

    A run counts when the symbol's habit in the `window` bars before and after it makes it rarer
    than `chance`: with a share p of unchanged closes, n in a row have the chance p^n. Prices
    whose moves are one or two ticks may stand still, and what did not trade is quiet, not stale: a
    run with fewer bars with volume than `sessions`, of a symbol that has any, is none. The first
    bar of a run is not flagged: its price was new. A bar with open = high = low = close and
    volume is flagged when at most `flat_share` of the bars around it are like it, and their
    median range is five ticks or more.
    """
    flags = _rare_runs(bars, sessions, chance, window) | _rare_flat_bars(bars, flat_share, window)
    return bars.judge(flags, symbols_with_fewer(bars, sessions))


def _rare_runs(bars: Bars, sessions: int, chance: float, window: int) -> Flags:
    table = bars.table
    move = returns(bars)
    later = np.zeros(len(table), dtype=bool)
    later[1:] = table.instant[1:] > table.instant[:-1]
    unchanged = (move == 0) & later
    begin, end = runs_of(unchanged)
    begins = np.zeros(len(table), dtype=bool)
    begins[begin] = True
    begin, end = (edge[end - begin >= sessions - 1] for edge in (begin, end))
    starts = _counted_around(bars, begins, begin, end, window)
    changes = _counted_around(bars, np.isfinite(move) & ~unchanged, begin, end, window)
    habit = np.clip((starts + 2) / (changes + 2), LEAST_CHANCE, 1.0)
    rare = habit ** (end - begin) <= chance
    rare &= _moves_by_several_ticks(bars, move, begin, end, window)
    rare &= ~_did_not_trade(bars, begin, end, sessions - 1)
    return covered(begin[rare], end[rare], len(table))


def _moves_by_several_ticks(bars: Bars, move: Floats, begin: Ints, end: Ints, window: int) -> Flags:
    """Say around which runs the symbol's usual move, when there is one, is several ticks."""
    sizes = nonzero(move)
    before = medians_at(bars.table, sizes, begin, range(-window, 0)).value
    after = medians_at(bars.table, sizes, end - 1, range(1, window + 1)).value
    several: Flags = np.fmax(before, after) >= SEVERAL_TICKS * tick_move(bars)[begin]
    return several


def _did_not_trade(bars: Bars, begin: Ints, end: Ints, fewest: int) -> Flags:
    """Say which runs have fewer bars with volume than make one, though their symbol has some."""
    table = bars.table
    if not len(table):
        return np.zeros(0, dtype=bool)
    traded = (table.floats(bars.volume) > 0).astype(np.int64)
    total = np.concatenate(([0], np.cumsum(traded)))
    has_volume = np.repeat(np.add.reduceat(traded, table.starts) > 0, table.counts)
    none: Flags = (total[end] - total[begin] < fewest) & has_volume[begin]
    return none


def _rare_flat_bars(bars: Bars, flat_share: float, window: int) -> Flags:
    table = bars.table
    opened, high, low, close = (table.floats(column) for column in bars.prices)
    with np.errstate(invalid="ignore"):
        flat = (high == low) & (opened == close) & (high == close)
        flat &= table.floats(bars.volume) > 0
    rows = np.flatnonzero(flat & (table.code >= 0))
    others = _counted_around(bars, flat, rows, rows + 1, window)
    around = _counted_around(bars, np.ones(len(table), dtype=bool), rows, rows + 1, window)
    rows = rows[others <= flat_share * around]
    extent = table.log_price(bars.high) - table.log_price(bars.low)
    usual = medians_at(table, extent, rows, range(-window, window + 1)).value
    flags = np.zeros(len(table), dtype=bool)
    flags[rows] = usual >= FEWEST_TICKS * tick_move(bars)[rows]
    return flags


def _counted_around(bars: Bars, flags: Flags, begin: Ints, end: Ints, window: int) -> Ints:
    """Count the flags in the `window` bars of the symbol before `begin` and from `end` on."""
    total = np.concatenate(([0], np.cumsum(flags)))
    before = begin - np.minimum(bars.table.position[begin], window)
    after = end + np.minimum(bars.table.remaining[end - 1], window)
    counts: Ints = total[begin] - total[before] + total[after] - total[end]
    return counts


def disagreeing_volume(
    bars: Bars, *, multiple: float = 30.0, window: int = 60, minimum: int = 20
) -> Judgement:
    """Flag moves without volume, negative, repeated, and volume `multiple` times the median.

    A bar without volume whose price moved, within the bar or from the previous close, is
    flagged unless half of the symbol's bars have no volume (indices, currencies). The median
    is over the trailing `window` bars with volume. The default is 30, not 100: on a quiet day
    a hundredfold unit error is only some thirty times the median.
    """
    table = bars.table
    volume = table.floats(bars.volume)
    traded = np.where(volume > 0, volume, np.nan)
    high = exceeds_median(table, traded / multiple, traded, window=window, minimum=minimum)
    with np.errstate(invalid="ignore"):
        none = volume == 0
        negative = volume < 0
    none &= _per_symbol_sum(bars, none) * 2 < np.repeat(table.counts, table.counts)
    flags = high.exceeds | negative | (none & _price_moved(bars)) | repeated(bars, REPEATS)
    return bars.judge(flags, symbols_with_fewer(bars, minimum + 1))


def _price_moved(bars: Bars) -> Flags:
    table = bars.table
    close = table.floats(bars.close)
    high, low = table.floats(bars.high), table.floats(bars.low)
    with np.errstate(invalid="ignore"):
        slack = RELATIVE_ROUNDING * np.abs(close)
        moved: Flags = (high - low > slack) | (np.abs(close - previous(table, close)) > slack)
    return moved


def _per_symbol_sum(bars: Bars, flags: Flags) -> Floats:
    table = bars.table
    if not len(flags):
        return np.zeros(0)
    sums = np.add.reduceat(flags.astype(np.int64), table.starts)
    return np.repeat(sums, table.counts).astype(np.float64)
