"""`make load`: bars of files into `stock_data`, as the files have them."""

import csv
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from dags.local.errors import LocalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa
    from sqlalchemy import Engine

    from gx.files.asked.format import Format
    from gx.files.source import Source
    from gx.suite.calendars import Calendars
    from sql.file_rows import Faulty

    SetAside = Callable[[Sequence[Faulty]], None]

HINT = " REJECTS=rejects.csv (--rejects FILE) sets such rows aside and loads the others."


def load_files(
    var: Path,
    named: "Sequence[Path]",
    *,
    asked: "Format",
    calendar: str | None = None,
    rejects: Path | None = None,
    dataset: str = "stock_data",
) -> None:
    """Load files of daily bars, folders and patterns of them, and print what was done.

    ``asked`` says how they are to be read; ``calendar`` names the exchange whose dates the bars
    have, where a file gives them a time of day. Rows with a fault of their own go to ``rejects`` (a
    new CSV file) and the others are loaded; without it nothing of any file is. All files are read
    before the first is loaded.

    Raises LocalError for a file of rejects that is there already and for a ``dataset`` whose table
    is not the gate's own, DatasetError, BarFileError and the errors of ``load_bars``.
    """
    from dags.local.services import services
    from dags.run.datasets import source_of
    from dags.run.known_symbols import remember
    from dags.run.settings import Settings
    from gx.dataset.read import read_dataset
    from gx.files.several import files_of, read_all, told_once
    from gx.suite.calendars import SUITE, named_calendars
    from sql.connection import connected
    from sql.extract import known_symbols
    from sql.preflight import make_bars

    into = loaded_into(dataset)
    if rejects is not None and rejects.exists():
        raise LocalError(f"{rejects} is there already; name a new file for the rejects")
    files, notes = files_of(named)
    of = read_dataset(dataset)
    calendars = named_calendars(SUITE.with_name(f"{of.suite}.json"), calendar or of.calendar)
    read = read_all(
        files, lambda file: _read(file, asked, calendars, rejects), track=len(files) > 1
    )
    if rejects is not None and len(read) > 1:
        raise LocalError("--rejects sets rows of one file aside; load such a file by itself")
    _refuse_two_bars(read)
    said = told_once({one.file: one.notes for one in read})
    for note in (*notes, *said):
        print(f"note: {note}", file=sys.stderr)
    with (
        services(var) as found,
        connected(replace(Settings.of(found.environment).bars(), schema=into)) as engine,
    ):
        if into is not None:
            make_bars(engine, into)
        for number, one in enumerate(read):
            print(_stored(engine, one, rejects, before=read[:number]))
        # The trigger form offers them before any run has read them.
        offered = known_symbols(engine, source_of(of))
        remember(Settings.of(found.environment).results_dir, offered, of.name)


@dataclass(frozen=True)
class _ReadFile:
    """A file's rows, as `load_bars` takes them, and what has to be said of how they were read."""

    file: str
    rows: "pa.Table"
    source: "Source | None"  # for the rows that are set aside
    notes: tuple[str, ...]


def _read(
    file: Path, asked: "Format", calendars: "Calendars", rejects: Path | None
) -> list[_ReadFile]:
    from gx.files.understand import open_file

    return [_rows(source, calendars, rejects) for source in open_file(file, asked)]


def _rows(source: "Source", calendars: "Calendars", rejects: Path | None) -> _ReadFile:
    from gx.files.rows import rows_in
    from gx.files.understand import with_symbol_of_name
    from sql.errors import LoadError
    from sql.file_rows import refusal

    source.require_bars()
    source = with_symbol_of_name(source)
    rows = rows_in(source, calendars)
    if not rows.num_rows:
        raise LoadError(f"{source.name} holds no bar: there is nothing below its header")
    good = rows.filter(rows["fault"].is_null()).num_rows
    if good < rows.num_rows and rejects is None:  # no table could hold them
        raise LoadError(f"{source.name}, {refusal(rows, good)}{HINT}")
    kept = None if rejects is None else source
    return _ReadFile(source.name, rows, kept, tuple(source.said(calendars)))


