"""Requirement: Extraction."""

import pyarrow.parquet as pq
import pytest

from tests.spec.scenario import scenario
from tests.workflow import Database, Workflow


@scenario("Extraction", "Bars are extracted")
def test_bars_are_extracted(workflow: Workflow, sample: Database):
    ended = workflow.run(symbols=["TSLA", "NVDA"], start_date="2025-10-06", end_date="2025-10-10")

    assert ended.state == "success"
    assert ended.step("extract")["rows_by_symbol"] == {"NVDA": 5, "TSLA": 5}
    staged = pq.read_table(ended.staging / "bars.parquet").to_pylist()
    expected = sample.rows(
        "select symbol, date, close::float8 from stock_data "
        "where date between '2025-10-06' and '2025-10-10' order by symbol, date"
    )
    assert [(bar["symbol"], bar["date"], bar["close"]) for bar in staged] == expected


@scenario("Extraction", "The database is down")
def test_the_database_is_down(workflow: Workflow, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("POSTGRES_HOST", "127.0.0.1")
    monkeypatch.setenv("POSTGRES_PORT", "1")

    ended = workflow.run()

    assert ended.state == "failed"
    assert ended.tries["extract_stock_data"] == 3
    assert ended.tasks["extract_stock_data"] == "failed"
    assert ended.tasks["publish_data"] == "upstream_failed"
    tracked = ended.mlflow()
    assert tracked.status == "FAILED"
    assert "DatabaseLostError" in tracked.tags["error"]
    assert 'connection to server at "127.0.0.1", port 1 failed' in tracked.tags["error"]


@scenario("Extraction", "A symbol is missing")
def test_a_symbol_is_missing(
    workflow: Workflow, sample: Database, caplog: pytest.LogCaptureFixture
):
    ended = workflow.run(symbols=["TSLA", "NOPE", "NVDA"])

    assert ended.state == "success"
    assert sample.rows(
        "select symbol, count(*) from stock_data_enriched group by 1 order by 1"
    ) == [
        ("NVDA", 23),
        ("TSLA", 23),
    ]
    tracked = ended.mlflow()
    assert tracked.tags["missing_symbols"] == "NOPE"
    assert tracked.metrics["symbols_missing"] == 1
    warnings = [entry for entry in caplog.records if entry.levelname == "WARNING"]
    assert "no bars of NOPE" in " ".join(entry.getMessage() for entry in warnings)
