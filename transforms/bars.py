"""What is derived from bars."""

from collections.abc import Mapping, Sequence

import pandas as pd

from transforms.indicators import add_indicators


def enrich(
    bars: pd.DataFrame,
    *,
    previous_close: Mapping[str, float] | None = None,
    indicators: Sequence[str] = (),
    before: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The bars, sorted by symbol and date on a fresh RangeIndex, with three more columns or more.

    Needs symbol, date, high, low, close (prices float64, in the price's currency); every other
    column is carried along. Adds, all float64:
        daily_return     close / the symbol's previous close - 1; NaN on a symbol's first bar,
                         unless ``previous_close`` has the symbol's close from before these bars
        price_range      high - low, in the price's currency
        price_range_pct  price_range / close * 100, in percent
    and the columns of the ``indicators`` (see transforms.indicators), for which ``before`` has the
    bars that lie before these.
    The input is not changed. NaN in a price gives NaN, in the return of the next bar as well.
    """
    return (
        bars.pipe(sort_bars)
        .pipe(add_daily_return, previous_close=previous_close or {})
        .pipe(add_price_range)
        .pipe(add_price_range_pct)
        .pipe(add_indicators, indicators, before)
    )


def sort_bars(bars: pd.DataFrame) -> pd.DataFrame:
    """The rows by symbol and date; equal ones keep their order. The index is 0, 1, 2, …"""
    return bars.sort_values(["symbol", "date"], kind="stable", ignore_index=True)


def add_daily_return(bars: pd.DataFrame, *, previous_close: Mapping[str, float]) -> pd.DataFrame:
    """Add daily_return to sorted bars: the simple return from close to close of each symbol."""
    previous = bars["close"].groupby(bars["symbol"], sort=False, observed=True).shift()
    first = ~bars["symbol"].duplicated()
    before = bars.loc[first, "symbol"].map(previous_close).astype("float64")
    previous = previous.where(~first, before)
    return bars.assign(daily_return=daily_return(bars["close"], previous))


def daily_return(close: pd.Series, previous: pd.Series) -> pd.Series:
    """The simple return close / previous - 1 (float64); NaN where either is."""
    return (close / previous - 1).astype("float64")


def add_price_range(bars: pd.DataFrame) -> pd.DataFrame:
    """Add price_range: high - low, in the price's currency."""
    return bars.assign(price_range=(bars["high"] - bars["low"]).astype("float64"))


def add_price_range_pct(bars: pd.DataFrame) -> pd.DataFrame:
    """Add price_range_pct: price_range as a percentage of the close."""
    return bars.assign(
        price_range_pct=(bars["price_range"] / bars["close"] * 100).astype("float64")
    )
