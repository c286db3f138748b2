"""Attacks on the first promise, through the real pipeline; each was once green."""

import shutil
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from dags.staging.layout import DAG_ID, safe_name
from tests.staged import staging_in
from tests.staged_runs import daily_bars
from tests.workflow import Database, Ended, Workflow, airflow_session, fresh_moment

BAD = "update stock_data set low = -1 where symbol = 'TSLA' and date = '2025-10-08'"


def everything(database: Database) -> list[tuple[object, ...]]:
    return database.rows(
        "select symbol, date, close, run_id, published_at from stock_data_enriched order by 1, 2"
    )


def folder_of(moment: datetime) -> Path:
    from dags.run.settings import Settings

    run_id = f"manual__{moment.isoformat()}"
    return Path(Settings().staging_url.removeprefix("file://")) / DAG_ID / safe_name(run_id)


def spoil(path: Path) -> None:
    """What somebody with access to the store could do: another price, in a sound file."""
    bars = pd.read_parquet(path)
    bars.loc[0, "close"] = -999.0
    schema = pq.read_schema(path)
    pq.write_table(pq.read_table(path).schema.empty_table(), path)
    bars.to_parquet(path, schema=schema)


@pytest.mark.parametrize(
    ("name", "step", "stopped"),
    [
        ("bars.parquet", "validate_data", "validate"),
        ("bars.parquet", "transform_data", "transform"),
        ("bars.parquet", "publish_data", "publish"),
        ("enriched.parquet", "publish_data", "publish"),
    ],
)
def test_a_file_that_is_altered_between_two_steps_is_refused(
    workflow: Workflow, sample: Database, name: str, step: str, stopped: str
):
    moment = fresh_moment()
    ended = workflow.run(moment=moment, before={step: lambda: spoil(folder_of(moment) / name)})

    assert ended.state == "failed"
    assert f"{name} is not what was written there" in ended.step(stopped)["error"]
    assert ended.tries[step] == 1
    assert everything(sample) == []
    assert ended.mlflow().status == "FAILED"


def test_an_altered_lookback_is_refused_too(workflow: Workflow, sample: Database):
    moment = fresh_moment()
    ended = workflow.run(
        moment=moment,
        start_date="2025-11-04",
        before={"validate_data": lambda: spoil(folder_of(moment) / "context.parquet")},
    )
    assert ended.state == "failed"
    assert "context.parquet is not what was written there" in ended.step("validate")["error"]


