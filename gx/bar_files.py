"""Read a file of bars completely, or say which line and column cannot be read."""

import csv as plain_csv
import functools
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from gx.errors import BarFileError

COLUMNS = ("symbol", "date", "open", "high", "low", "close", "volume")
NUMBERS = ("open", "high", "low", "close", "volume")
_ALIASES = {"ticker": "symbol", "datetime": "date"}
# Empty cells and the usual words for "no value"; NaN and inf are read as numbers, to be judged.
_NO_VALUE = ["", "NA", "N/A", "n/a", "null", "NULL", "None"]
_OFFSET = r" ?(Z|[+-]\d{2}:?\d{2})$"
_MIDNIGHT = r"^.{8,10}([T ]00:00(:00(\.0+)?)?)?$"


def read_bars(path: Path, *, symbol: str | None = None, partial: bool = False) -> pa.Table:
    """The bars of a CSV or Parquet file.

    Columns may come in any order and letter case; ``Ticker`` is read as symbol, ``Datetime`` as
    date; others are left out, but for ``created_at``. ``symbol`` names the symbol of a file without
    such a column. Returns symbol (string), date (date32; timestamp[us] for bars within the day, in
    UTC if the file has time zones), open, high, low, close, volume (float64).

    Raises BarFileError for a file that cannot be read completely, with line and column. A column
    that is missing is such a fault too, unless ``partial``: then the gate has to judge it.
    """
    if not path.is_file():
        raise BarFileError(f"{path}: there is no such file")
    table = _read_parquet(path) if path.suffix in (".parquet", ".pq") else _read_csv(path)
    table = _without_blank_rows(_typed(_named(table, path), path))
    if symbol is not None:
        if "symbol" in table.column_names:
            raise BarFileError(f"{path}: has a symbol column already; leave the symbol out")
        table = table.add_column(0, "symbol", pa.array([symbol] * len(table), pa.string()))
    missing = [column for column in COLUMNS if column not in table.column_names]
    if missing and not partial:
        hint = "; name it with SYMBOL= (--symbol)" if missing == ["symbol"] else ""
        raise BarFileError(
            f"{path}: lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}{hint}; "
            f"it has {', '.join(table.column_names)}"
        )
    return table


def is_daily(table: pa.Table) -> bool:
    """True when no bar has a time of day."""
    return "date" not in table.column_names or bool(pa.types.is_date(table["date"].type))


