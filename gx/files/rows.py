"""A file's rows with every number as the file has it: to be stored, not judged."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gx.errors import BarFileError
from gx.files.asked.format import Format
from gx.files.dates.stamps import MOST
from gx.files.layout.lines import first_lines, lines_of
from gx.files.meaning.columns import is_text
from gx.files.meaning.names import NUMBERS
from gx.files.opening.encodings import decoded
from gx.files.read import days_in, only_source
from gx.files.source import AS_IT_IS, Source
from gx.suite.calendars import SUITE, Calendars, suite_calendars
from gx.symbols import symbol_fault

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_ZERO = r"^[+-]?0*\.?0*([eE][+-]?\d+)?$"
_NAN = r"^(?i)[+-]?nan$"


def read_rows(
    path: Path,
    *,
    symbol: str | None = None,
    calendars: Calendars | None = None,
    asked: Format = AS_IT_IS,
) -> pa.Table:
    """The rows of one file of daily bars, as they are to be stored: see ``rows_in``.

    ``symbol``, ``calendars`` and ``asked`` are as for ``read_bars``.
    """
    named = asked if symbol is None else asked.over(Format(symbol=symbol))
    return rows_in(only_source(path, named), calendars)


def rows_in(source: Source, calendars: Calendars | None = None) -> pa.Table:
    """The rows of a file of daily bars that was understood, as they are to be stored.

    Columns: ``line`` (int64, the file's own, from 1; ``row`` for Parquet and Excel); symbol
    (string); date (date32); open, high, low, close, volume (string: a number in the file's digits,
    null where there is none); ``missing`` (string: which cells hold no number, and what instead, as
    "open: '' (and low '')"; mostly null); ``fault`` (string: what keeps the row from being a bar;
    mostly null). Blank lines are left out.

    Raises BarFileError for a file that is not one of daily bars.
    """
    source.require_columns()
    return _Rows(source).table(calendars or suite_calendars(SUITE))


def rows_as_written(path: Path, numbers: Sequence[int], asked: Format = AS_IT_IS) -> list[str]:
    """The text of a file's rows by their line: see ``texts_of``."""
    return texts_of(only_source(path, asked), numbers)


def texts_of(source: Source, numbers: Sequence[int]) -> list[str]:
    """The text of rows by their line; of typed files, by row, the values with commas between."""
    if source.place_name == "row":
        at = {line: row for row, line in enumerate(source.raw.lines())}
        columns = [cells.to_pylist() for cells in source.raw.columns]
        return [",".join(str(cells[at[one]]) for cells in columns) for one in numbers]
    data = decoded(source.name, source.content.data, source.asked.encoding).data
    lines = lines_of(data)
    starts = np.append(first_lines(data), len(lines) + 1)
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
        place = self.source.place_name
        columns: dict[str, object] = {place: pa.array(self.source.lines)}
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
            place: pa.array([torn.line for torn in self.source.raw.torn], pa.int64()),
            "fault": pa.array([f"it {torn.said}" for torn in self.source.raw.torn], pa.string()),
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
        found = self.source.moments(calendars)
        stamps = found.stamps
        if len(stamps.bad) >= MOST:
            row = int(stamps.bad[0])
            where = f"{self.source.place(row)}, column {self.source.column('date')}"
            cell = self.cells["date"][row].as_py()
            raise BarFileError(f"{self.source.name}, {where}: {cell!r} is no date")
        form = found.form if "%" in found.form else "YYYY-MM-DD"
        self._fault("date", pc.is_null(stamps.written), f"is no date ({form})")
        return days_in(self.source, stamps, calendars)

    def _number(self, name: str) -> pa.ChunkedArray:
        """The column's digits, as text; null where there is no number."""
        texts = pc.cast(self.source.numbers[name], pa.string())
        numbers = self.source.plain_floats(name)
        if numbers is None or pc.any(pc.is_nan(numbers)).as_py():
            nan = pc.match_substring_regex(texts, _NAN)
            texts = pc.if_else(nan, pa.scalar(None, pa.string()), texts)
            if texts.null_count:
                self._note_missing(name, texts)
            numbers, texts = self._floats(name, texts)
        elif texts.null_count:
            self._note_missing(name, texts)
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
                column = self.source.column(name)
                self.faults[row] = f"column {column}: {self._shown(name, row)} {said}"

    def _note_missing(self, name: str, texts: pa.ChunkedArray) -> None:
        for row in _true(pc.is_null(texts)):
            self.missing.setdefault(row, []).append((name, self._shown(name, row)))

    def _shown(self, name: str, row: int) -> str:
        """A cell as the file wrote it."""
        cell = self.cells[name][int(row)]
        return repr(cell.as_py()) if is_text(self.cells[name]) else str(cell)


def _true(mask: pa.ChunkedArray) -> NDArray[np.int64]:
    return np.flatnonzero(pc.fill_null(mask, False))
