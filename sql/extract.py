"""Reading bars out of `stock_data` as Parquet, as they are: judging them is the gate's work."""

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO

import psycopg2
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from psycopg2 import errors as pg_errors
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError

from sql.bar_tables import BAR, NUMBERS
from sql.connection import driver_connection
from sql.copy_stream import HashingReader, copy_out
from sql.digits import Digits
from sql.errors import (
    MissingColumnError,
    MissingTableError,
    NoBarsError,
    UnreadableColumnError,
)
from sql.nearest import did_you_mean, most_like, nearest_symbols
from sql.statements import statement

SCHEMA = pa.schema(
    [
        ("symbol", pa.string()),
        ("date", pa.date32()),
        *((name, pa.float64()) for name in NUMBERS),
        ("created_at", pa.timestamp("us")),
    ]
)
# As the server writes them: a number's digits tell whether a float64 keeps them all.
WRITTEN = pa.schema(
    [field.with_type(pa.string()) if field.name in NUMBERS else field for field in SCHEMA]
)
# Written in digits the same float64 is read from these; a cast would cost the server half its time,
# and give a real digits that nobody wrote.
PLAIN_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
# About 25,000 bars: one row group of the Parquet file. While it is written the server fills the
# pipe, and would wait for larger ones.
BLOCK_BYTES = 2 << 20


@dataclass(frozen=True)
class Extraction:
    """What was read. `digest` is the SHA-256 of the data, the same for the same data.

    `at` is the database's clock at the moment whose data were read; `missing` are the requested
    symbols without a bar in the range; dates are None when no bar has one; `sql` is the statement
    as it ran. `rounded` numbers have more digits than a float64 keeps, as `rounded_example` has.
    """

    rows: int
    rows_by_symbol: dict[str, int]
    missing: tuple[str, ...]
    first_date: date | None
    last_date: date | None
    columns: tuple[str, ...]
    digest: str
    sql: str
    at: datetime
    rounded: int = 0
    rounded_example: str | None = None


def extract_bars(
    engine: Engine,
    sink: BinaryIO | io.RawIOBase,
    *,
    symbols: Sequence[str],
    start: date | None,
    end: date | None,
    nameless: bool = False,
    may_be_empty: bool = False,
    newest: int | None = None,
) -> Extraction:
    """Write the bars of `symbols` from `start` to `end` (both included, None is open) to `sink`.

    With `nameless` also the rows that have no symbol: nobody asks for them by name. `newest` is
    how many of each symbol's bars are read, those with the latest dates (None: all).

    Parquet columns, ordered by symbol and date: symbol string; date date32; open, high, low,
    close, volume float64; created_at timestamp[us] in UTC, NULL when the table does not have it.
    NULL, NaN and infinity stay. A date outside the years 1 to 9999 becomes NULL, and bars
    without a date are always included. Memory does not grow with the number of bars.

    Raises:
        MissingTableError, MissingColumnError: `stock_data` is not as needed.
        UnreadableColumnError: a value is no number or no date, or dates are another zone's.
        NoBarsError: no bar of any of the symbols, unless it `may_be_empty`.
        psycopg2.OperationalError: the connection was lost while reading.
    """
    with engine.connect() as connection:
        # The moment and the data are those of one snapshot: of two extracts the later one is newer.
        connection = connection.execution_options(isolation_level="REPEATABLE READ")
        at: datetime = connection.exec_driver_sql("select now()").scalar_one()
        present = _columns(connection)
        query = _query(connection, present, symbols, start, end, nameless)
        if newest is not None:
            query = statement("queries/newest_bars").format(
                columns=", ".join(SCHEMA.names), query=query, newest=newest
            )
        counts: Counter[str | None] = Counter()
        days: list[date] = []
        digits = Digits()
        _require_days(connection, present["date"], symbols)
        try:
            with copy_out(connection, f"copy ({query}) to stdout (format csv, header)") as stream:
                _write_parquet(stream, sink, counts, days, digits)
        except (psycopg2.DataError, pg_errors.CannotCoerce) as failure:
            raise UnreadableColumnError(
                f"A value in stock_data is not what its column should hold: {failure}"
                "Correct it, or change the column's type, and run again."
            ) from failure
        if not counts and not may_be_empty:
            raise _no_bars(connection, symbols, start, end)
    return Extraction(
        rows=counts.total(),
        rows_by_symbol={symbol: rows for symbol, rows in counts.items() if symbol is not None},
        missing=tuple(symbol for symbol in dict.fromkeys(symbols) if symbol not in counts),
        first_date=min(days, default=None),
        last_date=max(days, default=None),
        columns=tuple(SCHEMA.names),
        digest=stream.hexdigest(),
        sql=query,
        at=at,
        rounded=digits.rounded,
        rounded_example=digits.example,
    )


def known_symbols(engine: Engine) -> list[str]:
    """Every symbol that `stock_data` holds, in alphabetical order.

    Raises MissingTableError, MissingColumnError: `stock_data` is not as needed.
    """
    with engine.connect() as connection:
        _columns(connection)
        return _known(connection)


def in_order(engine: Engine, symbols: Sequence[str]) -> list[str]:
    """Sort symbols as an extract does: by the collation of the table's column, not by Python's."""
    with engine.connect() as connection:
        _columns(connection)
        bound = {"symbols": list(symbols)}
        found = connection.exec_driver_sql(statement("queries/order_symbols"), bound)
        return list(found.scalars())


