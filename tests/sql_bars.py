"""Bars, and what the tables of published and held bars hold of them."""

import datetime as dt
from typing import Any

import pandas as pd
import pyarrow as pa
from sqlalchemy import Engine, text

from sql.publish import Publication, publish_bars
from sql.quarantine import Release, quarantine_bars, release

DAY = dt.date(2025, 1, 2)
READ = dt.datetime(2025, 2, 1, tzinfo=dt.UTC)
LATER = READ + dt.timedelta(hours=1)


def bars(*keys, close=10.0) -> pd.DataFrame:
    """Enriched bars with these symbols and dates."""
    frame = pd.DataFrame(keys, columns=["symbol", "date"])
    return frame.assign(
        open=10.0,
        high=11.0,
        low=9.0,
        close=close,
        volume=5.0,
        daily_return=float("nan"),
        price_range=2.0,
        price_range_pct=20.0,
    )


def day(number: int) -> dt.date:
    """A day of January 2025."""
    return dt.date(2025, 1, number)


def publish(
    engine: Engine, frame, symbols, run_id="r1", start=None, end=None, at=READ, **more
) -> Publication:
    """Publish in a transaction of its own."""
    with engine.begin() as connection:
        return publish_bars(
            connection,
            frame,
            run_id=run_id,
            symbols=symbols,
            start=start,
            end=end,
            extracted_at=at,
            **more,
        )


def published(engine: Engine, columns="symbol, date, close, run_id") -> list[tuple[Any, ...]]:
    """What is published, by symbol and date."""
    query = f"select {columns} from stock_data_enriched order by symbol, date"
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


BAD = pa.table(
    {
        "symbol": ["B", "B", "B"],
        "date": pa.array([DAY, DAY, None], pa.date32()),
        "open": [1.0, 1.0, None],
        "high": [1.0, 1.0, float("inf")],
        "low": [1.0, 1.0, float("-inf")],
        "close": [-1.0, -1.0, float("nan")],
        "volume": [1.5, 1.5, None],
        "created_at": pa.array(
            [dt.datetime(2025, 1, 2, 3, 4, 5, 6), None, None], pa.timestamp("us")
        ),
    }
)
REASONS = [['close > 0, "always"'], ["a\\b", "Ä, {}"], []]


def quarantine(
    engine: Engine, table=BAD, run_id="r1", reasons=REASONS, row_numbers=(4, 5, 9), **more
) -> int:
    """Hold bars in a transaction of its own."""
    with engine.begin() as connection:
        return quarantine_bars(
            connection, table, run_id=run_id, reasons=reasons, row_numbers=row_numbers, **more
        )


def held(
    engine: Engine, columns="run_id, row_number, symbol, date, close, reasons, released_by"
) -> list[tuple[Any, ...]]:
    """What was ever held, by run, position and attempt."""
    query = f"select {columns} from stock_data_quarantine order by run_id, row_number, attempt"
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def released(engine: Engine, run_id, symbols, start=None, end=None, **more) -> Release:
    """Release in a transaction of its own."""
    with engine.begin() as connection:
        return release(connection, run_id=run_id, symbols=symbols, start=start, end=end, **more)
