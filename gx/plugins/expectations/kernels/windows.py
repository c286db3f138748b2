"""Comparisons with a moving median, per symbol, without computing the median.

`x > factor * median(window)` says no more than: fewer than half of the window is at least
`x / factor`. Counting that takes one pass per lag over all symbols (0.06 s for a million rows
and 60 lags), where a moving median takes five times and a moving MAD twenty times as long.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gx.plugins.expectations.kernels.bars import Flags, Floats, Ints

CHUNK = 1 << 15  # rows whose counters stay in the processor's cache


@dataclass(frozen=True)
class Comparison:
    """`exceeds` is True where the value is above; full where the window was full enough."""

    exceeds: Flags
    full: Flags


class Series(Protocol):
    """Rows in order of symbol and time: how many of the symbol come before each, and after it."""

    @property
    def position(self) -> NDArray[np.int32]:
        """-1 for a row of no series."""

    @property
    def remaining(self) -> NDArray[np.int32]:
        """-1 for a row of no series."""


def exceeds_median(
    table: Series,
    value: Floats,
    reference: Floats,
    *,
    window: int,
    minimum: int,
    both_sides: bool = False,
) -> Comparison:
    """Compare each value with the median of the reference over the symbol's neighbouring bars.

    The bar itself is left out. NaN in the reference is skipped; a NaN value exceeds nothing.
    Of an even number of values the upper one in the middle is the median.
    With `both_sides` the window is `window` bars before and `window` bars after.
    """
    at_least, valid = _counts(value, reference, table.position, window)
    if both_sides:
        back = slice(None, None, -1)
        after = _counts(value[back], reference[back], table.remaining[back], window)
        at_least = at_least + after[0][back]
        valid = valid + after[1][back]
    full = (valid >= minimum) & np.isfinite(value)
    return Comparison(full & (2 * at_least < valid), full)


def _counts(
    value: Floats, reference: Floats, position: NDArray[np.int32], window: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Count, over the `window` earlier rows of the symbol, reference >= value, and non-NaN."""
    rows = len(value)
    at_least = np.zeros(rows, dtype=np.int32)
    for begin in range(0, rows, CHUNK):
        end = min(rows, begin + CHUNK)
        for lag in range(1, window + 1):
            low = max(begin, lag)
            if low >= end:
                break
            hit = reference[low - lag : end - lag] >= value[low:end]
            at_least[low:end] += hit & (position[low:end] >= lag)
    return at_least, _valid_before(reference, position, window)


def _valid_before(reference: Floats, position: NDArray[np.int32], window: int) -> NDArray[np.int32]:
    total = np.concatenate(([0], np.cumsum(np.isfinite(reference), dtype=np.int32)))
    row = np.arange(len(reference))
    span = np.clip(position, 0, window)
    valid: NDArray[np.int32] = (total[row] - total[row - span]).astype(np.int32)
    return valid


@dataclass(frozen=True)
class Medians:
    """The median of what is there (NaN where nothing is), and of how many values."""

    value: Floats
    count: NDArray[np.int64]


def medians_at(table: Series, values: Floats, rows: Ints, offsets: range) -> Medians:
    """Take exact medians over the bars at `offsets` from a few chosen rows, per symbol.

    For candidates only: the cost is len(rows) * len(offsets).
    """
    median = np.empty(len(rows))
    count = np.empty(len(rows), dtype=np.int64)
    for begin in range(0, len(rows), CHUNK):
        part = slice(begin, begin + CHUNK)
        median[part], count[part] = _medians(table, values, rows[part], offsets)
    return Medians(median, count)


def _medians(
    table: Series, values: Floats, rows: Ints, offsets: range
) -> tuple[Floats, NDArray[np.int64]]:
    around = values_around(table, values, rows, offsets)
    around = np.sort(np.where(np.isfinite(around), around, np.nan), axis=1)
    count = np.isfinite(around).sum(axis=1)
    low = np.maximum(count - 1, 0) // 2
    high = np.minimum(count // 2, len(offsets) - 1)
    pick = np.arange(len(rows))
    return (around[pick, low] + around[pick, high]) / 2, count


def values_around(table: Series, values: Floats, rows: Ints, offsets: Sequence[int]) -> Floats:
    """The values at `offsets` from a few chosen rows, a column each; NaN beyond the symbol's."""
    shift = np.array(offsets)
    inside = (shift >= -table.position[rows, None]) & (shift <= table.remaining[rows, None])
    around = values[np.clip(rows[:, None] + shift, 0, max(len(values) - 1, 0))]
    return np.where(inside, around, np.nan)


def runs_of(flags: Flags) -> tuple[Ints, Ints]:
    """Where each run of True begins, and the place behind its end."""
    edges = np.diff(np.concatenate(([False], flags, [False])).astype(np.int8))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def covered(begin: Ints, end: Ints, rows: int) -> Flags:
    """Say which of so many rows lie from a `begin` on and before its `end`."""
    edges = np.zeros(rows + 1, dtype=np.int64)
    np.add.at(edges, begin, 1)
    np.add.at(edges, end, -1)
    inside: Flags = np.cumsum(edges[:-1]) > 0
    return inside
