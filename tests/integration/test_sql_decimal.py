from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from sql.own_tables import ENRICHED, Layout
from sql.previous import previous_closes
from sql.publish import correct_returns, edge_bars, publish_bars
from sql.quarantine import quarantine_bars, release
from sql.schema import create_own_tables
from sql.terms import NUMBERS
from tests.workflow import Database

SMALL = 0.00000871
BARS = pd.DataFrame(
    {
        "symbol": ["PEPE"] * 2,
        "date": pd.to_datetime(["2025-11-03", "2025-11-04"]),
        **{name: [SMALL, 3 * SMALL] for name in ("open", "high", "low", "close")},
        "volume": [1e9, 123456789.123456],
        **dict.fromkeys(("daily_return", "price_range", "price_range_pct"), [float("nan")] * 2),
    }
)
RANGE: dict[str, Any] = {"symbols": ["PEPE"], "start": date(2025, 11, 3), "end": date(2025, 11, 4)}


def test_decimal_numbers_stay_decimal_and_equal(engine: Engine, database: Database):
    database.execute(f"drop table {ENRICHED}")
    create_own_tables(engine, [ENRICHED], Layout(decimal=NUMBERS))
    read: dict[str, Any] = {"extracted_at": datetime.now(UTC)}
    with engine.begin() as connection:
        publish_bars(connection, BARS, run_id="one", **RANGE, **read)
    with engine.begin() as connection:
        held = BARS[["symbol", "date", *NUMBERS]]
        quarantine_bars(
            connection, held, run_id="one", reasons=[["x"]] * 2, row_numbers=[0, 1], **read
        )
        done = publish_bars(connection, BARS, run_id="two", **RANGE, **read)
        release(connection, run_id="two", **RANGE, **read)

    assert (done.new, done.changed, done.rows) == (0, 0, 2)
    assert database.rows(f"select close, volume from {ENRICHED} order by date") == [
        (Decimal("0.00000871"), Decimal(1000000000)),
        (Decimal(str(3 * SMALL)), Decimal("123456789.123456")),
    ]
    assert database.rows("select distinct released_as from stock_data_quarantine") == [("same",)]
    with engine.begin() as connection:
        assert previous_closes(connection, ["PEPE"], date(2025, 11, 4)) == {"PEPE": SMALL}
        edges = edge_bars(connection, **RANGE, everywhere=True)
        assert edges["previous_close"].tolist()[1:] == [SMALL]
        assert correct_returns(connection, edges.assign(daily_return=2.0)) == 2
