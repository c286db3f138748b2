"""What one pass over a frame tells of its columns, for every expectation that asks about them."""

from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

_FEW = 10  # rows to a distinct value, from which looking at the values alone is worth it
_LONG = 10_000  # rows from which it is


class Columns:
    """A frame's columns; what was found of one is kept.

    Nothing is estimated: a method says what is certain, or None (False) where it would have to look
    row by row. The frame must not change.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        """Hold the frame."""
        self.frame = frame
        self._missing: dict[str, int] = {}
        self._distinct: dict[str, pd.DataFrame | None] = {}

    @cached_property
    def plain(self) -> bool:
        """Whether there are rows, on a plain index, in columns that each have a name of their own.

        What Great Expectations makes of any other frame is for it to say.
        """
        index = self.frame.index
        return len(index) > 0 and isinstance(index, pd.RangeIndex) and self.frame.columns.is_unique

    def missing(self, name: str) -> int:
        """How many values are missing (NULL, NaN, NaT)."""
        if name not in self._missing:
            column = self.frame[name]
            # One look without an array of flags: a minimum is NaN where any value is.
            if _is_float(column) and not np.isnan(np.min(column.to_numpy())):
                self._missing[name] = 0
            else:
                self._missing[name] = int(np.count_nonzero(column.isna()))
        return self._missing[name]

    def whole(self, *names: str) -> bool:
        """Whether the columns are there, and no value of them is missing."""
        return all(name in self.frame.columns and not self.missing(name) for name in names)

    def extremes(self, name: str) -> tuple[Any, Any] | None:
        """The least and the greatest value of a column of float64 or int64; None of any other."""
        column = self.frame[name]
        if column.dtype not in (np.dtype(np.float64), np.dtype(np.int64)):
            return None
        values = column.to_numpy()
        if self.missing(name):
            values = values[~np.isnan(values)]
        return (values.min(), values.max()) if len(values) else None

    def alike(self, first: str, second: str) -> bool:
        """Whether two columns are of one type that numpy compares by itself."""
        dtype = self.frame[first].dtype
        return (
            isinstance(dtype, np.dtype)
            and dtype.kind in "ifM"
            and dtype == self.frame[second].dtype
        )

    def unique(self, name: str) -> bool:
        """Whether no value comes twice in a column without missing ones."""
        return self.whole(name) and self._ordered(name) and bool(self.frame[name].is_unique)

    def unique_together(self, first: str, second: str) -> bool:
        """Whether no pair of values comes twice; False also where that is not seen at a glance.

        It is seen where equal values of one column lie together and the other one rises within
        them, as in bars that are sorted by symbol and date.
        """
        if not (self.whole(first, second) and self._ordered(first) and self._ordered(second)):
            return False
        return self._rises_within(first, second) or self._rises_within(second, first)

    def distinct(self, name: str) -> pd.DataFrame | None:
        """The distinct values that are not missing, a frame of that column; None of many.

        Of texts and dates alone: of those, equal values are the same in every respect.
        """
        if name not in self._distinct:
            self._distinct[name] = self._few_values(name) if len(self.frame) >= _LONG else None
        return self._distinct[name]

    def _few_values(self, name: str) -> pd.DataFrame | None:
        column = self.frame[name]
        if not (isinstance(column.dtype, pd.StringDtype) or column.dtype.kind == "M"):
            return None
        values = column.dropna().drop_duplicates()
        few = len(values) * _FEW <= len(column)
        return values.to_frame().reset_index(drop=True) if few else None

    def _ordered(self, name: str) -> bool:
        dtype = self.frame[name].dtype
        return isinstance(dtype, pd.StringDtype) or (
            isinstance(dtype, np.dtype) and dtype.kind in "ifM"
        )

    def _rises_within(self, group: str, rising: str) -> bool:
        last = self.frame[rising].array
        keys = self.frame[group].array
        begins = np.asarray(keys[1:] != keys[:-1], dtype=bool)
        rises = np.asarray(last[1:] > last[:-1], dtype=bool)
        if not (begins | rises).all():
            return False
        heads = self.frame[group].iloc[np.append(0, np.flatnonzero(begins) + 1)]
        return bool(heads.is_unique)


def _is_float(column: pd.Series) -> bool:
    return column.dtype == np.dtype(np.float64) and len(column) > 0
