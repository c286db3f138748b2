"""Returns, gaps and spikes that the symbol's own recent moves do not explain."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gx.plugins.expectations.kernels.bars import (
    Bars,
    Flags,
    Floats,
    Ints,
    Judgement,
    symbols_with_fewer,
)
from gx.plugins.expectations.kernels.blocks import displaced
from gx.plugins.expectations.kernels.calm import (
    FEWEST_BARS,
    OUTSTANDING,
    UNDENIABLE,
    is_beyond_ticks,
    is_calm,
    is_outstanding,
)
from gx.plugins.expectations.kernels.moves import (
    SCORE_PER_MAD,
    gaps,
    nonzero,
    pauses,
    returns,
    session_starts,
    tick_move,
)
from gx.plugins.expectations.kernels.splits import split_bars
from gx.plugins.expectations.kernels.wicks import lone_wicks
from gx.plugins.expectations.kernels.windows import exceeds_median, medians_at

TURMOIL = 5.0  # range or volume, in medians, from which a step is news


def outlying_returns(
    bars: Bars,
    *,
    threshold: float = 8.0,
    window: int = 60,
    minimum: int = 20,
    confirmation: float = 2.0,
) -> Judgement:
    """Flag returns whose robust z is above `threshold` and that nothing in the bar confirms.

    z = 0.6745 |r| / MAD over the trailing `window` moves, the bar itself left out. The centre
    is zero instead of the median (a tenth of the MAD at most for anything that trades), and
    bars without a move are left out of the MAD, so that thin trading does not make it zero.
    A move is confirmed when the bar's volume or its range is above `confirmation` times its own
    trailing median: real news is traded, a wrong price is not. Within the day the return over a
    night or a break is not judged here; the night's is a gap. A move back to the level of the
    weeks before is not flagged: the bar before it is. A step that a split explains is left to
    `unadjusted_splits`. However few moves are known, and whatever the volume happens to be, a step
    is flagged that is undeniable (see `lone_steps`).
    """
    table = bars.table
    move = returns(bars)
    within = table.bar_size == "intraday"
    usual = np.where(pauses(bars), np.nan, move) if within else move
    large = large_moves(bars, usual, threshold, window, minimum)
    rows = np.flatnonzero(large)
    large[rows] = ~_confirmed(bars, rows, window, confirmation) & ~_comes_home(bars, rows, move)
    large[lone_steps(bars, window)] = True
    if large.any() and not within:
        large &= ~split_bars(bars)
    return bars.judge(large, symbols_with_fewer(bars, minimum + 2))


def lone_steps(bars: Bars, window: int) -> Ints:
    """The rows of calm steps to 1.8 times or more, or less, three times any other move.

    At least five other moves must be known, and the step be made before the bar opens: a bar that
    moves by as much itself is news. A way back to the level before is not one.
    """
    table, move, gap = bars.table, returns(bars), gaps(bars)
    with np.errstate(invalid="ignore"):
        size = np.abs(move)
        large = (size >= UNDENIABLE) & (np.abs(move - gap) <= size / OUTSTANDING)
        rows = np.flatnonzero(large)
    rows = rows[is_beyond_ticks(bars, size[rows], rows)]
    rows = rows[is_outstanding(bars, size[rows], rows, window)]
    rows = rows[is_calm(bars, rows, move[rows], window, TURMOIL)]
    level = medians_at(table, table.log_price(bars.close), rows, range(-20, -1))
    home = np.abs(table.log_price(bars.close)[rows] - level.value) < size[rows] / 2
    return rows[~home]


def outlying_gaps(
    bars: Bars, *, threshold: float = 15.0, window: int = 60, minimum: int = 20
) -> Judgement:
    """Flag opens whose gap from the previous close has a robust z above `threshold`.

    z = 0.6745 |log(open / previous close)| / MAD of the symbol's own trailing gaps. Within the day
    the gaps are those over night, and the window counts sessions.
    """
    table = bars.table
    if table.bar_size == "intraday":
        flags = _large_overnight(bars, gaps(bars), threshold, window, minimum)
        return bars.judge(flags, _symbols_with_fewer_nights(bars, minimum + 1))
    large = large_moves(bars, gaps(bars), threshold, window, minimum)
    return bars.judge(large & ~table.first, symbols_with_fewer(bars, minimum + 2))


def reversing_spikes(
    bars: Bars,
    *,
    threshold: float = 6.0,
    remainder: float = 0.25,
    longest: int = 3,
    window: int = 30,
    minimum: int = 20,
    wick: float = 1.4,
) -> Judgement:
    """Flag one to `longest` bars between two large returns of opposite sign that cancel.

    Both returns have a robust z above `threshold` against the moves on both sides, and what is
    left of the step after the way back is at most `remainder` of it (the bid-ask rule of
    Brownlees and Gallo, 2006, section 2, asks the same of ticks: far from its neighbours on
    both sides). Within the day the return over a night must be large among the symbol's nights,
    and that over a break is none of either. Longer blocks, and those of symbols with few bars, are
    flagged where their two steps are beyond doubt (see `blocks.displaced`), and so is a high or a
    low that nothing else knows of, by `wick` times (see `wicks.lone_wicks`).
    """
    table = bars.table
    move = returns(bars)
    within = table.bar_size == "intraday"
    usual = np.where(pauses(bars), np.nan, move) if within else move
    large = large_moves(bars, usual, threshold, window, minimum, both_sides=True)
    if within:
        large |= _large_overnight(bars, move, threshold, window, minimum, both_sides=True)
    flags = np.zeros(len(table), dtype=bool)
    for width in range(1, longest + 1):
        flags |= _spikes(bars, np.flatnonzero(large), large, move, width, remainder)
    flags |= displaced(bars, window, minimum) | lone_wicks(bars, wick, window)
    return bars.judge(flags, symbols_with_fewer(bars, FEWEST_BARS))


def _spikes(
    bars: Bars, rows: Ints, large: Flags, move: Floats, width: int, remainder: float
) -> Flags:
    """Find the bars between a large step at one of `rows` and one back `width` bars later."""
    table = bars.table
    logs = table.log_price(bars.close)
    rows = rows[table.remaining[rows] >= width]
    back = rows + width
    rows, back = rows[large[back]], back[large[back]]
    left = np.abs(logs[back] - logs[rows - 1])
    step = np.minimum(np.abs(move[rows]), np.abs(move[back]))
    cancels = (move[rows] * move[back] < 0) & (left <= remainder * step)
    flags = np.zeros(len(table), dtype=bool)
    for offset in range(width):
        flags[rows[cancels] + offset] = True
    return flags


def large_moves(
    bars: Bars, move: Floats, threshold: float, window: int, minimum: int, both_sides: bool = False
) -> Flags:
    """Say which moves have a robust z above `threshold`, counted in ticks where ticks are large."""
    multiple = threshold / SCORE_PER_MAD
    size = np.abs(move)
    possible = size > multiple * tick_move(bars)
    value = np.where(possible, size / multiple, np.nan)
    compared = exceeds_median(
        bars.table, value, nonzero(move), window=window, minimum=minimum, both_sides=both_sides
    )
    return compared.exceeds


def _large_overnight(
    bars: Bars,
    move: Floats,
    threshold: float,
    window: int,
    minimum: int,
    both_sides: bool = False,
) -> Flags:
    """Say which moves over night are large, by the symbol's other nights alone."""
    nights = _nights(bars)
    multiple = threshold / SCORE_PER_MAD
    size = np.abs(move[nights.rows])
    value = np.where(size > multiple * tick_move(bars)[nights.rows], size / multiple, np.nan)
    compared = exceeds_median(
        nights, value, nonzero(move[nights.rows]), window=window, minimum=minimum,
        both_sides=both_sides,
    )  # fmt: skip
    flags = np.zeros(len(move), dtype=bool)
    flags[nights.rows[compared.exceeds]] = True
    return flags


