"""Two symbols that carry the same bars.

What a part of the market says of it (`find_windows`) is 16 bytes a bar, so that the parts can be
read one after the other and judged together (`judge_windows`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gx.plugins.expectations.kernels.bars import (
    Bars,
    Flags,
    Ints,
    Judgement,
    MarketJudgement,
    symbols_with_fewer,
)
from gx.plugins.expectations.kernels.windows import covered

Hashes = NDArray[np.uint64]
LISTED = 20
ARRAYS = ("sums", "ends", "code", "order")


@dataclass(frozen=True)
class Windows:
    """The stretches of bars that another symbol could share.

    For each: the `sums` of its bars' hashes, its last bar (`ends`, a sorted position) and its
    symbol's `code` in `symbols`. `order` gives the frame's row of each sorted position; it is
    empty where they are the same. `judged_symbols` is how many symbols come before those of which
    there is only lookback.
    """

    rows: int
    sums: Hashes
    ends: Ints
    code: Ints
    order: Ints
    symbols: tuple[str, ...]
    judged_symbols: int


def duplicated_series(bars: Bars, *, sessions: int = 20, changes: int = 5) -> Judgement:
    """Flag bars of symbols that share time and all four prices for `sessions` bars in a row.

    Every bar gets a 64-bit hash of its time and prices; two windows of `sessions` bars are the
    same when their sums of hashes are (a chance meeting has the odds of 1 in 10^19). Windows in
    which the close changes fewer than `changes` times prove nothing and are left out. Volume
    is not compared: a copy from another venue has its own.
    """
    not_judged = symbols_with_fewer(bars, sessions)
    hashes = _hashes(bars)
    flags = np.zeros(len(bars.table), dtype=bool)
    if not (bars.table.code >= 0).any() or not _any_shared(bars, hashes):
        return Judgement(flags, not_judged)
    windows = _windows(bars, hashes, sessions, changes, bars.table.symbol_count)
    found = judge_windows([windows], sessions=sessions)
    flags[found.rows[0]] = True
    return Judgement(flags, not_judged, found.details)


def find_windows(bars: Bars, *, sessions: int, changes: int, judged_rows: int) -> Windows:
    """Say which stretches another symbol could share; from `judged_rows` on all is lookback."""
    symbols = len(pd.unique(bars.table.frame[bars.table.symbol_column].iloc[:judged_rows].dropna()))
    return _windows(bars, _hashes(bars), sessions, changes, symbols)


def judge_windows(parts: Sequence[Windows], *, sessions: int) -> MarketJudgement:
    """Find the stretches that symbols of all parts share; no symbol may be in two parts."""
    shared = _repeated(np.concatenate([part.sums for part in parts]))
    same = [np.flatnonzero(np.isin(part.sums, shared)) for part in parts]
    sums = np.concatenate([part.sums[at] for part, at in zip(parts, same, strict=True)])
    owners = np.concatenate(
        [
            (np.int64(number) << 32) + part.code[at]
            for number, (part, at) in enumerate(zip(parts, same, strict=True))
        ]
    )
    several = _of_several_symbols(owners, np.searchsorted(shared, sums))
    failing, at_fault, begin = [], [], 0
    for part, at in zip(parts, same, strict=True):
        chosen = at[several[begin : begin + len(at)]]
        begin += len(at)
        failing.append(_rows(part, part.ends[chosen], sessions))
        at_fault.append(np.unique(part.code[chosen]))
    return MarketJudgement(failing, _named(parts, at_fault))


def _windows(
    bars: Bars, hashes: Hashes, sessions: int, changes: int, judged_symbols: int
) -> Windows:
    table = bars.table
    ends = np.flatnonzero(_full_windows(bars, sessions, changes))
    total = np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(hashes, dtype=np.uint64)))
    return Windows(
        rows=len(table),
        sums=total[ends + 1] - total[ends + 1 - sessions],
        ends=ends,
        code=table.code[ends].astype(np.int64),
        order=np.zeros(0, dtype=np.int64) if table.order is None else table.order,
        symbols=tuple(str(symbol) for symbol in table.symbols),
        judged_symbols=judged_symbols,
    )


def _hashes(bars: Bars) -> Hashes:
    """Mix time and prices (splitmix64's finaliser)."""
    table = bars.table
    mixed = table.instant.view(np.uint64).copy()
    for column in bars.prices:
        mixed ^= table.floats(column).view(np.uint64)
        mixed *= np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    return mixed


def _any_shared(bars: Bars, hashes: Hashes) -> bool:
    return bars.table.symbol_count > 1 and len(pd.unique(pd.Series(hashes))) < len(hashes)


def _full_windows(bars: Bars, sessions: int, changes: int) -> Flags:
    """Say which bars end a window of `sessions` bars of one symbol in which the close moves."""
    table = bars.table
    close = table.floats(bars.close)
    changed = np.append(False, close[1:] != close[:-1])[: len(close)]
    moves = np.concatenate(([0], np.cumsum(changed & np.isfinite(close))))
    full: Flags = table.position >= sessions - 1
    ends = np.flatnonzero(full)
    enough = moves[ends + 1] - moves[ends + 2 - sessions] >= changes
    full = np.zeros(len(table), dtype=bool)
    full[ends[enough]] = True
    return full


def _repeated(sums: Hashes) -> Hashes:
    """Return the sums that occur more than once, in order; sorts them in place."""
    sums.sort()
    again: Hashes = np.unique(sums[1:][sums[1:] == sums[:-1]])
    return again


def _of_several_symbols(owners: Ints, group: Ints) -> Flags:
    if not len(owners):
        return np.zeros(0, dtype=bool)
    low = np.full(group.max() + 1, np.iinfo(np.int64).max)
    high = np.full(group.max() + 1, -1)
    np.minimum.at(low, group, owners)
    np.maximum.at(high, group, owners)
    several: Flags = (low < high)[group]
    return several


def _rows(part: Windows, ends: Ints, sessions: int) -> Ints:
    rows = np.flatnonzero(covered(ends - sessions + 1, ends + 1, part.rows))
    return part.order[rows] if len(part.order) else rows


def _named(parts: Sequence[Windows], at_fault: Sequence[Ints]) -> dict[str, list[str]]:
    """Name the symbols in the order in which one frame of all parts would number them."""
    judged = [p.symbols[c] for p, codes in zip(parts, at_fault, strict=True)
              for c in codes if c < p.judged_symbols]  # fmt: skip
    lookback = [p.symbols[c] for p, codes in zip(parts, at_fault, strict=True)
                for c in codes if c >= p.judged_symbols]  # fmt: skip
    listed = [*judged, *lookback][:LISTED]
    return {"symbols": listed} if listed else {}
