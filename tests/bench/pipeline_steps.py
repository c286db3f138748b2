"""The steps of the pipeline, and what each is measured against, for `tests.bench.measure`.

Every function imports and reads what it needs, and returns the work to measure. `place` is the
folder of the files; `server` the socket's folder and the database.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Engine

from sql.connection import ConnectionSettings, driver_connection, make_engine
from tests.bench.bars import generate_bars, symbol_names

BARS, ENRICHED = "bars.parquet", "enriched.parquet"
GENERIC_COLUMNS = ["symbol", "date", "open", "high", "low", "close", "volume"]
PRICES = ["open", "high", "low", "close"]
PAIRS = [("high", "open"), ("high", "close"), ("high", "low"), ("open", "low"), ("close", "low")]

Work = Callable[[], Any]
Server = Sequence[str]


def connect(server: Server) -> Engine:
    host, database, user = server
    return make_engine(ConnectionSettings(host, 5432, database, user))


def load(server: Server, symbols: int, sessions: int) -> Work:
    """Make the tables and fill stock_data."""
    from sql.copy_in import copy_in
    from sql.schema import create_schema

    engine = connect(server)
    create_schema(engine)
    frame = generate_bars(symbols, sessions)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.set_column(1, "date", table["date"].cast(pa.date32()))
    table = table.set_column(6, "volume", table["volume"].cast(pa.int64()))

    def work() -> int:
        with engine.begin() as connection:
            rows = copy_in(connection, "stock_data", table)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("vacuum (analyze) stock_data")
        return rows

    return work


def extract(server: Server, place: str, symbols: int) -> Work:
    """The pipeline's own extraction; returns the query that it ran."""
    from sql.extract import extract_bars

    engine, names = connect(server), symbol_names(symbols)

    def work() -> str:
        with (Path(place) / BARS).open("wb") as sink:
            return extract_bars(engine, sink, symbols=names, start=None, end=None).sql

    return work


def copy_to_nowhere(server: Server, query: str) -> Work:
    """What the server alone needs for the rows, as text."""
    engine = connect(server)

    def work() -> None:
        with (
            engine.connect() as connection,
            driver_connection(connection).cursor() as cursor,
        ):
            cursor.execute(f"copy ({query}) to '/dev/null' (format csv, header)")

    return work


def read_sql(server: Server, query: str) -> Work:
    """The same bars by pandas, as float64 too: without a cast it makes decimals, still slower."""
    import pandas as pd

    from sql.terms import NUMBERS

    engine = connect(server)
    for name in NUMBERS:
        query = query.replace(f"bar.{name} as", f"bar.{name}::float8 as")

    def work() -> int:
        with engine.connect() as connection:
            return len(pd.read_sql(query, connection))

    return work


def gate(place: str, results: str) -> Work:
    """The committed checkpoint."""
    from gx.gate import checkpoint

    bars = _frame(place, BARS)

    def work() -> str:
        return checkpoint.run(bars, results=Path(results)).sentence

    return work


def generic_suite(place: str) -> Work:
    """Great Expectations' own checks: columns, rows, NULLs, ranges, pairs, unique keys."""
    return generic_suite_on(_frame(place, BARS))


def generic_suite_on(bars: Any) -> Work:
    """The checks of `generic_suite` on these bars."""
    from gx.gate import checkpoint
    from gx.suite.read import parse_suite

    suite = parse_suite(json.dumps(_generic_suite()).encode(), where="bench", name="generic")

    def work() -> bool:
        report = checkpoint.run_in_memory(bars, suite)
        return all(outcome.status == "passed" for outcome in report.outcomes)

    return work


def by_hand(place: str) -> Work:
    """The checks of `generic_suite`, as one would write them in pandas."""
    return by_hand_on(_frame(place, BARS))


def by_hand_on(bars: Any) -> Work:
    """The checks of `generic_suite_on`, as one would write them in pandas."""

    def work() -> bool:
        unexpected = {f"no {column}": bars[column].isna() for column in GENERIC_COLUMNS}
        unexpected |= {f"{price} > 0": ~(bars[price] > 0) for price in PRICES}
        unexpected["volume >= 0"] = ~(bars["volume"] >= 0)
        unexpected |= {f"{high} >= {low}": ~(bars[high] >= bars[low]) for high, low in PAIRS}
        unexpected["unique"] = bars.duplicated(["symbol", "date"], keep=False)
        counts = {name: int(rows.sum()) for name, rows in unexpected.items()}
        return set(GENERIC_COLUMNS) <= set(bars) and len(bars) >= 1 and not any(counts.values())

    return work


def transform(place: str) -> Work:
    """Enrich, and write the result."""
    from transforms.bars import enrich

    bars = _frame(place, BARS).drop(columns="created_at")

    def work() -> None:
        enrich(bars).to_parquet(Path(place) / ENRICHED, index=False)

    return work


def publish(server: Server, place: str, symbols: int, run_id: str) -> Work:
    """Publish in one transaction."""
    from sql.publish import publish_bars

    engine, names = connect(server), symbol_names(symbols)
    table = pq.read_table(Path(place) / ENRICHED)

    def work() -> list[int]:
        with engine.begin() as connection:
            done = publish_bars(
                connection,
                table,
                run_id=run_id,
                symbols=names,
                start=None,
                end=None,
                extracted_at=datetime.now(UTC),
            )
        return [done.rows, done.new, done.changed, done.removed]

    return work


def copy_into_copy(server: Server, place: str) -> Work:
    """COPY the same rows into an unlogged copy of the table, its key included: no check at all."""
    from sql.copy_in import copy_in

    engine = connect(server)
    table = pq.read_table(Path(place) / ENRICHED)
    table = table.set_column(1, "date", table["date"].cast(pa.date32()))
    table = table.append_column("run_id", pa.array(["floor"] * len(table)))
    with engine.begin() as connection:
        connection.exec_driver_sql("drop table if exists copied")
        connection.exec_driver_sql(
            "create unlogged table copied (like stock_data_enriched including all)"
        )

    def work() -> int:
        with engine.begin() as connection:
            return copy_in(connection, "copied", table)

    return work


def _frame(place: str, name: str) -> Any:
    return pq.read_table(Path(place) / name).to_pandas(date_as_object=False)


def _generic_suite() -> dict[str, Any]:
    columns = {"column_set": GENERIC_COLUMNS, "exact_match": False}
    between = "expect_column_values_to_be_between"
    checks: list[tuple[str, dict[str, Any]]] = [
        ("expect_table_columns_to_match_set", columns),
        ("expect_table_row_count_to_be_between", {"min_value": 1}),
        *(("expect_column_values_to_not_be_null", {"column": c}) for c in GENERIC_COLUMNS),
        *((between, {"column": p, "min_value": 0, "strict_min": True}) for p in PRICES),
        (between, {"column": "volume", "min_value": 0}),
        *(
            (
                "expect_column_pair_values_a_to_be_greater_than_b",
                {"column_A": high, "column_B": low, "or_equal": True},
            )
            for high, low in PAIRS
        ),
        ("expect_compound_columns_to_be_unique", {"column_list": ["symbol", "date"]}),
    ]
    entries = [{"type": t, "kwargs": kwargs, "severity": "critical"} for t, kwargs in checks]
    return {
        "name": "generic",
        "id": "0c4ad0a1-6f0b-4a5e-9f63-0d5c1a1a7a10",
        "expectations": entries,
    }
