"""The table that fetched bars are written to, and what is remembered beside it."""

import re
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from sql.errors import FetchError
from sql.locks import SCHEMA, lock
from sql.source import quoted
from sql.statements import statement

OWN = ("fetch_series", "fetch_again", "fetch_holes", "bar_restatements", "ib_requests")
_COLUMNS = ("symbol", "date", "open", "high", "low", "close", "volume")
_DAYS, _MOMENTS = "date", "timestamptz"


@dataclass(frozen=True)
class Table:
    """A source table by `schema` (None: where the server looks) and `name`; `daily`: of days."""

    name: str
    schema: str | None
    daily: bool
    touched: bool = False

    @property
    def shown(self) -> str:
        """How people write it, and how it is remembered."""
        return ".".join(filter(None, (self.schema, self.name)))

    @property
    def quoted(self) -> str:
        """How SQL writes it."""
        return ".".join(quoted(part) for part in (self.schema, self.name) if part)

    @property
    def type(self) -> str:
        """The type of its column `date`."""
        return _DAYS if self.daily else _MOMENTS


def prepare(engine: Engine, table: Table, *, unknown_volume: bool) -> Table:
    """Make what is missing, and say what the table is really like.

    `unknown_volume`: bars without a volume will come. Raises FetchError for a table that bars of
    IB cannot be written to.
    """
    make_remembered(engine)
    with engine.begin() as connection:
        lock(connection, SCHEMA)
        there = "select to_regnamespace(%s) is null, to_regclass(%s) is null"
        schema = quoted(table.schema) if table.schema else None
        no_schema, no_table = connection.exec_driver_sql(there, (schema, table.quoted)).one()
        if schema and no_schema:
            connection.exec_driver_sql(f"create schema {schema}")
        if no_table:
            made = statement("schema/fetched_bars")
            made = made.replace("{table}", table.quoted).replace("{type}", table.type)
            connection.exec_driver_sql(made)
        return _checked(connection, table, unknown_volume)


def make_remembered(engine: Engine) -> None:
    """Make the tables of what is remembered that are missing, or what an earlier version lacks.

    Nothing is done to others: who fetches may have no right to.
    """
    with engine.begin() as connection:
        lock(connection, SCHEMA)
        missing = statement("queries/fetched_missing")
        for name in connection.exec_driver_sql(missing, {"names": list(OWN)}).scalars().all():
            connection.exec_driver_sql(statement(f"schema/{name}"))


def _checked(connection: Connection, table: Table, unknown_volume: bool) -> Table:
    found = connection.exec_driver_sql(
        statement("queries/fetched_columns"), {"table": table.quoted}
    ).all()
    columns = {one.name: one for one in found}
    missing = [name for name in _COLUMNS if name not in columns]
    if missing:
        raise FetchError(f"{table.shown} has no column {', '.join(missing)}: bars need it")
    kept = columns["date"].type
    if not re.fullmatch(_DAYS if table.daily else r"timestamptz", kept):
        raise FetchError(
            f"the column date of {table.shown} is {kept}, and these bars need {table.type}: alter "
            f"table {table.quoted} alter column date type {table.type}"
        )
    if not found[0].has_key:
        raise FetchError(
            f"{table.shown} has no unique key of symbol and date, without which a bar could be "
            f"stored twice: alter table {table.quoted} add unique (symbol, date)"
        )
    if unknown_volume and columns["volume"].not_null:
        raise FetchError(
            f"IB gives no volume of these bars, and the column volume of {table.shown} may not be "
            f"unknown: alter table {table.quoted} alter column volume drop not null"
        )
    return Table(table.name, table.schema, table.daily, touched="created_at" in columns)
