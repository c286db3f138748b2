"""Taking bars out of their table, once they are in a file; and putting them back.

A bar is deleted by the row that came back out of its file: PostgreSQL compares every column of the
two, and says how many it deleted. Were it one less than the file has, nothing is deleted.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta
from typing import Any

import psycopg2
import pyarrow as pa
from sqlalchemy import CursorResult, Engine
from sqlalchemy.exc import DataError, IntegrityError, InternalError, ProgrammingError

from sql.archived.listed import Filed, list_file
from sql.archived.rows import from_copy, of_symbols
from sql.archived.table import Archivable, Span, adapted, texts_as_they_are
from sql.connection import driver_connection
from sql.copy_in import copy_in
from sql.copy_stream import copy_out
from sql.errors import ArchiveError
from sql.locks import LOAD, lock
from sql.source import OpenSource, Source, opened, quoted
from sql.statements import statement

_STAGED = "archived_rows"


@dataclass(frozen=True)
class Old:
    """How many bars of a symbol lie in a year, and what they take in the table."""

    symbol: str
    year: int
    rows: int
    bytes: int


@dataclass(frozen=True)
class NewFile:
    """A file as it is in the store; `place` None is where the settings say."""

    place: str | None
    file: str
    digest: str
    bytes: int


@dataclass(frozen=True)
class Restored:
    """Of a file's bars `rows` are in the table again; `newer` were there already, restated."""

    rows: int
    newer: int


def old_bars(engine: Engine, source: Source, of: Archivable, before: date) -> list[Old]:
    """The bars before a moment, by year and symbol in the table's own order."""
    with engine.connect() as connection:
        bars = opened(connection, source)
        found = _ask(bars, of, "archive_plan", {"before": before})
        return [Old(one.symbol, one.year, one.rows, one.bytes) for one in found]


def divided(engine: Engine, source: Source, of: Archivable, span: Span, most: int) -> list[Span]:
    """The span as spans of some ``most`` bars each, one behind the other."""
    with engine.connect() as connection:
        bars = opened(connection, source)
        cuts = _ask(bars, of, "archive_cuts", {**span.bound, "most": most}).scalars().all()
    edges: list[date] = [span.first, *(one.replace(tzinfo=UTC) for one in cuts), span.end]
    pairs = itertools.pairwise(edges)
    return [replace(span, first=first, end=end) for first, end in pairs]


def rows_in(engine: Engine, source: Source, of: Archivable, span: Span) -> pa.Table:
    """The rows of a span, every column as a text that brings back the same value."""
    with engine.connect() as connection:
        bars = opened(connection, source)
        texts_as_they_are(connection)
        with driver_connection(connection).cursor() as cursor:
            query: bytes = cursor.mogrify(adapted("archive_rows", bars, of), span.bound)
        command = f"copy ({query.decode()}) to stdout (format csv)"
        try:
            with copy_out(connection, command) as stream:
                return from_copy(stream, of.columns)
        except pa.ArrowInvalid as error:
            why = str(error).strip().partition("\n")[0]
            raise ArchiveError(
                f"a row of {of.place.shown} is no text ({why}): correct it, and archive again"
            ) from None
        except psycopg2.DataError as error:
            raise _unreadable(of, error) from None


def take_out(
    engine: Engine,
    source: Source,
    of: Archivable,
    *,
    span: Span,
    filed: tuple[NewFile, pa.Table],
    by: str,
) -> bool:
    """Delete exactly the rows that came back out of a file, and list it, in one transaction.

    False: one of them is not there any more as it was; then nothing is deleted.
    """
    file, rows = filed
    # Who waits for another writer has to see then what he wrote, whatever the server's default is.
    waits = engine.execution_options(isolation_level="READ COMMITTED")
    with waits.connect() as connection, connection.begin() as transaction:
        lock(connection, LOAD)
        bars = opened(connection, source)
        texts_as_they_are(connection)
        stage(bars, of, rows)
        found = _ask(bars, of, "archive_span", {}).mappings().one()
        try:
            deleted = _ask(bars, of, "archive_delete", span.bound).scalar_one()
        except (IntegrityError, InternalError, ProgrammingError) as error:
            why = str(error.orig).strip().partition("\n")[0]
            raise ArchiveError(f"{of.place.shown} keeps its bars: {why}") from None
        if deleted != rows.num_rows:
            transaction.rollback()
            return False
        what = {**vars(file), "rows": rows.num_rows, "archived_by": by, **found}
        list_file(connection, of.place, what)
        return True


