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


def compare(old: pd.DataFrame, new: pd.DataFrame, *, adjusted: bool = False) -> Overlap:
    """Compare stored bars with what IB says now; both by ``date``, with prices and ``volume``.

    Bars that only one of them has are not looked at. Unknown equals unknown. ``adjusted`` prices
    change by each dividend, however small.
    """
    place = old.index.get_indexer(new.index)
    shared = np.flatnonzero(place >= 0)
    was = old[NUMBERS].to_numpy(float)[place[shared]]
    is_now = new[NUMBERS].to_numpy(float)[shared]
    same = (was == is_now) | (np.isnan(was) & np.isnan(is_now))
    differs = ~same.all(axis=1)
    at = shared[differs]
    factor = _factor(was[:, :4], is_now[:, :4], adjusted) if differs.any() else None
    return Overlap(tuple(int(one) for one in at), factor)


def _factor(was: np.ndarray, is_now: np.ndarray, adjusted: bool) -> float | None:
    """The number that the prices of before a day were multiplied with; None when there is none.

    Bars that are restated besides have another one: most of those up to that day tell. A bar of
    before that is as it was tells that nothing was adjusted.
    """
    both = np.concatenate([was, is_now], axis=1)
    known = np.all(np.isfinite(both) & (both > 0), axis=1)
    old, new = was[known], is_now[known]
    differs = np.any(old != new, axis=1)
    if not differs.any():
        return None
    factor = _commonest(old, new, differs)
    fits = _fits(old, new, factor)
    told = int(np.count_nonzero(fits & differs))
    least = _FAR if told < _LEAST_BARS else 0.0 if adjusted else _LEAST_FACTOR
    if not told or factor == 1 or abs(factor - 1) < least:
        return None
    before = slice(int(np.flatnonzero(fits & differs)[-1]))
    other = int(np.count_nonzero(differs[before] & ~fits[before]))
    unmoved = bool((~differs[before] & ~fits[before]).any())
    alone = told < np.count_nonzero(differs)
    # Beside others, a bar by itself is no factor, and neither is what a cent explains.
    vague = alone and (told < _LEAST_BARS or bool(_fits(old, new, 1.0)[fits].all()))
    return None if unmoved or vague or told <= other else factor


def _commonest(old: np.ndarray, new: np.ndarray, differs: np.ndarray) -> float:
    """Of the bars that differ the number that fits most of them."""
    each = np.median(new[differs] / old[differs], axis=1)
    fitted = np.array([np.count_nonzero(_fits(old, new, one) & differs) for one in each])
    return float(np.median(each[fitted == fitted.max()]))


def _fits(old: np.ndarray, new: np.ndarray, factor: float) -> np.ndarray:
    """Which bars were multiplied by it. Both were rounded, the old one's rounding as well."""
    room = _ROUNDING * (1 + factor)
    near = np.abs(new - old * factor) <= np.minimum(room, 0.02 * new)
    return np.asarray(np.all(near, axis=1))
