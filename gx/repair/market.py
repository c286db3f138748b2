"""What the other symbols of a run did on a day."""

from functools import cached_property

import numpy as np
import pandas as pd

LARGE = 0.25  # log; the smallest split ratio, 3:2, is 0.405


class Market:
    """The bars of a run (symbol, date, open, close), asked about one day of one symbol."""

    def __init__(self, bars: pd.DataFrame) -> None:
        self._bars = bars

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
