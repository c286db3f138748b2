"""Tracking against a real PostgreSQL and a real MLflow server on the same database.

The order is the one of a user: a run goes straight into the database first; the server is started
on it afterwards, and everything over HTTP happens there.
"""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run, ViewType

from sql import embedded
from tracking import (
    ExperimentDeletedError,
    LoggedRun,
    RunIncompleteError,
    RunRecord,
    StoreUnreachableError,
    TrackingError,
    TrackingStore,
    log_run,
)

EXPERIMENT = "ibkr stock/data"
REPORT = "<h1>Closed</h1>"


def record(run_key: str, **changes: Any) -> RunRecord:
    plain = RunRecord(
        run_key=run_key,
        name="2025-11-04 TSLA NVDA",
        status="FINISHED",
        params={"symbols": "TSLA,NVDA", "validation_status": "passed"},
        metrics={"total_rows": 46.0, "rows/^GSPC": 23.0},
        tags={"environment": "test"},
        description="**passed**: 46 rows",
        start_time_ms=1_762_000_000_000,
        end_time_ms=1_762_000_060_000,
        source_name="dags/ibkr_stock_data_workflow.py",
        user="airflow",
    )
    return replace(plain, **changes)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def runs_of(store: TrackingStore, run_key: str, view: int = ViewType.ACTIVE_ONLY) -> list[Run]:
    client = MlflowClient(store.client_uri)
    experiment = client.get_experiment_by_name(store.experiment)
    assert experiment is not None
    found = client.search_runs(
        [experiment.experiment_id], f"tags.`airflow.run_key` = '{run_key}'", view
    )
    return list(found)


def the_run(store: TrackingStore, run_key: str) -> Run:
    (run,) = runs_of(store, run_key)
    return run


