"""Tracking when the server, the network, the disk or the logger gives up.

Each ends in an error that says what to do, with the run complete or marked, and logging it again
completes it without a double.
"""

import contextlib
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from sql import embedded
from tests.mlflow_stores import (
    Fault,
    Relay,
    Server,
    database_store,
    logger_process,
    record,
    runs_of,
    stored_files,
    the_run,
)
from tracking import (
    Dataset,
    RunIncompleteError,
    StoreUnreachableError,
    TrackingError,
    TrackingStore,
    log_run,
)


@pytest.fixture
def server(tracking_server: Server) -> TrackingStore:
    return tracking_server.store


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many tries as ever, without the waiting: 10 s for an answer, 4 s between two tries."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("request_line", "fault"),
    [
        ("runs/create", "500"),
        ("runs/create", "lost"),
        ("runs/create", "hang"),
        ("log-inputs", "500"),
        ("PUT ", "500"),
        ("PUT ", "cut"),
        ("PUT ", "hang"),
        ("runs/update", "500"),
        ("log-batch", "cut"),
        ("log-batch", "lost"),
        ("log-batch", "hang"),
    ],
)
def test_a_request_that_fails_leaves_a_marked_run_that_a_retry_completes(
    request_line: str, fault: Fault, server: TrackingStore, artifacts: Path
) -> None:
    key = f"dag/{request_line.strip()} {fault}"
    data = Dataset(name=key, digest="d" * 64, table="t", query="q", columns={}, profile={})
    wanted = record(key, dataset=data)
    with Relay(server, request_line, fault=fault) as relay:
        with pytest.raises(TrackingError) as caught:
            log_run(relay.store, wanted, artifacts)
        tries = sum(request_line in line for line in relay.requests)
        relay.recover()
        left = runs_of(server, key)
        again = log_run(relay.store, wanted, artifacts)
    # Three tries of 10 s, and one more to close the run: less than a minute.
    assert tries <= 4
    assert "s3cret" not in str(caught.value)
    assert {run.data.tags["logging"] for run in left} <= {"incomplete"}
    assert all(run.info.status != "FINISHED" or run.data.tags["logging"] for run in left)
    if request_line != "runs/create":
        assert isinstance(caught.value, RunIncompleteError)
        assert [run.info.run_id for run in left] == [again.run_id]
    run = the_run(server, key)
    assert (run.info.status, run.data.tags["logging"]) == ("FINISHED", "complete")
    assert run.data.metrics == {"total_rows": 46.0, "rows/_x5E_GSPC": 23.0}
    assert [found.dataset.name for found in run.inputs.dataset_inputs] == [key]
    assert len(stored_files(server, again.run_id)) == 2


def test_a_server_that_dies_in_mid_upload_leaves_a_marked_run_that_a_retry_completes(
    server: TrackingStore, artifacts: Path, impatient: None
) -> None:
    with Relay(server, "report.html", fault="cut") as relay:
        relay.on_failure = relay.die
        with pytest.raises(RunIncompleteError, match="run the task again to complete the run"):
            log_run(relay.store, record("dag/died"), artifacts)
        (broken,) = runs_of(server, "dag/died")
        assert (broken.info.status, broken.data.tags["logging"]) == ("RUNNING", "incomplete")
        assert broken.data.tags["mlflow.note.content"].startswith("**Incomplete**")
        relay.recover()
        assert log_run(relay.store, record("dag/died"), artifacts).run_id == broken.info.run_id
    assert the_run(server, "dag/died").info.status == "FINISHED"


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits a process from outside")
def test_a_disk_without_room_for_a_file_leaves_a_marked_run_that_a_retry_completes(
    tracking_server: Server, artifacts: Path, impatient: None
) -> None:
    store = tracking_server.store
    (artifacts / "big.csv").write_text("x" * 400_000)
    with no_file_longer_than(300_000, tracking_server.process.pid):
        with pytest.raises(RunIncompleteError, match="artifact store answers and has room"):
            log_run(store, record("dag/full"), artifacts)
        (broken,) = runs_of(store, "dag/full")
    assert (broken.info.status, broken.data.tags["logging"]) == ("FAILED", "incomplete")
    assert log_run(store, record("dag/full"), artifacts).run_id == broken.info.run_id
    assert "big.csv" in stored_files(store, broken.info.run_id)


@contextlib.contextmanager
def no_file_longer_than(size: int, pid: int) -> Iterator[None]:
    """What comes nearest to a full disk without one: the server's writes fail beyond a size."""
    parent = psutil.Process(pid)
    processes = [parent.pid, *(child.pid for child in parent.children(recursive=True))]
    before = [resource.prlimit(found, resource.RLIMIT_FSIZE) for found in processes]
    for found, (_, hard) in zip(processes, before, strict=True):
        resource.prlimit(found, resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        for found, limits in zip(processes, before, strict=True):
            resource.prlimit(found, resource.RLIMIT_FSIZE, limits)


def test_a_run_that_is_interrupted_is_closed_and_marked(
    server: TrackingStore, artifacts: Path
) -> None:
    interrupt = Relay(server, "PUT ", lambda: os.kill(os.getpid(), signal.SIGINT))
    # As Python has it: an earlier test in this process may have left another one.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with interrupt as relay, pytest.raises(KeyboardInterrupt):
            log_run(relay.store, record("dag/interrupted"), artifacts)
    finally:
        signal.signal(signal.SIGINT, before)
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
    tracking_postgres: embedded.EmbeddedServer, tracking_place: Path, artifacts: Path
) -> None:
    store = replace(
        database_store(tracking_postgres, "mlflow", tracking_place, "blocked"),
        artifact_root=str(tracking_place / "blocked"),
    )
    (tracking_place / "blocked").write_text("a file where the folder should be")
    with pytest.raises(RunIncompleteError, match=r"Not a directory|File exists"):
        log_run(store, record("dag/blocked"), artifacts)
    broken = the_run(store, "dag/blocked")
    assert (broken.info.status, broken.data.tags["logging"]) == ("FAILED", "incomplete")
    (tracking_place / "blocked").unlink()
    assert log_run(store, record("dag/blocked"), artifacts).run_id == broken.info.run_id
    assert the_run(store, "dag/blocked").info.status == "FINISHED"


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