def _known(connection: Connection) -> list[str]:
    try:
        return list(connection.exec_driver_sql(statement("queries/known_symbols")).scalars())
    except DataError as failure:  # a database in SQL_ASCII keeps any bytes
        why = str(failure.orig).strip()
        raise UnreadableColumnError(
            f"A symbol in stock_data is no text: {why}. Correct it, and run again."
        ) from failure


def _query(
    connection: Connection,
    present: Mapping[str, str],
    symbols: Sequence[str],
    start: date | None,
    end: date | None,
    nameless: bool,
) -> str:
    # How text, dates and times are written must not depend on the server's configuration.
    connection.exec_driver_sql("set local datestyle = 'ISO, YMD'")
    connection.exec_driver_sql("set local timezone = 'UTC'")
    created_at = "bar.created_at" if "created_at" in present else "null"
    unique = connection.exec_driver_sql(statement("queries/has_unique_bars")).scalar_one()
    numbers = {name: _number(name, present[name]) for name in NUMBERS}
    # Sorting by the whole bar doubles the time, so only where duplicates can be.
    tie_break = "" if unique else "".join(f", {number}" for number in numbers.values())
    template = statement("queries/extract_bars").replace("{created_at}", created_at)
    template = template.replace("{tie_break}", tie_break)
    template = template.replace("{or_nameless}", "or bar.symbol is null" if nameless else "")
    for name, number in numbers.items():
        template = template.replace(f"{{{name}}}", number)
    bound = {"symbols": list(symbols), "start": start, "end": end}
    with driver_connection(connection).cursor() as cursor:
        text: bytes = cursor.mogrify(template, bound)
    return text.decode("utf-8")


def _require_days(connection: Connection, held: str, symbols: Sequence[str]) -> None:
    """Refuse days, ``held`` as this type, that are another zone's and would be read a day early."""
    if held == "date":
        return
    kind = "timestamp" if held.startswith("timestamp without") else "timestamptz"
    query = statement("queries/moved_days").replace("{kind}", kind)
    try:
        with connection.begin_nested():
            found = connection.exec_driver_sql(query, {"symbols": list(symbols)}).first()
    except DataError:  # a text that is no date: reading it says so
        return
    if found is not None:
        zone = "date at time zone 'UTC'" if kind == "timestamp" else "date::timestamptz"
        raise UnreadableColumnError(
            f"stock_data has {found.symbol} at {found.moment}, a Sunday in UTC, and hardly any "
            "Saturdays: its days begin in a time zone to the east, and would be read a day early. "
            "Make stock_data a view that names the zone of the exchange: "
            f"({zone} at time zone 'ZONE')::date as date."
        )


def _number(column: str, kind: str) -> str:
    return f"bar.{column}" if kind in PLAIN_NUMBERS else f"bar.{column}::float8"


def _columns(connection: Connection) -> dict[str, str]:
    """The table's columns and their types; raises when it, or a column of a bar, is not there."""
    found = connection.exec_driver_sql(statement("queries/table_columns"))
    present: dict[str, str] = {row.attname: row.format_type for row in found}
    if not present:
        raise MissingTableError(
            f"There is no table stock_data in database {connection.engine.url.database!r}; "
            "create it (sql/schema/stock_data.sql) or connect to the database that has it."
        )
    for name in BAR:
        if name not in present:
            raise MissingColumnError(
                f"Table stock_data has no column {name!r}, only {', '.join(present)}; "
                "add or rename it."
            )
    return present


def _write_parquet(
    stream: HashingReader,
    sink: BinaryIO | io.RawIOBase,
    counts: Counter[str | None],
    days: list[date],
    digits: Digits,
) -> None:
    reader = pa.csv.open_csv(
        pa.PythonFile(stream, mode="r"),
        read_options=pa.csv.ReadOptions(block_size=BLOCK_BYTES),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        # Only an empty field is NULL; the default list would take the symbol "NA" for one.
        convert_options=pa.csv.ConvertOptions(
            column_types=WRITTEN,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    with reader, pq.ParquetWriter(sink, SCHEMA) as writer:
        for batch in reader:
            if not batch.num_rows:
                continue
            batch = digits.read(batch, SCHEMA)
            writer.write_batch(batch)
            for entry in batch["symbol"].value_counts().to_pylist():
                counts[entry["values"]] += entry["counts"]
            ends = pc.min_max(batch["date"]).as_py()
            days += [day for day in ends.values() if day is not None]


def _no_bars(
    connection: Connection, symbols: Sequence[str], start: date | None, end: date | None
) -> NoBarsError:
    wanted = (
        f"{', '.join(symbols) or 'no symbol'} from {start or 'the first'} to {end or 'the last'}"
    )
    known = _known(connection)
    near = most_like(symbols, known)
    found = connection.exec_driver_sql(statement("queries/table_contents"), {"symbols": near}).all()
    held = "; ".join(
        f"{symbol}: {bars} bars, {first} to {last}" for symbol, bars, first, last in found
    )
    others = len(known) - len(near)
    more = f"; and {others:,} more symbols" if others else ""
    return NoBarsError(
        f"stock_data has no bar of {wanted}{did_you_mean(nearest_symbols(symbols, known)) or '.'} "
        + (f"It holds {held}{more}." if held else "It is empty: load bars first (gate load FILE).")
    )
