"""What a model may know of a bar when it has closed, and what it is to foretell.

A feature is made of the bar and a fixed count of the symbol's bars before it, its *reach*, and of
nothing behind it: whatever follows, it stays the same to the last bit. All are float64 and free of
the price's scale. Where anything that a feature needs is not there, it is NaN; none is infinite.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from transforms.indicators import Prices, rsi, sma
from transforms.windows import Floats, Places, window_squares, window_sum

TARGET, KNOWN_AT = "target", "known_at"


class Bars:
    """Columns of bars that are sorted by symbol and date, and what lies before each."""

    def __init__(self, bars: pd.DataFrame) -> None:
        """Of bars with symbol, open, high, low, close, volume."""
        self._bars = bars
        symbol = bars["symbol"]
        self._first = (symbol != symbol.shift()).to_numpy(dtype=bool, na_value=True)
        everywhere = np.ones(len(bars), dtype=bool)
        self._places = Places.of(self._first, everywhere).counts

    def __getitem__(self, column: str) -> Floats:
        """A column; what is no finite number is NaN."""
        values = self._bars[column].to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.isfinite(values), values, np.nan)

    @cached_property
    def prices(self) -> Prices:
        """The bars as indicators take them."""
        return Prices(self._bars)

    def before(self, values: Floats, bars: int) -> Floats:
        """What the symbol's bar had that lies ``bars`` before; NaN where there is none."""
        found = np.full_like(values, np.nan)
        found[bars:] = values[: max(len(values) - bars, 0)]
        found[self._places < bars] = np.nan
        return found

    def change(self, bars: int) -> Floats:
        """The simple return from the close ``bars`` before."""
        return self["close"] / self.before(self["close"], bars) - 1

    def mean(self, values: Floats, bars: int) -> Floats:
        """The mean over the last ``bars`` bars, of which none may be unknown."""
        known, filled = self._known(values)
        return known.from_place(bars - 1, window_sum(filled, bars) / bars)

    def deviation(self, values: Floats, bars: int) -> Floats:
        """The standard deviation over the last ``bars`` bars (``bars`` - 1 degrees of freedom)."""
        known, filled = self._known(values)
        squares = window_squares(filled, bars) / (bars - 1)
        return known.from_place(bars - 1, np.sqrt(squares))

    def _known(self, values: Floats) -> tuple[Places, Floats]:
        known = np.isfinite(values)
        return Places.of(self._first, known), np.where(known, values, 0.0)


def _range_place(bars: Bars) -> Floats:
    return (bars["close"] - bars["low"]) / (bars["high"] - bars["low"])


def _volume_ratio(bars: Bars) -> Floats:
    return bars["volume"] / bars.mean(bars["volume"], 20)


# By name: the definition, in shares of 1 unless another unit is named. Jegadeesh and Titman (1993)
# for what returns over several bars may tell, Parkinson (1980) for ranges, Wilder (1978) for the
# RSI, Karpoff (1987) for volume.
FEATURES: Mapping[str, Callable[[Bars], Floats]] = {
    # From the close before, 5 and 20 bars before.
    "return_1": lambda bars: bars.change(1),
    "return_5": lambda bars: bars.change(5),
    "return_20": lambda bars: bars.change(20),
    # The open from the close before, the close from the open.
    "overnight": lambda bars: bars["open"] / bars.before(bars["close"], 1) - 1,
    "intraday": lambda bars: bars["close"] / bars["open"] - 1,
    # High less low as a share of the close, and where in it the close lies: 0 low, 1 high.
    "range": lambda bars: (bars["high"] - bars["low"]) / bars["close"],
    "range_place": _range_place,
    # The standard deviation of 20 returns, of a bar each.
    "volatility_20": lambda bars: bars.deviation(bars.change(1), 20),
    # Volume as a multiple of its mean over 20 bars, this one among them.
    "volume_ratio_20": _volume_ratio,
    # The close from the mean of 20 closes; Wilder's index, 0 to 100.
    "sma_ratio_20": lambda bars: bars["close"] / sma(bars.prices, 20) - 1,
    "rsi_14": lambda bars: rsi(bars.prices, 14),
}


def features(bars: pd.DataFrame, names: Sequence[str] = tuple(FEATURES)) -> pd.DataFrame:
    """These features (float64) of bars that are sorted by symbol and date, on the bars' index.

    Needs symbol, open, high, low, close, volume.
    """
    found = Bars(bars)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        made = {name: FEATURES[name](found) for name in names}
    finite = {name: np.where(np.isfinite(one), one, np.nan) for name, one in made.items()}
    return pd.DataFrame(finite, index=bars.index)


def targets(bars: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """What is to be foretold of each bar, on the bars' index; the one thing here that looks ahead.

    Needs symbol, date, close, sorted by symbol and date. Adds
        target     the simple return from the bar's close to that of the symbol's bar ``horizon``
                   bars later (float64); NaN where there is none
        known_at   the date of that bar (as `date`), before which nobody knows the target
    """
    ahead = bars.groupby("symbol", sort=False, observed=True)[["close", "date"]].shift(-horizon)
    target = ahead["close"] / bars["close"] - 1
    return pd.DataFrame(
        {TARGET: target.where(np.isfinite(target)).astype("float64"), KNOWN_AT: ahead["date"]}
    )
