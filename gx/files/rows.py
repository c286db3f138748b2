"""A file's rows with every number as the file has it: to be stored, not judged."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from gx.errors import BarFileError
from gx.files.lines import first_lines, lines_of
from gx.files.read import (
    NUMBERS,
    Source,
    blank_to_null,
    days_in,
    is_parquet,
    read_source,
    stamps_in,
)
from gx.files.stamps import MOST
from gx.suite.calendars import SUITE, Calendars, suite_calendars
from gx.symbols import symbol_fault

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_ZERO = r"^[+-]?0*\.?0*([eE][+-]?\d+)?$"
_NAN = r"^(?i)[+-]?nan$"


def read_rows(
    path: Path, *, symbol: str | None = None, calendars: Calendars | None = None
) -> pa.Table:
    """The rows of a file of daily bars, as they are to be stored.

    Columns: ``line`` (int64, the file's own, from 1; ``row`` for Parquet); symbol (string); date
    (date32); open, high, low, close, volume (string: a number, null where there is none);
    ``missing`` (string: which cells hold no number, and what instead, as "open: '' (and low '')";
    mostly null); ``fault``
    (string: what keeps the row from being a bar; mostly null). ``symbol`` and ``calendars`` are as
    for ``read_bars``; blank lines are left out.

    Raises BarFileError for a file that is not one of daily bars.
    """
    source = read_source(path, symbol)
    source.require_columns()
    return _Rows(source).table(calendars or suite_calendars(SUITE))


def rows_as_written(path: Path, numbers: Sequence[int]) -> list[str]:
    """The text of rows by their line; of Parquet by their row, the values with commas between."""
    if is_parquet(path):
        taken = pq.read_table(path).take(pa.array([number - 1 for number in numbers], pa.int64()))
        return [",".join(map(str, row.values())) for row in taken.to_pylist()]
    lines = lines_of(path.read_bytes())
    starts = np.append(first_lines(path), len(lines) + 1)
    ends = starts[np.searchsorted(starts, np.asarray(numbers, np.int64), side="right")]
    pairs = zip(numbers, ends, strict=True)
    return ["\n".join(lines[first - 1 : end - 1]).rstrip("\n") for first, end in pairs]


class _Rows:
    """A file's rows while their faults are being found: of each row the first one counts."""

    def __init__(self, source: Source) -> None:
        self.source, self.cells = source, source.cells
        self.faults: NDArray[np.object_] = np.full(len(source.cells), None, object)
        self.missing: dict[int, list[tuple[str, str]]] = {}

    def table(self, calendars: Calendars) -> pa.Table:
        """The rows that are no blank lines, and behind them the torn ones."""
        place = "row" if self.source.is_parquet else "line"
        lines = self.source.lines
        columns: dict[str, object] = {place: pa.array(lines[self.source.rows])}
        columns["symbol"] = self._symbols()
        columns["date"] = self._days(calendars)
        columns |= {name: self._number(name) for name in NUMBERS}
        missing = np.full(len(self.cells), None, object)
        for row, said in self.missing.items():
            name, cell = said[0]
            others = ", ".join(f"{other} {shown}" for other, shown in said[1:])
            missing[row] = f"{name}: {cell}" + (f" (and {others})" if others else "")
        columns["missing"] = pa.array(missing, pa.string())
        columns["fault"] = pa.array(self.faults, pa.string())
        torn = {
            place: pa.array([lines[torn.row] for torn in self.source.torn], pa.int64()),
            "fault": pa.array([f"it {torn.said}" for torn in self.source.torn], pa.string()),
        }
        whole = pa.table(columns).filter(self.source.filled)
        return pa.concat_tables([whole, pa.table(torn)], promote_options="default")

    def _symbols(self) -> pa.ChunkedArray:
        """Nothing is taken off a symbol: with a space before it, it would be another one's."""
        texts = pc.cast(self.cells["symbol"], pa.string())
        trimmed = pc.utf8_trim_whitespace(texts)
        self._fault("symbol", pc.fill_null(pc.equal(trimmed, ""), True), "is no symbol")
        alike: dict[str, list[str]] = defaultdict(list)
        for symbol in texts.drop_null().unique().to_pylist():
            if fault := symbol_fault(symbol):
                alike[fault].append(symbol)
        for fault, symbols in alike.items():
            self._fault("symbol", pc.is_in(texts, pa.array(symbols, pa.string())), fault)
        return texts

    def _days(self, calendars: Calendars) -> pa.Array:
        stamps = stamps_in(self.cells["date"])
        if len(stamps.bad) >= MOST:
            row = int(stamps.bad[0])
            where = self.source.place(int(self.source.rows[row]))
            cell = self.cells["date"][row].as_py()
            raise BarFileError(f"{self.source.path}, {where}, column date: {cell!r} is no date")
        self._fault("date", pc.is_null(stamps.written), "is no date (YYYY-MM-DD)")
        return days_in(self.source, stamps, calendars)

    def _number(self, name: str) -> pa.ChunkedArray:
        """The column's digits, as text; null where there is no number."""
        texts = blank_to_null(pc.cast(self.cells[name], pa.string()))
        texts = pc.if_else(
            pc.match_substring_regex(texts, _NAN), pa.scalar(None, pa.string()), texts
        )
        if texts.null_count:
            self._note_missing(name, texts)
        numbers, texts = self._floats(name, texts)
        self._fault(name, pc.invert(pc.is_finite(numbers)), "is not finite")
        zero = pc.fill_null(pc.equal(numbers, 0), False)
        small = pc.invert(pc.match_substring_regex(texts.filter(zero), _ZERO))
        if pc.any(small).as_py():
            rows = np.flatnonzero(zero)[np.flatnonzero(small)]
            self._fault(name, rows, "is nearer to zero than the gate can read")
        return texts

    def _floats(self, name: str, texts: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
        try:
            return pc.cast(texts, pa.float64()), texts
        except pa.ArrowInvalid:
            infinite = pc.match_substring_regex(texts, r"(?i)^[+-]?inf(inity)?$")
            number = pc.or_(pc.match_substring_regex(texts, _NUMBER), infinite)
        self._fault(name, pc.fill_null(pc.invert(number), False), "is no number")
        texts = pc.if_else(number, texts, pa.scalar(None, pa.string()))
        return pc.cast(texts, pa.float64()), texts

    def _fault(self, name: str, bad: object, said: str) -> None:
        """Note a fault where ``bad`` (bool, null: not bad; or rows) says so."""
        rows = bad if isinstance(bad, np.ndarray) else _true(bad)
        for row in rows:
            if self.faults[row] is None:
                self.faults[row] = f"column {name}: {self._shown(name, row)} {said}"

    def _note_missing(self, name: str, texts: pa.ChunkedArray) -> None:
        for row in _true(pc.is_null(texts)):
            self.missing.setdefault(row, []).append((name, self._shown(name, row)))

    def _shown(self, name: str, row: int) -> str:
        """A cell as the file wrote it."""
        cell = self.cells[name][int(row)]
        return repr(cell.as_py()) if pa.types.is_string(cell.type) else str(cell)


def _true(mask: pa.ChunkedArray) -> NDArray[np.int64]:
    return np.flatnonzero(pc.fill_null(mask, False))
