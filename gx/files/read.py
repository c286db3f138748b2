"""Read a file of bars completely, or say which line and column cannot be read."""

import csv as plain_csv
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from gx.errors import BarFileError
from gx.files.days import BarsWithinTheDayError, days_of
from gx.files.lines import first_lines
from gx.files.stamps import Ints, Stamps, cast_what_can, read_stamps
from gx.suite.calendars import SUITE, Calendars, suite_calendars

COLUMNS = ("symbol", "date", "open", "high", "low", "close", "volume")
NUMBERS = ("open", "high", "low", "close", "volume")
_ALIASES = {"ticker": "symbol", "datetime": "date"}
# Empty cells and the usual words for "no value"; NaN and inf are read as numbers, to be judged.
NO_VALUE = ["", "NA", "N/A", "n/a", "null", "NULL", "None"]

# What a column of Parquet may hold: any, and where a moment is wanted.
_CELLS = (
    *(pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_floating),
    *(pa.types.is_decimal, pa.types.is_null),
)
_MOMENTS = (pa.types.is_date, pa.types.is_timestamp)
_WANTED = {"symbol": "symbol", "date": "date", "created_at": "time"} | dict.fromkeys(
    NUMBERS, "number"
)


def read_bars(
    path: Path,
    *,
    symbol: str | None = None,
    partial: bool = False,
    calendars: Calendars | None = None,
) -> pa.Table:
    """The bars of a CSV or Parquet file, to be judged.

    Columns may come in any order and letter case; ``Ticker`` is read as symbol, ``Datetime`` as
    date; others are left out, but for ``created_at``. ``symbol`` names the symbol of a file without
    such a column. Returns symbol (string), date (date32; timestamp[us] for bars within the day, in
    UTC if the file has time zones), open, high, low, close, volume (float64). A daily bar with a
    time of day has its date in the time zone of its calendar (``calendars``; those of the suite
    stock_data).

    Raises BarFileError for a file that cannot be read completely, with line and column. A column
    that is missing is such a fault too, unless ``partial``: then the gate has to judge it.
    """
    source = read_source(path, symbol)
    if source.torn:
        raise BarFileError(f"{path}, {source.place(source.torn[0].row)}: {source.torn[0].said}")
    if not partial:
        source.require_columns()
    return _without_blank_rows(_typed(source, calendars or suite_calendars(SUITE)))


def header(path: Path) -> list[str]:
    """The columns of a file as it names them, those that are left out included."""
    if is_parquet(path):
        return list(pq.read_schema(path).names)
    with path.open(encoding="utf-8-sig", newline="") as source:
        return [name.strip() for name in next(plain_csv.reader(source), [])]


def is_daily(table: pa.Table) -> bool:
    """True when no bar has a time of day."""
    return "date" not in table.column_names or bool(pa.types.is_date(table["date"].type))


@dataclass(frozen=True)
class Torn:
    """A row that has too many cells or too few; ``row`` counts from 0, torn ones included."""

    row: int
    said: str


@dataclass(frozen=True)
class Source:
    """A file's cells under the names of a bar's columns, and where each row stands in the file."""

    path: Path
    cells: pa.Table
    torn: tuple[Torn, ...] = ()

    @property
    def is_parquet(self) -> bool:
        """Rows are then counted, not lines."""
        return is_parquet(self.path)

    @functools.cached_property
    def rows(self) -> Ints:
        """Of the rows that are not torn, the positions in the file."""
        whole = np.arange(len(self.cells) + len(self.torn))
        return np.delete(whole, [torn.row for torn in self.torn])

    @functools.cached_property
    def lines(self) -> Ints:
        """The line, or for Parquet the row, of each row of the file, torn ones included."""
        count = len(self.cells) + len(self.torn)
        return np.arange(1, count + 1) if self.is_parquet else first_lines(self.path, count)

    def place(self, row: int) -> str:
        """Where the ``row``-th row of the file is, in words."""
        return f"{'row' if self.is_parquet else 'line'} {self.lines[row]}"

    @property
    def filled(self) -> pa.ChunkedArray:
        """Where a row is no blank line."""
        valid = (pc.is_valid(blank_to_null(cells, [""])) for cells in self.cells.columns)
        return functools.reduce(pc.or_, valid)

    def require_columns(self) -> None:
        """Raise BarFileError when a column of a bar is not there."""
        present = self.cells.column_names
        missing = [column for column in COLUMNS if column not in present]
        if missing:
            hint = "; name it with SYMBOL= (--symbol)" if missing == ["symbol"] else ""
            raise BarFileError(
                f"{self.path}: lacks the column{'s' * (len(missing) > 1)} "
                f"{', '.join(missing)}{hint}; the file has: {', '.join(header(self.path))}"
            )


