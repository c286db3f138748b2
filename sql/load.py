"""Putting the rows of a file into `stock_data`: all of them as the file has them, or none.

Read the rows and the table, decide, then write: nothing is rounded, cut or left out on the way.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import psycopg2
import pyarrow as pa
from sqlalchemy import Connection, Engine

from sql.copy_in import copy_in
from sql.errors import FaultyRowsError, LoadError
from sql.exact import misfits, wider
from sql.file_rows import Faulty, FileRows, faulty_rows, refusal
from sql.load_rights import require_rights
from sql.locks import LOAD, lock
from sql.refused import first_refused, said, taken
from sql.statements import statement
from sql.target import Column, Target, read_target
from sql.terms import BAR, NUMBERS

# By the type of the column date: what is no day as a load writes it, and what would make it one.
_OTHER_DATES = {
    "timestamp": ("kept.date::time <> '00:00'", "date::date"),
    "timestamptz": (
        "kept.date::time <> '00:00'",
        "(date at time zone 'ZONE')::date, with the time zone of the exchange",
    ),
    "text": (r"kept.date::text !~ '^\d{4}-\d{2}-\d{2}$'", "date::date"),
}


@dataclass(frozen=True)
class LoadResult:
    """What a load did: `rows` = `new` + `changed` + `unchanged` bars.

    `set_aside` rows of the file were not loaded.
    """

    rows: int
    new: int
    changed: int
    unchanged: int
    set_aside: int = 0


def load_bars(
    engine: Engine,
    table: pa.Table,
    *,
    set_aside: Callable[[Sequence[Faulty]], None] | None = None,
) -> LoadResult:
    """Insert or update bars in `stock_data`, in one transaction.

    `table` has symbol (string), date (date32), open, high, low, close, volume (string: a number,
    null for none; or numbers). It may have `line` or `row` (int64, where a row stands in its file;
    else they are counted from 1), `missing` (string: what stands where there is no number) and
    `fault` (string: what keeps a row from being a bar). A changed bar gets the present time as its
    created_at; bars of the table that are not in the file stay.

    A row with a fault of its own is one with a `fault`, without a number that the table may not
    lack, or that says the same as another one, or otherwise. With `set_aside` such rows are handed
    to it before anything is stored, and the others are loaded.

    Raises:
        FaultyRowsError: rows have faults of their own, and nobody sets them aside.
        LoadError: the table cannot hold a value exactly, or refuses a bar, or rights are missing.
            Nothing is loaded.
        MissingTableError, MissingColumnError: there is no such table, or it lacks a column.
    """
    rows = FileRows(table)
    with engine.begin() as connection:
        lock(connection, LOAD)
        connection.exec_driver_sql("set local timezone = 'UTC'")
        target = read_target(connection)
        require_rights(connection, target)
        marked = rows.with_faults(target)
        good, faulty = marked.filter(marked["fault"].is_null()), faulty_rows(marked)
        if faulty and (set_aside is None or not good.num_rows):
            raise FaultyRowsError(refusal(marked, good.num_rows))
        _require_exact(good, rows.place, target)
        if faulty and set_aside is not None:
            set_aside(faulty)
        done = _store(connection, good, rows.place, target)
    return LoadResult(*done, set_aside=len(faulty))


def _require_exact(rows: pa.Table, place: str, target: Target) -> None:
    """Raise LoadError that names, for every column that is too narrow, the first such value."""
    faults = []
    for name in ("symbol", *NUMBERS):
        column = target.columns[name]
        bad = misfits(rows[name], column)
        if bad:
            faults.append(_too_narrow(column, rows, place, bad))
    if faults:
        raise LoadError(" ".join([*faults, "Nothing was loaded."]))


def _too_narrow(column: Column, rows: pa.Table, place: str, bad: Sequence[int]) -> str:
    texts = rows[column.name].take(pa.array(bad)).to_pylist()
    line = rows[place][bad[0]].as_py()
    if column.kind == "text":
        longest = max(map(len, texts))
        better = f"varchar({longest})" if longest > 32 else "varchar(32)"
        better = better if column.length is not None and column.length < longest else "text"
    else:
        better = wider([Decimal(text) for text in texts], column)
    count = f" (so in {len(bad):,} rows)" if len(bad) > 1 else ""
    return (
        f"{place} {line}, column {column.name}: {texts[0]!r} does not fit {column.shown} "
        f"exactly{count}; {better} would hold it: alter table stock_data alter column "
        f"{column.name} type {better}."
    )


def _store(
    connection: Connection, rows: pa.Table, place: str, target: Target
) -> tuple[int, int, int, int]:
    connection.exec_driver_sql(statement("queries/stage_bars"))
    count = _stage(connection, rows, place, target)
    connection.exec_driver_sql("analyze staged_bars")
    _require_days(connection, target.columns["date"])
    before = connection.exec_driver_sql(statement("queries/count_staged_bars")).one()
    touched = ",\n    created_at = now()" if target.has_created_at else ""
    upsert = statement("queries/upsert_bars").replace("{touched}", touched)

    def store(first: int, end: int) -> None:
        connection.exec_driver_sql(upsert, {"first": first, "end": end})

    # A rule that waits for the end of the transaction would say no when all is told.
    connection.exec_driver_sql("set constraints all immediate")
    refusal = taken(connection, lambda: store(0, count))
    if refusal is not None:
        row, why = first_refused(connection, store, count)
        bar = _bar(rows, place, row) if why is not None else ""
        raise LoadError(
            f"{bar}stock_data refuses a bar: {said(connection, why or refusal)}. "
            "Nothing was loaded."
        )
    if target.meddles:
        _require_stored(connection)
    connection.exec_driver_sql("drop table staged_bars")
    return count, before.new, before.changed, count - before.new - before.changed


def _stage(connection: Connection, rows: pa.Table, place: str, target: Target) -> int:
    columns = _as_columns(rows.select(list(BAR)), target)
    columns = columns.append_column("position", pa.array(range(rows.num_rows), pa.int64()))
    try:
        return copy_in(connection, "staged_bars", columns)
    except (psycopg2.IntegrityError, psycopg2.DataError, psycopg2.ProgrammingError) as error:
        # A domain of the owner's says so, before the table does.
        at = re.search(r"line (\d+)", error.diag.context or "")
        bar = _bar(rows, place, int(at.group(1)) - 1) if at else ""
        why = " ".join((error.diag.message_primary or str(error)).split())
        raise LoadError(f"{bar}stock_data refuses a bar: {why}. Nothing was loaded.") from None


def _require_days(connection: Connection, column: Column) -> None:
    """A day is written in one way, or the same bar would be there twice."""
    if column.type == "date":
        return
    other, better = _OTHER_DATES["text" if column.kind == "text" else column.type]
    query = statement("queries/other_dates").replace("{other}", other)
    found = connection.exec_driver_sql(query).first()
    if found is not None:
        raise LoadError(
            f"stock_data has {found.symbol} at {found.date!r} (its column date is {column.shown}), "
            "which is none of the days that are loaded: one of them could be the same bar. First: "
            f"alter table stock_data alter column date type date using {better}. "
            "Nothing was loaded."
        )


def _bar(rows: pa.Table, place: str, row: int) -> str:
    line, symbol, day = (rows[name][row].as_py() for name in (place, "symbol", "date"))
    return f"{place} {line} ({symbol} {day}): "


def _require_stored(connection: Connection) -> None:
    """What is given is what is stored, whatever the table's triggers and rules do."""
    after = connection.exec_driver_sql(statement("queries/count_staged_bars")).one()
    if after.new or after.changed:
        raise LoadError(
            f"stock_data does not keep bars as they are given: its triggers or rules dropped "
            f"{after.new:,} and changed {after.changed:,}. Nothing was loaded."
        )


def _as_columns(rows: pa.Table, target: Target) -> pa.Table:
    """Whole numbers without their ".0", which a column of integers does not read."""
    for position, name in enumerate(rows.column_names):
        if target.columns[name].kind == "integer":
            whole = (
                None if text is None else int(Decimal(text)) for text in rows[name].to_pylist()
            )
            rows = rows.set_column(position, name, pa.array(whole, pa.int64()))
    return rows
