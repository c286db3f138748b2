"""What a dataset declares of its symbols, splits and dividends, and at which bars that is.

It travels with the bars, in the `attrs` of their frame (`DECLARED`), so that every detector can
ask for it (`declared_of`) and none has to.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gx.plugins.expectations.kernels.bars import (
    MICROSECONDS_PER_HOUR,
    NO_TIME,
    Floats,
    Ints,
    SortedFrame,
)

DECLARED: Final = "declared"
MICROSECONDS_PER_DAY: Final = 24 * MICROSECONDS_PER_HOUR
SAME = 1e-9  # of a ratio: written otherwise it is the same
# Days between two rows that tell of one split: declared for a Saturday, and for the Monday.
TOLD_AGAIN = 7
_DAYS = 1 << 23  # more than there are from the year 1 to 9999
Remark = Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Actions:
    """One kind of corporate action: of which symbol, on which day (since 1970), how much."""

    symbol: NDArray[Any] = field(default_factory=lambda: np.zeros(0, dtype=object))
    day: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    value: Floats = field(default_factory=lambda: np.zeros(0))

    def __len__(self) -> int:
        """Count them."""
        return len(self.day)

    def and_those(self, other: "Actions") -> "Actions":
        """These and the others."""
        pairs = ((self.symbol, other.symbol), (self.day, other.day), (self.value, other.value))
        return Actions(*(np.concatenate(pair) for pair in pairs))


@dataclass(frozen=True, eq=False)
class Declared:
    """Splits (new shares per old one) and dividends (a share's, in the currency of its price).

    `adjusted`: the prices are in shares of today, so that no split shows in them. `remarks` are
    declarations that nobody can use, by symbol and date, and why.
    """

    splits: Actions = field(default_factory=Actions)
    dividends: Actions = field(default_factory=Actions)
    adjusted: bool = True
    remarks: tuple[Remark, ...] = ()

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        """Pandas copies `attrs` whenever it makes a frame of another one."""
        return self

    def and_those(self, other: "Declared") -> "Declared":
        """What this and another part of the market declare."""
        return Declared(
            self.splits.and_those(other.splits),
            self.dividends.and_those(other.dividends),
            self.adjusted,
            self.remarks + other.remarks,
        )


@dataclass(frozen=True)
class PlacedSplit:
    """A split at the first bar (sorted position) in new shares; its day is since 1970.

    Told again for a later bar of the same week, it is one split, and that bar one of its `rows`.
    """

    row: int
    symbol: str
    day: int
    ratio: float
    rows: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class PlacedSplits:
    """The splits that some bar follows, and what is wrong with the others."""

    splits: tuple[PlacedSplit, ...] = ()
    remarks: tuple[Remark, ...] = ()


def declared_of(table: SortedFrame) -> Declared | None:
    """What is declared of the table's symbols; None where nobody has declared anything."""
    found: Declared | None = table.frame.attrs.get(DECLARED)
    return found


def date_of(day: int) -> str:
    """A day since 1970 as 2014-06-09."""
    return str(np.datetime64(day, "D"))


def day_of(date: dt.date) -> int:
    """The days since 1970."""
    return (date - dt.date(1970, 1, 1)).days


def placed_splits(table: SortedFrame) -> PlacedSplits:
    """The declared splits at their bars: the first on the day itself or after it.

    One that is told in several rows counts once; of a day with several ratios none is used.
    """
    declared = declared_of(table)
    if declared is None or not len(declared.splits):
        return PlacedSplits()
    return table.memo("placed splits", lambda: _placed_splits(table, declared.splits))


def placed_rows(table: SortedFrame, actions: Actions) -> Ints:
    """The sorted position of the first bar on each action's day or after it; -1 without one."""
    code = codes_of(table, actions.symbol)
    key = table.memo("symbol and day", lambda: _keys(table))
    row = np.searchsorted(key, code * _DAYS + actions.day)
    there = (code >= 0) & (row < len(key))
    there[there] &= table.code[row[there]] == code[there]
    return np.where(there, row, -1)


def codes_of(table: SortedFrame, symbols: NDArray[Any]) -> Ints:
    """The table's code of each symbol, by its letters or else whatever their case; -1 without.

    Of two symbols of the table that differ by their case alone neither is meant by a third.
    """
    known = pd.Index(table.symbols)
    found: Ints = known.get_indexer(symbols).astype(np.int64)
    missing = np.flatnonzero(found < 0)
    if len(missing):
        plain = pd.Index([plain_symbol(one) for one in known])
        wanted = pd.Index([plain_symbol(one) for one in symbols[missing]])
        alike = plain[~plain.duplicated(keep=False)]
        found[missing] = np.where(wanted.isin(alike), _first(plain, wanted), -1)
    return found


def plain_symbol(symbol: object) -> str:
    """A symbol without what tables of actions write otherwise: case, and spaces around it."""
    return str(symbol).strip().upper()


def _first(known: pd.Index, wanted: pd.Index) -> Ints:
    places = {one: at for at, one in enumerate(known)}
    return np.array([places.get(one, -1) for one in wanted], dtype=np.int64)


def _keys(table: SortedFrame) -> Ints:
    """A number for each bar that grows with symbol and day; rows of no series come first."""
    day = np.where(table.local == NO_TIME, 0, table.local) // MICROSECONDS_PER_DAY
    code = table.code.astype(np.int64)  # an int32 of the 256th symbol is beyond its end
    key: Ints = np.where(code < 0, np.iinfo(np.int64).min, code * _DAYS + day)
    return key


def _placed_splits(table: SortedFrame, actions: Actions) -> PlacedSplits:
    rows = placed_rows(table, actions)
    columns = (rows.tolist(), actions.day.tolist(), actions.value.tolist())
    by_day: dict[tuple[int, int], list[tuple[int, float]]] = {}
    for row, day, ratio in sorted(zip(*columns, strict=True)):
        told = by_day.setdefault((int(table.code[row]), day), []) if row >= 0 else []
        if not any(_is_same(ratio, one) for _, one in told):
            told.append((row, ratio))
    remarks = [*_misspelt(table, actions)]
    splits: list[PlacedSplit] = []
    for (code, day), told in by_day.items():
        symbol = str(table.symbols[code])
        if len(told) > 1:
            named = " and as ".join(f"{ratio:g}" for _, ratio in told)
            says = f"a split is declared as {named}; none of them is used"
            remarks.append({"symbol": symbol, "date": date_of(day), "says": says})
        else:
            _add(splits, PlacedSplit(told[0][0], symbol, day, told[0][1], (told[0][0],)))
    return PlacedSplits(tuple(splits), tuple(remarks))


def _add(splits: list[PlacedSplit], split: PlacedSplit) -> None:
    """Add a split of the last symbol, or a bar to its last split where that is the same one."""
    last = splits[-1] if splits and splits[-1].symbol == split.symbol else None
    if last and _is_same(last.ratio, split.ratio) and split.day - last.day <= TOLD_AGAIN:
        splits[-1] = replace(last, rows=(*last.rows, split.row))
    elif last and last.row == split.row:  # two splits in a hole: one step shows of both
        splits[-1] = replace(last, ratio=last.ratio * split.ratio)
    else:
        splits.append(split)


def _is_same(ratio: float, other: float) -> bool:
    return abs(ratio / other - 1) < SAME


def _misspelt(table: SortedFrame, actions: Actions) -> Iterator[Remark]:
    """Symbols that are written otherwise than in the bars, once each."""
    codes = codes_of(table, actions.symbol)
    columns = (actions.symbol.tolist(), codes.tolist(), actions.day.tolist())
    told = {written: (code, day) for written, code, day in zip(*columns, strict=True)}
    for written, (code, day) in sorted(told.items()):
        if code >= 0 and written != table.symbols[code]:
            symbol = str(table.symbols[code])
            yield {
                "symbol": symbol,
                "date": date_of(day),
                "says": f"the symbol is written {written!r} in the declared splits",
            }