def is_parquet(path: Path) -> bool:
    """By the file's name."""
    return path.suffix in (".parquet", ".pq")


def read_source(path: Path, symbol: str | None = None) -> Source:
    """A file's cells; raises BarFileError for one that is neither CSV nor Parquet."""
    if not path.is_file():
        raise BarFileError(f"{path}: there is no such file")
    source = _read_parquet(path) if is_parquet(path) else _read_csv(path)
    if symbol is None:
        return source
    if "symbol" in source.cells.column_names:
        raise BarFileError(f"{path}: has a symbol column already; leave the symbol out")
    # A blank line stays one.
    named = pc.if_else(source.filled, pa.scalar(symbol), pa.scalar(None, pa.string()))
    return Source(path, source.cells.add_column(0, "symbol", named), source.torn)


def _read_parquet(path: Path) -> Source:
    try:
        table = _named(pq.read_table(path), path)
    except pa.ArrowException as error:
        raise BarFileError(f"{path}: is no Parquet file ({error})") from None
    columns = {name: _plain(path, name, table[name]) for name in table.column_names}
    return Source(path, pa.table(columns))


def _plain(path: Path, name: str, cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of Parquet without dictionary or bytes; raises for a type that is none of a bar's.

    Arrow would make a number of a truth value or a span of time.
    """
    kind = cells.type
    try:
        if pa.types.is_dictionary(kind):
            cells = pc.cast(cells, kind.value_type)
        if _is_bytes(cells.type) or pa.types.is_string_view(cells.type):
            cells = pc.cast(cells, pa.string())
    except pa.ArrowInvalid:
        raise BarFileError(f"{path}, column {name}: is not UTF-8 text") from None
    moments = _MOMENTS if name in ("date", "created_at") else ()
    if not any(is_kind(cells.type) for is_kind in (*_CELLS, *moments)):
        raise BarFileError(
            f"{path}, column {name}: holds {kind}, of which no {_WANTED[name]} is read"
        )
    return cells


def _is_bytes(kind: pa.DataType) -> bool:
    kinds = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    return any(is_kind(kind) for is_kind in kinds)


def _read_csv(path: Path) -> Source:
    """Every cell as text, so that a fault can be named by its line."""
    torn: list[Torn] = []

    def note(row: csv.InvalidRow) -> str:
        said = f"has {row.actual_columns} cells, not {row.expected_columns}: {row.text[:80]!r}"
        torn.append(Torn(row.number - 2, said))
        return "skip"

    try:
        with path.open(encoding="utf-8-sig", newline="") as source:
            names = next(plain_csv.reader(source), [])
        table = csv.read_csv(
            path,
            read_options=csv.ReadOptions(use_threads=False),
            parse_options=csv.ParseOptions(
                ignore_empty_lines=False, newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except UnicodeDecodeError:
        raise BarFileError(f"{path}: is not UTF-8 text") from None
    except (pa.ArrowException, plain_csv.Error) as error:
        raise BarFileError(f"{path}: is no CSV file ({error})") from None
    return Source(path, _named(table, path), tuple(torn))


def _named(table: pa.Table, path: Path) -> pa.Table:
    """The columns of a bar under their own names; anything else is dropped."""
    kept: dict[str, pa.ChunkedArray] = {}
    for position, name in enumerate(table.column_names):
        plain = name.strip().lower()
        plain = _ALIASES.get(plain, plain)
        if plain not in (*COLUMNS, "created_at"):
            continue
        if plain in kept:
            raise BarFileError(f"{path}: has two columns for {plain}; leave one out")
        kept[plain] = table.column(position)
    if not kept:
        found = ", ".join(table.column_names) or "nothing"
        raise BarFileError(f"{path}: holds no bars: its first line names {found}")
    return pa.table(kept)


def _typed(source: Source, calendars: Calendars) -> pa.Table:
    readers: dict[str, Callable[[pa.ChunkedArray], pa.ChunkedArray]] = {
        "symbol": _symbols,
        "date": lambda cells: _dates(source, cells, calendars),
        "created_at": _times,
        **dict.fromkeys(NUMBERS, _numbers),
    }
    columns = {}
    for name in (*COLUMNS, "created_at"):
        if name in source.cells.column_names:
            try:
                columns[name] = readers[name](source.cells[name])
            except _BadCell as bad:
                place = source.place(int(source.rows[bad.row]))
                raise BarFileError(f"{source.path}, {place}, column {name}: {bad}") from None
    return pa.table(columns)


def _without_blank_rows(table: pa.Table) -> pa.Table:
    """Blank lines come as rows of nothing; they were kept so far for the sake of line numbers."""
    return table.filter(functools.reduce(pc.or_, (pc.is_valid(cells) for cells in table.columns)))


class _BadCell(Exception):
    """A cell that cannot be read; ``row`` counts from 0."""

    def __init__(self, row: int, cell: object, wanted: str) -> None:
        super().__init__(f"{cell!r} is no {wanted}")
        self.row = row


def _symbols(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Only a blank cell is no symbol: NA is one. Spaces around one are for the gate to judge."""
    texts = pc.cast(cells, pa.string())
    blank = pc.equal(pc.utf8_trim_whitespace(texts), "")
    return pc.if_else(blank, pa.scalar(None, pa.string()), texts)


def _numbers(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_float32(cells.type):  # by its own digits: 1.1, not 1.100000023841858
        cells = pc.cast(cells, pa.string())
    if not _is_text(cells):
        return pc.cast(cells, pa.float64(), safe=False)
    texts = blank_to_null(cells)
    numbers, bad = cast_what_can(texts, pa.float64())
    if len(bad):
        raise _BadCell(int(bad[0]), texts[int(bad[0])].as_py(), "number")
    return numbers


def _dates(source: Source, cells: pa.ChunkedArray, calendars: Calendars) -> pa.ChunkedArray:
    """Dates as date32 for daily bars, else as timestamps."""
    stamps = stamps_in(cells)
    if len(stamps.bad):
        row = int(stamps.bad[0])
        raise _BadCell(row, cells[row].as_py(), "date (YYYY-MM-DD, or YYYY-MM-DD HH:MM:SS)")
    try:
        return pa.chunked_array([days_in(source, stamps, calendars)])
    except BarsWithinTheDayError:
        return stamps.written if stamps.instant is None else stamps.instant


def days_in(source: Source, stamps: Stamps, calendars: Calendars) -> pa.Array:
    """Each row's date (date32); raises BarFileError when the file shows none clearly."""
    symbols: Sequence[str | None] = [None] * len(source.cells)
    plain = stamps.are_dates and not stamps.have_weekends
    if not plain and "symbol" in source.cells.column_names:
        symbols = _symbols(source.cells["symbol"]).to_pylist()
    try:
        return days_of(stamps, symbols, calendars)
    except BarsWithinTheDayError as error:
        raise BarsWithinTheDayError(f"{source.path}: {error}") from None
    except BarFileError as error:
        raise BarFileError(f"{source.path}: {error}") from None


def stamps_in(cells: pa.ChunkedArray) -> Stamps:
    """The dates of a file's column."""
    return read_stamps(blank_to_null(cells))


def _times(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    if not _is_text(cells):
        return cells
    stamps = stamps_in(cells)
    if len(stamps.bad):
        row = int(stamps.bad[0])
        raise _BadCell(row, cells[row].as_py(), "time (YYYY-MM-DD HH:MM:SS)")
    return stamps.written if stamps.instant is None else stamps.instant


def _is_text(cells: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type))


def blank_to_null(cells: pa.ChunkedArray, blank: Sequence[str] = NO_VALUE) -> pa.ChunkedArray:
    """Texts without the spaces around them, null where they say that there is no value."""
    if not _is_text(cells):
        return cells
    texts = pc.utf8_trim_whitespace(pc.cast(cells, pa.string()))
    return pc.if_else(pc.is_in(texts, pa.array(blank)), pa.scalar(None, pa.string()), texts)