@dataclass(frozen=True)
class _Nights:
    """The bars that open a session after another one of their symbol, as a series of its own.

    position, remaining: how many such bars of the symbol come before each, and after it.
    """

    rows: Ints
    counts: Ints
    position: NDArray[np.int32]
    remaining: NDArray[np.int32]


def _nights(bars: Bars) -> _Nights:
    table = bars.table
    rows = np.flatnonzero(session_starts(bars) & ~table.first & (table.code >= 0))
    starts = np.flatnonzero(np.diff(table.code[rows], prepend=-1))
    counts = np.diff(np.append(starts, len(rows)))
    position = np.arange(len(rows)) - np.repeat(starts, counts)
    remaining = np.repeat(counts, counts) - 1 - position
    return _Nights(rows, counts, position.astype(np.int32), remaining.astype(np.int32))


def _symbols_with_fewer_nights(bars: Bars, minimum: int) -> int:
    enough = int(np.count_nonzero(_nights(bars).counts >= minimum))
    return int(np.count_nonzero(bars.table.code[bars.table.starts] >= 0)) - enough


def _comes_home(bars: Bars, rows: Ints, move: Floats) -> Flags:
    """Say which of a few moves lead back to the level before: then the bar before was the bad one.

    The level is the median of the 19 closes before the last; blocks of up to nine bad bars
    leave it alone.
    """
    logs = bars.table.log_price(bars.close)
    level = medians_at(bars.table, logs, rows, range(-20, -1))
    with np.errstate(invalid="ignore"):
        return np.abs(logs[rows] - level.value) < np.abs(move[rows]) / 2


def _confirmed(bars: Bars, rows: Ints, window: int, factor: float) -> Flags:
    """Say which of a few rows have a volume or a range well above their trailing median."""
    table = bars.table
    volume = table.floats(bars.volume)
    extent = table.log_price(bars.high) - table.log_price(bars.low)
    confirmed = np.zeros(len(rows), dtype=bool)
    for measure in (volume, extent):
        with np.errstate(invalid="ignore"):
            usual = np.where(measure > 0, measure, np.nan)
            median = medians_at(table, usual, rows, range(-window, 0)).value
            confirmed |= usual[rows] > factor * median
    return confirmed
