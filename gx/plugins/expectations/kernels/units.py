"""Levels that do not fit the symbol's other bars: a price in the wrong unit."""

from dataclasses import dataclass

import numpy as np

from gx.plugins.expectations.kernels.bars import (
    Bars,
    Flags,
    Floats,
    Ints,
    Judgement,
    symbols_with_fewer,
)
from gx.plugins.expectations.kernels.declared_splits import Splits, price_shift
from gx.plugins.expectations.kernels.windows import medians_at

SIDE = 0.25  # of the bars; with more on either side a single step tells no wrong one
LARGE = 5.0  # rates of currencies below it have four decimals and more
MANY_DECIMALS = 2.75
MOST_DECIMALS = 6
VOLUME_TOLERANCE = np.log(5)  # volume is noisy: within five times is 'about'


def unit_errors(
    bars: Bars,
    *,
    factor: float = 100.0,
    tolerance: float = 2.0,
    volume_window: int = 20,
    splits: Splits | None = None,
) -> Judgement:
    """Flag bars with a price about `factor` or 1/`factor` times the symbol's other bars.

    Each of open, high, low and close is followed from bar to bar; a step within `tolerance`
    times the factor, up or down, enters or leaves another unit, so a block of any length is
    found whole, where anything tells which side is right (see `_away_from_usual`); else the steps
    alone are flagged. A step after which the volume
    is divided by the same factor is a reverse split (or multiplied: a split), not a unit error,
    and so is one that is declared.
    """
    flags, shift = np.zeros(len(bars.table), dtype=bool), price_shift(bars, splits)
    for column in bars.prices:
        logs = bars.table.log_price(column)
        logs = logs if shift is None else logs + shift
        flags |= _in_other_unit(bars, logs, np.log(factor), np.log(tolerance), volume_window)
    return bars.judge(flags, symbols_with_fewer(bars, 2))


def _in_other_unit(
    bars: Bars, logs: Floats, factor: float, tolerance: float, volume_window: int
) -> Flags:
    """Follow one column of log prices; the rows and columns in between may be unusable."""
    table = bars.table
    usable = np.flatnonzero(np.isfinite(logs) & (table.code >= 0))
    step = np.diff(logs[usable], prepend=np.nan)
    code = table.code[usable]
    same = np.append(False, code[1:] == code[:-1])[: len(code)]
    change = np.where(same & (np.abs(np.abs(step) - factor) <= tolerance), np.sign(step), 0)
    change = change.astype(np.int64)
    jumps = np.flatnonzero(change)
    flags = np.zeros(len(table), dtype=bool)
    if not len(jumps):
        return flags
    against = change[jumps].astype(float)
    split = volume_moves_against(bars, usable[jumps], against, factor, volume_window)
    change[jumps[split]] = 0
    if not change.any():
        return flags
    moved = np.isin(code, code[np.flatnonzero(change)])
    level, prices = np.cumsum(change)[moved], np.exp(logs[usable[moved]])
    flags[usable[moved]] = _away_from_usual(code[moved], level, change[moved], prices)
    return flags


@dataclass(frozen=True)
class _Groups:
    """The rows of each symbol at each level: whose they are, at which one, and how many."""

    code: Ints
    level: Ints
    count: Ints
    of_row: Ints


def _away_from_usual(code: Ints, level: Ints, change: Ints, prices: Floats) -> Flags:
    """Flag the rows that are not at the level that is right, or the steps where nothing tells it.

    The level at which a symbol begins and ends is right where it has a quarter of the bars. Else
    the digits tell: a price from 5 up with three decimals was divided, when the other level's have
    two fewer. Else the level of three quarters of the bars is right.
    """
    groups = _groups(code, level)
    starts = np.flatnonzero(np.diff(code, prepend=-1))
    sizes = np.diff(np.append(starts, len(code)))
    ends = starts + sizes - 1
    owner = np.searchsorted(code[starts], groups.code)
    share = groups.count / sizes[owner]
    both_ends = (level[starts] == level[ends])[owner] & (groups.level == level[starts][owner])
    whole = ~_is_divided(groups, prices, owner)
    told = np.zeros(len(starts), dtype=bool)
    right = np.zeros(len(share), dtype=bool)
    for chosen in (both_ends & (share >= SIDE), whole, share >= 1 - SIDE):
        only = np.bincount(owner[chosen], minlength=len(starts)) == 1
        right |= chosen & (only & ~told)[owner]
        told |= only
    known = told[owner[groups.of_row]]
    return np.where(known, ~right[groups.of_row], change != 0)


def _is_divided(groups: _Groups, prices: Floats, owner: Ints) -> Flags:
    """Say which levels have prices with more digits than the exchange's tick has."""
    decimals = np.full(len(prices), MOST_DECIMALS)
    for places in range(MOST_DECIMALS - 1, -1, -1):
        shifted = prices * 10.0**places
        decimals[np.abs(shifted - np.round(shifted)) <= 1e-10 * shifted + 1e-9] = places
    fine = np.bincount(groups.of_row, decimals) / groups.count
    large = np.bincount(groups.of_row, prices) / groups.count >= LARGE
    fewest = np.full(owner.max(initial=0) + 1, np.inf)
    np.minimum.at(fewest, owner, fine)
    divided: Flags = large & (fine >= MANY_DECIMALS) & (fine >= fewest[owner] + 1.5)
    return divided


def _groups(code: Ints, level: Ints) -> _Groups:
    """Group rows by symbol and level."""
    low = int(level.min())
    width = int(level.max()) - low + 1
    key = code.astype(np.int64) * width + (level - low)
    unique, inverse, count = np.unique(key, return_inverse=True, return_counts=True)
    return _Groups(unique // width, unique % width + low, count, inverse)


def volume_moves_against(
    bars: Bars, rows: Ints, direction: Floats, factor: float, window: int
) -> Flags:
    """Say at which rows the volume stepped by about the inverse of the price's step.

    direction: +1 where the price rose by exp(factor), -1 where it fell by it.
    """
    volume = bars.table.floats(bars.volume)
    traded = np.where(volume > 0, volume, np.nan)
    before = medians_at(bars.table, traded, rows, range(-window, 0))
    after = medians_at(bars.table, traded, rows, range(window))
    known = (before.count >= 3) & (after.count >= 3)
    with np.errstate(invalid="ignore"):
        change = np.log(after.value / before.value)
        near: Flags = np.abs(change + direction * factor) <= VOLUME_TOLERANCE
    return known & near
