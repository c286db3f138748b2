"""Volumes that are counted otherwise from a bar on, that repeat, or that there are none of."""

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
from gx.plugins.expectations.kernels.moves import returns
from gx.plugins.expectations.kernels.windows import covered, medians_at, runs_of, values_around

JUMP = 0.5  # of the change between the medians must come from one bar to the next
OWN_STEP = np.log(1.5)  # a price that steps as well is a split
DEVIATIONS = 4.0
SIGMA_PER_MAD = 1.4826
FEWEST = 5  # a symbol of fewer bars is not called quiet
REPEATED_SHARE = 0.02
MOST_RUNS = 2


@dataclass(frozen=True)
class _Traded:
    """The bars that have a volume, as a series of its own (see `windows.Series`)."""

    rows: Ints
    logs: Floats
    position: NDArray[np.int32]
    remaining: NDArray[np.int32]


def unit_changes(
    bars: Bars, *, factor: float = 25.0, window: int = 20, before: int = 5, after: int = 3
) -> Judgement:
    """Flag the bar from which on the volume is `factor` times, or 1/`factor` of, what it was.

    The medians of the last `window` bars with volume and of the next are compared, of at least
    `before` and `after` bars; the change must be four robust deviations of the symbol's own
    volumes, and half of it come from one bar to the next. A bar whose price steps by 1.5 times as
    well is left to the splits. A single bar's volume is no change of the unit.
    """
    traded = _traded(bars)
    flags = np.zeros(len(bars.table), dtype=bool)
    least = np.log(factor)
    step = np.diff(traded.logs, prepend=np.nan)
    with np.errstate(invalid="ignore"):
        at = np.flatnonzero((np.abs(step) >= JUMP * least) & (traded.position > 0))
    old = medians_at(traded, traded.logs, at, range(-window, 0))
    new = medians_at(traded, traded.logs, at, range(window))
    change = new.value - old.value
    with np.errstate(invalid="ignore"):
        lasts = (old.count >= before) & (new.count >= after) & (np.abs(change) >= least)
        lasts &= (step[at] * np.sign(change) >= JUMP * np.abs(change)) & (
            np.abs(change) >= DEVIATIONS * _scatter(traded, at, old.value, new.value, window)
        )
    rows = traded.rows[at[lasts]]
    with np.errstate(invalid="ignore"):
        flags[rows] = ~(np.abs(returns(bars)[rows]) > OWN_STEP)
    return bars.judge(flags, symbols_with_fewer(bars, before + after))


def _scatter(traded: _Traded, at: Ints, old: Floats, new: Floats, window: int) -> Floats:
    """The robust deviation of the volumes before from their median, and of those after, at most."""
    deviations = []
    for middle, offsets in ((old, range(-window, 0)), (new, range(window))):
        distance = np.abs(values_around(traded, traded.logs, at, offsets) - middle[:, None])
        ordered = np.sort(distance, axis=1)  # NaN comes last
        pick = (np.isfinite(distance).sum(axis=1) // 2).clip(0, len(offsets) - 1)
        deviations.append(ordered[np.arange(len(at)), pick])
    scatter: Floats = SIGMA_PER_MAD * np.fmax(*deviations)
    return scatter


def _traded(bars: Bars) -> _Traded:
    table = bars.table
    volume = table.floats(bars.volume)
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero((volume > 0) & np.isfinite(volume) & (table.code >= 0))
    starts = np.flatnonzero(np.diff(table.code[rows], prepend=-1))
    counts = np.diff(np.append(starts, len(rows)))
    position = (np.arange(len(rows)) - np.repeat(starts, counts)).astype(np.int32)
    remaining = (np.repeat(counts, counts) - 1 - position).astype(np.int32)
    return _Traded(rows, np.log(volume[rows]), position, remaining)


def repeated(bars: Bars, sessions: int) -> Flags:
    """Flag volumes that are those of the bar before, `sessions` bars in a row.

    Of a symbol that has more than two such runs, or whose volume repeats in more than 2 % of its
    other bars (lots of a hundred, a few units), none is flagged.
    """
    table, volume = bars.table, bars.table.floats(bars.volume)
    same = np.zeros(len(table), dtype=bool)
    same[1:] = (volume[1:] == volume[:-1]) & (volume[1:] > 0)
    same &= ~table.first & (table.code >= 0)
    begin, end = runs_of(same)
    long = end - begin >= sessions - 1
    run = covered(begin[long], end[long], len(table))
    if not run.any():
        return run
    starts = np.zeros(len(table), dtype=np.int64)
    starts[begin[long]] = 1
    others = np.add.reduceat((same & ~run).astype(np.int64), table.starts)
    rare = others <= REPEATED_SHARE * table.counts
    rare &= np.add.reduceat(starts, table.starts) <= MOST_RUNS
    odd: Flags = run & np.repeat(rare, table.counts)
    return odd


def quiet_symbols(bars: Bars, *, share: float = 0.5, newest: int = 10) -> Judgement:
    """Flag the last bar of each symbol that hardly trades, or trades no more.

    A bar did not trade when it has no volume and its close is that of the bar before. A symbol is
    quiet when that is so of `share` of its bars, or of its `newest` ones. It is named once.
    """
    table, still = bars.table, untraded(bars)
    flags = np.zeros(len(table), dtype=bool)
    if not len(table):
        return bars.judge(flags)
    ends = table.starts + table.counts - 1
    total = np.concatenate(([0], np.cumsum(still)))
    whole = total[ends + 1] - total[table.starts]
    recent = total[ends + 1] - total[np.maximum(ends + 1 - newest, table.starts)]
    enough = table.counts >= FEWEST
    # The first bar has none before it, so one bar less can be still.
    mostly = whole >= share * (table.counts - 1)
    flags[ends[enough & (mostly | ((table.counts > newest) & (recent >= newest)))]] = True
    return bars.judge(flags, symbols_with_fewer(bars, FEWEST))


def untraded(bars: Bars) -> Flags:
    """Say which bars have no volume, and the close of the bar before."""
    volume = bars.table.floats(bars.volume)
    still: Flags = (volume == 0) & (returns(bars) == 0)
    return still
