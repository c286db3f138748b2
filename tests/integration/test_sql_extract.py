import datetime as dt
import io
import math

import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from sql.connection import ConnectionSettings, make_engine
from sql.errors import (
    MissingColumnError,
    MissingTableError,
    NoBarsError,
    UnreadableColumnError,
)
from sql.extract import SCHEMA, Extraction, extract_bars, in_order
from sql.schema import create_schema, load_sample

BAR = "open, high, low, close, volume"


def run(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for text in statements:
            connection.exec_driver_sql(text)


def read(
    engine: Engine,
    *symbols: str,
    start: dt.date | None = None,
    end: dt.date | None = None,
) -> tuple[pa.Table, Extraction]:
    sink = io.BytesIO()
    extraction = extract_bars(engine, sink, symbols=symbols, start=start, end=end)
    return pq.read_table(sink), extraction


def replace_table(engine: Engine, columns: str) -> None:
    run(engine, "drop table stock_data", f"create table stock_data ({columns})")


def test_the_sample_arrives_sorted_with_its_counts(engine):
    load_sample(engine)
    table, extraction = read(engine, "TSLA", "NVDA")
    assert table.schema == SCHEMA
    assert extraction.rows == table.num_rows == 46
    assert extraction.rows_by_symbol == {"NVDA": 23, "TSLA": 23}
    assert extraction.missing == ()
    assert (extraction.first_date, extraction.last_date) == (
        dt.date(2025, 10, 5),
        dt.date(2025, 11, 4),
    )
    keys = list(zip(table["symbol"].to_pylist(), table["date"].to_pylist(), strict=True))
    assert keys == sorted(keys)
    assert table["created_at"].null_count == 0


def test_the_sample_is_loaded_only_into_an_empty_table(engine):
    assert load_sample(engine) == 46
    assert load_sample(engine) == 0


def test_the_sample_has_consistent_bars_and_no_large_return(engine):
    load_sample(engine)
    frame = read(engine, "TSLA", "NVDA")[0].to_pandas()
    assert (frame.low <= frame[["open", "close"]].min(axis=1)).all()
    assert (frame.high >= frame[["open", "close"]].max(axis=1)).all()
    assert frame.groupby("symbol").close.pct_change().abs().max() < 0.06
    weekend = [day for day in frame.date.unique() if day.weekday() > 4]
    assert weekend == [dt.date(2025, 10, 5)]


def test_the_range_includes_both_ends(engine):
    load_sample(engine)
    table, _ = read(engine, "TSLA", start=dt.date(2025, 10, 6), end=dt.date(2025, 10, 8))
    assert table["date"].to_pylist() == [dt.date(2025, 10, day) for day in (6, 7, 8)]


def test_missing_symbols_are_named_and_the_others_arrive(engine):
    load_sample(engine)
    _, extraction = read(engine, "TSLA", "NOPE", "ZZZ", "NOPE")
    assert extraction.missing == ("NOPE", "ZZZ")
    assert extraction.rows == 23


def test_no_bars_at_all_says_what_the_table_holds(engine):
    load_sample(engine)
    with pytest.raises(NoBarsError, match=r"NOPE.*NVDA: 23 bars, 2025-10-05 to 2025-11-04"):
        read(engine, "NOPE")
    with pytest.raises(NoBarsError, match="TSLA from 2030-01-01 to the last"):
        read(engine, "TSLA", start=dt.date(2030, 1, 1))


def test_of_many_symbols_the_ten_nearest_are_told(engine):
    names = [f"N{number:03}" for number in range(200)] + ["GOOGL", "GOOG"]
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into stock_data (symbol, date, open, high, low, close, volume)"
            " select unnest(%s::text[]), '2025-01-02', 1, 1, 1, 1, 1",
            (names,),
        )
    with pytest.raises(NoBarsError) as raised:
        read(engine, "GOOGLE", "N150", start=dt.date(2030, 1, 1))
    said = str(raised.value)
    assert said.count(": 1 bars, ") == 10 and said.endswith("; and 192 more symbols.")
    assert all(f"{name}: 1 bars" in said for name in ("GOOG", "GOOGL", "N150"))


