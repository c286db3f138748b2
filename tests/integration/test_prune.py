"""Old runs removed from a real MLflow, real Data Docs and staging folders."""

import contextlib
import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import great_expectations
import pytest
from mlflow import MlflowClient
from mlflow.entities import ViewType

from dags.local.services import Services
from dags.prune.runs import main
from dags.staging.layout import DAG_ID, safe_name
from gx.gate import checkpoint
from gx.project import PROJECT
from tests.staged_runs import daily_bars, judged, outcome, stage_run
from tracking import RunRecord, TrackingStore, log_run

NOW = datetime.now(UTC)
AGES = {"oldest": 200, "old+00:00": 150, "before": 100, "kept": 10}
GONE, STAY = {"oldest", "old+00:00"}, {"before", "kept"}
BARS = daily_bars(["AAA", "BBB"], 30)
REPORT = judged(BARS, outcome(BARS, []))
JSON = '{"results": [], "meta": {}}'


@dataclass(frozen=True)
class Place:
    """Everything that runs leave, and the command on it."""

    folder: Path
    store: TrackingStore
    client: MlflowClient

    @property
    def results(self) -> Path:
        return self.folder / "quality"

    def leave(self, run_id: str, days: float) -> None:
        """Leave what a run of that many days ago leaves everywhere."""
        moment = NOW - timedelta(days=days)
        name = safe_name(run_id)
        minutes = -int(days * 24 * 60)
        staged = stage_run(self.folder / "staging", run_id, BARS, REPORT, minutes=minutes)
        for path in staged.rglob("*"):
            os.utime(path, (moment.timestamp(), moment.timestamp()))
        for folder, suffix in (("validations", ".json"), ("data_docs/validations", ".html")):
            path = self.results / folder / "stock_data" / name / f"{moment:%Y%m%dT%H%M%S.%fZ}"
            path.mkdir(parents=True)
            (path / f"staged-bars{suffix}").write_text(JSON)
        self.track(run_id, days)

    def track(self, run_id: str, days: float) -> str:
        """Log a run to MLflow as the last step does; its id there."""
        ended = int((NOW - timedelta(days=days)).timestamp() * 1000)
        artifacts = self.folder / "artifacts"
        (artifacts / "validation").mkdir(parents=True, exist_ok=True)
        (artifacts / "validation" / "report.html").write_text("x" * 1_000)
        record = RunRecord(
            run_key=f"{DAG_ID}/{run_id}",
            name=run_id,
            status="FINISHED",
            params={"symbols": "AAA"},
            metrics={"total_rows": 60.0},
            tags={},
            description="",
            start_time_ms=ended - 1_000,
            end_time_ms=ended,
            source_name="dags",
            user="airflow",
        )
        return log_run(self.store, record, artifacts).run_id

    def tracked(self, view: int = ViewType.ALL) -> set[str]:
        """The names of the runs in MLflow."""
        experiment = self.client.get_experiment_by_name(self.store.experiment)
        found = self.client.search_runs([experiment.experiment_id], run_view_type=view)
        return {run.info.run_name for run in found}

    def stored(self) -> set[str]:
        """The runs of the results that Great Expectations itself finds."""
        context = great_expectations.get_context(
            mode="file",
            context_root_dir=str(PROJECT),
            runtime_environment={"RESULTS_DIR": str(self.results)},
        )
        keys: list[Any] = context.validation_results_store.list_keys()
        return {key.run_id.run_name for key in keys}

    def folders(self, *parts: str) -> set[str]:
        return {path.name for path in self.folder.joinpath(*parts).iterdir()}

    def everything(self) -> set[str]:
        return {str(path) for path in self.folder.rglob("*")}


