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
from gx.terms import DAILY_ONLY, WITHIN_THE_DAY_ONLY

if TYPE_CHECKING:
    from gx.suite.read import Suite

NEEDS_CLOCK = "needs --as-of"
NEEDS_COLUMN = "the file has no column {}"


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


def unfit(bars: pa.Table, *, clock: bool = True) -> dict[str, str]:
    """The market expectations that make no sense for these bars, and why, by type.

    Without a ``clock`` nobody has said from which moment a file is judged: how old it is says
    nothing.
    """
    from gx.plugins.expectations import MARKET_EXPECTATIONS
    from gx.plugins.expectations.session_expectations import ExpectBarsToBeFresh

    reasons = {} if clock else {ExpectBarsToBeFresh.expectation_type: NEEDS_CLOCK}
    for expectation in MARKET_EXPECTATIONS:
        if expectation.daily_only and not is_daily(bars):
            reasons[expectation.expectation_type] = DAILY_ONLY
        elif expectation.within_the_day_only and is_daily(bars):
            reasons[expectation.expectation_type] = WITHIN_THE_DAY_ONLY
        elif "created_at" in expectation.needs_columns and "created_at" not in bars.column_names:
            reasons[expectation.expectation_type] = NEEDS_COLUMN.format("created_at")
    return reasons


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
