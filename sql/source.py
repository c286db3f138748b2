"""The table that bars are read from: the gate's own `stock_data`, or somebody else's.

A table with other names and types is read through a query that gives its columns the names of a
bar's; what is asked of `stock_data` is then asked of that. Nothing is made or changed there: the
right to select is all that is needed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import psycopg2
from psycopg2.errors import UndefinedTable
from sqlalchemy import Connection, CursorResult
from sqlalchemy.exc import DBAPIError, OperationalError

from sql.connection import driver_connection
from sql.errors import MissingColumnError, MissingTableError, UnreadableColumnError
from sql.nearest import nearest_symbols
from sql.statements import statement
from sql.terms import BAR, NUMBERS

Unit = Literal["s", "ms", "us", "ns", "yyyymmdd"]
# By how much a moment since 1970 is divided for seconds.
_DIVISORS: Mapping[str, str] = {"s": "1", "ms": "1e3", "us": "1e6", "ns": "1e9"}
_WHOLE = ("smallint", "integer", "bigint", "numeric")
_AS_THEY_ARE = ("boolean", "date", "timestamp without time zone", "timestamp with time zone")
_ZONED, _UNZONED = "timestamp with time zone", "timestamp without time zone"


@dataclass(frozen=True)
class Source:
    """Where bars are read from.

    Of `table` (with or without `schema`) and `query` one is given, or neither: then it is the
    table `stock_data`, as it is. `columns` gives the column's name by its meaning in a bar, where
    it is another one; `symbol` stands in place of a column of symbols. Dates and times without a
    zone are in `zone`; `unit` is that of whole numbers. `daily`: each bar is a day; else its date
    is a moment. `carried` columns go along with the bars, under their own names.
    """

    name: str = "stock_data"
    schema: str | None = None
    table: str | None = None
    query: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    symbol: str | None = None
    zone: str | None = None
    unit: Unit | None = None
    daily: bool = True
    carried: tuple[str, ...] = ()

    @property
    def is_own(self) -> bool:
        """Is it the table `stock_data` as it is?"""
        return self.table is None and self.query is None

    @property
    def shown(self) -> str:
        """What people call it."""
        if self.query is not None:
            return f"the query of {self.name}"
        table = self.table or "stock_data"
        return f"{self.schema}.{table}" if self.schema else table

    def column(self, meaning: str) -> str:
        """The name of the column with this meaning."""
        return self.columns.get(meaning, meaning)


OWN = Source()


@dataclass(frozen=True)
class OpenSource:
    """A source in a connection, with the types of its columns as it has them.

    `joined` is what is read in its place, in SQL: its rows with others that belong to them.
    """

    source: Source
    connection: Connection
    types: Mapping[str, str]
    joined: str | None = None

    def ask(self, name: str, **bound: object) -> CursorResult[Any]:
        """Run a query about `stock_data` on it."""
        return self.connection.exec_driver_sql(self.text(statement(name)), bound or {"none": None})

    def text(self, query: str) -> str:
        """A query about `stock_data` that is asked of this source; a percent sign is doubled."""
        if self.source.is_own and self.joined is None:
            return query
        return f"with stock_data as (\n{self._bars()}\n)\n{query}"

    @property
    def table(self) -> str:
        """The table's name as PostgreSQL looks it up; the source must be no query."""
        place = (self.source.schema, self.source.table or "stock_data")
        return ".".join('"' + name.replace('"', '""') + '"' for name in place if name)

    @property
    def place(self) -> str:
        """What is selected from, in SQL, without what is joined."""
        return place_of(self.source)

    def row(self) -> tuple[str, str]:
        """The symbol and the moment of a row of the table ``given``, in SQL."""
        kind = "date" if self.source.daily else "timestamptz"
        return f"({self._symbol()})::text", f"({self._date()})::{kind}"

    def with_moments(self, query: str) -> str:
        """As `text`, of bars that also have their ``moment`` in UTC: NULL for a day."""
        if self.source.is_own:
            bars = "select bar.*, null::timestamp as moment from stock_data as bar"
        else:
            bars = self._bars({"moment": self._moment()})
        return f"with bars as (\n{bars}\n)\n{query}"

    def is_unique(self) -> bool:
        """Can it hold no bar twice?"""
        source = self.source
        if source.query is not None or source.symbol is not None or self.joined is not None:
            return False
        # A day that is made of a moment may be there twice.
        if self.bars_types()["date"] != self.types[source.column("date")]:
            return False
        return self.has_key()

    def has_key(self) -> bool:
        """Are no two rows of the table of one symbol and one date, as they stand there?"""
        source = self.source
        if source.query is not None or source.symbol is not None:
            return False
        bound = {
            "table": self.table,
            "key": sorted(source.column(one) for one in ("symbol", "date")),
        }
        query = statement("queries/has_unique_bars")
        return bool(self.connection.exec_driver_sql(query, bound).scalar_one())

    def bars_types(self) -> Mapping[str, str]:
        """The types of a bar's columns as they are read, by the name in a bar."""
        return self._types_as_read

    @cached_property
    def _types_as_read(self) -> Mapping[str, str]:
        if self.source.is_own and self.joined is None:
            return self.types
        return _types_of(self.connection, f"{self._bars()}\nlimit 0")

    def _bars(self, more: Mapping[str, str] | None = None) -> str:
        expressions = {**self._expressions(), **(more or {})}
        selected = ",\n    ".join(f"{sql} as {one}" for one, sql in expressions.items())
        return f"select\n    {selected}\nfrom {self.joined or self.place} as given"

    def _expressions(self) -> dict[str, str]:
        found = {"symbol": self._symbol(), "date": self._date()}
        found |= {one: f"given.{quoted(self.source.column(one))}" for one in BAR[2:]}
        if self.source.column("created_at") in self.types:
            found["created_at"] = self._created_at()
        return found | {quoted(one): f"given.{quoted(one)}" for one in self.source.carried}

    def decimal_columns(self) -> tuple[str, ...]:
        """The prices and the volume that are decimal numbers there, by their names in a bar."""
        return tuple(one for one in NUMBERS if self.types[self.source.column(one)] == "numeric")

    def carried_types(self) -> dict[str, str]:
        """The types of the carried columns, as the gate's own tables have them."""
        return {one: _kept_as(self.types[one]) for one in self.source.carried}

    def _symbol(self) -> str:
        if self.source.symbol is not None:
            return f"{literal(self.connection, self.source.symbol)}::text"
        return f"given.{quoted(self.source.column('symbol'))}"

    def _date(self) -> str:
        """The day of a daily bar, of the table's own kind if it can be; the moment of another."""
        source = self.source
        column = f"given.{quoted(source.column('date'))}"
        kind = self.types[source.column("date")]
        if source.unit == "yyyymmdd":
            return f"to_date({column}::text, 'YYYYMMDD')"
        if source.unit is not None:
            column, kind = f"to_timestamp({column} / {_DIVISORS[source.unit]})", _ZONED
        zone = literal(self.connection, source.zone or "UTC")
        if source.daily:
            in_zone = kind == _ZONED and source.zone
            return f"({column} at time zone {zone})::date" if in_zone else column
        return column if kind == _ZONED else f"({column}::timestamp at time zone {zone})"

    def _moment(self) -> str:
        """The moment in UTC of a bar whose column has one."""
        source = self.source
        column, kind = f"given.{quoted(source.column('date'))}", self.types[source.column("date")]
        if source.unit is not None and source.unit in _DIVISORS:
            return f"(to_timestamp({column} / {_DIVISORS[source.unit]}) at time zone 'UTC')"
        if kind == _ZONED:
            return f"({column} at time zone 'UTC')"
        return "null::timestamp" if source.daily else f"({self._date()} at time zone 'UTC')"

    def _created_at(self) -> str:
        """A time without a zone is taken to be in UTC."""
        name = self.source.column("created_at")
        column = f"given.{quoted(name)}"
        return f"({column} at time zone 'UTC')" if self.types[name] == _ZONED else column