def test_an_altered_partition_is_refused(
    workflow: Workflow, sample: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PARTITION_SYMBOLS", "1")
    moment = fresh_moment()
    part = "partitions/0001/bars.parquet"
    ended = workflow.run(
        moment=moment, before={"publish_partition": lambda: spoil(folder_of(moment) / part)}
    )
    assert ended.state == "failed"
    assert "bars.parquet is not what was written there" in ended.step("transform")["error"]


def test_an_old_run_that_is_published_again_leaves_newer_bars_as_they_are(
    workflow: Workflow, sample: Database
):
    """As clearing its publish_data does: its folder is still there, with what it once read."""
    old = workflow.run()
    kept = old.staging.with_name("kept")
    shutil.copytree(old.staging, kept)
    sample.execute("update stock_data set close = close + 0.01 where symbol = 'TSLA'")
    new = workflow.run()
    assert (old.state, new.state) == ("success", "success")
    before = everything(sample)

    again = publish_alone(kept, old.run_id)

    assert again.startswith("Superseded: 46 of 46 bars are superseded")
    assert new.run_id in again
    assert everything(sample) == before


def publish_alone(folder: Path, run_id: str) -> str:
    """The step of publishing of a run's folder, on its own; what it was refused with."""
    from dags import steps
    from dags.errors import NotPublished
    from dags.run.context import Run, RunIdentity
    from dags.run.request import RunRequest
    from dags.run.settings import Settings

    identity = RunIdentity(DAG_ID, run_id, "manual", "2026-01-01", datetime.now(UTC))
    request = RunRequest(("TSLA", "NVDA"), None, None)
    run = Run(Settings(), request, staging_in(folder, run_id), identity)
    with pytest.raises(NotPublished) as refused:
        steps.publish(run)
    record = run.staging.records()["publish"]
    assert record.status == "superseded"
    assert (record.found.rows, record.found.superseded) == (0, 46)
    return f"{type(refused.value).__name__}: {refused.value}"


def test_a_closed_gate_stays_closed_when_its_task_is_marked_as_a_success(
    workflow: Workflow, sample: Database
):
    from dags import steps
    from dags.errors import GateClosed

    sample.execute(BAD)
    ended = workflow.run()
    assert ended.state == "failed"
    run = run_in(ended.staging, ended.run_id)
    for step in (steps.transform, steps.publish):
        with pytest.raises(GateClosed, match="nothing was published"):
            step(run)
    assert everything(sample) == []


def run_in(folder: Path, run_id: str, **asked: Any) -> Any:
    from dags.run.context import Run, RunIdentity
    from dags.run.request import RunRequest
    from dags.run.settings import Settings

    identity = RunIdentity(DAG_ID, run_id, "manual", "2026-01-01", datetime.now(UTC))
    request = RunRequest(("TSLA", "NVDA"), None, None, **asked)
    return Run(Settings(), request, staging_in(folder, run_id), identity)


NAMELESS = "alter table stock_data alter symbol drop not null"


@pytest.mark.parametrize("partition", ["500", "1"])
@pytest.mark.parametrize("symbol", ["null", "''", "' TSLA'", "'tsla'"])
def test_rows_without_a_proper_symbol_do_not_vanish(
    workflow: Workflow,
    sample: Database,
    monkeypatch: pytest.MonkeyPatch,
    symbol: str,
    partition: str,
):
    monkeypatch.setenv("PARTITION_SYMBOLS", partition)
    sample.execute(
        NAMELESS,
        "insert into stock_data (symbol, date, open, high, low, close, volume, created_at) select "
        f"{symbol}, date, open, high, low, close, volume, created_at from stock_data "
        "where symbol = 'TSLA' and date = '2025-11-04'",
    )
    ended = workflow.run(more_symbols="*", policy="quarantine")

    assert ended.step("extract")["rows"] == 47
    held = sample.one("select count(*) from stock_data_quarantine")
    if symbol == "null":  # nobody's, so nobody can be held for it
        assert ended.state == "failed"
        assert everything(sample) == []
    else:
        assert (ended.state, held, len(everything(sample))) == ("success", 1, 46)


def test_an_end_date_to_come_excuses_no_bar_to_come(workflow: Workflow, sample: Database):
    tomorrow = date.today() + timedelta(days=1)
    sample.execute(
        f"update stock_data set date = '{tomorrow}' where symbol = 'TSLA' and date = '2025-11-04'"
    )
    ended = workflow.run(end_date="2099-12-31")
    assert ended.state == "failed"
    assert everything(sample) == []


def nightly(database: Database, workflow: Workflow, day: str) -> Ended:
    return workflow.run(symbols=["AAA", "BBB"], start_date=day, end_date=day, policy="quarantine")


def test_a_published_bar_that_the_next_day_proves_wrong_is_told_once(
    workflow: Workflow, database: Database
):
    prices = ["open", "high", "low", "close"]
    bars = daily_bars(["AAA", "BBB"], 120)
    bars = bars.assign(created_at=bars["date"] + pd.Timedelta(2, "D"), date=bars["date"].dt.date)
    days = sorted(bars["date"].unique())
    spiked = (bars["symbol"] == "AAA") & (bars["date"] == days[-2])
    bars.loc[spiked, prices] *= 1.6
    bars = bars.round(dict.fromkeys(prices, 2)).astype({"volume": int})
    database.insert(bars)

    first = nightly(database, workflow, str(days[-2]))
    assert database.rows("select symbol, date from stock_data_enriched order by 1") == [
        ("AAA", days[-2]),
        ("BBB", days[-2]),
    ]
    second = nightly(database, workflow, str(days[-1]))
    (doubt,) = second.json("report.json")["doubtful"]
    assert (doubt["symbol"], doubt["date"]) == ("AAA", str(days[-2]))
    assert doubt["published_by"] == first.run_id
    assert any("reversing_spikes" in name for name in doubt["expectations"])
    assert second.json("summary.json")["doubtful"] == 1
    assert second.mlflow().metrics["bars_doubtful"] == 1
    assert "now doubtful" in second.json("summary.json")["verdict"]
    noted = database.one(
        "select doubts from stock_data_enriched where symbol = 'AAA' order by date limit 1"
    )
    assert noted == doubt["expectations"]

    third = nightly(database, workflow, str(days[-1]))
    assert third.json("report.json")["doubtful"] == []


def test_a_run_that_did_not_publish_is_never_confirmed(workflow: Workflow, sample: Database):
    from dags import steps
    from dags.errors import NotPublished

    ended = workflow.run()
    run = run_in(ended.staging, ended.run_id)
    steps.confirm(run, "success")
    for state in ("skipped", "failed", "upstream_failed", "None"):
        with pytest.raises(NotPublished):
            steps.confirm(run, state)
    (ended.staging / "steps" / "publish.json").unlink()
    with pytest.raises(NotPublished, match="Was a task marked as a success"):
        steps.confirm(run, "success")


def test_a_run_that_is_marked_as_failed_ends_failed(workflow: Workflow, sample: Database):
    """Airflow skips what is to come and leaves the run to its teardowns."""
    for step in ("validate_data", "publish_data", "log_to_mlflow"):
        moment = fresh_moment()
        ended = workflow.run(moment=moment, before={step: partial(mark_failed, workflow, moment)})
        assert ended.state == "failed", step
        assert ended.tasks["log_to_mlflow"] == "success"
        assert ended.tasks["confirm_published"] == "failed"


def mark_failed(workflow: Workflow, moment: datetime) -> None:
    """What Airflow's API does to a run that a person marks as failed."""
    from airflow.api.common.mark_tasks import set_dag_run_state_to_failed
    from airflow.serialization.serialized_objects import DagSerialization

    dag = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(workflow.dag()))
    session = airflow_session()
    set_dag_run_state_to_failed(
        dag=dag, run_id=f"manual__{moment.isoformat()}", commit=True, session=session
    )
    session.commit()


@pytest.mark.parametrize("asked", [{"start_date": "0001-01-01"}, {"end_date": "9999-12-31"}])
def test_a_date_that_no_bar_can_have_fails_at_once(
    workflow: Workflow, sample: Database, asked: dict[str, Any]
):
    ended = workflow.run(**asked)
    assert ended.state == "failed"
    assert ended.tries["extract_stock_data"] == 1
    assert "cannot be the date of a bar" in ended.mlflow().tags["error"]
