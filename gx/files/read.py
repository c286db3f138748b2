"""Read a file of bars completely, or say which line and column cannot be read."""

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from gx.errors import BarFileError
from gx.files.asked.format import Format
from gx.files.dates.days import BarsWithinTheDayError, days_of
from gx.files.dates.stamps import Stamps, cast_what_can
from gx.files.dates.written import moments_of
from gx.files.meaning.columns import is_text
from gx.files.meaning.missing import NO_DATE
from gx.files.meaning.names import COLUMNS, NUMBERS
from gx.files.source import AS_IT_IS, Source, symbols_in, without_blanks
from gx.files.understand import open_file
from gx.suite.calendars import SUITE, Calendars, suite_calendars

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["COLUMNS", "NUMBERS", "bars_in", "days_in", "is_daily", "only_source", "read_bars"]


def read_bars(
    path: Path,
    *,
    symbol: str | None = None,
    partial: bool = False,
    calendars: Calendars | None = None,
    asked: Format = AS_IT_IS,
) -> pa.Table:
    """The bars of one file, to be judged: see ``bars_in``.

    ``symbol`` names the symbol of a file without such a column; ``asked`` says what the file does
    not say itself.
    """
    named = asked if symbol is None else asked.over(Format(symbol=symbol))
    return bars_in(only_source(path, named), partial=partial, calendars=calendars)


def only_source(path: Path, asked: Format = AS_IT_IS) -> Source:
    """A file that holds one table; raises BarFileError for one with several."""
    sources = open_file(path, asked)
    if len(sources) > 1:
        names = ", ".join(source.name for source in sources)
        raise BarFileError(f"{path}: holds {len(sources)} files ({names}); unpack it first")
    return sources[0]


def bars_in(
    source: Source, *, partial: bool = False, calendars: Calendars | None = None
) -> pa.Table:
    """The bars of a file that was understood, to be judged.

    Returns symbol (string), date (date32; timestamp[us] for bars within the day, in UTC if the file
    has time zones), open, high, low, close, volume (float64), and ``created_at`` if it is there. A
    daily bar with a time of day has its date in the time zone of its calendar (``calendars``; those
    of the suite stock_data).

    Raises BarFileError for a file that cannot be read completely, with line and column. A column
    that is missing is such a fault too, unless ``partial``: then the gate has to judge it.
    """
    if source.raw.torn:
        torn = source.raw.torn[0]
        raise BarFileError(f"{source.name}, {source.place_name} {torn.line}: {torn.said}")
    if not partial:
        source.require_columns()
    return _without_blank_rows(_typed(source, calendars or suite_calendars(SUITE)))


def is_daily(table: pa.Table) -> bool:
    """True when no bar has a time of day."""
    return "date" not in table.column_names or bool(pa.types.is_date(table["date"].type))


def _typed(source: Source, calendars: Calendars) -> pa.Table:
    readers: dict[str, Callable[[], pa.ChunkedArray]] = {
        "symbol": lambda: symbols_in(source.cells["symbol"]),
        "date": lambda: _dates(source, calendars),
        "created_at": lambda: _times(source),
        **{name: functools.partial(_numbers, source, name) for name in NUMBERS},
    }
    columns = {}
    for name in (*COLUMNS, "created_at"):
        if name in source.cells.column_names:
            try:
                columns[name] = readers[name]()
            except _BadCell as bad:
                place = f"{source.place(bad.row)}, column {source.column(name)}"
                raise BarFileError(f"{source.name}, {place}: {bad}") from None
    return pa.table(columns)


def _without_blank_rows(table: pa.Table) -> pa.Table:
    """Blank lines come as rows of nothing; they were kept so far for the sake of line numbers."""
    return table.filter(functools.reduce(pc.or_, (pc.is_valid(cells) for cells in table.columns)))


class _BadCell(Exception):
    """A cell that cannot be read; ``row`` counts from 0."""

    def __init__(self, row: int, cell: object, wanted: str) -> None:
        super().__init__(f"{cell!r} is no {wanted}")
        self.row = row


def _numbers(source: Source, name: str) -> pa.ChunkedArray:
    cells = source.numbers[name]
    floats = source.plain_floats(name)
    if floats is not None:
        return floats
    # By their own digits: 1.1, not 1.100000023841858; Arrow makes 191.23000000000002 of a decimal.
    if pa.types.is_float32(cells.type) or pa.types.is_decimal(cells.type):
        cells = pc.cast(cells, pa.string())
    if not is_text(cells):
        return pc.cast(cells, pa.float64(), safe=False)
    numbers, bad = cast_what_can(cells, pa.float64())
    if len(bad):
        row = int(bad[0])
        raise _BadCell(row, source.cells[name][row].as_py(), "number")
    return numbers


def _dates(source: Source, calendars: Calendars) -> pa.ChunkedArray:
    """Dates as date32 for daily bars, else as timestamps."""
    found = source.moments(calendars)
    stamps = found.stamps
    if len(stamps.bad):
        row = int(stamps.bad[0])
        wanted = "date (YYYY-MM-DD, or YYYY-MM-DD HH:MM:SS)"
        if found.form and "%" in found.form:
            wanted = f"date, as most of the column are ({found.form})"
        raise _BadCell(row, source.cells["date"][row].as_py(), wanted)
    try:
        return pa.chunked_array([days_in(source, stamps, calendars)])
    except BarsWithinTheDayError:
        return stamps.written if stamps.instant is None else stamps.instant


def days_in(source: Source, stamps: Stamps, calendars: Calendars) -> pa.Array:
    """Each row's date (date32); raises BarFileError when the file shows none clearly."""
    symbols: Sequence[str | None] = [None] * len(source.cells)
    plain = stamps.are_dates and not stamps.have_weekends
    if not plain and "symbol" in source.cells.column_names:
        symbols = symbols_in(source.cells["symbol"]).to_pylist()
    try:
        return days_of(stamps, symbols, calendars)
    except BarsWithinTheDayError as error:
        raise BarsWithinTheDayError(f"{source.name}: {error}") from None
    except BarFileError as error:
        raise BarFileError(f"{source.name}: {error}") from None


def _times(source: Source) -> pa.ChunkedArray:
    cells = without_blanks(source.cells["created_at"], NO_DATE)
    if not is_text(cells):
        return cells
    stamps = moments_of(source.name, cells, AS_IT_IS, lambda _form, _rows: (0, 0)).stamps
    if len(stamps.bad):
        row = int(stamps.bad[0])
        raise _BadCell(row, cells[row].as_py(), "time (YYYY-MM-DD HH:MM:SS)")
    return stamps.written if stamps.instant is None else stamps.instant