def test_an_empty_table_says_so(engine):
    with pytest.raises(NoBarsError, match="It is empty"):
        read(engine, "TSLA")


@pytest.mark.parametrize(
    "symbol",
    ["'; drop table stock_data; --", "%s", "%(start)s", "\\'", 'a"b', "x\ny,z", "NULL", "NA", ""],
)
def test_a_hostile_symbol_is_only_a_value(engine, symbol):
    load_sample(engine)
    with pytest.raises(NoBarsError):
        read(engine, symbol)
    replace_table(
        engine, f"symbol text, date date, {', '.join(f'{c} text' for c in BAR.split(', '))}"
    )
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into stock_data values (%s, '2025-01-02', 1, 1, 1, 1, 1)", (symbol,)
        )
    table, extraction = read(engine, symbol, "TSLA")
    assert table["symbol"].to_pylist() == [symbol]
    assert extraction.rows_by_symbol == {symbol: 1}
    assert extraction.missing == ("TSLA",)


def test_null_nan_infinity_and_duplicates_survive(engine):
    replace_table(
        engine,
        "symbol varchar(10), date date, open numeric, high numeric, low numeric, close numeric,"
        " volume numeric",
    )
    run(
        engine,
        "insert into stock_data values"
        " ('A', null, null, 'NaN', 'Infinity', '-Infinity', null),"
        " ('A', 'infinity', 1, 1, 1, 1, 'NaN'),"
        " ('A', '-infinity', 1, 1, 1, 1, 1),"
        " ('A', '2025-01-02', -1, 0, 1, 1e300, 1.5),"
        " ('A', '2025-01-02', -1, 0, 1, 1e300, 1.5)",
    )
    table, extraction = read(engine, "A", start=dt.date(2025, 1, 1), end=dt.date(2025, 1, 31))
    rows = table.to_pylist()
    assert extraction.rows == 5
    assert sum(row["date"] is None for row in rows) == 3
    broken = next(row for row in rows if row["open"] is None)
    assert math.isnan(broken["high"])
    assert (broken["low"], broken["close"], broken["volume"]) == (math.inf, -math.inf, None)
    assert any(row["volume"] is not None and math.isnan(row["volume"]) for row in rows)
    assert [row["volume"] for row in rows if row["close"] == 1e300] == [1.5, 1.5]
    assert table["created_at"].null_count == 5


def test_decimals_are_read_as_the_server_itself_would_cast_them(engine):
    replace_table(engine, f"symbol text, date date, {BAR.replace(',', ' numeric,')} numeric")
    run(
        engine,
        "insert into stock_data select 'A', date '2025-01-01' + n,"
        " (random() * 10 ^ mod(n, 18))::numeric, 0.1 + n / 3.0, pi()::numeric * n, 1e-300,"
        " 9007199254740993"
        " from generate_series(1, 500) as n",
        "insert into stock_data values ('B', '2025-01-02', 1e400, -1e400, 1, 1, 1)",
    )
    table, _ = read(engine, "A")
    names = BAR.split(", ")
    casts = ", ".join(f"{name}::float8" for name in names)
    with engine.connect() as connection:
        cast = connection.exec_driver_sql(
            f"select {casts} from stock_data where symbol = 'A' order by date"
        ).all()
    assert [tuple(row[name] for name in names) for row in table.to_pylist()] == cast
    # What no float64 can hold is infinite, and the gate's to judge.
    assert read(engine, "B")[0].to_pylist()[0]["open"] == math.inf


