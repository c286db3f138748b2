"""Two symbols that carry the same bars."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gx.plugins.expectations.kernels.bars import (
    Bars,
    Flags,
    Ints,
    Judgement,
    symbols_with_fewer,
)

Hashes = NDArray[np.uint64]
LISTED = 20


def duplicated_series(bars: Bars, *, sessions: int = 20, changes: int = 5) -> Judgement:
    """Flag bars of symbols that share time and all four prices for `sessions` bars in a row.

    Every bar gets a 64-bit hash of its time and prices; two windows of `sessions` bars are the
    same when their sums of hashes are (a chance meeting has the odds of 1 in 10^19). Windows in
    which the close changes fewer than `changes` times prove nothing and are left out. Volume
    is not compared: a copy from another venue has its own.
    """
    table = bars.table
    not_judged = symbols_with_fewer(bars, sessions)
    hashes = _hashes(bars)
    if not (table.code >= 0).any() or not _any_shared(bars, hashes):
        return bars.judge(np.zeros(len(table), dtype=bool), not_judged)
    ends = np.flatnonzero(_full_windows(bars, sessions, changes))
    total = np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(hashes, dtype=np.uint64)))
    sums = total[ends + 1] - total[ends + 1 - sessions]
    same = pd.Series(sums).duplicated(keep=False).to_numpy()
    group = pd.factorize(sums[same])[0]
    ends = _of_several_symbols(bars, ends[same], group)
    return bars.judge(_covered(len(table), ends, sessions), not_judged, _pairs(bars, ends))


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


def _of_several_symbols(bars: Bars, ends: Ints, group: Ints) -> Ints:
    if not len(ends):
        return ends
    code = bars.table.code[ends].astype(np.int64)
    low = np.full(group.max() + 1, np.iinfo(np.int64).max)
    high = np.full(group.max() + 1, -1)
    np.minimum.at(low, group, code)
    np.maximum.at(high, group, code)
    return ends[(low < high)[group]]


def _covered(rows: int, ends: Ints, sessions: int) -> Flags:
    edges = np.zeros(rows + 1, dtype=np.int64)
    np.add.at(edges, ends - sessions + 1, 1)
    np.add.at(edges, ends + 1, -1)
    return np.cumsum(edges[:-1]) > 0


def _pairs(bars: Bars, ends: Ints) -> dict[str, list[str]]:
    codes = np.unique(bars.table.code[ends])[:LISTED]
    return {"symbols": [str(bars.table.symbols[code]) for code in codes]} if len(codes) else {}
