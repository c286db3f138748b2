"""The sentences with numbers beside a failing bar, as its expectations tell them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

from gx.names import columns_of
from gx.plugins.expectations import MARKET_EXPECTATIONS
from gx.plugins.expectations.tells import Flagged, Teller, number, shown
from gx.terms import BAR_COLUMNS

_TELLERS: Mapping[str, Teller | None] = {
    one.expectation_type: one.teller for one in MARKET_EXPECTATIONS
}
AROUND = 60  # bars on either side that tell the usual level


class Named(Protocol):
    """What is known of an expectation that failed."""

    @property
    def name(self) -> str:
        """Its short name."""

    @property
    def type(self) -> str:
        """Its type."""

    @property
    def kwargs(self) -> Mapping[str, Any]:
        """Its parameters."""


def told(
    rows: Sequence[Mapping[str, Any]], outcomes: Iterable[Named], bars: pd.DataFrame | None
) -> list[list[str]]:
    """Of each failing row what its numbers say, each sentence once.

    ``rows`` have the bar and ``expectations``, the short names of what it failed; ``bars``, those
    around them, may hold more symbols. Without bars, what asks for neighbours says nothing.
    """
    known = {one.name: one for one in outcomes}
    series = _series(rows, bars)
    found = []
    for row in rows:
        flagged = _flagged(row, series)
        said = (_say(known[one], flagged) for one in row.get("expectations", ()) if one in known)
        found.append([one for one in dict.fromkeys(said) if one])
    return found


def _say(expectation: Named, flagged: Flagged) -> str:
    teller = _TELLERS.get(expectation.type)
    if teller is not None:
        return teller(flagged)
    if expectation.type in _TELLERS:
        return ""
    # Great Expectations' own, and anybody's: the values that it looks at.
    names = [one for one in columns_of(expectation.kwargs) if one in BAR_COLUMNS[2:]]
    values = (f"{one} is {shown(number(flagged.bar, one))}" for one in names)
    return ", ".join(values)


def _series(
    rows: Sequence[Mapping[str, Any]], bars: pd.DataFrame | None
) -> dict[str, pd.DataFrame]:
    """The dated bars of each symbol that is asked for, in order."""
    if bars is None or bars.empty:
        return {}
    wanted = {row["symbol"] for row in rows}
    mine = bars[bars["symbol"].isin(wanted) & bars["date"].notna()]
    ordered = mine.sort_values("date", kind="stable")
    return {str(symbol): one for symbol, one in ordered.groupby("symbol", sort=False)}


def _flagged(row: Mapping[str, Any], series: Mapping[str, pd.DataFrame]) -> Flagged:
    own, moment = series.get(str(row["symbol"])), pd.Timestamp(row["date"])
    if own is None or pd.isna(moment):
        return Flagged(row)
    dates = own["date"]
    if dates.dt.tz is not None and moment.tzinfo is None:
        moment = moment.tz_localize("UTC")
    first, behind = (int(dates.searchsorted(moment, side=side)) for side in ("left", "right"))
    before = _bar(own, first - 1) if first > 0 else None
    after = _bar(own, behind) if behind < len(own) else None
    around = own["close"].iloc[max(0, first - AROUND) : behind + AROUND]
    usual = float(pd.to_numeric(around, errors="coerce").median())
    return Flagged(row, before, after, usual if np.isfinite(usual) else None)


def _bar(own: pd.DataFrame, at: int) -> dict[str, Any]:
    bar = own.iloc[at]
    return {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in bar.items()
        if name in BAR_COLUMNS
    }
