"""How far apart each symbol's bars are."""

import numpy as np
import pandas as pd

from gx.plugins.expectations.kernels.bars import Ints, SortedFrame


def usual_steps(table: SortedFrame) -> Ints:
    """The commonest distance of each symbol's bars, in microseconds; 0 where none follows."""

    def compute() -> Ints:
        follows = ~table.first[1:] & (table.code[1:] >= 0)
        code, step = table.code[1:][follows], np.diff(table.instant)[follows]
        later = step > 0
        return commonest(code[later].astype(np.int64), step[later], table.symbol_count)

    return table.memo("usual steps", compute)


def commonest(group: Ints, value: Ints, groups: int) -> Ints:
    """The value that each group (from 0) has most often, of equals the least; 0 without any."""
    found = np.zeros(groups, dtype=np.int64)
    if not len(group):
        return found
    codes, values = pd.factorize(value)
    keys, pairs = pd.factorize(group * len(values) + codes)
    owner, its_value = pairs // len(values), np.asarray(values)[pairs % len(values)]
    order = np.lexsort((its_value, -np.bincount(keys), owner))
    leads = np.diff(owner[order], prepend=-1) != 0
    found[owner[order][leads]] = its_value[order][leads]
    return found
