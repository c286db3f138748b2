"""A run of many symbols in partitions, against the same run in one piece."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from dags.run.settings import Settings
from tests.detector.plant import KINDS
from tests.staged_runs import daily_bars
from tests.workflow import Database, Ended, Workflow

PERMIT_ANYTHING = "alter table stock_data drop constraint stock_data_symbol_date_key, " + ", ".join(
    f"alter {column} type double precision, alter {column} drop not null"
    for column in ("open", "high", "low", "close", "volume")
)
SYMBOLS = [f"S{number:02}" for number in range(10)]


def market() -> pd.DataFrame:
    """Ten symbols with one defect of every kind, and copies of two of them.

    But for a hole of the market, which holds up everybody.
    """
    rng = np.random.default_rng(3)
    bars = daily_bars(SYMBOLS, 300)
    bars["created_at"] = bars["date"] + pd.Timedelta(days=1)
    for kind in (kind for kind in KINDS if kind.name != "market-wide hole"):
        labels = bars.index[bars["symbol"] == rng.choice(SYMBOLS[2:])]
        bars = kind.plant(bars, int(rng.choice(labels[45:-45])), rng).bars
        bars = bars.sort_values(["symbol", "date"], kind="stable").reset_index(drop=True)
    return bars[bars["date"] < "2200-01-01"].assign(date=lambda bars: bars["date"].dt.date)


@pytest.fixture
def bars(database: Database) -> Database:
    database.execute(PERMIT_ANYTHING)
    database.insert(market())
    return database


def published(database: Database) -> list[tuple[Any, ...]]:
    return database.rows(
        "select symbol, date, open, high, low, close, volume, daily_return, price_range, "
        "price_range_pct from stock_data_enriched order by symbol, date"
    )


def set_aside(database: Database) -> list[tuple[Any, ...]]:
    return database.rows(
        "select row_number, symbol, date, open::text, high::text, low::text, close::text, "
        "volume::text, created_at, reasons from stock_data_quarantine "
        "where released_by is null order by row_number"
    )


def parts_of(ended: Ended) -> list[Any]:
    """The runs below the run in MLflow, in the order in which they began."""
    from mlflow import MlflowClient

    run = ended.mlflow().run.info
    client = MlflowClient(tracking_uri=Settings().mlflow_tracking_uri)
    query = f"tags.`mlflow.parentRunId` = '{run.run_id}'"
    return list(client.search_runs([run.experiment_id], query, order_by=["start_time ASC"]))


def test_it_gives_the_same_bar_for_bar(
    workflow: Workflow, bars: Database, monkeypatch: pytest.MonkeyPatch
):
    asked: dict[str, Any] = {"more_symbols": "*", "policy": "quarantine", "end_date": "2025-02-21"}
    whole = workflow.run(**asked)
    expected = published(bars), set_aside(bars)
    bars.empty("stock_data_enriched", "stock_data_quarantine")
    monkeypatch.setenv("PARTITION_SYMBOLS", "4")

    divided = workflow.run(**asked)

    assert (whole.state, divided.state) == ("success", "success")
    assert whole.tasks["check_partition"] == whole.tasks["publish_partition"] == "skipped"
    assert divided.tasks["validate_data"] == divided.tasks["transform_data"] == "skipped"
    assert (published(bars), set_aside(bars)) == expected
    assert all(map(len, expected))
    assert divided.json("results.json") == whole.json("results.json")
    assert pd.read_parquet(divided.staging / "failing.parquet").equals(
        pd.read_parquet(whole.staging / "failing.parquet")
    )
    for step, same in {
        "extract": ("rows", "rows_by_symbol", "missing_symbols", "first_date", "last_date"),
        "validate": ("open", "held", "reasons"),
        "transform": ("rows", "columns"),
        "publish": ("rows", "new", "changed", "removed", "held", "released"),
    }.items():
        assert {k: divided.step(step)[k] for k in same} == {k: whole.step(step)[k] for k in same}
    below = parts_of(divided)
    assert [part.info.run_name.rpartition("· ")[2][0] for part in below] == ["1", "2", "3"]
    for name in ("total_rows", "rows_published", "rows_held", "failing_rows"):
        whole_metric = whole.mlflow().metrics[name]
        assert sum(part.data.metrics[name] for part in below) == whole_metric


@pytest.fixture
def divided(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of more than one symbol are divided, into partitions of one symbol."""
    monkeypatch.setenv("PARTITION_SYMBOLS", "1")


def test_nothing_is_published_when_one_partition_fails_critically(
    workflow: Workflow, sample: Database, divided: None
):
    sample.execute("update stock_data set low = -1 where symbol = 'TSLA' and date = '2025-10-08'")

    ended = workflow.run()

    assert ended.state == "failed"
    assert ended.tasks["check_partition"] == "success"
    assert ended.tasks["judge_partitions"] == "failed"
    assert ended.tasks["publish_partition"] == ended.tasks["publish_data"] == "upstream_failed"
    assert published(sample) == set_aside(sample) == []
    assert ended.mlflow().params["validation_status"] == "failed"


def test_when_a_partition_cannot_be_judged_the_run_says_which(
    workflow: Workflow, sample: Database, divided: None
):
    ended = workflow.run(
        before={"check_partition": lambda: sample.execute("drop table stock_data")}
    )

    assert ended.state == "failed"
    assert ended.tasks["judge_partitions"] == "upstream_failed"
    tracked = ended.mlflow()
    assert "partition 1: NVDA – NVDA: MissingTableError" in tracked.tags["error"]
    assert tracked.status == "FAILED"


def test_when_the_database_goes_between_two_partitions_what_is_published_stays(
    workflow: Workflow, sample: Database, divided: None
):
    """One partition is published; the other can never be, so the run fails and says so."""
    refuse = ("alter table stock_data_enriched add constraint no_tsla check (symbol <> 'TSLA')",)

    ended = workflow.run(before={"publish_partition": lambda: sample.execute(*refuse)})

    assert ended.state == "failed"
    assert ended.tasks["publish_data"] == "upstream_failed"
    assert {row[0] for row in published(sample)} == {"NVDA"}
    tracked = ended.mlflow()
    assert (
        "partition 2: TSLA – TSLA: PublishError: the database does not take"
        in tracked.tags["error"]
    )
    assert tracked.metrics["rows_published"] == 23

    sample.execute("alter table stock_data_enriched drop constraint no_tsla")
    assert workflow.run().state == "success"
    assert {row[0] for row in published(sample)} == {"NVDA", "TSLA"}


def test_with_every_symbol_held_the_run_fails_and_no_bar_is_lost(
    workflow: Workflow, sample: Database, divided: None
):
    sample.execute("update stock_data set low = -1 where date = '2025-10-08'")

    ended = workflow.run(policy="quarantine")

    assert ended.state == "failed"
    assert ended.tasks["publish_partition"] == "success"
    assert published(sample) == []
    assert len(set_aside(sample)) == 46
    assert ended.mlflow().metrics["rows_held"] == 46


def test_partitions_without_a_bar_are_no_fault_but_a_run_without_one_is(
    workflow: Workflow, sample: Database, divided: None
):
    ended = workflow.run(more_symbols="AAAA")
    none = workflow.run(start_date="2030-01-01")

    assert ended.state == "success"
    assert ended.step("extract")["missing_symbols"] == ["AAAA"]
    assert len(published(sample)) == 46
    assert none.state == "failed"
    assert "NoBarsError" in none.mlflow().tags["error"]
