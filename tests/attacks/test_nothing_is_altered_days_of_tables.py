"""Attack: tables whose dates are moments. As days of UTC, those of the east come a day early."""

import datetime as dt
import io

import pandas as pd
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine

from sql.errors import UnreadableColumnError
from sql.extract import extract_bars

COLUMNS = "open numeric, high numeric, low numeric, close numeric, volume numeric"
DAYS = pd.bdate_range("2025-06-02", "2025-06-20")


def fill(engine: Engine, kind: str, moments: pd.DatetimeIndex) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("drop table stock_data")
        connection.exec_driver_sql(f"create table stock_data (symbol text, date {kind}, {COLUMNS})")
        connection.exec_driver_sql("set local timezone = 'UTC'")
        for moment in moments:
            connection.exec_driver_sql(
                f"insert into stock_data values ('A', '{moment}', 1, 2, 1, 1.5, 100)"
            )


def days(engine: Engine, start: dt.date | None = None, end: dt.date | None = None) -> list[dt.date]:
    sink = io.BytesIO()
    extract_bars(engine, sink, symbols=["A", "B"], start=start, end=end)
    found: list[dt.date] = pq.read_table(sink)["date"].to_pylist()
    return found


@pytest.mark.parametrize("kind", ["timestamp", "timestamptz", "text"])
@pytest.mark.parametrize(
    ("zone", "at"),
    [
        ("Asia/Kolkata", "0h"),
        ("Asia/Tokyo", "0h"),
        ("Asia/Hong_Kong", "0h"),
        ("Australia/Sydney", "0h"),
        ("Europe/London", "0h"),  # in summer
        ("America/Chicago", "-6h"),  # the opening of a future on the evening before
    ],
)
def test_days_of_the_east_are_refused_with_what_to_do(
    engine: Engine, kind: str, zone: str, at: str
):
    moments = DAYS.tz_localize(zone).tz_convert("UTC") + pd.Timedelta(at)
    fill(engine, kind, moments if kind != "timestamp" else moments.tz_localize(None))
    for start in (None, DAYS[1].date()):  # also a run over a Tuesday alone
        with pytest.raises(UnreadableColumnError, match=r"a Sunday in UTC.*at time zone 'ZONE'\)"):
            days(engine, start, start)


@pytest.mark.parametrize("kind", ["timestamp", "timestamptz", "text"])
@pytest.mark.parametrize(("zone", "at"), [("America/New_York", "0h"), ("America/New_York", "16h")])
def test_days_that_are_the_same_in_utc_are_read(engine: Engine, kind: str, zone: str, at: str):
    moments = (DAYS.tz_localize(zone) + pd.Timedelta(at)).tz_convert("UTC")
    fill(engine, kind, moments if kind != "timestamp" else moments.tz_localize(None))
    assert days(engine) == [day.date() for day in DAYS]


@pytest.mark.parametrize("kind", ["timestamp", "timestamptz", "text"])
@pytest.mark.parametrize("at", ["0h", "23h59m"])
def test_days_around_the_clock_are_read(engine: Engine, kind: str, at: str):
    every = pd.date_range("2025-06-02", "2025-06-20")
    fill(engine, kind, every + pd.Timedelta(at))
    assert days(engine) == [day.date() for day in every]


def test_a_view_that_names_the_zone_is_read(engine: Engine):
    fill(engine, "timestamptz", DAYS.tz_localize("Asia/Kolkata").tz_convert("UTC"))
    with engine.begin() as connection:
        connection.exec_driver_sql("alter table stock_data rename to moments")
        connection.exec_driver_sql(
            "create view stock_data as select symbol, (date::timestamptz at time zone "
            "'Asia/Kolkata')::date as date, open, high, low, close, volume from moments"
        )
    assert days(engine) == [day.date() for day in DAYS]


def test_a_text_that_is_no_date_is_told_as_before(engine: Engine):
    fill(engine, "text", DAYS)
    with engine.begin() as connection:
        connection.exec_driver_sql("insert into stock_data values ('A', 'soon', 1, 2, 1, 1, 1)")
    with pytest.raises(UnreadableColumnError, match=r"not what its column should hold.*soon"):
        days(engine)
