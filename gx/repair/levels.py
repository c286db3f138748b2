"""What the bars around tell: a block in another unit."""

import numpy as np

from gx.plugins.expectations.kernels.bars import Flags, Ints
from gx.repair.fixes import Fix
from gx.repair.series import CLOSE, OPEN, Series, shown
from gx.repair.within_the_bar import UNIT, has_lost_digits, scaled

# A block at an end has a level on one side only: which unit is right is told by so many more bars.
TIMES_MORE, FEWEST = 10, 20
FEWEST_CLOSES = 8  # different ones, of the bars that tell which unit is right


def blocks_in_another_unit(series: Series) -> list[Fix]:
    """Whole bars a hundred times too high or too low, as the bars on both sides tell.

    At an end of the series there is one side: then ten times as many bars must be in the other
    unit, for a price that was really quoted anew looks the same at first.
    """
    use = np.flatnonzero(series.sound)
    if len(use) < 3:
        return []
    opened, closed = series.logs[use, OPEN], series.logs[use, CLOSE]
    step = np.append(0.0, opened[1:] - closed[:-1])
    change = np.where(np.abs(np.abs(step) - UNIT) <= series.tolerance, np.sign(step), 0)
    level = np.cumsum(change.astype(np.int64))
    if not change.any():
        return []
    kinds, counts = np.unique(level, return_counts=True)
    usual = kinds[counts.argmax()]
    # A price that stands still may be the one that is wrong: the last good ones are beside it.
    if len(np.unique(closed[level == usual])) < FEWEST_CLOSES:
        return []
    found = []
    for first, last in _stretches(level != usual):
        length, others = last - first + 1, int(counts.max())
        apart = np.unique(level[first : last + 1] - usual)
        if len(apart) > 1 or abs(apart[0]) > 1:
            continue
        bounded = first > 0 and last < len(use) - 1
        if (bounded and length > others) or (
            not bounded and (others < FEWEST or length * TIMES_MORE > others)
        ):
            continue
        block = use[first : last + 1]
        mine = block[series.rows[block] >= 0]
        if not len(mine) or not series.failing[mine].all():
            continue
        factor = 0.01 if level[first] > usual else 100.0
        if has_lost_digits(series, int(mine[0]), series.prices[mine].ravel(), factor):
            continue
        found.append(_in_unit(series, use, mine, first, float(level[first] - usual)))
    return found


def _in_unit(series: Series, use: Ints, mine: Ints, first: int, direction: float) -> Fix:
    factor = 0.01 if direction > 0 else 100.0
    fixed = scaled(series.prices[mine], factor)
    beside = use[first - 1] if first > 0 else use[first + len(mine)]
    word = "100 times" if factor < 1 else "a 100th of"
    first_day, last_day = series.day(mine[0]), series.day(mine[-1])
    bars = (
        f"bar of {first_day} is"
        if len(mine) == 1
        else f"{len(mine):,} bars from {first_day} to {last_day} are"
    )
    evidence = (
        f"the {bars} at {word} the level beside: close "
        f"{shown(series.prices[mine[0], CLOSE])}, against "
        f"{shown(series.prices[beside, CLOSE])} of {series.day(beside)}"
    )
    return Fix("unit", mine, fixed, evidence)


def _stretches(flags: Flags) -> list[tuple[int, int]]:
    """The first and last position of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(first), int(end) - 1) for first, end in zip(edges[::2], edges[1::2], strict=True)]