def stored_files(store: TrackingStore, run_id: str, folder: str | None = None) -> set[str]:
    client = MlflowClient(store.client_uri)
    found: set[str] = set()
    for entry in client.list_artifacts(run_id, folder):
        found |= stored_files(store, run_id, entry.path) if entry.is_dir else {entry.path}
    return found


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    # Not pytest's own folder: as root PostgreSQL runs as another user, who may not enter that.
    folder = Path(tempfile.mkdtemp(prefix="tracking-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def postgres(place: Path) -> Iterator[embedded.EmbeddedServer]:
    with embedded.start(place / "pg") as server:
        yield server


def database_store(
    postgres: embedded.EmbeddedServer, name: str, place: Path, experiment: str = EXPERIMENT
) -> TrackingStore:
    postgres.ensure_database(name)
    uri = postgres.url(name).render_as_string(hide_password=False)
    return TrackingStore(uri, experiment, str(place / "artifacts of runs"))


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    folder = tmp_path / "artifacts"
    (folder / "validation").mkdir(parents=True)
    (folder / "validation" / "report.html").write_text(REPORT)
    (folder / "extraction_summary.json").write_text("{}")
    return folder


@pytest.fixture(scope="module")
def database(postgres: embedded.EmbeddedServer, place: Path) -> TrackingStore:
    return database_store(postgres, "mlflow", place)


@pytest.fixture(scope="module")
def direct_run(database: TrackingStore, place: Path) -> LoggedRun:
    folder = place / "first"
    (folder / "validation").mkdir(parents=True)
    (folder / "validation" / "report.html").write_text(REPORT)
    return log_run(database, record("dag/direct"), folder)


@pytest.fixture(scope="module")
def server(database: TrackingStore, direct_run: LoggedRun, place: Path) -> Iterator[TrackingStore]:
    """An MLflow server started on a database that already holds a run."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--workers", "1"]
    command += ["--port", str(port), "--backend-store-uri", database.client_uri]
    command += ["--artifacts-destination", str(place / "served")]
    environment = os.environ | {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    with (place / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            wait_until_healthy(port, process, place / "server.log")
            yield TrackingStore(f"http://127.0.0.1:{port}", "served")
        finally:
            process.terminate()
            process.wait(30)


def wait_until_healthy(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"the MLflow server did not become healthy: {log.read_text()}")


class Relay:
    """Stands between client and server: counts requests, and fails those that match."""

    def __init__(
        self,
        target: TrackingStore,
        fail_when: str = "\0",
        on_failure: Callable[[], object] = lambda: None,
    ) -> None:
        self.requests: list[str] = []
        self.fail_when = fail_when
        self.on_failure = on_failure
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(target.uri))
        self.address = f"127.0.0.1:{self.server.server_port}"
        self.store = replace(target, uri=f"http://ann:s3cret@{self.address}")

    def _handler(self, target: str) -> type[BaseHTTPRequestHandler]:
        relay = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                line = f"{self.command} {self.path}"
                relay.requests.append(line)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if relay.fail_when in line:
                    relay.on_failure()
                    self.send_error(500)
                    return
                connection = http.client.HTTPConnection(target.removeprefix("http://"))
                headers = {k: v for k, v in self.headers.items() if k.lower() != "accept-encoding"}
                connection.request(self.command, self.path, body, headers)
                response = connection.getresponse()
                content = response.read()
                self.send_response(response.status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                connection.close()

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler

    def __enter__(self) -> "Relay":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def logger_process(store: TrackingStore, run_key: str, artifacts: Path) -> "subprocess.Popen[str]":
    """Another process that logs a run."""
    code = (
        "import sys; from pathlib import Path; from tracking import *;"
        "uri, experiment, root, key, folder = sys.argv[1:];"
        "log_run(TrackingStore(uri, experiment, root or None), RunRecord(run_key=key, name='n',"
        "status='FINISHED', params={}, metrics={}, tags={}, description='', start_time_ms=1,"
        "end_time_ms=2, source_name='s', user='u'), Path(folder))"
    )
    arguments = [store.uri, store.experiment, store.artifact_root or "", run_key, str(artifacts)]
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_run_logged_into_the_database_shows_unchanged_in_a_server_started_later(
    direct_run: LoggedRun, server: TrackingStore
) -> None:
    seen = replace(server, experiment=EXPERIMENT)
    run = the_run(seen, "dag/direct")
    assert run.info.run_id == direct_run.run_id
    assert run.info.status == "FINISHED"
    assert (run.info.start_time, run.info.end_time) == (1_762_000_000_000, 1_762_000_060_000)
    assert run.data.params == {"symbols": "TSLA,NVDA", "validation_status": "passed"}
    assert run.data.metrics == {"total_rows": 46.0, "rows/_x5E_GSPC": 23.0}
    address = f"{server.uri}/get-artifact?path=validation/report.html&run_uuid={run.info.run_id}"
    with urllib.request.urlopen(address, timeout=10) as page:
        assert page.read().decode() == REPORT


def test_what_a_retry_no_longer_has_goes_and_what_people_added_stays(
    server: TrackingStore, artifacts: Path
) -> None:
    incomplete = record("dag/stale", tags={"missing_symbols": "NVDA"})
    first = log_run(server, incomplete, artifacts)
    MlflowClient(server.uri).set_tag(first.run_id, "reviewed", "by Ann")
    again = log_run(server, record("dag/stale"), artifacts)
    assert again.run_id == first.run_id
    tags = the_run(server, "dag/stale").data.tags
    assert "missing_symbols" not in tags
    assert (tags["reviewed"], tags["environment"]) == ("by Ann", "test")


def test_a_metric_that_is_gone_replaces_the_run(server: TrackingStore, artifacts: Path) -> None:
    log_run(server, record("dag/gone"), artifacts)
    log_run(server, record("dag/gone", metrics={"total_rows": 40.0}), artifacts)
    assert the_run(server, "dag/gone").data.metrics == {"total_rows": 40.0}


def test_a_database_store_keeps_no_connection_open(
    direct_run: LoggedRun, database: TrackingStore, postgres: embedded.EmbeddedServer
) -> None:
    import sqlalchemy

    other = database_store(postgres, "alone", Path(database.artifact_root or "").parent)
    log_run(other, record("dag/alone"), Path(database.artifact_root or "").parent / "first")
    engine = sqlalchemy.create_engine(postgres.url("postgres"))
    with engine.connect() as connection:
        count = sqlalchemy.text("select count(*) from pg_stat_activity where datname = 'alone'")
        deadline = time.monotonic() + 5  # a closed connection's process takes a moment to end
        while connection.execute(count).scalar_one() and time.monotonic() < deadline:
            time.sleep(0.05)
            connection.rollback()
        assert connection.execute(count).scalar_one() == 0
    engine.dispose()


def test_a_run_carries_everything_the_run_page_shows(
    server: TrackingStore, artifacts: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_key = 'dag/manual__2025-11-04T00:00:00+00:00 `"%'
    logged = log_run(server, record(run_key), artifacts)
    assert capfd.readouterr().out == ""
    run = the_run(server, run_key)
    expected = {
        "airflow.run_key": run_key,
        "environment": "test",
        "logging": "complete",
        "mlflow.note.content": "**passed**: 46 rows",
        "mlflow.runName": "2025-11-04 TSLA NVDA",
        "mlflow.source.name": "dags/ibkr_stock_data_workflow.py",
        "mlflow.user": "airflow",
    }
    assert expected.items() <= run.data.tags.items()
    assert run.info.run_name == "2025-11-04 TSLA NVDA"
    assert stored_files(server, logged.run_id) == {
        "extraction_summary.json",
        "validation/report.html",
    }
    assert logged.url_path.startswith(f"#/experiments/{logged.experiment_id}/runs/{logged.run_id}")


def test_a_closed_gate_is_logged_as_completely_as_an_open_one(
    server: TrackingStore, artifacts: Path
) -> None:
    logged = log_run(server, record("dag/closed", status="FAILED"), artifacts)
    run = the_run(server, "dag/closed")
    assert run.info.status == "FAILED"
    assert run.data.tags["logging"] == "complete"
    assert "validation/report.html" in stored_files(server, logged.run_id)


def test_a_retry_finds_its_run_and_doubles_nothing(server: TrackingStore, artifacts: Path) -> None:
    first = log_run(server, record("dag/retry"), artifacts)
    (artifacts / "extraction_summary.json").rename(artifacts / "renamed.json")
    later = record(
        "dag/retry",
        metrics={"total_rows": 46.0, "rows/^GSPC": 24.0, "new": 1.0},
        description="second look",
        end_time_ms=1_762_000_090_000,
    )
    assert log_run(server, later, artifacts) == first
    run = the_run(server, "dag/retry")
    assert run.data.metrics == {"total_rows": 46.0, "rows/_x5E_GSPC": 24.0, "new": 1.0}
    assert run.data.tags["mlflow.note.content"] == "second look"
    history = MlflowClient(server.uri).get_metric_history(first.run_id, "total_rows")
    assert [point.value for point in history] == [46.0]
    assert stored_files(server, first.run_id) == {"renamed.json", "validation/report.html"}


@pytest.mark.parametrize("kind", ["server", "database"])
def test_a_changed_parameter_replaces_the_run(
    kind: str, request: pytest.FixtureRequest, artifacts: Path
) -> None:
    store: TrackingStore = request.getfixturevalue(kind)
    failed = record("dag/changed", params={"validation_status": "failed"}, status="FAILED")
    old = log_run(store, failed, artifacts)
    new = log_run(store, record("dag/changed"), artifacts)
    run = the_run(store, "dag/changed")
    assert run.info.run_id == new.run_id != old.run_id
    assert run.data.tags["replaces"] == old.run_id
    assert run.data.params["validation_status"] == "passed"
    trash = runs_of(store, "dag/changed", ViewType.DELETED_ONLY)
    assert [gone.info.run_id for gone in trash] == [old.run_id]


def test_two_runs_of_one_key_become_one(server: TrackingStore, artifacts: Path) -> None:
    log_run(server, record("dag/doubled"), artifacts)
    client = MlflowClient(server.uri)
    experiment = client.get_experiment_by_name(server.experiment)
    assert experiment is not None
    client.create_run(experiment.experiment_id, tags={"airflow.run_key": "dag/doubled"})
    kept = log_run(server, record("dag/doubled"), artifacts)
    assert the_run(server, "dag/doubled").info.run_id == kept.run_id


def test_loggers_that_race_for_one_key_leave_one_run(
    server: TrackingStore, artifacts: Path
) -> None:
    def attempt(_: int) -> None:
        try:
            log_run(server, record("dag/race"), artifacts)
        except TrackingError:
            return  # the loser's task is retried

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(attempt, range(4)))
    assert len(runs_of(server, "dag/race")) == 1
    log_run(server, record("dag/race"), artifacts)
    assert the_run(server, "dag/race").data.tags["logging"] == "complete"


def test_a_record_beyond_mlflows_limits_is_cut_and_sent_in_parts(
    server: TrackingStore, artifacts: Path
) -> None:
    big = record(
        "dag/big",
        params={f"p{i}": "x" * 7000 for i in range(150)},
        metrics={f"m/{i}": float(i) for i in range(2500)} | {"bad": float("nan")},
        tags={f"t{i}": "y" * 20 for i in range(120)} | {"long": "z" * 9000},
        description="d\n" * 9000,
    )
    log_run(server, big, artifacts)
    run = the_run(server, "dag/big")
    assert len(run.data.params) == 150
    assert run.data.params["p0"].endswith("[cut: 7,000 characters]")
    assert len(run.data.metrics) == 2500
    assert run.data.tags["metrics_not_finite"] == "bad"
    assert run.data.tags["long"].endswith("[cut: 9,000 characters]")
    assert {f"t{i}" for i in range(120)} <= run.data.tags.keys()


def test_a_run_takes_few_requests(server: TrackingStore, artifacts: Path) -> None:
    with Relay(server) as relay:
        log_run(relay.store, record("dag/counted"), artifacts)
    calls = [line for line in relay.requests if not line.startswith("PUT ")]
    assert len(calls) <= 9, calls
    assert len(relay.requests) - len(calls) == 2  # one for each artifact


def test_a_server_failing_half_way_leaves_a_marked_run_that_a_retry_completes(
    server: TrackingStore, artifacts: Path
) -> None:
    with Relay(server, fail_when="PUT ") as relay:
        with pytest.raises(RunIncompleteError, match="run the task again") as caught:
            log_run(relay.store, record("dag/half"), artifacts)
        assert "s3cret" not in str(caught.value)
        broken = the_run(server, "dag/half")
        assert broken.info.status == "FAILED"
        assert broken.data.tags["logging"] == "incomplete"
        relay.fail_when = "\0"
        again = log_run(relay.store, record("dag/half"), artifacts)
    assert again.run_id == broken.info.run_id
    run = the_run(server, "dag/half")
    assert (run.info.status, run.data.tags["logging"]) == ("FINISHED", "complete")


def test_a_run_that_is_interrupted_is_closed_and_marked(
    server: TrackingStore, artifacts: Path
) -> None:
    interrupt = Relay(server, "PUT ", lambda: os.kill(os.getpid(), signal.SIGINT))
    with interrupt as relay, pytest.raises(KeyboardInterrupt):
        log_run(relay.store, record("dag/interrupted"), artifacts)
    run = the_run(server, "dag/interrupted")
    assert (run.info.status, run.data.tags["logging"]) == ("FAILED", "incomplete")


def test_a_run_whose_logger_was_killed_is_completed_by_a_retry(
    server: TrackingStore, artifacts: Path
) -> None:
    killed = threading.Event()
    with Relay(server, "PUT ", killed.set) as relay:
        process = logger_process(relay.store, "dag/killed", artifacts)
        assert killed.wait(60)
        process.kill()
        process.communicate()
    broken = the_run(server, "dag/killed")
    assert (broken.info.status, broken.data.tags["logging"]) == ("RUNNING", "incomplete")
    assert log_run(server, record("dag/killed"), artifacts).run_id == broken.info.run_id
    assert the_run(server, "dag/killed").info.status == "FINISHED"


def test_a_folder_that_takes_no_files_leaves_a_marked_run_that_a_retry_completes(
    postgres: embedded.EmbeddedServer, place: Path, artifacts: Path
) -> None:
    store = replace(
        database_store(postgres, "mlflow", place, "blocked"), artifact_root=str(place / "blocked")
    )
    (place / "blocked").write_text("a file where the folder should be")
    with pytest.raises(RunIncompleteError, match=r"Not a directory|File exists"):
        log_run(store, record("dag/blocked"), artifacts)
    broken = the_run(store, "dag/blocked")
    assert (broken.info.status, broken.data.tags["logging"]) == ("FAILED", "incomplete")
    (place / "blocked").unlink()
    assert log_run(store, record("dag/blocked"), artifacts).run_id == broken.info.run_id
    assert the_run(store, "dag/blocked").info.status == "FINISHED"


def test_a_deleted_experiment_says_how_to_restore_it(
    server: TrackingStore, artifacts: Path
) -> None:
    store = replace(server, experiment="thrown away")
    logged = log_run(store, record("dag/deleted"), artifacts)
    MlflowClient(server.uri).delete_experiment(logged.experiment_id)
    restore = f"mlflow experiments restore --experiment-id {logged.experiment_id}"
    with pytest.raises(ExperimentDeletedError, match=restore):
        log_run(store, record("dag/deleted"), artifacts)


PASSWORD = "pa ss@w/ord"


@pytest.mark.parametrize(
    "uri",
    [
        f"http://ann:{quote(PASSWORD, safe='')}@127.0.0.1:{{port}}",
        f"postgresql+psycopg2://ann:{quote(PASSWORD, safe='')}@127.0.0.1:{{port}}/mlflow",
        f"mysql://ann:{quote(PASSWORD, safe='')}@127.0.0.1:{{port}}/mlflow",
    ],
)
@pytest.mark.parametrize("hanging", [False, True])
def test_a_store_that_does_not_answer_is_named_within_30_seconds_without_its_password(
    uri: str, hanging: bool, artifacts: Path
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if hanging:  # takes connections and never says a word
            listener.listen()
        store = TrackingStore(uri.format(port=listener.getsockname()[1]), "bars")
        started = time.monotonic()
        with pytest.raises(StoreUnreachableError) as caught:
            log_run(store, record("dag/down"), artifacts)
    assert time.monotonic() - started < 30
    assert caught.value.__cause__ is None
    assert "127.0.0.1" in str(caught.value) or uri.startswith("mysql")
    assert PASSWORD not in str(caught.value)
    assert quote(PASSWORD, safe="") not in str(caught.value)


def test_something_that_is_no_mlflow_server_is_refused(server: TrackingStore) -> None:
    refused = pytest.raises(StoreUnreachableError, match="answered 500 to GET /health")
    with Relay(server, fail_when="/health") as relay, refused:
        log_run(relay.store, record("dag/none"), Path.cwd())


def test_a_missing_artifact_folder_is_refused(database: TrackingStore, tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match="there is no artifact folder"):
        log_run(database, record("dag/nothing"), tmp_path / "missing")


def test_two_processes_may_use_an_empty_database_at_once(
    postgres: embedded.EmbeddedServer, place: Path, artifacts: Path
) -> None:
    store = database_store(postgres, "empty", place)
    both = replace(store, experiment="both")
    processes = [logger_process(both, f"dag/{i}", artifacts) for i in range(2)]
    for process in processes:
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert output == ""
    client = MlflowClient(store.client_uri)
    names = [found.name for found in client.search_experiments(view_type=ViewType.ALL)]
    assert sorted(names) == ["Default", "both"]
    assert [the_run(both, f"dag/{i}").info.status for i in range(2)] == ["FINISHED"] * 2
