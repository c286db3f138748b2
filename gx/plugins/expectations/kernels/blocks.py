"""Bars at a level of their own: away by one step, and back by the same."""

from typing import Final

import numpy as np

from gx.plugins.expectations.kernels.bars import Bars, Flags, Floats, Ints
from gx.plugins.expectations.kernels.calm import (
    FEWEST_OTHERS,
    HALVED,
    MOST_ENDS,
    OUTSTANDING,
    UNDENIABLE,
    is_beyond_ticks,
    is_calm,
    moves_around,
)
from gx.plugins.expectations.kernels.moves import (
    SCORE_PER_MAD,
    gaps,
    nonzero,
    pauses,
    returns,
)
from gx.plugins.expectations.kernels.windows import covered, medians_at

SMALLEST_STEP = np.log(1.2)
LONGEST = 60  # bars; two earnings a year apart that cancel by chance are none
REMAINDER = 0.15  # of a step may be left by the way back, or four usual moves
TURMOIL = 5.0
THRESHOLD = 8.0  # robust deviations
WEIGHT: Final = 4.0


def displaced(bars: Bars, window: int, minimum: int) -> Flags:
    """Flag the bars between two opposite steps that cancel, however many of the bars they are.

    Each step is at least 1.2 times, or 1/1.2, and far beyond the symbol's other moves: 8 robust
    deviations of at least `minimum` moves around it, or three times the largest of at least five,
    or 1.8 times where nothing else is known of the symbol. Both are made before the bar opens, and
    on calm days (see `calm.is_calm`): a rise and a fall on news are traded. A block of up to 60
    bars is taken for wrong, the bars on both sides for right.
    """
    rows = _steps(bars, window, minimum)
    move, table = returns(bars), bars.table
    if len(rows) < 2:
        return np.zeros(len(table), dtype=bool)
    begin, end = rows[:-1], rows[1:]
    usual = medians_at(table, nonzero(move), begin, range(-window, window + 1)).value
    size = np.minimum(np.abs(move[begin]), np.abs(move[end]))
    allowed = np.fmax(REMAINDER * size, np.fmin(WEIGHT * usual, size / 4))
    cancels = (np.abs(move[begin] + move[end]) <= allowed) & (table.code[begin] == table.code[end])
    cancels &= end - begin <= LONGEST
    chosen = cancels & (_place_in_run(cancels) % 2 == 0)  # A B A B A: the way back begins nothing
    return covered(begin[chosen], end[chosen], len(table))


def _steps(bars: Bars, window: int, minimum: int) -> Ints:
    table, move, gap = bars.table, returns(bars), gaps(bars)
    with np.errstate(invalid="ignore"):
        size = np.abs(move)
        possible = (size >= SMALLEST_STEP) & (np.abs(move - gap) <= size / OUTSTANDING)
    if table.bar_size == "intraday":
        possible &= ~pauses(bars) | (size >= HALVED / 2)
    rows = np.flatnonzero(possible)
    rows = rows[is_beyond_ticks(bars, size[rows], rows)]
    rows = rows[_is_far(bars, size[rows], rows, window, minimum)]
    return rows[is_calm(bars, rows, move[rows], window, TURMOIL)]


def _is_far(bars: Bars, size: Floats, rows: Ints, window: int, minimum: int) -> Flags:
    usual = medians_at(bars.table, nonzero(returns(bars)), rows, range(-window, window + 1))
    with np.errstate(invalid="ignore"):
        known = (usual.count >= minimum) & (SCORE_PER_MAD * size > THRESHOLD * usual.value)
    moves = moves_around(bars, rows, window)
    with np.errstate(invalid="ignore"):
        few = np.count_nonzero(moves >= UNDENIABLE, axis=1) <= MOST_ENDS
        others = np.sort(np.where(moves < UNDENIABLE, moves, -1.0), axis=1)
    count = np.count_nonzero(others >= 0, axis=1)
    # The largest besides the step back, which is no witness against the step.
    largest = np.where(size < UNDENIABLE, others[:, -2], others[:, -1])
    outstanding = (count >= FEWEST_OTHERS) & (size >= OUTSTANDING * largest)
    found: Flags = known | outstanding | (few & (size >= UNDENIABLE))
    return found


def _place_in_run(flags: Flags) -> Ints:
    """How many True come directly before each place."""
    count = np.cumsum(flags)
    since = np.maximum.accumulate(np.where(flags, 0, count))
    place: Ints = count - since - flags
    return place
