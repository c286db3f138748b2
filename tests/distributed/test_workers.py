"""A run on several workers, and workers that are killed in the middle of a step."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
import pytest

from dags.local.airflow_api import fetch
from sql.connection import ConnectionSettings
from tests.desk import folder, running_desk
from tests.distributed.cluster import (
    NAMES,
    Cluster,
    broker,
    cluster,
    settings_of_all,
    wait_until,
)
from tests.s3_server import s3_server

TASKS = {
    "extract": "extract_stock_data",
    "validate": "validate_data",
    "transform": "transform_data",
    "publish": "publish_data",
    "log": "log_to_mlflow",
}
# What another session holds, so that the step waits in the middle of its work. Validating asks no
# database, but imports for seconds before it judges; so does tracking.
HELD = {
    "extract": "lock table stock_data in access exclusive mode",
    "transform": "lock table stock_data_enriched in access exclusive mode",
    "publish": "select pg_advisory_lock(7310003)",
}


@pytest.fixture(scope="module")
def two_workers() -> Iterator[Cluster]:
    with (
        folder() as place,
        broker(place) as broker_url,
        s3_server(place) as s3,
        running_desk(place / "var", settings_of_all(s3, broker_url)) as desk,
        cluster(desk, s3, place / "workers") as made,
    ):
        for name in NAMES:
            made.start(name)
        yield made


def test_steps_of_a_run_land_on_different_workers_and_its_report_is_in_mlflow(
    two_workers: Cluster,
):
    # Whoever is free takes the next step: over three runs, both do.
    runs = [two_workers.desk.trigger_and_wait({}) for _ in range(3)]

    assert [run["state"] for run in runs] == ["success"] * 3
    hosts = [host for run in runs for host in two_workers.hosts(run["dag_run_id"]).values()]
    assert set(hosts) == set(NAMES)
    assert _bars(two_workers) == (46, 46, runs[-1]["dag_run_id"])
    for run in runs:
        (tracked,) = _tracked(two_workers, run["dag_run_id"])
        assert tracked["status"] == "FINISHED"
        assert "validation/report.html" in _artifacts(two_workers, tracked["run_id"])


@pytest.mark.parametrize("step", TASKS)
def test_a_worker_killed_in_a_step_is_replaced_by_the_other_and_every_bar_is_there_once(
    two_workers: Cluster, step: str
):
    for name in NAMES:
        two_workers.start(name)
    with _held(two_workers.bars.settings, HELD.get(step)):
        run_id = two_workers.desk.trigger({"start_date": "2025-10-05"})
        wait_until(
            lambda: two_workers.step(run_id, step).get("status") == "running",
            f"{step} of {run_id} is under way",
        )
        killed = two_workers.hosts(run_id)[TASKS[step]]
        two_workers.kill(killed)
    assert two_workers.step(run_id, step)["status"] == "running"

    ended = two_workers.desk.wait_for(run_id)

    (other,) = {*NAMES} - {killed}
    assert ended["state"] == "success"
    assert two_workers.hosts(run_id)[TASKS[step]] == other
    assert _bars(two_workers) == (46, 46, run_id)
    (tracked,) = _tracked(two_workers, run_id)
    assert tracked["status"] == "FINISHED"
    assert "validation/report.html" in _artifacts(two_workers, tracked["run_id"])


@contextmanager
def _held(settings: ConnectionSettings, command: str | None) -> Iterator[None]:
    """Hold what the step needs, until it was killed."""
    with closing(
        psycopg2.connect(
            host=settings.host, port=settings.port, user=settings.user, dbname=settings.database
        )
    ) as session:
        if command:
            session.cursor().execute(command)
        yield


def _bars(cluster: Cluster) -> tuple[int, int, str]:
    ((rows, bars, run_id),) = cluster.bars.rows(
        "select count(*), count(distinct (symbol, date)), max(run_id) from stock_data_enriched"
    )
    return rows, bars, run_id


def _tracked(cluster: Cluster, run_id: str) -> list[dict[str, Any]]:
    """The active runs of a DAG run at MLflow's server."""
    api = f"{cluster.desk.mlflow}/api/2.0/mlflow"
    found = fetch("GET", f"{api}/experiments/get-by-name?experiment_name=ibkr-stock-data")
    query = {
        "experiment_ids": [found["experiment"]["experiment_id"]],
        "filter": f"tags.airflow_run_id = '{run_id}'",
    }
    return [run["info"] for run in fetch("POST", f"{api}/runs/search", query).get("runs", [])]


def _artifacts(cluster: Cluster, run_id: str) -> set[str]:
    api = f"{cluster.desk.mlflow}/api/2.0/mlflow/artifacts/list"
    return {
        file["path"] for file in fetch("GET", f"{api}?run_id={run_id}&path=validation")["files"]
    }
