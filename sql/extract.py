"""Reading bars out of a source as Parquet, as they are: judging them is the gate's work."""

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
from sqlalchemy import Engine
from sqlalchemy.exc import DataError

from sql.archived.joined import Asked, Fetch, archived_symbols, with_archived
from sql.connection import driver_connection
from sql.copy_stream import HashingReader, copy_out, csv_options
from sql.digits import Digits
from sql.errors import NoBarsError, UnreadableColumnError
from sql.nearest import did_you_mean, most_like, nearest_symbols
from sql.repaired import Repairs
from sql.source import OWN, OpenSource, Source, opened, quoted
from sql.statements import statement
from sql.terms import NUMBERS

# Of bars that are days; `schema_of` has that of others.
SCHEMA = pa.schema(
    [
        ("symbol", pa.string()),
        ("date", pa.date32()),
        *((name, pa.float64()) for name in NUMBERS),
        ("created_at", pa.timestamp("us")),
    ]
)
_CARRIED = {
    "bigint": pa.int64(),
    "double precision": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp without time zone": pa.timestamp("us"),
    "timestamp with time zone": pa.timestamp("us", "UTC"),
    "text": pa.string(),
}
# Written in digits the same float64 is read from these; a cast would cost the server half its time,
# and give a real digits that nobody wrote.
PLAIN_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
# About 25,000 bars: one row group of the Parquet file. While it is written the server fills the
# pipe, and would wait for larger ones.
BLOCK_BYTES = 2 << 20


