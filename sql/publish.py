"""Writing what the gate decided: publishing the bars it let through, keeping those it held.

Every function takes a connection, so that one transaction of the caller holds all of them:
    with engine.begin() as connection:
        publish_bars(connection, …)
        quarantine_bars(connection, …)
        release(connection, …)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from sql.copy_in import copy_in
from sql.errors import PublishError
from sql.locks import PUBLISH, lock
from sql.statements import statement

BAR = ("symbol", "date", "open", "high", "low", "close", "volume")
DERIVED = ("daily_return", "price_range", "price_range_pct")
ENRICHED = (*BAR, *DERIVED)
EXTRACTED = (*BAR, "created_at")
TYPES = dict.fromkeys((*BAR, *DERIVED), pa.float64()) | {
    "symbol": pa.string(),
    "date": pa.date32(),
    "created_at": pa.timestamp("us"),
}


@dataclass(frozen=True)
class Publication:
    """What a run changed in `stock_data_enriched`.

    `rows` were written, of them `new` and `changed` (other figures than before); `removed` were
    there in the run's range and are not any more.
    """

    rows: int
    new: int
    changed: int
    removed: int


def publish_bars(
    connection: Connection,
    bars: pa.Table | pd.DataFrame,
    *,
    run_id: str,
    symbols: Sequence[str],
    start: date | None,
    end: date | None,
) -> Publication:
    """Make `stock_data_enriched` equal to `bars` for `symbols` from `start` to `end`.

    `bars` has symbol, date (day), open, high, low, close, volume, daily_return, price_range,
    price_range_pct (float64; NaN is written as NULL). `symbols` are those that passed the gate,
    also those without a bar: what was published of them in the range goes away. Other symbols
    stay as they are. Publishers wait for each other.

    Raises:
        PublishError: a bar lies outside `symbols` or the range, or occurs twice.
    """
    connection.exec_driver_sql(statement("queries/stage_enriched"))
    table = _table(bars, ENRICHED)
    copy_in(connection, "staged_enriched", _without_nan(table))
    connection.exec_driver_sql("analyze staged_enriched")
    bound = {"run_id": run_id, "symbols": list(symbols), "start": start, "end": end}
    _refuse_contradictions(connection, table, bound)
    # Only now: what takes longest is this transaction's own.
    lock(connection, PUBLISH)
    # run_id and published_at always change: a row names the last run that let it through.
    counted = connection.exec_driver_sql(statement("queries/clear_enriched"), bound).one()
    rows = connection.exec_driver_sql(statement("queries/insert_enriched"), bound).rowcount
    connection.exec_driver_sql("drop table staged_enriched")
    return Publication(rows, counted.new, counted.changed, counted.removed)


def quarantine_bars(
    connection: Connection,
    bars: pa.Table | pd.DataFrame,
    *,
    run_id: str,
    reasons: Sequence[Sequence[str]],
    row_numbers: Sequence[int],
    first: int = 0,
    end: int | None = None,
) -> int:
    """Make the run's rows in `stock_data_quarantine` equal to `bars`; return how many there are.

    Those from position `first` up to `end` (None: all that follow), for a run that publishes in
    partitions.

    Rows that are there already stay as they were, with their time and release; call it with no
    bars too, for a run that held some back at first.

    `bars` has symbol, date, open, high, low, close, volume and, if known, created_at, as
    extracted: anything may be missing or infinite, and bars may repeat. Give an Arrow table to
    tell NULL from NaN: a frame's NaN is written as NULL. `reasons` and `row_numbers` (the
    position in the run's extract, from 0) go with the rows.
    """
    lock(connection, PUBLISH)
    table = _table(bars, EXTRACTED if "created_at" in _names(bars) else BAR)
    table = table.append_column("row_number", pa.array(row_numbers, pa.int64()))
    table = table.append_column("reasons", pa.array(map(_array_literal, reasons), pa.string()))
    table = table.append_column("run_id", pa.array([run_id] * table.num_rows, pa.string()))
    connection.exec_driver_sql(statement("queries/stage_quarantine"))
    rows = copy_in(connection, "staged_quarantine", table)
    bound = {"run_id": run_id, "first": first, "end": end}
    connection.exec_driver_sql(statement("queries/forget_quarantined"), bound)
    connection.exec_driver_sql(statement("queries/insert_quarantined"))
    connection.exec_driver_sql("drop table staged_quarantine")
    return rows


def release(
    connection: Connection,
    *,
    run_id: str,
    symbols: Sequence[str],
    start: date | None,
    end: date | None,
) -> int:
    """Mark what other runs held back of `symbols` and this run let through; return how many.

    Only bars of the run's range (None: open) were judged anew, and those without a date, which are
    in every range.
    """
    lock(connection, PUBLISH)
    bound = {"run_id": run_id, "symbols": list(symbols), "start": start, "end": end}
    return connection.exec_driver_sql(statement("queries/release_quarantined"), bound).rowcount


def _refuse_contradictions(
    connection: Connection, table: pa.Table, bound: Mapping[str, object]
) -> None:
    # Arrow counts the keys in a third of the time that the server needs to sort them.
    if table.group_by(["symbol", "date"]).aggregate([]).num_rows < table.num_rows:
        twice = connection.exec_driver_sql(statement("queries/find_staged_twice")).one()
        raise PublishError(f"The bar {twice.symbol} {twice.date} is to be published twice.")
    strange = connection.exec_driver_sql(statement("queries/find_staged_outside"), bound).first()
    if strange:
        raise PublishError(
            f"The bar {strange.symbol} {strange.date} lies outside the symbols and dates of run "
            f"{bound['run_id']!r}."
        )


def _names(bars: pa.Table | pd.DataFrame) -> list[str]:
    return list(bars.columns) if isinstance(bars, pd.DataFrame) else bars.column_names


def _table(bars: pa.Table | pd.DataFrame, columns: Sequence[str]) -> pa.Table:
    """The columns as Arrow, of the types that PostgreSQL's text format has."""
    if isinstance(bars, pd.DataFrame):
        bars = pa.Table.from_pandas(bars[list(columns)], preserve_index=False)
    return bars.select(list(columns)).cast(pa.schema([(name, TYPES[name]) for name in columns]))


def _without_nan(table: pa.Table) -> pa.Table:
    for position, name in enumerate(table.column_names):
        if name in DERIVED:
            values = table[name]
            known = pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values)
            table = table.set_column(position, name, known)
    return table


def _array_literal(items: Sequence[str]) -> str:
    quoted = ('"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in items)
    return "{" + ",".join(quoted) + "}"
