"""A run on several workers, and workers that are killed in the middle of a step."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection

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
# database, but imports for seconds before it judges; so does tracking. What transforming reads is
# read by the extract too: it is held once that is over.
HELD = {
    "extract": "lock table stock_data in access exclusive mode",
    "transform": "lock table stock_data_enriched in access exclusive mode",
    "publish": "select pg_advisory_lock(7310003)",
}
ROUNDS = 4


@pytest.fixture(scope="module")
def two_workers() -> Iterator[Cluster]:
    with (
        folder() as place,
        broker(place) as broker_url,
        s3_server(place) as s3,
        running_desk(place / "var", settings_of_all(s3, broker_url)) as desk,
        cluster(desk, s3, place / "workers") as made,
    ):
        made.start(NAMES)
        yield made


def test_steps_land_on_different_workers_and_the_report_is_in_mlflow(two_workers: Cluster):
    hosts: set[str] = set()
    for _ in range(ROUNDS):  # whoever is free takes the next step
        run = two_workers.desk.trigger_and_wait({})
        assert run["state"] == "success"
        hosts |= set(two_workers.hosts(run["dag_run_id"]).values())
        if hosts == set(NAMES):
            break

    assert hosts == set(NAMES)
    assert _bars(two_workers) == (46, 46, run["dag_run_id"])
    _assert_tracked(two_workers, run["dag_run_id"])


def test_workers_killed_in_every_step_are_replaced_and_every_bar_is_there_once(
    two_workers: Cluster,
):
    with ExitStack() as locks:
        held = {
            step: locks.enter_context(closing(_holding(two_workers, HELD[step])))
            for step in ("extract", "publish")
        }
        run_id = two_workers.desk.trigger({"start_date": "2025-10-05"})
        for step, task in TASKS.items():
            wait_until(
                partial(_under_way, two_workers, run_id, step),
                f"{step} of {run_id} is under way",
            )
            if step == "validate":
                waiting = closing(_holding(two_workers, HELD["transform"]))
                held["transform"] = locks.enter_context(waiting)
            killed = two_workers.hosts(run_id)[task]
            two_workers.kill(killed)
            assert two_workers.step(run_id, step)["status"] == "running"
            if step in held:
                held[step].close()
            wait_until(
                partial(_elsewhere, two_workers, run_id, task, killed),
                f"{step} of {run_id} is tried again on the other worker",
            )
            two_workers.launch(killed)

    assert two_workers.desk.wait_for(run_id)["state"] == "success"
    assert _bars(two_workers) == (46, 46, run_id)
    _assert_tracked(two_workers, run_id)


def _under_way(cluster: Cluster, run_id: str, step: str) -> bool:
    return cluster.step(run_id, step).get("status") == "running"


def _elsewhere(cluster: Cluster, run_id: str, task: str, host: str) -> bool:
    return cluster.hosts(run_id)[task] != host


def _holding(cluster: Cluster, command: str) -> Connection:
    """Hold what a step needs, until the session is closed."""
    settings = cluster.bars.settings
    session = psycopg2.connect(
        host=settings.host, port=settings.port, user=settings.user, dbname=settings.database
    )
    session.cursor().execute(command)
    return session


def _assert_tracked(cluster: Cluster, run_id: str) -> None:
    (tracked,) = cluster.desk.tracked(f"tags.airflow_run_id = '{run_id}'")
    assert tracked["status"] == "FINISHED"
    assert "validation/report.html" in cluster.desk.artifacts(tracked)


def _bars(cluster: Cluster) -> tuple[int, int, str]:
    ((rows, bars, run_id),) = cluster.bars.rows(
        "select count(*), count(distinct (symbol, date)), max(run_id) from stock_data_enriched"
    )
    return rows, bars, run_id
