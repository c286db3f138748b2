"""Indicators in the table of what is published, and the bars that they look back to."""

import datetime as dt
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from sql.errors import PreflightError
from sql.indicators import bars_around, bars_before, correct_indicators
from sql.preflight import make_ready
from tests.detector.bars import real_bars
from tests.sql_bars import bars, day, publish, published
from tests.workflow import Database
from transforms.bars import enrich
from transforms.indicators import INDICATORS, columns_of

NAMES = tuple(INDICATORS)
COLUMNS = columns_of(NAMES)
READ = dt.datetime(2025, 2, 1, tzinfo=dt.UTC)
SHOWN = ", ".join(("symbol", "date", *COLUMNS))


def test_a_table_gets_the_columns_that_it_lacks_and_so_does_its_view(
    engine: Engine, database: Database
):
    publish(engine, bars(("A", day(2))), ["A"])
    make_ready(engine, view="seen")

    said = make_ready(engine, view="seen", indicators=["sma_20", "rsi_14"])

    assert said == [
        "made or brought up to date: stock_data_enriched",
        "the view seen was made or brought up to date",
    ]
    assert database.rows("select sma_20, rsi_14 from seen") == [(None, None)]
    assert make_ready(engine, view="seen", indicators=["sma_20", "rsi_14"]) == []
    assert make_ready(engine, view="seen") == []


def test_a_column_that_would_alter_them_is_refused(engine: Engine, database: Database):
    database.execute("alter table stock_data_enriched add sma_20 real")
    with pytest.raises(PreflightError, match=r"sma_20 is real, .* type double precision"):
        make_ready(engine, indicators=["sma_20"])
    assert make_ready(engine) == []


def test_they_are_published_null_where_unknown_and_after_they_are_chosen_no_more(engine: Engine):
    make_ready(engine, indicators=["sma_20"])
    frame = bars(("A", day(2)), ("A", day(3)))
    chosen: dict[str, Any] = {"indicators": ["sma_20"]}

    first = publish(engine, frame.assign(sma_20=[math.nan, 7.5]), ["A"], **chosen)
    assert (first.new, first.changed) == (2, 0)
    assert published(engine, "sma_20") == [(None,), (7.5,)]
    again = publish(engine, frame.assign(sma_20=[math.nan, 8.0]), ["A"], "r2", **chosen)
    assert (again.new, again.changed) == (0, 1)
    assert publish(engine, frame[:1], ["A"], "r3", end=day(2)).changed == 0
    assert published(engine, "sma_20") == [(None,), (8.0,)]
    publish(engine, frame, ["A"], "r4")
    assert published(engine, "sma_20") == [(None,), (None,)]


def test_as_many_bars_of_each_symbol_as_are_asked_for_are_read(engine: Engine, database: Database):
    make_ready(engine, indicators=["sma_20"])
    keys = [(symbol, day(number)) for symbol in ("A", "NA") for number in range(1, 10)]
    frame = bars(*keys).assign(sma_20=math.nan)
    publish(engine, frame, ["A", "NA"], indicators=["sma_20"])
    database.execute("update stock_data_enriched set close = 'NaN' where date = '2025-01-01'")
    with engine.begin() as connection:
        before = bars_before(connection, symbols=["A", "NA", "B"], start=day(4), bars=2)
        whole = bars_before(connection, symbols=["A"], start=day(2), bars=2)
        asked: dict[str, Any] = {"bars": 2, "columns": ["sma_20"], "symbols": ["NA"]}
        range_: dict[str, Any] = {"start": day(4), "end": day(6)}
        around = bars_around(connection, **asked, **range_, everywhere=False)
        none = bars_around(connection, **asked, start=day(1), end=day(9), everywhere=False)
        every = bars_around(connection, **asked, start=day(8), end=None, everywhere=True)
        assert correct_indicators(connection, around.assign(sma_20=3.0)[:1], ["sma_20"]) == 1
        assert correct_indicators(connection, around[:0], ["sma_20"]) == 0
    assert sorted(zip(before["symbol"], before["date"].dt.day, strict=True)) == [
        *(("A", 2), ("A", 3), ("NA", 2), ("NA", 3))
    ]
    assert np.isnan(whole["close"]).all() and len(whole) == 1
    assert sorted(around["date"].dt.day) == [2, 3, 4, 5, 6, 7, 8]
    assert none.empty and sorted(every["date"].dt.day) == [6, 7, 8, 9]
    assert min(row for row in published(engine, "sma_20") if row[0]) == (3.0,)