@dataclass(frozen=True)
class Extraction:
    """What was read. `digest` is the SHA-256 of the data, the same for the same data and repairs.

    `at` is the database's clock at the moment whose data were read; `missing` are the requested
    symbols without a bar in the range; dates are None when no bar has one; `sql` is the statement
    as it ran. `rounded` numbers have more digits than a float64 keeps, as `rounded_example` has.
    `archived`: some of the bars are in files, and no longer in the source.
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
    archived: bool = False


def extract_bars(
    engine: Engine,
    sink: BinaryIO | io.RawIOBase,
    *,
    source: Source = OWN,
    symbols: Sequence[str],
    start: date | None,
    end: date | None,
    nameless: bool = False,
    may_be_empty: bool = False,
    newest: int | None = None,
    repairs: Repairs | None = None,
    archive: Fetch | None = None,
) -> Extraction:
    """Write the bars of `symbols` from `start` to `end` (both included, None is open) to `sink`.

    They are read from the `source` in the database of `engine`.

    With `nameless` also the rows that have no symbol: nobody asks for them by name. `newest` is
    how many of each symbol's bars are read, those with the latest dates (None: all). `repairs` are
    applied to what is read, and say afterwards which were. `archive` gives the files of bars that
    were archived: those that are asked for are read as if they were still in the source.

    Parquet columns, ordered by symbol and date: symbol string; date date32, of bars within the day
    timestamp[us] in UTC; open, high, low, close, volume float64; created_at timestamp[us] in UTC,
    NULL when the table does not have it; then the carried columns.
    NULL, NaN and infinity stay. A date outside the years 1 to 9999 becomes NULL, and bars
    without a date are always included. Memory does not grow with the number of bars.

    Raises:
        MissingTableError, MissingColumnError: the source is not as needed.
        UnreadableColumnError: a value is no number or no date, or dates are another zone's.
        ArchiveError: bars that are asked for are archived, and their files cannot be read.
        NoBarsError: no bar of any of the symbols, unless it `may_be_empty`.
        psycopg2.OperationalError: the connection was lost while reading.
    """
    with engine.connect() as connection:
        # The moment and the data are those of one snapshot: of two extracts the later one is newer.
        connection = connection.execution_options(isolation_level="REPEATABLE READ")
        at: datetime = connection.exec_driver_sql("select now()").scalar_one()
        asked = Asked(symbols, start, end, newest)
        bars = with_archived(opened(connection, source), asked, archive)
        types = bars.bars_types()
        query = _query(bars, types, symbols, start, end, nameless)
        schema = schema_of(source, bars.carried_types())
        if newest is not None:
            query = statement("queries/newest_bars").format(
                columns=", ".join(map(quoted, schema.names)), query=query, newest=newest
            )
        counts: Counter[str | None] = Counter()
        days: list[date] = []
        digits, repairs = Digits(), repairs or Repairs()
        _require_days(bars, types["date"], symbols)
        try:
            with copy_out(connection, f"copy ({query}) to stdout (format csv, header)") as stream:
                _write_parquet(stream, sink, schema, counts, days, (digits, repairs))
        except (psycopg2.DataError, pg_errors.CannotCoerce) as failure:
            raise UnreadableColumnError(
                f"A value in {source.shown} is not what its column should hold: {failure}"
                "Correct it, or change the column's type, and run again."
            ) from failure
        if not counts and not may_be_empty:
            raise _no_bars(bars, symbols, start, end)
    return Extraction(
        rows=counts.total(),
        rows_by_symbol={symbol: rows for symbol, rows in counts.items() if symbol is not None},
        missing=tuple(symbol for symbol in dict.fromkeys(symbols) if symbol not in counts),
        first_date=min(days, default=None),
        last_date=max(days, default=None),
        columns=tuple(schema.names),
        digest=repairs.digest(stream.hexdigest()),
        sql=query,
        at=at,
        rounded=digits.rounded,
        rounded_example=digits.example,
        archived=bars.joined is not None,
    )


def known_symbols(engine: Engine, source: Source = OWN) -> list[str]:
    """Every symbol that the source holds or held before it was archived, in alphabetical order.

    Raises MissingTableError, MissingColumnError: it is not as needed.
    """
    with engine.connect() as connection:
        return _known(opened(connection, source))


def in_order(engine: Engine, symbols: Sequence[str], source: Source = OWN) -> list[str]:
    """Sort symbols as an extract does: by the collation of the table's column, not by Python's."""
    with engine.connect() as connection:
        return _in_order(opened(connection, source), symbols)


def _in_order(bars: OpenSource, symbols: Sequence[str]) -> list[str]:
    return list(bars.ask("queries/order_symbols", symbols=list(symbols)).scalars())


def _known(bars: OpenSource) -> list[str]:
    archived = archived_symbols(bars)
    try:
        there = list(bars.ask("queries/known_symbols").scalars())
        return there if archived <= set(there) else _in_order(bars, list(archived.union(there)))
    except DataError as failure:  # a database in SQL_ASCII keeps any bytes
        why = str(failure.orig).strip()
        raise UnreadableColumnError(
            f"A symbol in {bars.source.shown} is no text: {why}. Correct it, and run again."
        ) from failure


def _query(
    bars: OpenSource,
    types: Mapping[str, str],
    symbols: Sequence[str],
    start: date | None,
    end: date | None,
    nameless: bool,
) -> str:
    created_at = "bar.created_at" if "created_at" in types else "null"
    numbers = {name: _number(name, types[name]) for name in NUMBERS}
    # Sorting by the whole bar doubles the time, so only where duplicates can be.
    tie_break = "" if bars.is_unique() else "".join(f", {one}" for one in numbers.values())
    template = statement("queries/extract_bars").replace("{created_at}", created_at)
    template = template.replace("{tie_break}", tie_break)
    template = template.replace("{or_nameless}", "or bar.symbol is null" if nameless else "")
    template = template.replace("{moment}", moment_of(bars.source))
    template = template.replace("{carried}", _carried(bars))
    for name, number in numbers.items():
        template = template.replace(f"{{{name}}}", number)
    bound = {"symbols": list(symbols), "start": start, "end": end}
    with driver_connection(bars.connection).cursor() as cursor:
        text: bytes = cursor.mogrify(bars.text(template), bound)
    return text.decode("utf-8")


def schema_of(source: Source, carried: Mapping[str, str]) -> pa.Schema:
    """The columns of an extract of this source; ``carried`` are PostgreSQL's types."""
    moment = SCHEMA.field("date") if source.daily else pa.field("date", pa.timestamp("us", "UTC"))
    own = [moment if field.name == "date" else field for field in SCHEMA]
    return pa.schema([*own, *((name, _CARRIED[kind]) for name, kind in carried.items())])


