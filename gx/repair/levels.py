"""What the bars around tell: a block in another unit, all bars before a split."""

import numpy as np

from gx.plugins.expectations.kernels.bars import Flags, Ints
from gx.plugins.expectations.kernels.splits import SPLIT_RATIOS
from gx.repair.fixes import Fix
from gx.repair.series import CLOSE, OPEN, Series, shown
from gx.repair.within_the_bar import UNIT, scaled

# A block at an end has a level on one side only: which unit is right is told by so many more bars.
TIMES_MORE, FEWEST = 10, 20
# A ratio is known when the gap is this near to it (log), and this many times nearer than the next.
EXACT, NEARER = 0.06, 3.0
WINDOW, FEWEST_VOLUMES = 30, 15
# Smaller ones (3:2) look like another share class, or a spin-off.
SMALLEST_RATIO = 2.0
# Of the step (log): how far the volume's may be from the one that the split asks for.
SURE = 0.25


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


def before_splits(series: Series, splits: Flags) -> list[Fix]:
    """All bars before the one split of a series that nobody adjusted, in shares of after it.

    There must be no bars before the range: repaired bars behind unrepaired ones would only move the
    step. The ratio is one of the usual ones, and the volume has to step against the price as much:
    where it does not, nobody can tell whether it is in new shares already or trading has changed.
    """
    rows = np.flatnonzero(splits)
    if len(rows) != 1 or (series.rows < 0).any() or not series.sound.all():
        return []
    at = int(rows[0])
    gap = float(series.logs[at, OPEN] - series.logs[at - 1, CLOSE])
    ratio = _certain_ratio(abs(gap))
    if ratio is None:
        return []
    shares = ratio if gap < 0 else 1 / ratio  # new shares for an old one
    if not _volume_in_old_shares(series, at, float(np.log(shares))):
        return []
    block = np.arange(at)
    fixed = series.prices[:at] / shares
    volume = series.volume[:at] * shares
    name = f"{ratio:g}:1" if gap < 0 else f"1:{ratio:g}"
    said = "falls" if gap < 0 else "rises"
    evidence = (
        f"from {shown(series.prices[at - 1, CLOSE])} at the close of {series.day(at - 1)} the "
        f"price {said} to {shown(series.prices[at, OPEN])} at the next open, {np.exp(gap):.3f} "
        f"times, as at a split of {name}; the volume steps against it as much"
    )
    return [Fix("unadjusted split", block, fixed, evidence, volume)]


def _certain_ratio(size: float) -> float | None:
    distance = np.abs(np.log(np.array(SPLIT_RATIOS)) - size)
    order = np.argsort(distance)
    nearest, next_one = distance[order[0]], distance[order[1]]
    ratio = SPLIT_RATIOS[order[0]]
    known = nearest <= EXACT and nearest * NEARER <= next_one and ratio >= SMALLEST_RATIO
    return ratio if known else None


def _volume_in_old_shares(series: Series, at: int, shares: float) -> bool:
    """Did the volume step with the split (log ``shares``)?"""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(series.volume)
    before, after = (
        part[np.isfinite(part)] for part in (logs[max(0, at - WINDOW) : at], logs[at : at + WINDOW])
    )
    if min(len(before), len(after)) < FEWEST_VOLUMES:
        return False
    share = float(np.median(after) - np.median(before)) / shares
    return abs(share - 1) <= SURE


def _stretches(flags: Flags) -> list[tuple[int, int]]:
    """The first and last position of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(first), int(end) - 1) for first, end in zip(edges[::2], edges[1::2], strict=True)]
