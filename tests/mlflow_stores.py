"""MLflow stores that are really there, and a relay that stands between them and a logger."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, Self

import pytest

from sql import embedded
from tracking import RunRecord, TrackingStore

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


def runs_of(store: TrackingStore, run_key: str, *, deleted: bool = False) -> list[Any]:
    """The runs of a key that are active, or those that are in the trash."""
    from mlflow import MlflowClient
    from mlflow.entities import ViewType

    client = MlflowClient(store.client_uri)
    experiment = client.get_experiment_by_name(store.experiment)
    assert experiment is not None
    view = ViewType.DELETED_ONLY if deleted else ViewType.ACTIVE_ONLY
    query = f"tags.`airflow.run_key` = '{run_key}'"
    return list(client.search_runs([experiment.experiment_id], query, view))


def the_run(store: TrackingStore, run_key: str) -> Any:
    """The one active run of a key."""
    (run,) = runs_of(store, run_key)
    return run


def stored_files(store: TrackingStore, run_id: str, folder: str | None = None) -> set[str]:
    """The paths of a run's artifacts."""
    from mlflow import MlflowClient

    client = MlflowClient(store.client_uri)
    found: set[str] = set()
    for entry in client.list_artifacts(run_id, folder):
        found |= stored_files(store, run_id, entry.path) if entry.is_dir else {entry.path}
    return found


def database_store(
    postgres: embedded.EmbeddedServer, name: str, place: Path, experiment: str = EXPERIMENT
) -> TrackingStore:
    postgres.ensure_database(name)
    uri = postgres.url(name).render_as_string(hide_password=False)
    return TrackingStore(uri, experiment, str(place / "artifacts of runs"))


def write_artifacts(folder: Path) -> Path:
    """Two files for a run."""
    (folder / "validation").mkdir(parents=True)
    (folder / "validation" / "report.html").write_text(REPORT)
    (folder / "extraction_summary.json").write_text("{}")
    return folder


@dataclass(frozen=True)
class Server:
    """An MLflow server of the test's own."""

    store: TrackingStore
    process: "subprocess.Popen[bytes]"


@contextlib.contextmanager
def mlflow_server(
    database: TrackingStore,
    place: Path,
    artifacts: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """A server on a database, its files in `artifacts`, by default in `place`, like its log."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--workers", "1"]
    command += ["--port", str(port), "--backend-store-uri", database.client_uri]
    command += ["--artifacts-destination", artifacts or str(place / "served")]
    environment = {**os.environ, **(variables or {})} | {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    with (place / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            wait_until_healthy(port, process, place / "server.log")
            yield Server(TrackingStore(f"http://127.0.0.1:{port}", "served"), process)
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


Fault = Literal["500", "hang", "cut", "lost"]


class Relay:
    """Stands between client and server: counts requests, and fails those that match.

    It answers 500, says nothing (`hang`), closes the connection before it has read the body
    (`cut`), or lets the server do the work and closes the connection instead of answering
    (`lost`). `on_failure` is called before.
    """

    def __init__(
        self,
        target: TrackingStore,
        fail_when: str = "\0",
        on_failure: Callable[[], object] = lambda: None,
        fault: Fault = "500",
    ) -> None:
        self.requests: list[str] = []
        self.fail_when = fail_when
        self.on_failure = on_failure
        self.fault = fault
        self.ended = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(target.uri))
        self.address = f"127.0.0.1:{self.server.server_port}"
        self.store = replace(target, uri=f"http://ann:s3cret@{self.address}")

    def _handler(self, target: str) -> type[BaseHTTPRequestHandler]:
        relay = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                line = f"{self.command} {self.path}"
                relay.requests.append(line)
                fault = relay.fault if relay.fail_when in line else None
                if fault:
                    relay.on_failure()
                if fault == "hang":
                    relay.ended.wait(120)
                if fault in ("hang", "cut"):
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if fault == "500":
                    self.send_error(500)
                    return
                self.pass_on(body, answered=fault is None)

            def pass_on(self, body: bytes, *, answered: bool) -> None:
                connection = http.client.HTTPConnection(target.removeprefix("http://"))
                headers = {k: v for k, v in self.headers.items() if k.lower() != "accept-encoding"}
                connection.request(self.command, self.path, body, headers)
                response = connection.getresponse()
                content = response.read()
                connection.close()
                if not answered:
                    self.close_connection = True
                    return
                self.send_response(response.status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler

    def die(self) -> None:
        """Fail everything from now on."""
        self.fail_when = ""

    def recover(self) -> None:
        """Fail nothing from now on."""
        self.fail_when = "\0"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
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
