"""What a source holds: a sample of its rows as they are, and facts that a person wants to know."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from psycopg2.errors import QueryCanceled
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, DBAPIError, OperationalError, ProgrammingError

from sql.connection import ConnectionSettings, connected
from sql.digits import SURE_LENGTH
from sql.errors import SlowSourceError, UnreadableColumnError
from sql.source import (
    OpenSource,
    Source,
    Unit,
    column_types,
    literal,
    microseconds,
    place_of,
    quoted,
)
from sql.statements import statement
from sql.terms import NUMBERS

EXACT = ("numeric", "bigint", "text", "character varying")
LONGEST = 200  # of what the server says, in characters
SLOW = (
    "the table answers too slowly to be looked through: an index that begins with its column of "
    "symbols, or of dates, helps, and so does a query of fewer rows"
)


@contextmanager
def looking(where: ConnectionSettings, seconds: int) -> Iterator[Connection]:
    """A connection for looking, in which nothing can be changed.

    Raises SlowSourceError when a query takes longer than so many seconds.
    """
    with connected(where) as engine, engine.connect() as connection:
        connection.exec_driver_sql("set transaction isolation level repeatable read read only")
        connection.exec_driver_sql(f"set local statement_timeout = '{seconds}s'")
        with _slowness_told():
            yield connection


@contextmanager
def _slowness_told() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if not isinstance(error.orig, QueryCanceled):
            raise
        raise SlowSourceError(SLOW) from None


@dataclass(frozen=True)
class Looker:
    """A source in a connection, whose rows are looked at before anybody knows what they mean."""

    connection: Connection
    source: Source
    types: Mapping[str, str]

    def symbols(self) -> list[str]:
        """All symbols that there are, in alphabetical order."""
        if self.source.symbol is not None:
            return [self.source.symbol]
        return [row.symbol for row in self._ask("sample_symbols")]

    def rows(self, symbols: Sequence[str], newest: int) -> list[tuple[Any, ...]]:
        """The newest rows of some symbols: symbol, stamp, open, high, low, close, volume.

        A stamp is in microseconds since 1970 (of dates and timestamps; one without a zone as if it
        were UTC's), or the text of what the column holds.
        """
        found = self._ask("sample_bars", symbols=list(symbols), newest=newest)
        return [tuple(row) for row in found]

    def hours(
        self, symbols: Sequence[str], newest: int, unit: Unit | None
    ) -> list[tuple[str, int]]:
        """The newest hours since 1970 in which some symbols have rows."""
        found = self._ask("sample_hours", unit, symbols=list(symbols), newest=newest)
        return [(row.symbol, row.hour) for row in found]

    def _ask(self, query: str, unit: Unit | None = None, **bound: object) -> list[Any]:
        source, filled = self.source, {"place": place_of(self.source)}
        filled |= {one: f"given.{quoted(source.column(one))}" for one in ("date", *NUMBERS)}
        filled["symbol"] = (
            f"given.{quoted(source.column('symbol'))}::text"
            if source.symbol is None
            else f"{literal(self.connection, source.symbol)}::text"
        )
        kind = self.types[source.column("date")]
        filled["microseconds"] = microseconds(filled["date"], kind, unit)
        dated = kind == "date" or kind.startswith("timestamp")
        filled["stamp"] = filled["microseconds"] if dated else f"{filled['date']}::text"
        text = statement(f"queries/{query}")
        for name, sql in filled.items():
            text = text.replace(f"{{{name}}}", sql)
        try:
            return list(self.connection.exec_driver_sql(text, bound or {"none": None}))
        except OperationalError:
            raise
        except (DataError, ProgrammingError) as error:
            why = _brief(error)
            raise UnreadableColumnError(
                f"{source.shown} cannot be read so ({why}): say --columns for what is another "
                "column, or give a --query that makes numbers and dates of it"
            ) from None


def looker(connection: Connection, source: Source) -> Looker:
    """The source in a connection; raises MissingTableError that says why it can't be read."""
    return Looker(connection, source, column_types(connection, source))


@dataclass(frozen=True)
class Row:
    """A row as a bar: its moment in UTC (None for a day), and its date as a run would have it."""

    symbol: str | None
    moment: datetime | None
    date: date | datetime | None
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None


@dataclass(frozen=True)
class Facts:
    """What a source holds; ``recent`` are the bars of the last days, ``endless`` of no day."""

    bars: int
    dateless: int
    nameless: int
    recent: int
    endless: int
    first_date: str | None
    last_date: str | None


def newest_rows(bars: OpenSource, rows: int) -> list[Row]:
    """Some of the newest rows, through the mapping; raises UnreadableColumnError."""
    found = _read(bars, bars.with_moments(statement("queries/newest_rows")), rows=rows)
    return [Row(*row) for row in found]


def long_numbers(bars: OpenSource, rows: int) -> dict[str, str]:
    """The longest number of each column that has more digits than a published one keeps.

    Some of the newest rows are looked at, and of their columns those of exact types.
    """
    exact = [name for name in NUMBERS if bars.bars_types()[name] in EXACT]
    found = _read(bars, bars.text(statement("queries/newest_numbers")), rows=rows) if exact else []
    longest = {
        name: max((getattr(row, name) or "" for row in found), key=_digits, default="")
        for name in exact
    }
    return {name: text for name, text in longest.items() if _digits(text) > SURE_LENGTH}


def _digits(text: str) -> int:
    """The digits of a number that count; 0 of what is none."""
    try:
        return len("".join(map(str, Decimal(text).as_tuple().digits)).strip("0"))
    except InvalidOperation:
        return 0


def facts(bars: OpenSource, since: date) -> Facts:
    """What it holds, in one reading of it; raises UnreadableColumnError."""
    (found,) = _read(bars, bars.text(statement("queries/source_facts")), since=since)
    return Facts(*found)


def _read(bars: OpenSource, text: str, **bound: object) -> list[Any]:
    try:
        with _slowness_told(), bars.connection.begin_nested():
            return list(bars.connection.exec_driver_sql(text, bound))
    except OperationalError:
        raise
    except (DataError, ProgrammingError) as error:
        why = _brief(error)
        raise UnreadableColumnError(
            f"a value of {bars.source.shown} cannot be read ({why}): correct it, or the dataset"
        ) from None


def _brief(error: DBAPIError) -> str:
    """What the server says in its first line; a value in it may have any length."""
    line = str(error.orig).strip().partition("\n")[0]
    half = LONGEST // 2
    return line if len(line) <= LONGEST else f"{line[:half]} … {line[-half:]}"


def remarks(bars: OpenSource) -> Iterator[str]:
    """What a run can do with, and would do better without."""
    source = bars.source
    if source.query is None and _is_filtered(bars):
        yield (
            f"row security policies of {source.shown} may hide rows from this user: the gate "
            "cannot miss what they hide"
        )
    by_column: dict[str, list[str]] = {}
    for meaning, name in source.columns.items():
        by_column.setdefault(name, []).append(meaning)
    for name, meanings in by_column.items():
        if len(meanings) > 1:
            yield f"{', '.join(meanings)} are all read from the column {name!r}"
    if not bars.is_unique():
        yield (
            "no unique key on symbol and date: the same bar may be there twice, and an extract "
            "sorts by whole bars"
        )
    if source.column("created_at") not in bars.types:
        yield (
            "no column created_at: whether a newest bar holds its whole day cannot be judged; name "
            "one under source.columns if there is a time of writing"
        )
    if source.query is None and not _has_index(bars):
        keys = [source.column("date")]
        keys = keys if source.symbol is not None else [source.column("symbol"), *keys]
        yield f"no index begins with {' or '.join(keys)}: each run reads the whole table"


def _is_filtered(bars: OpenSource) -> bool:
    query = "select row_security_active(%(table)s)"
    return bool(bars.connection.exec_driver_sql(query, {"table": bars.table}).scalar_one())


def _has_index(bars: OpenSource) -> bool:
    bound = {"table": bars.table}
    found = bars.connection.exec_driver_sql(statement("queries/leading_columns"), bound).scalars()
    return not {bars.source.column(one) for one in ("symbol", "date")}.isdisjoint(found)
