import datetime as dt

import pandas as pd

from sql.previous import previous_closes
from sql.publish import publish_bars

DAYS = [dt.date(2025, 1, day) for day in (2, 3, 6)]


def publish(connection, symbol, closes):
    bars = pd.DataFrame({"symbol": symbol, "date": DAYS, "close": closes})
    for column in ("open", "high", "low", "volume"):
        bars[column] = bars["close"]
    for column in ("daily_return", "price_range", "price_range_pct"):
        bars[column] = 0.0
    publish_bars(
        connection,
        bars,
        run_id="r",
        symbols=[symbol],
        start=None,
        end=None,
        extracted_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    )


def test_the_last_published_close_before_the_range_is_found_per_symbol(engine):
    with engine.begin() as connection:
        publish(connection, "A", [1.0, 2.0, 3.0])
        publish(connection, "B", [10.0, 20.0, 30.0])
        assert previous_closes(connection, ["A", "B", "C"], DAYS[2]) == {"A": 2.0, "B": 20.0}
        assert previous_closes(connection, ["A"], DAYS[1]) == {"A": 1.0}


def test_nothing_is_before_the_first_bar(engine):
    with engine.begin() as connection:
        publish(connection, "A", [1.0, 2.0, 3.0])
        assert previous_closes(connection, ["A"], DAYS[0]) == {}
