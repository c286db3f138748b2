"""Files without a header: what each column is, where its numbers leave no doubt."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gx.files.layout.kinds import is_moment
from gx.files.meaning.columns import is_text, some_texts

Floats = NDArray[np.float64]
FEWEST = 10
SOME = 5_000
NEARER = 1.5


def names_by_evidence(columns: Sequence[pa.ChunkedArray]) -> tuple[str, ...] | None:
    """Names for date, time (if any), four prices and volume in MetaTrader's order, or None.

    Taken only when the second price is the highest and the third the lowest of every row, the first
    is near the fourth of the day before, and volumes are whole.
    """
    timed = len(columns) == 7
    if len(columns) not in (6, 7) or not all(map(is_text, columns)) or len(columns[0]) < FEWEST:
        return None
    moments = columns[: 1 + timed]
    if not all(all(map(is_moment, some_texts(cells))) for cells in moments):
        return None
    numbers = [_floats(cells) for cells in columns[1 + timed :]]
    if any(one is None for one in numbers):
        return None
    open_, high, low, close, volume = (one for one in numbers if one is not None)
    whole = (volume >= 0).all() and (volume == np.floor(volume)).all()
    forward = _runs_forward(moments)
    if not whole or forward is None:
        return None
    if not forward:
        open_, high, low, close = (one[::-1] for one in (open_, high, low, close))
    if not _is_ordered(open_, high, low, close):
        return None
    return ("date", *["time"] * timed, "open", "high", "low", "close", "volume")


def _runs_forward(moments: Sequence[pa.ChunkedArray]) -> bool | None:
    """Whether dates that begin with the year rise; None where they do not, nor fall."""
    days = moments[0].slice(0, SOME).to_pylist()
    if not all(day[:4].isdigit() and len(day) > 7 for day in days):
        return None
    rows = list(zip(*(cells.slice(0, SOME).to_pylist() for cells in moments), strict=True))
    if rows == sorted(rows):
        return True
    return False if rows == sorted(rows, reverse=True) else None


def _is_ordered(open_: Floats, high: Floats, low: Floats, close: Floats) -> bool:
    """In rows from the oldest to the newest: an opening is near the close before it."""
    inside = (high >= np.maximum(open_, close)).all() and (low <= np.minimum(open_, close)).all()
    if not inside or not (high > low).any():
        return False
    gaps, across = np.abs(open_[1:] - close[:-1]), np.abs(close[1:] - open_[:-1])
    return bool(gaps.mean() * NEARER < across.mean())


def _floats(cells: pa.ChunkedArray) -> Floats | None:
    try:
        numbers = pc.cast(cells.slice(0, SOME), pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        return None
    return numbers if np.isfinite(numbers).all() else None
