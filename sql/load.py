"""Putting bars from a file into `stock_data`: all of them or none."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import Engine

from sql.copy_in import copy_in
from sql.errors import LoadError
from sql.locks import LOAD, lock
from sql.statements import statement

PRICES = ("open", "high", "low", "close")
COLUMNS = ("symbol", "date", *PRICES, "volume")
LONGEST_SYMBOL = 10
# numeric(10, 2) holds 8 digits before the point, and what rounds up to a ninth does not fit.
PRICE_LIMIT = 99_999_999.995
# float64 holds every whole number up to here; above it a volume may not be the one in the file.
VOLUME_LIMIT = 2**53
# A price of two decimals is at most this far from the nearest float64 with two decimals.
SAME_PRICE = 1e-7


@dataclass(frozen=True)
class LoadResult:
    """What a load did: `rows` = `new` + `changed` + `unchanged` bars.

    `rounded` is the number of prices with more than the two decimals that the table keeps.
    """

    rows: int
    new: int
    changed: int
    unchanged: int
    rounded: int


def load_bars(engine: Engine, table: pa.Table) -> LoadResult:
    """Insert or update bars in `stock_data`, in one transaction.

    `table` has symbol (string), date (date32), open, high, low, close, volume (numbers), read
    from the file completely. A changed bar gets the present time as its created_at; bars of the
    table that are not in the file stay.

    Raises:
        LoadError: a value is missing, not finite, too large, or a bar occurs twice; it names
            the row (from 1, without the header) and the column. Nothing is loaded then.
    """
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise LoadError(f"The file has no column {', '.join(missing)}; name or add it.")
    frame = table.select(list(COLUMNS)).to_pandas(date_as_object=False)
    _refuse_bad_values(frame)
    _refuse_duplicates(frame)
    prices = frame[list(PRICES)].to_numpy(dtype=float)
    frame["volume"] = frame["volume"].astype("int64")
    staged = pa.Table.from_pandas(frame, preserve_index=False)
    staged = staged.set_column(1, "date", staged["date"].cast(pa.date32()))
    with engine.begin() as connection:
        lock(connection, LOAD)
        connection.exec_driver_sql(statement("queries/stage_bars"))
        rows = copy_in(connection, "staged_bars", staged)
        connection.exec_driver_sql("analyze staged_bars")
        before = connection.exec_driver_sql(statement("queries/count_staged_bars")).one()
        connection.exec_driver_sql(statement("queries/upsert_bars"))
        connection.exec_driver_sql("drop table staged_bars")
    return LoadResult(
        rows=rows,
        new=before.new,
        changed=before.changed,
        unchanged=rows - before.new - before.changed,
        rounded=int((np.abs(prices - prices.round(2)) > SAME_PRICE).sum()),
    )


def _refuse_bad_values(frame: pd.DataFrame) -> None:
    for name in COLUMNS:
        _refuse(frame[name].isna(), frame, name, "is missing or not a number")
    symbols = frame["symbol"].str.len()
    _refuse(symbols == 0, frame, "symbol", "is empty")
    _refuse(symbols > LONGEST_SYMBOL, frame, "symbol", f"is longer than {LONGEST_SYMBOL}")
    for name in (*PRICES, "volume"):
        _refuse(frame[name].abs() == np.inf, frame, name, "is not finite")
    for name in PRICES:
        _refuse(frame[name].abs() >= PRICE_LIMIT, frame, name, "does not fit numeric(10, 2)")
    volume = frame["volume"]
    _refuse(volume.abs() > VOLUME_LIMIT, frame, "volume", f"is beyond {VOLUME_LIMIT}")
    _refuse(volume % 1 != 0, frame, "volume", "is not a whole number")


def _refuse(bad: "pd.Series[bool]", frame: pd.DataFrame, name: str, fault: str) -> None:
    if bad.any():
        row = int(bad.to_numpy().argmax())
        count = int(bad.sum())
        raise LoadError(
            f"Row {row + 1}, column {name}: {frame[name].iloc[row]!r} {fault}"
            f"{f' (so in {count} rows)' if count > 1 else ''}. Nothing was loaded."
        )


def _refuse_duplicates(frame: pd.DataFrame) -> None:
    repeated = frame.duplicated(["symbol", "date"]).to_numpy()
    if not repeated.any():
        return
    second = int(repeated.argmax())
    symbol, day = frame["symbol"].iloc[second], frame["date"].iloc[second]
    same = (frame["symbol"] == symbol) & (frame["date"] == day)
    raise LoadError(
        f"Rows {int(same.to_numpy().argmax()) + 1} and {second + 1} are both the bar {symbol} "
        f"{day:%Y-%m-%d}; keep one. Nothing was loaded."
    )
