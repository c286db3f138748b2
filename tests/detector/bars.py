"""Real daily bars to plant defects in."""

import pandas as pd
from bokeh_sampledata import stocks

SYMBOLS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")
AS_OF = "2013-03-01"
REAL_SPLITS = (("AAPL", "2000-06-21"), ("AAPL", "2005-02-28"), ("MSFT", "2003-02-18"))
REAL_CRASH = ("AAPL", "2000-09-29")
COLUMNS = ["symbol", "date", "open", "high", "low", "close", "volume"]


def real_bars() -> pd.DataFrame:
    """Return the 12,154 unadjusted bars, indexed 0.. by symbol and date, written next day."""
    frames = [pd.DataFrame(getattr(stocks, name)).assign(symbol=name) for name in SYMBOLS]
    bars = pd.concat(frames, ignore_index=True)
    bars["date"] = pd.to_datetime(bars["date"])
    bars = bars[COLUMNS].astype({"volume": "float64"})
    bars["created_at"] = bars["date"] + pd.Timedelta(days=1)
    return bars


def rows_of(bars: pd.DataFrame, events: tuple[tuple[str, str], ...]) -> list[int]:
    """Find the index of each (symbol, date)."""
    key = list(zip(bars["symbol"], bars["date"].dt.strftime("%Y-%m-%d"), strict=True))
    return [int(bars.index[key.index(event)]) for event in events]
