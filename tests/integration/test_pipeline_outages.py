"""Services that go away, and folders that cannot be written."""

import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sql import embedded
from sql import postgres_programs as programs
from sql.connection import make_engine
from sql.locks import PUBLISH, lock
from sql.schema import create_schema, load_sample
from tests.workflow import Database, Workflow, fresh_moment


@pytest.fixture
def own_server(
    workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> Iterator[embedded.EmbeddedServer]:
    """A server of this test's own with the sample, for the test to stop."""
    folder = Path(tempfile.mkdtemp(prefix="bars-outage-"))
    server = embedded.start(folder)
    server.ensure_database("bars")
    engine = make_engine(server.settings("bars"))
    create_schema(engine)
    load_sample(engine)
    engine.dispose()
    monkeypatch.setenv("POSTGRES_HOST", str(server.socket_dir))
    monkeypatch.setenv("POSTGRES_DB", "bars")
    yield server
    server.stop()
    shutil.rmtree(folder)


def test_a_server_that_stops_between_two_steps_is_tried_again_and_the_run_fails(
    workflow: Workflow, own_server: embedded.EmbeddedServer
):
    ended = workflow.run(before={"publish_data": own_server.stop})

    assert ended.state == "failed"
    assert ended.tasks["validate_data"] == "success"
    assert (ended.tasks["publish_data"], ended.tries["publish_data"]) == ("failed", 3)
    tracked = ended.mlflow()
    assert (tracked.status, tracked.params["validation_status"]) == ("FAILED", "passed")
    assert "DatabaseLostError" in tracked.tags["error"]
    assert "rows_published" not in tracked.metrics


def test_a_server_that_comes_back_is_used_again(
    workflow: Workflow, own_server: embedded.EmbeddedServer, monkeypatch: pytest.MonkeyPatch
):
    moment, settings = fresh_moment(), own_server.settings("bars")
    monkeypatch.setenv("TASK_RETRIES", "0")
    broken = workflow.run(moment=moment, before={"transform_data": own_server.stop})
    with embedded.start(own_server.folder):
        ended = workflow.run(moment=moment)
        published = Database(settings).one("select count(*) from stock_data_enriched")

    assert broken.state == "failed"
    assert (ended.state, published) == ("success", 46)
    assert (ended.mlflow().status, "error" in ended.mlflow().tags) == ("FINISHED", False)


def test_a_server_that_is_killed_while_it_publishes_is_used_again_once_it_is_back(
    workflow: Workflow, own_server: embedded.EmbeddedServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TASK_RETRIES", "30")
    bars = Database(own_server.settings("bars"))
    others: list[Any] = []
    waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"

    def kill() -> None:
        while not bars.one(waiting):  # publishing has its bars in the database by then
            time.sleep(0.05)
        os.kill(programs.postmaster(own_server.folder / "data").pid, signal.SIGKILL)
        while programs.postmaster(own_server.folder / "data"):
            time.sleep(0.05)
        others.append(embedded.start(own_server.folder))

    def hold() -> None:
        holder = make_engine(own_server.settings("bars")).connect()
        lock(holder, PUBLISH)
        others.append(holder)
        threading.Thread(target=kill).start()

    ended = workflow.run(before={"publish_data": hold})

    assert (ended.state, ended.tries["publish_data"] > 1) == ("success", True)
    assert (ended.step("publish")["new"], ended.mlflow().status) == (46, "FINISHED")
    assert bars.one("select count(*) from stock_data_enriched") == 46
    others[0].invalidate()
    others[1].stop()


def test_a_run_tried_again_that_fails_earlier_is_not_taken_for_published(
    workflow: Workflow, sample: Database, monkeypatch: pytest.MonkeyPatch
):
    moment = fresh_moment()
    assert workflow.run(moment=moment).mlflow().status == "FINISHED"
    monkeypatch.setenv("POSTGRES_HOST", "127.0.0.1")
    monkeypatch.setenv("POSTGRES_PORT", "1")
    monkeypatch.setenv("TASK_RETRIES", "0")

    ended = workflow.run(moment=moment)

    tracked = ended.mlflow()
    assert (ended.state, tracked.status) == ("failed", "FAILED")
    assert tracked.params["validation_status"] == "not_run"
    assert tracked.files() == {"extraction_summary.json"}


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("http://127.0.0.1:9", "MLflow server http://127.0.0.1:9 does not answer"),
        (
            "postgresql+psycopg2://u:secret@127.0.0.1:9/mlflow",
            "MLflow database 'mlflow' on 127.0.0.1:9",
        ),
    ],
)
def test_an_unreachable_tracking_store_fails_the_run_but_not_what_was_published(
    workflow: Workflow,
    sample: Database,
    monkeypatch: pytest.MonkeyPatch,
    uri: str,
    message: str,
):
    began = time.monotonic()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    ended = workflow.run()

    assert ended.state == "failed"
    assert (ended.tasks["log_to_mlflow"], ended.tries["log_to_mlflow"]) == ("failed", 3)
    assert ended.tasks["publish_data"] == "success"
    assert time.monotonic() - began < 30
    assert sample.one("select count(*) from stock_data_enriched") == 46
    said = ended.step("log")["error"]
    assert said.startswith(f"StoreUnreachableError: {message}")
    assert "does not answer" in said
    assert "secret" not in said


def test_an_unwritable_staging_folder_fails_at_once_and_is_tracked(
    workflow: Workflow, sample: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    blocked = tmp_path / "a file"
    blocked.write_text("")
    monkeypatch.setenv("STAGING_URL", f"file://{blocked}/staging")

    ended = workflow.run()

    assert ended.state == "failed"
    assert (ended.tasks["extract_stock_data"], ended.tries["extract_stock_data"]) == ("failed", 1)
    tracked = ended.mlflow()
    assert tracked.status == "FAILED"
    assert f"staging folder file://{blocked}/staging" in tracked.tags["error"]
    assert list(tmp_path.iterdir()) == [blocked]