@pytest.mark.parametrize("kind", ["text", "double precision", "real", "numeric", "bigint"])
@pytest.mark.parametrize("day", ["date", "timestamp", "timestamptz", "text"])
def test_other_column_types_and_orders_are_read(engine, kind, day):
    numbers = ", ".join(f"{name} {kind}" for name in reversed(BAR.split(", ")))
    replace_table(
        engine, f"note jsonb, {numbers}, created_at timestamptz, date {day}, symbol char(10)"
    )
    run(
        engine,
        "insert into stock_data values"
        " ('{}', 5, 4, 3, 2, 1, '2025-01-02 10:00:00.25+02', '2025-01-02', 'A')",
    )
    table, _ = read(engine, "A")
    assert table.to_pylist() == [
        {
            "symbol": "A",
            "date": dt.date(2025, 1, 2),
            "open": 1.0,
            "high": 2.0,
            "low": 3.0,
            "close": 4.0,
            "volume": 5.0,
            "created_at": dt.datetime(2025, 1, 2, 8, 0, 0, 250_000),
        }
    ]


def test_a_real_is_read_in_the_digits_that_it_is_written_with(engine):
    replace_table(engine, f"symbol text, date date, {BAR.replace(',', ' real,')} real")
    run(engine, "insert into stock_data values ('A', '2025-01-02', 366.57, 0.1, 1e-30, 1, 'NaN')")
    (bar,) = read(engine, "A")[0].to_pylist()
    assert (bar["open"], bar["high"], bar["low"]) == (366.57, 0.1, 1e-30)


@pytest.mark.parametrize(
    ("number", "rounded"),
    [
        ("0.000011011", 0),
        ("123.450000000000000000000000", 0),
        ("0.30000000000000004", 0),  # a float64's own digits
        ("1000000000000000000000000000000000000000", 0),
        ("261314413264.1234", 0),
        ("9007199254740993", 1),
        ("187.23456789012345678", 1),
        ("0.1234567890123456789012345678901234567890123456789", 1),
        ("NaN", 0),
        ("-Infinity", 0),
    ],
)
def test_numbers_with_more_digits_than_a_float64_keeps_are_counted(engine, number, rounded):
    run(
        engine,
        "insert into stock_data (symbol, date, open, high, low, close, volume)"
        f" select s, '2025-01-02', 1, 1, 1, '{number}', 1.5 from unnest('{{A,B}}'::text[]) s",
    )
    extraction = read(engine, "A", "B")[1]
    assert extraction.rounded == 2 * rounded
    said = f"close {number} of A on 2025-01-02" if rounded else None
    assert extraction.rounded_example == said


def test_a_view_is_read_like_a_table(engine):
    load_sample(engine)
    run(
        engine,
        "alter table stock_data rename to bars",
        "create view stock_data as select * from bars",
    )
    assert read(engine, "TSLA")[1].rows == 23


def test_a_missing_table_is_named(engine):
    run(engine, "drop table stock_data")
    with pytest.raises(MissingTableError, match="no table stock_data in database 'bars_"):
        read(engine, "TSLA")


@pytest.mark.parametrize("name", ["symbol", "date", "close", "volume"])
def test_a_missing_column_is_named(engine, name):
    run(engine, f"alter table stock_data drop column {name}")
    with pytest.raises(MissingColumnError, match=f"no column '{name}'"):
        read(engine, "TSLA")
    assert engine.pool.checkedout() == 0


@pytest.mark.parametrize("rows_before", [0, 300_000])
def test_a_value_that_is_no_number_is_shown(engine, rows_before):
    replace_table(engine, f"symbol text, date date, {BAR.replace(',', ' text,')} text")
    run(
        engine,
        "insert into stock_data select 'A', '2025-01-02', '1', 1, 1, 1, 1"
        f" from generate_series(1, {rows_before})",
        "insert into stock_data values ('B', '2025-01-02', 'n/a', 1, 1, 1, 1)",
    )
    with pytest.raises(UnreadableColumnError, match='"n/a"'):
        read(engine, "A", "B")
    assert engine.pool.checkedout() == 0
    assert engine.connect().close() is None


