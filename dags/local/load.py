"""`make load`: a file's bars into `stock_data`, as the file has them."""

import csv
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from dags.local.errors import LocalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sql.file_rows import Faulty

    SetAside = Callable[[Sequence[Faulty]], None]

HINT = " REJECTS=rejects.csv (--rejects FILE) sets such rows aside and loads the others."


def load_file(
    var: Path,
    file: Path,
    *,
    symbol: str | None = None,
    calendar: str | None = None,
    rejects: Path | None = None,
    dataset: str = "stock_data",
) -> str:
    """Load a CSV or Parquet file of daily bars; returns what was done, in words.

    ``calendar`` names the exchange whose dates the bars have, where the file gives them a time of
    day. Rows with a fault of their own go to ``rejects`` (a new CSV file) and the others are
    loaded; without it nothing is.

    Raises LocalError for a file of rejects that is there already and for a ``dataset`` whose table
    is not the gate's own, DatasetError, BarFileError and the errors of ``load_bars``.
    """
    from dags.local.services import services
    from dags.run.settings import Settings
    from gx.files.rows import read_rows
    from gx.suite.calendars import SUITE, named_calendars
    from sql.connection import connected
    from sql.errors import FaultyRowsError, LoadError
    from sql.file_rows import refusal
    from sql.load import load_bars

    into = loaded_into(dataset)
    if rejects is not None and rejects.exists():
        raise LocalError(f"{rejects} is there already; name a new file for the rejects")
    rows = read_rows(file, symbol=symbol, calendars=named_calendars(SUITE, calendar))
    if not rows.num_rows:
        raise LoadError(f"{file} holds no bar: there is nothing below its header")
    bars = rows.filter(rows["fault"].is_null())
    if bars.num_rows < rows.num_rows and rejects is None:  # no table could hold them
        raise LoadError(f"{file}, {refusal(rows, bars.num_rows)}{HINT}")
    with (
        services(var) as found,
        connected(replace(Settings.of(found.environment).bars(), schema=into)) as engine,
        _rejects(file, rejects) as set_aside,
    ):
        try:
            done = load_bars(engine, rows, set_aside=set_aside)
        except LoadError as error:
            faulty = isinstance(error, FaultyRowsError) and rejects is None
            raise LoadError(f"{file}, {error}{HINT if faulty else ''}") from None
    said = (
        f"{file}: {done.rows:,} bars read, {done.new:,} new, {done.changed:,} changed, "
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
def _rejects(source: Path, path: Path | None) -> "Iterator[SetAside | None]":
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


def _write(sink: TextIO, source: Path, faulty: "Sequence[Faulty]") -> None:
    from gx.files.rows import rows_as_written

    writer = csv.writer(sink)
    writer.writerow(("line", "reason", "row"))
    rows = rows_as_written(source, [one.line for one in faulty])
    writer.writerows((one.line, one.reason, row) for one, row in zip(faulty, rows, strict=True))
