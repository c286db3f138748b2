"""What the bars that were asked again say of those that are stored."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

PRICES, NUMBERS = ["open", "high", "low", "close"], ["open", "high", "low", "close", "volume"]
# Prices are rounded to a cent or a tick before and after an adjustment.
_ROUNDING = 0.011
# A dividend of less than this share of the price does not show beside the rounding.
_LEAST_FACTOR = 0.0005
# Of fewer bars a factor may be a coincidence.
_LEAST_BARS = 2


@dataclass(frozen=True)
class Overlap:
    """``restated`` are the positions of other numbers in ``new``; ``factor`` is of all prices.

    A ``factor`` (new over old; None: there is none) means that the history was adjusted since.
    """

    restated: tuple[int, ...]
    factor: float | None = None


def compare(old: pd.DataFrame, new: pd.DataFrame) -> Overlap:
    """Compare stored bars with what IB says now; both by ``date``, with prices and ``volume``.

    Bars that only one of them has are not looked at. Unknown equals unknown.
    """
    shared = new.index.intersection(old.index)
    was, is_now = (side.loc[shared, NUMBERS].to_numpy(float) for side in (old, new))
    same = (was == is_now) | (np.isnan(was) & np.isnan(is_now))
    differs = ~same.all(axis=1)
    at = new.index.get_indexer(shared[differs])
    factor = _factor(was[:, :4], is_now[:, :4]) if differs.any() else None
    return Overlap(tuple(int(one) for one in at), factor)


def _factor(was: np.ndarray, is_now: np.ndarray) -> float | None:
    """The number that all prices were multiplied with; None when there is none."""
    known = np.isfinite(was).all(axis=1) & np.isfinite(is_now).all(axis=1)
    old, new = was[known].ravel(), is_now[known].ravel()
    if known.sum() < _LEAST_BARS or (old <= 0).any() or (new <= 0).any():
        return None
    factor = float(np.median(new / old))
    if abs(factor - 1) < _LEAST_FACTOR:
        return None
    # Both were rounded: the old one's rounding is multiplied as well.
    room = _ROUNDING * (1 + factor)
    return factor if (np.abs(new - old * factor) <= np.minimum(room, 0.02 * new)).all() else None