def test_a_sink_that_fails_gives_the_connection_back(engine):
    run(
        engine,
        "insert into stock_data (symbol, date, open, high, low, close, volume)"
        " select 'A', date '1000-01-01' + n, 1, 1, 1, 1, n from generate_series(1, 150000) n",
    )

    class FullDisk(io.RawIOBase):
        def writable(self):
            return True

        def write(self, data):
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        extract_bars(engine, FullDisk(), symbols=["A"], start=None, end=None)
    assert engine.pool.checkedout() == 0
    assert read(engine, "A")[1].rows == 150_000


def test_a_connection_cut_while_reading_shows_as_itself(engine):
    """A bar whose price is read only after the backend was told to end."""
    replace_table(engine, f"symbol text, date date, {BAR.replace(',', ' int,')} int")
    run(
        engine,
        "alter table stock_data rename to bars",
        "insert into bars select 'A', '2025-01-02', 1, 1, 1, 1, n"
        " from generate_series(1, 200000) n",
        "create function cut(n int) returns int language sql volatile as"
        " 'select case n when 150000 then pg_terminate_backend(pg_backend_pid())::int else n end'",
        "create view stock_data as select symbol, date, open, high, low, close,"
        " cut(volume) as volume from bars",
    )
    with pytest.raises(psycopg2.OperationalError):
        read(engine, "A")
    assert engine.pool.checkedout() == 0


def test_the_digest_depends_on_the_data_only(engine):
    load_sample(engine)
    first = read(engine, "TSLA", "NVDA")[1].digest
    assert read(engine, "NVDA", "TSLA", "NOPE")[1].digest == first
    run(engine, "update stock_data set close = close + 0.01 where symbol = 'TSLA'")
    assert read(engine, "TSLA", "NVDA")[1].digest != first


def test_many_batches_add_up(engine):
    run(
        engine,
        "insert into stock_data (symbol, date, open, high, low, close, volume)"
        " select 'S' || s, date '1990-01-01' + n, 1, 1, 1, 1, n"
        " from generate_series(1, 40) s, generate_series(1, 4000) n",
    )
    table, extraction = read(engine, *(f"S{n}" for n in range(1, 42)))
    assert extraction.rows == table.num_rows == 160_000
    assert set(extraction.rows_by_symbol.values()) == {4000}
    assert extraction.missing == ("S41",)
    assert extraction.last_date == dt.date(1990, 1, 1) + dt.timedelta(4000)


def test_symbols_are_put_in_the_order_of_the_extract(engine):
    names = ["Z", "A", "BA", "B.A", "B-C", "A1"]
    bars = (f"('{name}', '2025-01-02', 1, 1, 1, 1, 1)" for name in names)
    run(engine, f"insert into stock_data (symbol, date, {BAR}) values {', '.join(bars)}")

    table, _ = read(engine, *names)

    assert in_order(engine, names) == table["symbol"].to_pylist()


def test_an_extract_may_be_empty_when_it_is_told_so(engine):
    sink = io.BytesIO()

    found = extract_bars(engine, sink, symbols=["NONE"], start=None, end=None, may_be_empty=True)

    assert (found.rows, found.missing, found.first_date) == (0, ("NONE",), None)
    assert pq.read_table(sink).schema == SCHEMA


def test_the_sql_that_ran_is_kept_and_can_run_again(engine):
    load_sample(engine)
    _, extraction = read(engine, "TSLA")
    with engine.connect() as connection:
        again = connection.exec_driver_sql(extraction.sql.replace("%", "%%")).all()
    assert len(again) == 23


def test_the_password_shows_nowhere(bars_database):
    settings = ConnectionSettings("127.0.0.1", 1, "bars", "me", "hunter2")
    engine = make_engine(settings)
    with pytest.raises(OperationalError) as failure:
        read(engine, "TSLA")
    shown = [repr(settings), str(settings), str(settings.url()), repr(engine), str(failure.value)]
    assert "hunter2" not in " ".join(shown)
    assert settings.url().password == "hunter2"


def test_the_schema_can_be_created_again_and_keeps_the_rows(engine):
    load_sample(engine)
    create_schema(engine)
    assert read(engine, "TSLA")[1].rows == 23
