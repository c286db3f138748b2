"""What the bars that were asked again say of those that are stored."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

PRICES, NUMBERS = ["open", "high", "low", "close"], ["open", "high", "low", "close", "volume"]
# Prices are rounded to a cent or a tick before and after an adjustment.
_ROUNDING = 0.011
# A dividend of less than this share of the price does not show beside the rounding.
_LEAST_FACTOR = 0.0005
# Of fewer bars a factor may be a coincidence, unless it is far from 1.
_LEAST_BARS, _FAR = 2, 0.2


@dataclass(frozen=True)
class Overlap:
    """``restated`` are the positions of other numbers in ``new``; ``factor`` is of all prices.

    A ``factor`` (new over old; None: there is none) means that the history was adjusted since. It
    is of all prices, or of those before a day: a split's, whose bar came before IB had adjusted.
    """

    restated: tuple[int, ...]
    factor: float | None = None


def compare(old: pd.DataFrame, new: pd.DataFrame) -> Overlap:
    """Compare stored bars with what IB says now; both by ``date``, with prices and ``volume``.

    Bars that only one of them has are not looked at. Unknown equals unknown.
    """
    place = old.index.get_indexer(new.index)
    shared = np.flatnonzero(place >= 0)
    was = old[NUMBERS].to_numpy(float)[place[shared]]
    is_now = new[NUMBERS].to_numpy(float)[shared]
    same = (was == is_now) | (np.isnan(was) & np.isnan(is_now))
    differs = ~same.all(axis=1)
    at = shared[differs]
    factor = _factor(was[:, :4], is_now[:, :4]) if differs.any() else None
    if factor is None:
        before = _begin_apart(was[:, :4] != is_now[:, :4])
        factor = _factor(was[:before, :4], is_now[:before, :4])
    return Overlap(tuple(int(one) for one in at), factor)


def _begin_apart(differs: np.ndarray) -> int:
    """How many bars at the beginning have other prices, if these are all that have; else 0."""
    rows = differs.sum(axis=1) > 0
    count = int(np.count_nonzero(rows))
    return count if np.all(rows[:count]) else 0


def _factor(was: np.ndarray, is_now: np.ndarray) -> float | None:
    """The number that all prices were multiplied with; None when there is none."""
    known = np.isfinite(was).all(axis=1) & np.isfinite(is_now).all(axis=1)
    old, new = was[known].ravel(), is_now[known].ravel()
    if not known.any() or (old <= 0).any() or (new <= 0).any():
        return None
    factor = float(np.median(new / old))
    least = _LEAST_FACTOR if known.sum() >= _LEAST_BARS else _FAR
    if abs(factor - 1) < least:
        return None
    # Both were rounded: the old one's rounding is multiplied as well.
    room = _ROUNDING * (1 + factor)
    return factor if (np.abs(new - old * factor) <= np.minimum(room, 0.02 * new)).all() else None
