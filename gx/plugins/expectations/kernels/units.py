"""Levels that do not fit the symbol's other bars: a price in the wrong unit."""

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
    found whole. The unit of most bars is taken for the right one. A step after which the volume
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
    flags[usable] = _away_from_usual(code, np.cumsum(change))
    return flags


def _away_from_usual(code: Ints, level: Ints) -> Flags:
    """Flag the rows whose level is not the one that most rows of their symbol have."""
    keys, inverse, first, count = _groups(code, level)
    group_code = keys[0]
    best = np.lexsort((first, -count, group_code))
    leads = np.append(True, group_code[best][1:] != group_code[best][:-1])
    usual = np.zeros(len(group_code), dtype=bool)
    usual[best[leads]] = True
    return ~usual[inverse]


def _groups(code: Ints, level: Ints) -> tuple[tuple[Ints, Ints], Ints, Ints, Ints]:
    """Group rows by symbol and level."""
    low = int(level.min())
    width = int(level.max()) - low + 1
    key = code.astype(np.int64) * width + (level - low)
    unique, first, inverse, count = np.unique(
        key, return_index=True, return_inverse=True, return_counts=True
    )
    return (unique // width, unique % width), inverse, first, count


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