@pytest.fixture
def prune(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    def command(place: Place, *options: str) -> int:
        for name, value in {
            "MLFLOW_TRACKING_URI": place.store.uri,
            "MLFLOW_EXPERIMENT_NAME": place.store.experiment,
            "STAGING_URL": f"file://{place.folder / 'staging'}",
            "RESULTS_DIR": str(place.results),
        }.items():
            monkeypatch.setenv(name, value)
        return main(["--keep-days", "90", *options])

    return command


@pytest.fixture(scope="module")
def validated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results and Data Docs of one run of today."""
    results = tmp_path_factory.mktemp("validated") / "quality"
    checkpoint.run(BARS, results=results, run_name="today")
    return results


@pytest.fixture
def place(airflow_services: Services, tmp_path: Path, validated: Path) -> Place:
    """Four runs on a database, of which two may go."""
    store = TrackingStore(
        airflow_services.environment["MLFLOW_TRACKING_URI"],
        f"prune {tmp_path.name}",
        str(tmp_path / "mlflow"),
    )
    shutil.copytree(validated, tmp_path / "quality")
    made = Place(tmp_path, store, MlflowClient(store.client_uri))
    for run_id, days in AGES.items():
        made.leave(run_id, days)
    return made


def test_old_runs_go_from_everywhere_and_the_others_stay_whole(
    place: Place, prune: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert prune(place) == 0

    assert place.tracked() == STAY
    assert place.stored() == STAY | {"today"}
    assert place.folders("staging", DAG_ID) == STAY
    assert place.folders("quality", "validations", "stock_data") == STAY | {"today"}
    assert place.folders("quality", "data_docs", "validations", "stock_data") == STAY | {"today"}
    assert len(list((place.folder / "mlflow").glob("*/*"))) == len(STAY)
    assert len(list((place.folder / "mlflow").rglob("report.html"))) == len(STAY)
    index = (place.results / "data_docs" / "index.html").read_text()
    assert all(f">{run}<" in index for run in STAY | {"today"})
    assert not any(safe_name(run) in index for run in GONE)
    said = capsys.readouterr().out
    assert "2 old runs; 3 are kept" in said
    assert "MLflow runs          2 removed, 2.0 kB" in said

    assert prune(place) == 0
    assert "0 old runs; 3 are kept" in capsys.readouterr().out


def test_a_dry_run_says_the_same_and_changes_nothing(
    place: Place, prune: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    before = place.everything()

    assert prune(place, "--dry-run") == 0
    would = capsys.readouterr().out
    assert place.everything() == before
    assert place.tracked() == AGES.keys()

    assert prune(place) == 0
    done = capsys.readouterr().out
    lines = would.replace("would be removed", "removed").splitlines()
    assert lines[1:] == done.splitlines()[1:]
    assert len(lines) == 5


def test_runs_that_no_dag_run_made_and_runs_under_way_stay(
    place: Place, prune: Callable[..., int]
) -> None:
    experiment = place.client.get_experiment_by_name(place.store.experiment).experiment_id
    long_ago = int((NOW - timedelta(days=500)).timestamp() * 1000)
    for name, tags in {
        "a person's": {},
        "trend": {"airflow.run_key": f"{DAG_ID}/trend", "kind": "trend"},
        "under way": {"airflow.run_key": f"{DAG_ID}/under way"},
    }.items():
        run = place.client.create_run(experiment, start_time=long_ago, tags=tags, run_name=name)
        if name != "under way":
            place.client.set_terminated(run.info.run_id, end_time=long_ago)

    assert prune(place) == 0

    assert place.tracked() == STAY | {"a person's", "trend", "under way"}


def test_what_could_not_be_removed_is_said_and_goes_the_next_time(
    place: Place, prune: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    (stuck,) = (place.results / "validations" / "stock_data" / "oldest").glob("*/*.json")
    stuck.unlink()
    stuck.mkdir()  # a folder cannot be unlinked, not even by root

    assert prune(place) == 2

    said = capsys.readouterr()
    assert "stored results       1 of 2 removed" in said.out
    assert str(stuck) in said.err
    assert "1 of 2 stored results stayed; mend that and run it again" in said.err
    assert place.tracked() == STAY
    assert place.folders("staging", DAG_ID) == STAY
    assert "oldest" not in (place.results / "data_docs" / "index.html").read_text()

    stuck.rmdir()
    stuck.write_text(JSON)
    assert prune(place) == 0
    assert place.stored() == STAY | {"today"}


def test_pages_that_an_interrupted_removal_left_go_too(
    place: Place, prune: Callable[..., int]
) -> None:
    shutil.rmtree(place.results / "validations" / "stock_data" / "oldest")

    assert prune(place) == 0

    assert place.folders("quality", "data_docs", "validations", "stock_data") == STAY | {"today"}
    assert "oldest" not in (place.results / "data_docs" / "index.html").read_text()


def test_without_mlflow_nothing_is_removed(
    place: Place, prune: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    before = place.everything()
    nowhere = TrackingStore(f"http://127.0.0.1:{free_port()}", place.store.experiment)

    assert prune(Place(place.folder, nowhere, place.client)) == 2

    said = capsys.readouterr()
    assert "does not answer" in said.err and "nothing was removed" in said.err
    assert place.everything() == before


class MlflowServer:
    """A server that serves the artifacts too."""

    def __init__(self, folder: Path, database: str) -> None:
        self.uri = f"http://127.0.0.1:{free_port()}"
        command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--port"]
        command += [self.uri.rpartition(":")[2], "--backend-store-uri", database]
        command += ["--artifacts-destination", str(folder / "served")]
        quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        self.log = (folder / "server.log").open("wb")
        self.process = subprocess.Popen(
            command, env={**os.environ, **quiet}, stdout=self.log, stderr=self.log
        )

    def wait(self) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.uri}/health", timeout=5).close()
                return
            time.sleep(0.1)
        raise TimeoutError(Path(self.log.name).read_text())

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


@pytest.fixture(scope="module")
def server(airflow_services: Services) -> Iterator[MlflowServer]:
    folder = Path(tempfile.mkdtemp(prefix="prune-server-"))
    started = MlflowServer(folder, airflow_services.environment["MLFLOW_TRACKING_URI"])
    started.wait()
    yield started
    started.stop()
    shutil.rmtree(folder)


def test_a_server_loses_artifacts_at_once_and_its_trash_by_mlflow_gc(
    place: Place,
    server: MlflowServer,
    prune: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = TrackingStore(server.uri, "served")
    served = Place(place.folder, store, MlflowClient(server.uri))
    ids = {run_id: served.track(run_id, days) for run_id, days in AGES.items()}

    assert prune(served) == 0

    assert served.tracked(ViewType.ACTIVE_ONLY) == STAY
    assert served.tracked(ViewType.DELETED_ONLY) == GONE
    left = {run_id for run_id, mlflow_id in ids.items() if served.client.list_artifacts(mlflow_id)}
    assert left == STAY
    said = capsys.readouterr().out
    assert "MLflow runs          2 removed, 2.0 kB" in said
    assert "until `mlflow gc` is run there" in said


def test_a_server_that_goes_down_half_way_does_not_hold_up_the_rest(
    place: Place,
    server: MlflowServer,
    prune: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    class StopsTheServer(io.StringIO):
        def write(self, text: str) -> int:
            if not self.getvalue():
                server.process.terminate()
                server.process.wait(30)
            return super().write(text)

    served = Place(place.folder, TrackingStore(server.uri, "half-way"), place.client)
    for run_id, days in AGES.items():
        served.track(run_id, days)

    with contextlib.redirect_stdout(StopsTheServer()) as out:
        assert prune(served) == 2

    assert "MLflow runs          0 of 2 removed" in out.getvalue()
    assert "does not answer" in (said := capsys.readouterr().err)
    assert "2 of 2 MLflow runs stayed" in said
    assert place.folders("staging", DAG_ID) == STAY
    assert served.tracked() == AGES.keys()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