def test_moments_are_read_as_moments(engine: Engine, database: Database):
    database.execute("alter table stock_data_enriched alter date type timestamptz")
    at = dt.datetime(2025, 1, 2, 14, 30, tzinfo=dt.UTC)
    frame = bars(*(("A", pd.Timestamp(at) + pd.Timedelta(minutes=5 * n)) for n in range(4)))
    make_ready(engine, indicators=["sma_20"])
    publish(engine, frame.assign(sma_20=math.nan), ["A"], indicators=["sma_20"])
    start = at + dt.timedelta(minutes=10)
    with engine.begin() as connection:
        before = bars_before(connection, symbols=["A"], start=start, bars=9)
        assert list(before["date"].sort_values()) == list(frame["date"][:2])
        assert correct_indicators(connection, before.assign(sma_20=1.5), ["sma_20"]) == 2
    assert published(engine, "sma_20") == [(1.5,), (1.5,), (None,), (None,)]


class Source:
    """Bars that runs publish, as the gate does when all of them pass."""

    def __init__(self, engine: Engine, frame: pd.DataFrame) -> None:
        make_ready(engine, indicators=COLUMNS)
        self.engine, self.frame, self.runs = engine, frame, 0

    def run(self, start=None, end=None, symbols=None, at=None) -> int:
        """One run; how many bars were corrected."""
        from dags.work.indicators import correct, lookback

        symbols, self.runs = symbols or sorted(set(self.frame["symbol"])), self.runs + 1
        day_of = self.frame["date"].dt.date
        mine = self.frame["symbol"].isin(symbols)
        mine &= (day_of >= (start or dt.date.min)) & (day_of <= (end or dt.date.max))
        run: Any = SimpleNamespace(
            moments=(start, end),
            published_at=SimpleNamespace(),
            dataset=SimpleNamespace(indicators=NAMES),
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("dags.work.indicators.connected", lambda _: _Open(self.engine))
            before = lookback(run, symbols)
        enriched = enrich(self.frame[mine], indicators=NAMES, before=before)
        where = {"symbols": symbols, "start": start, "end": end}
        found = at or READ + dt.timedelta(hours=self.runs)
        done = publish(
            self.engine, enriched, run_id=f"r{self.runs}", at=found, indicators=COLUMNS, **where
        )
        with self.engine.begin() as connection:
            return correct(connection, run, symbols, done)

    def published(self) -> list[tuple[Any, ...]]:
        return published(self.engine, SHOWN)

    def expected(self) -> list[tuple[Any, ...]]:
        """Of the whole history at once."""
        found = enrich(self.frame, indicators=NAMES)
        found["date"] = found["date"].dt.date
        rows = found[["symbol", "date", *COLUMNS]].astype(object)
        return [tuple(row) for row in rows.where(rows.notna(), None).to_numpy()]


class _Open:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __enter__(self) -> Engine:
        return self.engine

    def __exit__(self, *_: object) -> None:
        """The test's own engine stays."""


@pytest.fixture
def source(engine: Engine, airflow_environment: object) -> Source:
    frame = real_bars().drop(columns="created_at")
    wanted = frame["symbol"].isin(["FB", "IBM"]) & (frame["date"] >= "2009-06-01")
    return Source(engine, frame[wanted].reset_index(drop=True))


def test_increments_publish_what_one_run_over_the_whole_history_does(source: Source):
    source.run(end=dt.date(2012, 12, 31))
    assert source.run(start=dt.date(2013, 1, 1), end=dt.date(2013, 1, 31)) == 0
    source.run(start=dt.date(2013, 2, 1))
    assert source.published() == source.expected()
    source.run()
    assert source.published() == source.expected()


def test_a_restated_bar_changes_what_looks_back_to_it_and_a_late_history_fills_it(source: Source):
    source.run(start=dt.date(2012, 1, 1))
    # Its bars have looked back to nothing.
    assert source.run(end=dt.date(2011, 12, 31)) > 0
    assert source.published() == source.expected()
    restated = (source.frame["symbol"] == "IBM") & (source.frame["date"] == "2012-11-05")
    source.frame.loc[restated, "close"] *= 1.01
    changed = source.run(start=dt.date(2012, 11, 5), end=dt.date(2012, 11, 5), symbols=["IBM"])
    assert changed == (source.frame[source.frame["symbol"] == "IBM"]["date"] > "2012-11-05").sum()
    assert source.published() == source.expected()


def test_bars_of_a_newer_extract_that_stay_get_what_the_others_make_them(source: Source):
    late = READ + dt.timedelta(days=9)
    source.run(start=dt.date(2012, 6, 1), end=dt.date(2012, 6, 30), at=late)
    source.run()
    assert source.published() == source.expected()
