"""Check files of bars without any service."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from gx.errors import BarFileError
from gx.files.asked.format import Format
from gx.files.meaning.names import COLUMNS
from gx.files.read import bars_in, is_daily
from gx.files.several import files_of, read_all, told_once
from gx.files.source import AS_IT_IS, Source, listed
from gx.files.understand import open_file, with_symbol_of_name
from gx.suite.calendars import SUITE, Calendars, suite_calendars

if TYPE_CHECKING:
    from gx.suite.read import Suite


@dataclass(frozen=True)
class Read:
    """The bars of one file; of its own cells only what messages need is kept."""

    file: str
    table: pa.Table
    notes: tuple[str, ...]
    shown: str
    hints: dict[str, str]

    def require(self, columns: Sequence[str]) -> None:
        """Raise BarFileError that names columns which the file has not."""
        lacking = [name for name in columns if name not in self.table.column_names]
        if lacking:
            raise _without(lacking, self.file, self.shown, self.hints.get(lacking[0], ""))


@dataclass(frozen=True)
class Bars:
    """The bars of files, to be judged together, and what has to be said of how they were read."""

    table: pa.Table
    notes: tuple[str, ...]
    first: Read


def read_files(
    files: Sequence[Path], asked: Format = AS_IT_IS, calendars: Calendars | None = None
) -> Bars:
    """The bars of all files, of folders and of patterns, as one table.

    ``asked`` says how they are to be read where they do not say it themselves. A file without a
    symbol column takes the symbol that is asked for, or else its own name. Daily bars with a time
    of day have the date that their calendar gives (``calendars``).
    Raises BarFileError for a file that cannot be read completely, or that mixes daily bars with
    bars within the day; nothing is judged then.
    """
    paths, notes = files_of(files)
    read = read_all(paths, lambda path: _read(path, asked, calendars), track=len(paths) > 1)
    tables = [one.table for one in read]
    if len({is_daily(table) for table in tables}) > 1:
        raise BarFileError("daily bars and bars within the day cannot be judged together")
    said = told_once({one.file: one.notes for one in read})
    try:
        table = pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowInvalid:
        raise BarFileError("some of these files have time zones and some have none") from None
    return Bars(table, (*notes, *said), read[0])


def require_columns(suite: "Suite", bars: Bars) -> None:
    """Raise BarFileError when a column of a bar that the suite asks about is not in the file.

    One line tells it: otherwise every expectation would say of itself that it crashed.
    """
    needed = {"date", *(name for one in suite.expectations for name in _columns_of(one))}
    there = bars.table.column_names  # of any file
    bars.first.require([name for name in COLUMNS if name in needed and name not in there])


def _columns_of(expectation: object) -> Iterator[str]:
    """The columns that an expectation reads; one about a table's columns itself reads none."""
    for field in ("column", "column_A", "column_B"):
        if isinstance(name := getattr(expectation, field, None), str):
            yield name
    listed = getattr(expectation, "column_list", None)
    if isinstance(listed, list) and not type(expectation).__name__.startswith("ExpectTable"):
        yield from (name for name in listed if isinstance(name, str))


def _without(columns: Sequence[str], file: str, shown: str, hint: str) -> BarFileError:
    return BarFileError(f"{file}: no {', '.join(columns)} column; the file has: {shown}{hint}")


def not_asked(bars: pa.Table, *, clock: bool = True) -> dict[str, str]:
    """The expectations that make no sense for these bars, and why (see `gx.suite.unfit`)."""
    from gx.suite.unfit import unfit  # Great Expectations takes seconds to import

    return unfit(daily=is_daily(bars), written="created_at" in bars.column_names, clock=clock)


def _read(path: Path, asked: Format, calendars: Calendars | None) -> list[Read]:
    return [_read_one(source, calendars) for source in open_file(path, asked)]


def _read_one(source: Source, calendars: Calendars | None) -> Read:
    shown = listed(source.names)
    if "date" not in source.cells.column_names:
        raise _without(["date"], source.name, shown, source.hint(["date"]))
    source = with_symbol_of_name(source)
    table = bars_in(source, partial=True, calendars=calendars)
    lacking = [name for name in COLUMNS if name not in table.column_names]
    hints = {name: source.hint([name]) for name in lacking}
    said = source.said(calendars or suite_calendars(SUITE))
    return Read(source.name, table, tuple(said), shown, hints)
