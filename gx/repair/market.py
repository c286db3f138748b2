"""What the other symbols of a run did on a day."""

from collections.abc import Collection
from functools import cached_property

import numpy as np
import pandas as pd

from gx.plugins.expectations.kernels.bars import Flags, Ints

LARGE = 0.25  # log; the smallest split ratio, 3:2, is 0.405


class Market:
    """The bars of a run (symbol, date, open, close), asked about one day of one symbol.

    ``splits`` are the rows at which the suite sees an unadjusted split; None: that is not known.
    """

    def __init__(self, bars: pd.DataFrame, splits: Collection[int] | None = None) -> None:
        self._bars, self._splits = bars, splits

    def may_split(self, rows: Ints) -> Flags:
        """Say at which rows there may be a split: a declared one is none that was forgotten."""
        known = self._splits
        return np.ones(len(rows), dtype=bool) if known is None else np.isin(rows, list(known))

    def is_calm(self, symbol: str, date: pd.Timestamp) -> bool:
        """Does no other symbol step away at the open of this day as well?"""
        here = self._steps.loc[self._steps["date"] == date]
        return not (here["symbol"] != symbol).any()

    @cached_property
    def _steps(self) -> pd.DataFrame:
        """The symbols and dates of large steps from a close to the next open."""
        dated = self._bars.loc[self._bars["date"].notna() & self._bars["symbol"].notna()]
        bars = dated[["symbol", "date"]].assign(
            open=pd.to_numeric(dated["open"], errors="coerce"),
            close=pd.to_numeric(dated["close"], errors="coerce"),
        )
        bars = bars.sort_values(["symbol", "date"], kind="stable")
        before = bars.groupby("symbol")["close"].shift()
        with np.errstate(invalid="ignore", divide="ignore"):
            step = np.abs(np.log(bars["open"].to_numpy(float) / before.to_numpy(float)))
        large: pd.DataFrame = bars.loc[step > LARGE, ["symbol", "date"]]
        return large
