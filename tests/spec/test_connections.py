"""Requirement: Connections."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import QueuePool

from dags.run.settings import ROOT, Settings
from dags.staging.layout import DAG_ID
from sql import embedded
from sql.connection import make_engine
from tests.spec.scenario import scenario
from tests.workflow import Database, Workflow, fresh_moment

USER, PASSWORD, CORE = "keeper", "open:sesame7391@/%", b"sesame7391"
OPEN_CONNECTIONS = """
    select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'market-data-gate'
"""


@pytest.fixture
def guarded(
    workflow: Workflow,
    sample: Database,
    postgres_server: embedded.EmbeddedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Database]:
    """The sample, for a user whom the server asks for a password."""
    server = Database(postgres_server.settings("postgres"))
    rules = Path(server.one("show hba_file"))
    before = rules.read_text()
    server.execute(f"create role {USER} superuser login password '{PASSWORD}'")
    rules.write_text(f"local all {USER} scram-sha-256\n{before}")
    server.execute("select pg_reload_conf()")
    monkeypatch.setenv("POSTGRES_USER", USER)
    _wait_until_refused(server)
    yield sample
    rules.write_text(before)
    server.execute("select pg_reload_conf()", f"drop role {USER}")


@scenario("Connections", "From the environment")
def test_from_the_environment(
    workflow: Workflow, guarded: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TASK_RETRIES", "0")
    monkeypatch.setenv("POSTGRES_PASSWORD", "wrong")
    refused = workflow.run()
    monkeypatch.setenv("POSTGRES_PASSWORD", PASSWORD)
    ended = workflow.run()

    assert refused.state == "failed"
    assert f'authentication failed for user "{USER}"' in refused.mlflow().tags["error"]
    assert ended.state == "success"
    assert guarded.one("select count(*) from stock_data_enriched") == 46


@scenario("Connections", "Pooled")
def test_pooled(workflow: Workflow):
    engine = make_engine(Settings().bars())

    backends = set()
    for _ in range(3):
        with engine.connect() as connection:
            backends.add(connection.exec_driver_sql("select pg_backend_pid()").scalar_one())

    assert isinstance(engine.pool, QueuePool)
    assert len(backends) == 1
    assert engine.pool.checkedout() == 0
    engine.dispose()


@scenario("Connections", "No secret is shown")
def test_no_secret_is_shown(
    workflow: Workflow,
    guarded: Database,
    airflow_environment: Mapping[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    # A process of its own: only there is everything that a task logs in one place.
    monkeypatch.setenv("POSTGRES_PASSWORD", PASSWORD)
    workflow.dag()
    mlflow = airflow_environment["MLFLOW_TRACKING_URI"].replace("postgres@", "postgres:sesame7391@")
    environment = os.environ | {"MLFLOW_TRACKING_URI": mlflow, "PYTHONPATH": str(ROOT)}
    moment, conf = fresh_moment().isoformat(), json.dumps({"debug_mode": True})
    ran = subprocess.run(
        [sys.executable, "-m", "dags.local.once.dag_run", DAG_ID, moment, conf],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )

    assert ran.returncode == 0
    assert CORE in mlflow.encode()
    assert b"Task started" in ran.stdout
    assert CORE not in ran.stdout
    (settings,) = Path(airflow_environment["MLFLOW_ARTIFACT_ROOT"]).rglob(_debug_of(tmp_path))
    assert "*" in json.loads(settings.read_text())["postgres_password"]
    for folder in (tmp_path, settings.parents[1]):
        shown = [path for path in folder.rglob("*") if path.is_file() and CORE in path.read_bytes()]
        assert shown == []


@scenario("Connections", "Released after success")
def test_released_after_success(workflow: Workflow, sample: Database):
    assert workflow.run().state == "success"
    assert _settled(sample) == 0


@scenario("Connections", "Released after failure")
def test_released_after_failure(workflow: Workflow, sample: Database):
    command = "alter table stock_data_enriched drop column price_range"

    ended = workflow.run(before={"publish_data": lambda: sample.execute(command)})

    assert ended.tasks["publish_data"] == "failed"
    assert _settled(sample) == 0


def _debug_of(tmp_path: Path) -> str:
    (steps,) = tmp_path.rglob("steps/log.json")
    return f"{json.loads(steps.read_text())['mlflow_run_id']}/artifacts/debug/settings.json"


def _settled(database: Database) -> int:
    """Connections still open; the server takes a moment to notice that one was closed."""
    deadline = time.monotonic() + 5
    while (found := database.one(OPEN_CONNECTIONS)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def _wait_until_refused(server: Database) -> None:
    host, port = server.settings.host, server.settings.port
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            psycopg2.connect(host=host, port=port, user=USER, dbname="postgres").close()
        except psycopg2.OperationalError:
            return
        time.sleep(0.05)
    raise TimeoutError("the server does not ask for a password")
