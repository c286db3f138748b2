"""The bars before the range, which travel beside the judged ones.

Great Expectations gets the judged bars alone, so that whatever counts rows counts those. A detector
must know what is ordinary for a symbol: it sees both, the judged bars first.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine

from gx.plugins.expectations.kernels.bars import BAR_SIZE, JUDGED, BarSize, Ints, SortedFrame
from gx.plugins.expectations.kernels.declared import DECLARED

LOOKBACK = "lookback"
# Of each symbol's lookback, the newest bars that are told when they fail now. Older ones were seen
# so by runs that had a fuller history of them: the first bars of a lookback have nothing before
# them, and what is judged by the last 60 bars or so would be judged by too few.
DOUBTED_BARS = 20


class Lookback:
    """A frame that pandas does not copy: it copies a frame's `attrs` whenever it makes another."""

    def __init__(self, frame: pd.DataFrame) -> None:
        """Hold the frame."""
        self.frame = frame

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self


@dataclass(frozen=True)
class SortedBars:
    """The judged bars, and a table of them and the lookback behind them for the detectors.

    The index of `frame` and of `lookback` says where their rows were before a condition took some.
    """

    frame: pd.DataFrame
    lookback: pd.Index
    table: SortedFrame

    @cached_property
    def newest(self) -> Ints:
        """The rows of the table that are a symbol's newest bars of the lookback, DOUBTED_BARS each.

        Rows without a symbol or a date are no symbol's.
        """
        if self.lookback.empty:
            return np.zeros(0, dtype=np.int64)
        order = np.arange(len(self.table)) if self.table.order is None else self.table.order
        before = np.flatnonzero((order >= len(self.frame)) & (self.table.code >= 0))
        code = self.table.code[before]
        last = np.append(code[1:] != code[:-1], True)
        ends = np.flatnonzero(last)
        following = ends[np.searchsorted(ends, np.arange(len(before)))] - np.arange(len(before))
        return np.sort(order[before[following < DOUBTED_BARS]]).astype(np.int64)

    def doubted(self, rows: Ints) -> Ints:
        """Which rows of the lookback are among these rows of the table, and new enough to tell."""
        found = np.intersect1d(rows, self.newest)
        return self.lookback.to_numpy(dtype=np.int64)[found - len(self.frame)]


def with_lookback(
    bars: pd.DataFrame, lookback: pd.DataFrame | None, bar_size: BarSize | None = None
) -> pd.DataFrame:
    """The bars as a batch, numbered from 0, with their lookback beside them."""
    frame = bars.reset_index(drop=True)
    if lookback is not None and len(lookback):
        frame.attrs[LOOKBACK] = Lookback(lookback.reset_index(drop=True))
    if bar_size is not None:
        frame.attrs[BAR_SIZE] = bar_size
    return frame


def sort_bars(
    frame: pd.DataFrame, symbol: str = "symbol", date: str = "date", **condition: object
) -> SortedBars:
    """Sort a batch with its lookback, which meets the batch's `row_condition` as well."""
    held: Lookback | None = frame.attrs.get(LOOKBACK)
    before = None if held is None else _meeting(held.frame, condition)
    if before is None or before.empty:
        return SortedBars(frame, pd.RangeIndex(0), SortedFrame(frame, symbol, date))
    whole = pd.concat([frame, before], ignore_index=True)
    whole.attrs = {name: frame.attrs.get(name) for name in (BAR_SIZE, DECLARED)}
    whole.attrs[JUDGED] = len(frame)
    return SortedBars(frame, before.index, SortedFrame(whole, symbol, date))


def _meeting(frame: pd.DataFrame, condition: dict[str, object]) -> pd.DataFrame:
    """The rows that meet the condition, as Great Expectations understands it."""
    if not condition.get("row_condition"):
        return frame
    engine = PandasExecutionEngine(batch_data_dict={LOOKBACK: frame})
    return engine.get_domain_records({"batch_id": LOOKBACK, **condition})