def moment_of(source: Source) -> str:
    """What a bar is known by beside its symbol, in SQL: its day, or its moment."""
    return "bar.date::date" if source.daily else "bar.date::timestamptz"


def _carried(bars: OpenSource) -> str:
    names = ((quoted(name), kind) for name, kind in bars.carried_types().items())
    return "".join(f",\n    bar.{name}::{kind} as {name}" for name, kind in names)


def _require_days(bars: OpenSource, held: str, symbols: Sequence[str]) -> None:
    """Refuse days, ``held`` as this type, that are another zone's and would be read a day early."""
    if held == "date" or not bars.source.daily:
        return
    kind = "timestamp" if held.startswith("timestamp without") else "timestamptz"
    query = statement("queries/moved_days").replace("{kind}", kind)
    bound = {"symbols": list(symbols)}
    try:
        with bars.connection.begin_nested():
            found = bars.connection.exec_driver_sql(bars.text(query), bound).first()
    except DataError:  # a text that is no date: reading it says so
        return
    if found is None:
        return
    shown = bars.source.shown
    zone = "date at time zone 'UTC'" if kind == "timestamp" else "date::timestamptz"
    advice = (
        f"Make {shown} a view that names the zone of the exchange: "
        f"({zone} at time zone 'ZONE')::date as date."
        if bars.source.is_own
        else "Read them by a query that names the zone of the exchange."
    )
    raise UnreadableColumnError(
        f"{shown} has {found.symbol} at {found.moment}, a Sunday in UTC, and hardly any "
        "Saturdays: its days begin in a time zone to the east, and would be read a day early. "
        + advice
    )


def _number(column: str, kind: str) -> str:
    return f"bar.{column}" if kind in PLAIN_NUMBERS else f"bar.{column}::float8"


def _write_parquet(
    stream: HashingReader,
    sink: BinaryIO | io.RawIOBase,
    schema: pa.Schema,
    counts: Counter[str | None],
    days: list[date],
    reading: tuple[Digits, Repairs],
) -> None:
    digits, repairs = reading
    reader = pa.csv.open_csv(
        pa.PythonFile(stream, mode="r"),
        read_options=pa.csv.ReadOptions(block_size=BLOCK_BYTES),
        **csv_options(_written(schema)),
    )
    with reader, pq.ParquetWriter(sink, schema) as writer:
        for batch in reader:
            if not batch.num_rows:
                continue
            batch = repairs.read(digits.read(batch, schema))
            if not batch.num_rows:
                continue
            writer.write_batch(batch)
            for entry in batch["symbol"].value_counts().to_pylist():
                counts[entry["values"]] += entry["counts"]
            ends = pc.min_max(batch["date"]).as_py()
            # A moment is a date, too, and one with the zone UTC.
            days += [day for day in ends.values() if day is not None]


def _written(schema: pa.Schema) -> pa.Schema:
    """As the server writes them: a number's digits tell whether a float64 keeps them all."""
    floats = pa.types.is_floating
    return pa.schema([f.with_type(pa.string()) if floats(f.type) else f for f in schema])


def _no_bars(
    bars: OpenSource, symbols: Sequence[str], start: date | None, end: date | None
) -> NoBarsError:
    wanted = (
        f"{', '.join(symbols) or 'no symbol'} from {start or 'the first'} to {end or 'the last'}"
    )
    known, shown = _known(bars), bars.source.shown
    near = most_like(symbols, known)
    found = bars.ask("queries/table_contents", symbols=near).all()
    held = "; ".join(
        f"{one.symbol}: {one.bars} bars, {one.first_date} to {one.last_date}" for one in found
    )
    others = len(known) - len(near)
    more = f"; and {others:,} more symbols" if others else ""
    load = "load bars first (gate load FILE)" if bars.source.is_own else "nothing to judge yet"
    return NoBarsError(
        f"{shown} has no bar of {wanted}{did_you_mean(nearest_symbols(symbols, known)) or '.'} "
        + (f"It holds {held}{more}." if held else f"It is empty: {load}.")
    )