def _refuse_two_bars(read: "Sequence[_ReadFile]") -> None:
    """A bar that two files have, with other numbers, would be stored as the later one has it."""
    import pandas as pd

    from sql.errors import LoadError
    from sql.terms import NUMBERS

    if len(read) < 2:
        return
    names = ["symbol", "date", *NUMBERS]
    frames = [one.rows.select(names).to_pandas().assign(file=one.file) for one in read]
    bars = pd.concat(frames).drop_duplicates(names)
    twice = bars[bars.duplicated(["symbol", "date"], keep=False)]
    of_several = twice.groupby(["symbol", "date"])["file"].nunique()
    for symbol, day in of_several[of_several > 1].index[:1]:
        its = twice[(twice["symbol"] == symbol) & (twice["date"] == day)]["file"].unique()
        raise LoadError(
            f"the bar {symbol} {day} is in {' and in '.join(its[:2])}, with other numbers: leave "
            "one out. Nothing was loaded."
        )


def _stored(
    engine: "Engine", one: _ReadFile, rejects: Path | None, before: "Sequence[_ReadFile]"
) -> str:
    from sql.errors import FaultyRowsError, LoadError
    from sql.load import load_bars

    with _rejects(one, rejects) as set_aside:
        try:
            done = load_bars(engine, one.rows, set_aside=set_aside)
        except LoadError as error:
            faulty = isinstance(error, FaultyRowsError) and rejects is None
            loaded = f" Loaded before it: {len(before)} files." if before else ""
            raise LoadError(f"{one.file}, {error}{HINT if faulty else ''}{loaded}") from None
    said = (
        f"{one.file}: {done.rows:,} bars read, {done.new:,} new, {done.changed:,} changed, "
        f"{done.unchanged:,} unchanged"
    )
    if done.set_aside:
        rows_were = "row was" if done.set_aside == 1 else "rows were"
        said += f"\n{done.set_aside:,} {rows_were} set aside: {rejects} says why"
    return said


def loaded_into(name: str) -> str | None:
    """The schema of a dataset's table `stock_data`, None where the server looks.

    Raises LocalError for another table: only this one has the gate's own columns.
    """
    from gx.dataset.model import DEFAULT
    from gx.dataset.read import read_dataset

    source = read_dataset(name).source
    why = {
        f"its table is read over the Airflow connection {source.connection!r}": source.connection,
        "it is read by a query": source.query,
        f"its table is {source.table}": source.table not in (None, DEFAULT),
        "its columns have other names or types": source.columns or source.unit or source.zone,
        f"its bars are all of {source.symbol}": source.symbol,
    }
    reasons = [said for said, found in why.items() if found]
    if reasons:
        raise LocalError(
            f"nothing can be loaded into the dataset {name}: {'; '.join(reasons)}. Only a table "
            "stock_data beside the gate's own is loaded; load it where it is made"
        )
    return source.db_schema


@contextmanager
def _rejects(source: _ReadFile, path: Path | None) -> "Iterator[SetAside | None]":
    """What writes rows that are set aside to a new file: line, reason, the row as it stands there.

    The file goes away again when the others could not be loaded.
    """
    if path is None:
        yield None
        return
    written = False

    def write(faulty: "Sequence[Faulty]") -> None:
        nonlocal written
        try:
            with path.open("x", encoding="utf-8", newline="") as sink:
                written = True
                _write(sink, source, faulty)
        except OSError as error:
            raise LocalError(f"{path} cannot be written: {error.strerror}") from None

    try:
        yield write
    except BaseException:
        if written:
            path.unlink()
        raise


def _write(sink: TextIO, source: _ReadFile, faulty: "Sequence[Faulty]") -> None:
    from gx.files.rows import texts_of

    assert source.source is not None
    writer = csv.writer(sink)
    writer.writerow(("line", "reason", "row"))
    rows = texts_of(source.source, [one.line for one in faulty])
    writer.writerows((one.line, one.reason, row) for one, row in zip(faulty, rows, strict=True))
