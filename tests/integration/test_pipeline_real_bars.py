"""The whole pipeline on real daily bars, 2000 to 2013."""

import json
import math
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from bokeh_sampledata import stocks
from sqlalchemy import Engine

from gx import project
from gx.files.read import read_bars
from sql.load import load_bars
from tests.workflow import Database, Workflow

SYMBOLS = ["AAPL", "FB", "GOOG", "IBM", "MSFT"]
BARS = 12_154
# What a trader would compute, in the database's own words.
RETURNS = """
    select
        symbol, date,
        close::float8 / lag(close::float8) over (partition by symbol order by date) - 1,
        high::float8 - low::float8,
        (high::float8 - low::float8) / close::float8 * 100
    from stock_data
    order by symbol, date
"""
PUBLISHED = """
    select symbol, date, daily_return, price_range, price_range_pct
    from stock_data_enriched
    order by symbol, date
"""


@pytest.fixture
def real_bars(engine: Engine, database: Database, tmp_path: Path) -> Database:
    """The real bars, in `stock_data`, by way of files as `make load` reads them."""
    tables = []
    for symbol in SYMBOLS:
        file = tmp_path / f"{symbol}.csv"
        pd.DataFrame(getattr(stocks, symbol)).to_csv(file, index=False)
        tables.append(read_bars(file, symbol=symbol))
    assert load_bars(engine, pa.concat_tables(tables)).new == BARS
    return database


def test_all_real_bars_pass_and_their_published_returns_are_right(
    workflow: Workflow, real_bars: Database
):
    ended = workflow.run(symbols=SYMBOLS)

    assert ended.state == "success"
    report = ended.json("results.json")
    critical = [e for e in report["expectations"] if e["severity"] == "critical"]
    assert critical
    assert [e["description"] for e in critical if not e["success"]] == []
    tracked = ended.mlflow()
    assert tracked.metrics["rows_published"] == tracked.metrics["total_rows"] == BARS
    published, expected = real_bars.rows(PUBLISHED), real_bars.rows(RETURNS)
    assert len(published) == BARS
    for bar, wanted in zip(published, expected, strict=True):
        assert bar[:2] == wanted[:2]
        assert _same(bar[2:], wanted[2:]), (bar, wanted)
    assert sum(bar[2] is None for bar in published) == len(SYMBOLS)
    assert json.loads((tracked.artifacts / "validation/results.json").read_text()) == report


def test_a_later_range_continues_the_returns_of_the_one_before(
    workflow: Workflow, real_bars: Database
):
    workflow.run(symbols=["IBM"], end_date="2012-12-31")
    workflow.run(symbols=["IBM"], start_date="2013-01-01")

    published = real_bars.rows(PUBLISHED)
    expected = [bar for bar in real_bars.rows(RETURNS) if bar[0] == "IBM"]
    assert len(published) == len(expected)
    assert all(_same(p[2:], e[2:]) for p, e in zip(published, expected, strict=True))


def test_increments_in_partitions_publish_the_indicators_of_the_whole(
    workflow: Workflow, real_bars: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    chosen = "indicators: [ema_20, rsi_14, macd, volatility_20]\n"
    (tmp_path / "datasets").mkdir()
    text = (project.DATASETS / "stock_data.yml").read_text() + chosen
    (tmp_path / "datasets" / "stock_data.yml").write_text(text)
    monkeypatch.setattr(project, "DATASETS", tmp_path / "datasets")
    indicators = (
        "select symbol, date, ema_20, rsi_14, macd, macd_signal, macd_histogram, volatility_20 "
        "from stock_data_enriched order by symbol, date"
    )
    assert workflow.run(symbols=["FB", "IBM"]).state == "success"
    whole = real_bars.rows(indicators)
    real_bars.empty("stock_data_enriched")
    monkeypatch.setenv("PARTITION_SYMBOLS", "1")

    workflow.run(symbols=["FB", "IBM"], end_date="2012-12-31")
    later = workflow.run(symbols=["FB", "IBM"], start_date="2013-01-01")

    assert later.state == "success"
    assert set(later.step("transform")["columns"]) > {"ema_20", "macd_histogram"}
    assert real_bars.rows(indicators) == whole
    assert sum(bar[2] is None for bar in whole) == 2 * 19
    assert all(bar[-1] > 0 for bar in whole[-100:])


def _same(found: tuple[float | None, ...], wanted: tuple[float | None, ...]) -> bool:
    return all(
        a is b is None
        or (a is not None and b is not None and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12))
        for a, b in zip(found, wanted, strict=True)
    )
