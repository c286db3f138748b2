"""Failing bars that follow each other are one event: a symbol, a first and a last bar."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gx.report.labels import date_label

Rows = NDArray[np.int64]
Objects = NDArray[Any]
LISTED = 20  # events that a report without its rows names


@dataclass(frozen=True, kw_only=True)
class Event:
    """Failing bars of one symbol between which none passes; None for a symbol that is missing."""

    symbol: str | None
    first_date: str | None
    last_date: str | None
    bars: int

    @property
    def span(self) -> str:
        """``2025-10-05 to 2025-10-20 (12 bars)``, or the day of a single bar."""
        if self.bars == 1:
            return self.first_date or "no date"
        return f"{self.first_date} to {self.last_date} ({self.bars:,} bars)"


def _nothing() -> Objects:
    return np.empty(0, dtype=object)


@dataclass(frozen=True)
class Events:
    """The events of an expectation, by symbol and date; of some only the first are known."""

    count: int = 0
    symbols: Objects = field(default_factory=_nothing)
    first: Objects = field(default_factory=_nothing)
    last: Objects = field(default_factory=_nothing)
    bars: Objects = field(default_factory=_nothing)

    def listed(self, most: int | None = None) -> list[Event]:
        """All of them that are known, or the first."""
        return [
            Event(
                symbol=None if pd.isna(symbol) else str(symbol),
                first_date=date_label(first),
                last_date=date_label(last),
                bars=int(bars),
            )
            for symbol, first, last, bars in zip(
                *(one[:most] for one in (self.symbols, self.first, self.last, self.bars)),
                strict=True,
            )
        ]

    def longest(self, most: int) -> list[Event]:
        """Those of more than one bar, the longest first."""
        listed = self.listed()
        several = [listed[at] for at in np.flatnonzero(self.bars.astype(np.int64) > 1)]
        return sorted(several, key=lambda one: -one.bars)[:most]

    def only(self, symbols: Sequence[str]) -> "Events":
        """Those of some symbols; none where not all events are known."""
        if self.count > len(self.symbols):
            return Events()
        mine = np.isin(self.symbols.astype(str), list(symbols))
        columns = (one[mine] for one in (self.symbols, self.first, self.last, self.bars))
        return Events(int(mine.sum()), *columns)

    @classmethod
    def of(cls, count: int, events: Sequence[Event]) -> Self:
        """Those of a document."""
        columns = [
            np.array([getattr(one, name) for one in events], dtype=object)
            for name in ("symbol", "first_date", "last_date", "bars")
        ]
        return cls(count, *columns)


def events_of(rows: Rows, places: Rows, symbols: pd.Series, dates: pd.Series) -> Events:
    """Put the failing `rows` together that are neighbours in their symbol's series.

    places, symbols, dates: of each of the rows the bar's place among all bars in order of symbol
    and date, its symbol and its date. A row without a symbol or a date is an event of its own.
    """
    if not len(rows):
        return Events()
    order = np.argsort(places, kind="stable")
    names = symbols.to_numpy(dtype=object)[order]
    when = dates.to_numpy(dtype=object)[order]
    known = symbols.notna().to_numpy()[order] & dates.notna().to_numpy()[order]
    begins = np.ones(len(rows), dtype=bool)
    begins[1:] = np.diff(places[order]) != 1
    begins[1:] |= (names[1:] != names[:-1]) | ~known[1:] | ~known[:-1]
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(rows)) - 1
    return Events(len(first), names[first], when[first], when[last], (last - first + 1))


def places_of(rows: Rows, bars: pd.DataFrame) -> Rows:
    """The place of each of these rows among all `bars` (symbol, date) in order of both.

    Only the bars of the symbols that have one of the rows are put in order.
    """
    if not len(rows):
        return rows
    codes, _ = pd.factorize(bars["symbol"])
    concerned = np.flatnonzero(np.isin(codes, codes[rows]))
    dates = pd.to_datetime(bars["date"].iloc[concerned], errors="coerce", utc=True)
    instants = dates.to_numpy(dtype="datetime64[us]").astype(np.int64)
    order = np.lexsort((instants, codes[concerned]))
    places = np.full(len(bars), -1, dtype=np.int64)
    places[concerned[order]] = np.arange(len(order))
    return places[rows]