def put_back(
    engine: Engine,
    source: Source,
    of: Archivable,
    *,
    file: Filed,
    rows: pa.Table,
    symbols: Sequence[str],
    by: str,
) -> Restored | None:
    """Insert these symbols' rows of a file as they were, and say so in the list.

    A bar that is in the table again, by its key, stays as it is there. None: somebody else was
    faster. Raises ArchiveError when the table does not take a row exactly.
    """
    unknown = [one for one in rows.column_names if one not in of.columns]
    if unknown:
        raise ArchiveError(
            f"{of.place.shown} has no column {', '.join(unknown)} any more, which {file.file} "
            "holds: add it again, and restore"
        )
    if source.symbol is None:
        rows = of_symbols(rows, source.column("symbol"), symbols)
    with engine.begin() as connection:
        lock(connection, LOAD)
        bars = opened(connection, source)
        texts_as_they_are(connection)
        bound = {"symbols": list(symbols), "rows": rows.num_rows, "by": by, "id": file.id}
        done = statement("queries/archive_restored").replace("{schema}", quoted(of.place.schema))
        if connection.exec_driver_sql(done, bound).rowcount != 1:
            return None
        stage(bars, replace(of, columns=tuple(rows.column_names)), rows)
        newer = _drop_newer(bars, of) if bars.has_key() else 0
        _insert(bars, replace(of, columns=tuple(rows.column_names)), file, symbols)
        return Restored(rows.num_rows - newer, newer)


def _insert(bars: OpenSource, of: Archivable, file: Filed, symbols: Sequence[str]) -> None:
    insert = statement("queries/archive_restore").replace("{table}", of.place.quoted)
    try:
        bars.connection.exec_driver_sql(insert.replace("{columns}", of.stored), {})
    except (IntegrityError, DataError, InternalError, ProgrammingError) as error:
        why = str(error.orig).strip().partition("\n")[0]
        raise ArchiveError(f"{of.place.shown} refuses a bar of {file.file}: {why}") from None
    span = Span(tuple(symbols), file.first_moment, file.last_moment + timedelta(days=1))
    lacking = _ask(bars, of, "archive_lacking", span.bound).scalar_one()
    if lacking:
        raise ArchiveError(
            f"{of.place.shown} does not keep bars as they are given: its triggers or rules change "
            f"{lacking:,} of {file.file}. Nothing was restored"
        )


def _drop_newer(bars: OpenSource, of: Archivable) -> int:
    text = statement("queries/archive_newer").replace("{table}", of.place.quoted)
    for meaning in ("symbol", "date"):
        text = text.replace(f"{{{meaning}}}", quoted(bars.source.column(meaning)))
    return bars.connection.exec_driver_sql(text, {}).rowcount


def stage(bars: OpenSource, of: Archivable, rows: pa.Table) -> None:
    """Put rows of a file into a temporary table that is like theirs."""
    bars.connection.exec_driver_sql(adapted("archive_stage", bars, of), {})
    copy_in(bars.connection, _STAGED, rows)
    bars.connection.exec_driver_sql(f"analyze {_STAGED}")


def _ask(
    bars: OpenSource, of: Archivable, name: str, bound: Mapping[str, object]
) -> CursorResult[Any]:
    try:
        return bars.connection.exec_driver_sql(adapted(name, bars, of), bound or {"none": None})
    except DataError as error:
        raise _unreadable(of, error.orig) from None


def _unreadable(of: Archivable, error: BaseException | None) -> ArchiveError:
    why = str(error).strip().partition("\n")[0]
    return ArchiveError(
        f"a date of {of.place.shown} is none ({why}): correct it, and archive again"
    )