def _read_parquet(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except pa.ArrowException as error:
        raise BarFileError(f"{path}: is no Parquet file ({error})") from None


def _read_csv(path: Path) -> pa.Table:
    """Every cell as text, so that a fault can be named by its line."""
    faults: list[str] = []

    def note(row: csv.InvalidRow) -> str:
        faults.append(
            f"{path}, line {row.number}: has {row.actual_columns} cells, not "
            f"{row.expected_columns}: {row.text[:80]!r}"
        )
        return "skip"

    try:
        with path.open(encoding="utf-8-sig", newline="") as source:
            names = next(plain_csv.reader(source), [])
        table = csv.read_csv(
            path,
            read_options=csv.ReadOptions(use_threads=False),
            parse_options=csv.ParseOptions(ignore_empty_lines=False, invalid_row_handler=note),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except UnicodeDecodeError:
        raise BarFileError(f"{path}: is not UTF-8 text") from None
    except pa.ArrowException as error:
        raise BarFileError(f"{path}: is no CSV file ({error})") from None
    if faults:
        raise BarFileError(faults[0])
    return table


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


def _typed(table: pa.Table, path: Path) -> pa.Table:
    first_line = 1 if path.suffix in (".parquet", ".pq") else 2
    readers: dict[str, Callable[[pa.ChunkedArray], pa.ChunkedArray]] = {
        "symbol": _symbols,
        "date": _dates,
        "created_at": _times,
        **dict.fromkeys(NUMBERS, _numbers),
    }
    columns = {}
    for name in (*COLUMNS, "created_at"):
        if name in table.column_names:
            try:
                columns[name] = readers[name](table[name])
            except _BadCell as bad:
                line = bad.row + first_line
                raise BarFileError(f"{path}, line {line}, column {name}: {bad}") from None
    return pa.table(columns)


def _without_blank_rows(table: pa.Table) -> pa.Table:
    """Blank lines come as rows of nothing; they were kept so far for the sake of line numbers."""
    filled = functools.reduce(pc.or_, (pc.is_valid(column) for column in table.columns))
    return table.filter(filled)


class _BadCell(Exception):
    """A cell that cannot be read; ``row`` counts from 0."""

    def __init__(self, row: int, cell: object, wanted: str) -> None:
        super().__init__(f"{cell!r} is no {wanted}")
        self.row = row


def _symbols(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Only an empty cell is no symbol: NA is one."""
    texts = pc.utf8_trim_whitespace(pc.cast(cells, pa.string()))
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _numbers(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    if not _is_text(cells):
        return pc.cast(cells, pa.float64(), safe=False)
    texts = _blank_to_null(cells)
    try:
        return pc.cast(texts, pa.float64())
    except pa.ArrowInvalid:
        row = _first_uncastable(texts, pa.float64())
        raise _BadCell(row, texts[row].as_py(), "number") from None


def _dates(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Dates as date32 when no cell has a time of day, else as timestamps."""
    if not _is_text(cells):
        if pa.types.is_timestamp(cells.type):
            cells = pc.strftime(cells, format="%Y-%m-%dT%H:%M:%S%z" if cells.type.tz else "%FT%T")
        elif pa.types.is_date(cells.type):
            return pc.cast(cells, pa.date32())
        else:
            raise _BadCell(0, cells[0].as_py() if len(cells) else None, "date")
    texts = _blank_to_null(cells)
    local = pc.replace_substring_regex(texts, _OFFSET, "")
    if pc.all(pc.match_substring_regex(local, _MIDNIGHT)).as_py() is not False:
        return _parsed(pc.utf8_slice_codeunits(local, 0, 10), texts, pa.date32(), "date")
    return _times(cells)


def _times(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    if not _is_text(cells):
        return cells
    texts = _blank_to_null(cells)
    zoned = pc.any(pc.match_substring_regex(texts, rf":\d\d(\.\d+)?{_OFFSET}")).as_py()
    return _parsed(texts, texts, pa.timestamp("us", "UTC" if zoned else None), "time")


def _parsed(
    texts: pa.ChunkedArray, shown: pa.ChunkedArray, kind: pa.DataType, wanted: str
) -> pa.ChunkedArray:
    dashed = pc.replace_substring_regex(texts, r"^(\d{4})(\d{2})(\d{2})", r"\1-\2-\3")
    dashed = pc.replace_substring_regex(dashed, r"^(.{10})T", r"\1 ")
    dashed = pc.replace_substring_regex(dashed, r" (Z|[+-]\d{2}:?\d{2})$", r"\1")
    try:
        return pc.cast(dashed, kind)
    except pa.ArrowInvalid:
        row = _first_uncastable(dashed, kind)
        form = "YYYY-MM-DD" if wanted == "date" else "YYYY-MM-DD HH:MM:SS"
        raise _BadCell(row, shown[row].as_py(), f"{wanted} ({form})") from None


def _first_uncastable(texts: pa.ChunkedArray, kind: pa.DataType) -> int:
    """The first row whose prefix cannot be cast, by halving."""
    low, high = 0, len(texts)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            pc.cast(texts.slice(low, middle - low), kind)
            low = middle
        except pa.ArrowInvalid:
            high = middle
    return low


def _is_text(cells: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type))


def _blank_to_null(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    texts = pc.utf8_trim_whitespace(pc.cast(cells, pa.string()))
    return pc.if_else(pc.is_in(texts, pa.array(_NO_VALUE)), pa.scalar(None, pa.string()), texts)