def opened(connection: Connection, source: Source) -> OpenSource:
    """The source in a connection.

    Raises MissingTableError, MissingColumnError, UnreadableColumnError that say what is wrong with
    it.
    """
    # How text, dates and times are written must not depend on the server's configuration.
    connection.exec_driver_sql("set local datestyle = 'ISO, YMD'")
    connection.exec_driver_sql("set local timezone = 'UTC'")
    types = _own_types(connection) if source.is_own else column_types(connection, source)
    if not types:
        raise MissingTableError(
            f"There is no table stock_data in database {connection.engine.url.database!r}; "
            "create it (sql/schema/stock_data.sql) or connect to the database that has it."
        )
    _require_columns(source, types)
    if not source.is_own:
        _require_date(source, types[source.column("date")])
    return OpenSource(source, connection, types)


def _own_types(connection: Connection) -> dict[str, str]:
    found = connection.exec_driver_sql(statement("queries/table_columns"))
    return {row.attname: row.format_type for row in found}


def column_types(connection: Connection, source: Source) -> dict[str, str]:
    """The types of all columns of somebody else's table; raises MissingTableError."""
    query = f"select given.* from {place_of(source)} as given limit 0"  # noqa: S608  # quoted
    try:
        with connection.begin_nested():
            return _types_of(connection, query)
    except (OperationalError, psycopg2.OperationalError):
        raise
    except (DBAPIError, psycopg2.Error) as error:  # the cursor is the driver's own
        cause = error.orig if isinstance(error, DBAPIError) else error
        why = " ".join(str(cause).strip().partition("\nLINE")[0].split())
        near = _near_table(connection, source) if isinstance(cause, UndefinedTable) else ""
        raise MissingTableError(
            f"{source.shown} cannot be read in database {connection.engine.url.database!r} as "
            f"{connection.engine.url.username}: {why}{near}. Correct the dataset, or grant "
            "usage on the schema and select on the table."
        ) from None


def _near_table(connection: Connection, source: Source) -> str:
    if source.table is None:
        return ""
    found = connection.exec_driver_sql(statement("queries/tables_of"), {"schema": source.schema})
    near = nearest_symbols([source.table], found.scalars()).get(source.table)
    return f" (did you mean {near!r}?)" if near else ""


