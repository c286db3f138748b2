"""The rows of a file, and which of them are no bars that the table may hold."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sql.errors import LoadError
from sql.target import Target
from sql.terms import BAR, NUMBERS

NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
Faults = NDArray[np.object_]


@dataclass(frozen=True)
class Faulty:
    """A row that cannot be stored for a fault of its own: its line in the file, and why."""

    line: int
    reason: str


class FileRows:
    """Rows as `load_bars` takes them; `place` says what they are counted by: line or row."""

    def __init__(self, table: pa.Table) -> None:
        """Fill in the columns that the table may lack, and write its numbers as text."""
        lacking = [name for name in BAR if name not in table.column_names]
        if lacking:
            raise LoadError(f"The file has no column {', '.join(lacking)}; name or add it.")
        self.place = "line" if "line" in table.column_names else "row"
        fillers = {
            self.place: pa.array(np.arange(1, table.num_rows + 1)),
            "fault": pa.nulls(table.num_rows, pa.string()),
            "missing": pa.nulls(table.num_rows, pa.string()),
        }
        for name, filler in fillers.items():
            if name not in table.column_names:
                table = table.append_column(name, filler)
        for name in NUMBERS:
            position = table.column_names.index(name)
            table = table.set_column(position, name, _digits(table[name]))
        self.table = table

    def with_faults(self, target: Target) -> pa.Table:
        """The rows, each with its `fault` if it is no bar that the table may hold."""
        faults: Faults = self.table["fault"].to_numpy(zero_copy_only=False).copy()
        self._find_missing(faults, target)
        self._find_endless(faults)
        self._find_repeated(faults)
        position = self.table.column_names.index("fault")
        return self.table.set_column(position, "fault", pa.array(faults, pa.string()))

    def _find_missing(self, faults: Faults, target: Target) -> None:
        """A bar has a symbol and a date; of the rest it lacks what the table says it may."""
        empty = pc.fill_null(pc.equal(self.table["symbol"], ""), True)
        _note(faults, empty, lambda _: "column symbol: it has none")
        _note(faults, pc.is_null(self.table["date"]), lambda _: "column date: it has none")
        for name in NUMBERS:
            if target.columns[name].not_null:
                _note(faults, pc.is_null(self.table[name]), self._lacks)

    def _lacks(self, row: int) -> str:
        stated = self.table["missing"][row].as_py()
        if stated is None:
            stated = ", ".join(name for name in NUMBERS if not self.table[name][row].is_valid)
        return f"column {stated} is no number, and stock_data may not lack one"

    def _find_endless(self, faults: Faults) -> None:
        """A text that is no number, or an infinite one."""
        for name in NUMBERS:
            texts = self.table[name]
            try:
                bad = pc.invert(pc.is_finite(pc.cast(texts, pa.float64())))
            except pa.ArrowInvalid:
                bad = pc.invert(pc.match_substring_regex(texts, NUMBER))
            _note(faults, bad, partial(self._no_number, name))

    def _no_number(self, name: str, row: int) -> str:
        return f"column {name}: {self.table[name][row].as_py()!r} is no finite number"

    def _find_repeated(self, faults: Faults) -> None:
        usable = np.array([row for row, fault in enumerate(faults) if fault is None], np.int64)
        keys = self.table.select(["symbol", "date"]).take(pa.array(usable)).to_pandas()
        again = keys.duplicated(keep=False).to_numpy()
        if not again.any():
            return
        rows, same = pd.Series(usable[again]), keys[again].reset_index(drop=True)
        for (symbol, day), places in rows.groupby([same["symbol"], same["date"]], sort=False):
            self._mark_repeated(faults, f"{symbol} {day}", places.tolist())

    def _mark_repeated(self, faults: Faults, bar: str, rows: list[int]) -> None:
        """The first stays when all say the same, or the only one that lacks nothing; else none."""
        bars = [self._numbers(row) for row in rows]
        whole = [row for row, numbers in zip(rows, bars, strict=True) if None not in numbers]
        chosen = rows[0] if len(set(bars)) == 1 else whole[0] if len(whole) == 1 else None
        lines = {row: self.table[self.place][row].as_py() for row in rows}
        for row in rows:
            if row != chosen:
                others = ", ".join(str(line) for other, line in lines.items() if other != row)
                faults[row] = f"it is the bar {bar}, as {self.place} {others} is"

    def _numbers(self, row: int) -> tuple[Decimal | None, ...]:
        texts = (self.table[name][row].as_py() for name in NUMBERS)
        return tuple(None if text is None else Decimal(text) for text in texts)


def faulty_rows(rows: pa.Table) -> list[Faulty]:
    """The rows that have a fault, by line."""
    place = "line" if "line" in rows.column_names else "row"
    bad = rows.filter(pc.is_valid(rows["fault"]))
    found = zip(bad[place].to_pylist(), bad["fault"].to_pylist(), strict=True)
    return [Faulty(line, why) for line, why in sorted(found)]


def refusal(rows: pa.Table, good: int) -> str:
    """What to say of rows with faults that nobody sets aside; `good` others have none."""
    place = "line" if "line" in rows.column_names else "row"
    first, *others = faulty_rows(rows)
    more = f" (and {len(others):,} more such row{'s' * (len(others) > 1)})" if others else ""
    alone = "" if good else " No row is left to load."
    return f"{place} {first.line}, {first.reason}{more}.{alone} Nothing was loaded."


def _note(faults: Faults, bad: pa.ChunkedArray, said: Callable[[int], str]) -> None:
    for row in np.flatnonzero(pc.fill_null(bad, False)):
        if faults[row] is None:
            faults[row] = said(int(row))


def _digits(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers as text, in the fewest digits that say them; NaN says none."""
    if pa.types.is_floating(cells.type):
        cells = pc.if_else(pc.is_nan(cells), pa.scalar(None, cells.type), cells)
    return pc.cast(cells, pa.string())
