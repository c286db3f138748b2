"""Reading the splits and dividends that a table beside the bars declares, as they are written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg2
import pyarrow as pa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from sql.connection import driver_connection
from sql.errors import BarStoreError, MissingColumnError, UnreadableColumnError
from sql.nearest import nearest_symbols
from sql.source import Source, column_types, literal, place_of, quoted
from sql.statements import statement

SCHEMA = pa.schema([(name, pa.string()) for name in ("symbol", "date", "kind", "value")])
_ZONED = "timestamp with time zone"


@dataclass(frozen=True)
class ActionsTable:
    """A table, or query, with actions of one kind (``split``, ``dividend``).

    ``columns`` has what its columns are called, by what they mean: symbol, date, and the value.
    A moment shows its day in ``zone`` (UTC where there is none).
    """

    kind: str
    columns: Mapping[str, str]
    schema: str | None = None
    table: str | None = None
    query: str | None = None
    zone: str | None = None

    @property
    def source(self) -> Source:
        """The place in a source's terms."""
        return Source(f"{self.kind}s", self.schema, self.table, self.query)


def read_actions(
    engine: Engine, tables: Sequence[ActionsTable], symbols: Sequence[str]
) -> pa.Table:
    """What the tables declare of the symbols, in any letter case, of all dates.

    Columns, all of text, in order: symbol, date, kind, value.

    Raises MissingTableError, MissingColumnError, UnreadableColumnError: one is not as needed.
    """
    with engine.connect() as connection:
        connection.exec_driver_sql("set local datestyle = 'ISO, YMD'")
        rows = [row for one in tables for row in _rows(connection, one, symbols)]
    names = SCHEMA.names
    return pa.table({name: [row[at] for row in rows] for at, name in enumerate(names)}, SCHEMA)


def action_faults(connection: Connection, table: ActionsTable) -> Iterator[str]:
    """Why a table of actions cannot be read; nothing when it can."""
    try:
        _require_columns(table, column_types(connection, table.source))
    except BarStoreError as error:
        yield f"{table.kind}s: {error}"


def _rows(
    connection: Connection, table: ActionsTable, symbols: Sequence[str]
) -> list[tuple[str, ...]]:
    types = column_types(connection, table.source)
    _require_columns(table, types)
    symbol, date, value = (f"given.{quoted(name)}" for name in table.columns.values())
    if types[table.columns["date"]] == _ZONED:
        date = f"({date} at time zone {literal(connection, table.zone or 'UTC')})::date"
    query = statement("queries/declared_actions").format(
        symbol=symbol, date=date, value=value, place=place_of(table.source)
    )
    bound = {"kind": table.kind, "symbols": [one.strip().upper() for one in symbols]}
    try:
        with driver_connection(connection).cursor() as cursor:
            cursor.execute(query, bound)
            return list(cursor.fetchall())
    except psycopg2.OperationalError:
        raise
    except (psycopg2.Error, DBAPIError) as error:
        why = " ".join(str(error).strip().split())
        raise UnreadableColumnError(
            f"{table.source.shown}, which declares {table.kind}s, cannot be read: {why}. Correct "
            f"it, or {table.kind}s of the dataset."
        ) from error


def _require_columns(table: ActionsTable, types: Mapping[str, str]) -> None:
    lacking = {one: name for one, name in table.columns.items() if name not in types}
    if not lacking:
        return
    near = nearest_symbols(list(lacking.values()), types)
    told = [
        f"{name!r} for the {one}" + (f" (did you mean {near[name]!r}?)" if name in near else "")
        for one, name in lacking.items()
    ]
    raise MissingColumnError(
        f"{table.source.shown} has no column {', '.join(told)}, only {', '.join(types)}; say under "
        f"{table.kind}s of the dataset which column it is."
    )