def _types_of(connection: Connection, query: str) -> dict[str, str]:
    """The columns that a query gives, with their types."""
    with driver_connection(connection).cursor() as cursor:
        cursor.execute(query, {})
        described = cursor.description or ()
    bound = {"oids": [column.type_code for column in described]}
    found = connection.exec_driver_sql(statement("queries/type_names"), bound)
    names = {row.oid: row.name for row in found}
    return {column.name: names[column.type_code] for column in described}


def _require_columns(source: Source, types: Mapping[str, str]) -> None:
    wanted = {one: source.column(one) for one in BAR if one != "symbol" or source.symbol is None}
    # A column for the time of writing that is named is meant to be there.
    wanted |= {one: name for one, name in source.columns.items() if one == "created_at"}
    wanted |= {f"carry {one}": one for one in source.carried}
    lacking = {one: name for one, name in wanted.items() if name not in types}
    if not lacking:
        return
    if source.is_own:
        raise MissingColumnError(
            f"Table stock_data has no column {next(iter(lacking))!r}, only {', '.join(types)}; "
            "add or rename it."
        )
    near = nearest_symbols(list(lacking.values()), types)
    told = [
        f"{name!r} for {one}" + (f" (did you mean {near[name]!r}?)" if name in near else "")
        for one, name in lacking.items()
    ]
    raise MissingColumnError(
        f"{source.shown} has no column {', '.join(told)}, only {', '.join(types)}; say under "
        "source.columns of the dataset which column it is."
    )


def _require_date(source: Source, kind: str) -> None:
    """Dates of a kind that is understood, as the dataset says."""
    where = f"the column {source.column('date')!r} of {source.shown}, the date, is {kind}"
    if source.unit is None and kind in _WHOLE:
        raise UnreadableColumnError(
            f"{where}: say in source.unit of the dataset what it counts since 1970 (s, ms, us, "
            "ns), or that it is a day written as yyyymmdd."
        )
    if source.unit is not None and kind not in _WHOLE and not is_text(kind):
        raise UnreadableColumnError(f"{where}, and no number: leave source.unit out.")
    moments = source.unit in _DIVISORS or kind == _ZONED
    if source.daily and moments and source.zone is None:
        raise UnreadableColumnError(
            f"{where}, a moment: say in source.zone of the dataset in which zone it shows the day, "
            "such as America/New_York, or UTC for a midnight there."
        )
    if not source.daily and kind == "date":
        raise UnreadableColumnError(
            f"{where}, which has no time of day: bars within the day need one."
        )
    if not source.daily and kind == _UNZONED and source.zone is None:
        raise UnreadableColumnError(
            f"{where}: say in source.zone of the dataset which zone its times are in."
        )


def _kept_as(kind: str) -> str:
    """The type that keeps the values of a carried column: numbers as a bar's are."""
    if kind in _WHOLE[:3]:
        return "bigint"
    if kind in ("numeric", "real", "double precision"):
        return "double precision"
    return kind if kind in _AS_THEY_ARE else "text"


def source_faults(source: Source, types: Mapping[str, str]) -> Iterator[str]:
    """Everything that keeps a table of these types from being read as its dataset says."""
    try:
        _require_columns(source, types)
    except MissingColumnError as error:
        yield str(error)
    kind = types.get(source.column("date"))
    try:
        if kind is not None:
            _require_date(source, kind)
    except UnreadableColumnError as error:
        yield str(error)


def microseconds(column: str, kind: str, unit: Unit | None) -> str:
    """A date's moment in microseconds since 1970, in SQL; NULL for what no calendar holds."""
    if unit is not None and unit in _DIVISORS:
        return f"floor({column} * (1e6 / {_DIVISORS[unit]}))"
    moment = column if kind in (_ZONED, _UNZONED) else f"{column}::timestamp"
    return (
        f"case when {moment} between '0001-01-01' and '9999-12-31' "
        f"then (extract(epoch from {moment}) * 1000000)::bigint end"
    )


def is_text(kind: str) -> bool:
    """Is it a type of texts?"""
    return kind == "text" or kind.startswith("character")


def place_of(source: Source) -> str:
    """What is selected from, in SQL."""
    if source.query is not None:
        query = source.query.strip().rstrip(";")
        return "(\n" + query.replace("%", "%%") + "\n)"
    table = quoted(source.table or "stock_data")
    return f"{quoted(source.schema)}.{table}" if source.schema else table


def quoted(name: str) -> str:
    """A name as SQL has it; no percent sign is left, which the driver would take for its own."""
    inside = name.replace('"', '""')
    if "%" not in name:
        return f'"{inside}"'
    return 'U&"' + inside.replace("\\", "\\\\").replace("%", "\\0025") + '"'


def literal(connection: Connection, text: str) -> str:
    """A text as SQL has it; a percent sign is doubled."""
    with driver_connection(connection).cursor() as cursor:
        written: bytes = cursor.mogrify("%s", (text,))
    return written.decode("utf-8").replace("%", "%%")
