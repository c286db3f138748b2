"""Staging and MLflow's artifacts in a real S3 store, and what happens when it fails."""

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from mlflow import MlflowClient
from starlette.testclient import TestClient

from dags.errors import StagingError, StagingLostError
from dags.local.services import Services
from dags.pages.sources import Desk
from dags.prune.runs import main
from dags.run.settings import Settings
from dags.staging.layout import DAG_ID, HEAVY, REPORT_PAGE
from gx.web.app import create_app
from gx.web.guard import User
from tests.integration.test_prune import GONE, STAY, Place
from tests.mlflow_stores import database_store, mlflow_server, record, stored_files, the_run
from tests.s3_server import (
    BUCKET,
    KEY,
    SECRET,
    SEEN_SECONDS,
    S3Server,
    forget_connections,
    s3_server,
    used_here,
)
from tests.webhook import webhook
from tests.workflow import Database, Ended, Workflow, fresh_moment
from tracking import TrackingStore, log_run
from tracking.errors import RunIncompleteError

PUBLISHED = "select count(*), count(distinct (symbol, date)) from stock_data_enriched"
STAGING = f"s3://{BUCKET}/staging"
# More than one part of an upload: s3fs sends 50 MiB at a time.
PART = b"\0" * (60 << 20)


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    place = Path(tempfile.mkdtemp(prefix="s3-test-"))
    with s3_server(place) as running:
        yield running
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def mlflow(server: S3Server, airflow_services: Services) -> Iterator[TrackingStore]:
    """An MLflow server that alone knows where the artifacts are, and the keys to them."""
    place = server.folder.parent
    database = database_store(airflow_services.server, "mlflow_on_s3", place)
    with mlflow_server(database, place, f"s3://{BUCKET}/mlflow", server.environment) as running:
        yield running.store


@pytest.fixture
def s3(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """The server, which answers, with its keys in this process's environment."""
    with used_here(server, monkeypatch) as running:
        yield running


@pytest.fixture
def on_s3(
    workflow: Workflow, s3: S3Server, mlflow: TrackingStore, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ended]:
    """Run the DAG with staging in S3 and an MLflow server that keeps artifacts in S3."""
    monkeypatch.setenv("STAGING_URL", STAGING)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow.uri)
    monkeypatch.delenv("MLFLOW_ARTIFACT_ROOT")

    def run(**options: object) -> Ended:
        ended = workflow.run(**options)  # type: ignore[arg-type]
        return replace(ended, staging=s3.bucket / "staging" / DAG_ID / ended.staging.name)

    return run


def test_a_run_keeps_everything_in_s3_and_again_is_still_one(
    on_s3: Callable[..., Ended], sample: Database, s3: S3Server, tmp_path: Path
):
    moment = fresh_moment()

    first = on_s3(moment=moment)
    again = on_s3(moment=moment)

    assert (first.state, again.state) == ("success", "success")
    assert sample.rows(PUBLISHED) == [(46, 46)]
    run = again.mlflow().run
    assert run.info.artifact_uri.startswith("mlflow-artifacts:")
    report = (again.staging / REPORT_PAGE).read_bytes()
    client = MlflowClient(Settings().mlflow_tracking_uri)
    opened = client.download_artifacts(run.info.run_id, "validation/report.html", str(tmp_path))
    assert Path(opened).read_bytes() == report
    in_bucket = list((s3.bucket / "mlflow").rglob(f"{run.info.run_id}/**/report.html"))
    assert [path.read_bytes() for path in in_bucket] == [report]
    assert not list(tmp_path.rglob("*.parquet"))


def test_the_pages_list_a_run_in_s3_as_soon_as_it_is_there_and_open_its_report(
    on_s3: Callable[..., Ended], sample: Database
):
    desk = Desk(Settings())

    async def guard(_request: object) -> User:
        return User("ann", may_write=False)

    pages = TestClient(create_app(desk, guard, login_url="/"))
    before = {run.run_id for run in desk.runs()}
    ended = on_s3()
    time.sleep(1.1)  # the list is kept for a second

    assert {run.run_id for run in desk.runs()} - before == {ended.run_id}
    page = pages.get(f"/gate/runs/{ended.run_id}")
    assert page.status_code == 200
    assert "expectations" in page.text
    assert "TSLA" in pages.get(f"/gate/runs/{ended.run_id}/failing").text
    assert ended.run_id in pages.get("/gate/").text


def test_only_the_bars_of_old_runs_are_cleaned_up(
    on_s3: Callable[..., Ended], sample: Database, s3: S3Server
):
    old, young = on_s3(), on_s3()
    _age(old.staging, days=8)

    on_s3()

    assert not [name for name in HEAVY if (old.staging / name).exists()]
    assert (old.staging / REPORT_PAGE).exists()
    assert (young.staging / "bars.parquet").exists()


def test_old_runs_are_pruned_from_both_buckets(
    s3: S3Server,
    mlflow: TrackingStore,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
):
    store = TrackingStore(mlflow.uri, "pruned on s3", None)
    place = Place(tmp_path, store, MlflowClient(store.client_uri))
    for run_id, days in {"oldest": 200, "old+00:00": 150, "before": 100, "kept": 10}.items():
        place.leave(run_id, days)
    pruned = s3.bucket / "pruned"
    shutil.copytree(tmp_path / "staging", pruned)
    for name, value in {
        "MLFLOW_TRACKING_URI": store.uri,
        "MLFLOW_EXPERIMENT_NAME": store.experiment,
        "STAGING_URL": f"s3://{BUCKET}/pruned",
        "RESULTS_DIR": str(place.results),
    }.items():
        monkeypatch.setenv(name, value)
    kept = (s3.bucket / "mlflow" / _experiment(store)).glob("*/artifacts/validation/report.html")
    assert len(list(kept)) == len(STAY | GONE)
    time.sleep(SEEN_SECONDS + 0.1)

    assert main(["--keep-days", "90"]) == 0, capsys.readouterr().err

    assert {folder.name for folder in (pruned / DAG_ID).iterdir()} == STAY
    kept = (s3.bucket / "mlflow" / _experiment(store)).glob("*/artifacts/validation/report.html")
    assert len(list(kept)) == len(STAY)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"AWS_SECRET_ACCESS_KEY": "another-secret"},
            StagingError,
            r"folder s3://gate/staging/.* refuses these keys .*correct AWS_ACCESS_KEY_ID",
        ),
        (
            {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"},
            StagingLostError,
            r"folder s3://gate/staging/.* cannot be used now .*a retry goes on",
        ),
        (
            {"STAGING_URL": "s3://gaet/staging"},
            StagingError,
            r"the bucket 'gaet' of the staging folder s3://gaet/.* make it, or correct STAGING_URL",
        ),
    ],
    ids=["wrong key", "nobody there", "missing bucket"],
)
def test_a_store_that_cannot_be_used_is_named_with_what_to_do_and_its_keys_are_not_told(
    on_s3: Callable[..., Ended],
    sample: Database,
    s3: S3Server,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    change: dict[str, str],
    error: type[StagingError],
    message: str,
):
    moment = fresh_moment()
    with monkeypatch.context() as wrong:
        for name, value in {"TASK_RETRIES": "1", **change}.items():
            wrong.setenv(name, value)
        forget_connections()
        ended = on_s3(moment=moment)
        said = capfd.readouterr()
        from dags.staging.run_folder import Staging

        with pytest.raises(error, match=message) as told:
            Staging.of_run(Settings().staging_url, DAG_ID, "asked", (b"key",)).prepare()
    tries = 2 if error is StagingLostError else 1
    assert (ended.state, ended.tries["extract_stock_data"]) == ("failed", tries)
    assert str(told.value).partition(DAG_ID)[0] in said.out + said.err
    for secret in (SECRET, "another-secret"):
        assert secret not in str(told.value) + said.out + said.err
    assert KEY not in str(told.value)
    assert [path.name for path in s3.folder.iterdir()] == [BUCKET]
    assert sample.rows(PUBLISHED) == [(0, 0)]

    forget_connections()
    assert on_s3(moment=moment).state == "success"
    assert sample.rows(PUBLISHED) == [(46, 46)]


@pytest.mark.parametrize(
    ("change", "ledger"),
    [
        ({"STAGING_URL": "s3://gaet/staging"}, "the bucket 'gaet'"),
        ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}, "cannot be used now"),
    ],
    ids=["missing bucket", "nobody there"],
)
def test_an_alert_is_sent_though_staging_is_not_there_and_makes_no_bucket(
    s3: S3Server,
    airflow_environment: object,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, str],
    ledger: str,
):
    from dags.reporting.alerts import GateAlert

    with webhook() as hook:
        for name, value in {"STAGING_URL": STAGING, "ALERT_URLS": hook.url, **change}.items():
            monkeypatch.setenv(name, value)
        forget_connections()
        told = GateAlert(failed=True)
        context = {"dag": SimpleNamespace(dag_id=DAG_ID), "run_id": "manual__1", "reason": "lost"}
        with pytest.raises(StagingError, match=ledger):
            told.notify(context)  # type: ignore[arg-type]
    (post,) = hook.posts
    assert post["title"] == f"Run failed: {DAG_ID}"
    assert [path.name for path in s3.folder.iterdir()] == [BUCKET]


def test_a_store_that_goes_between_two_steps_loses_nothing_and_a_retry_goes_on(
    on_s3: Callable[..., Ended], sample: Database, s3: S3Server, monkeypatch: pytest.MonkeyPatch
):
    moment = fresh_moment()

    monkeypatch.setenv("TASK_RETRIES", "0")

    broken = on_s3(moment=moment, before={"publish_data": s3.kill})
    s3.start()
    ended = on_s3(moment=moment)

    assert (broken.state, ended.state) == ("failed", "success")
    assert broken.tasks["publish_data"] == broken.tasks["log_to_mlflow"] == "failed"
    assert sample.rows(PUBLISHED) == [(46, 46)]
    assert ended.mlflow().status == "FINISHED"


def test_a_store_that_goes_in_mid_upload_is_named_and_the_step_can_be_done_again(s3: S3Server):
    from dags.staging.run_folder import Staging

    staging = Staging.of_run(STAGING, DAG_ID, "uploading", (b"key",))
    staging.prepare()

    def upload(*, broken: bool) -> None:
        with staging.recorded("extract"), (staging.root / "bars.parquet").open("wb") as sink:
            sink.write(PART)
            if broken:
                s3.kill()
            sink.write(PART)

    with pytest.raises(StagingLostError, match="cannot be used now"):
        upload(broken=True)
    s3.start()
    assert not staging.exists("bars.parquet")
    assert staging.record("extract").status == "running"

    upload(broken=False)

    assert (
        s3.bucket / "staging" / DAG_ID / "uploading" / "bars.parquet"
    ).stat().st_size == 120 << 20
    assert staging.record("extract").status == "success"


def test_artifacts_that_break_off_are_told_and_logging_again_completes_the_one_run(
    s3: S3Server, mlflow: TrackingStore, tmp_path: Path
):
    store = TrackingStore(mlflow.uri, "broken off", None)
    for number in range(4):
        (tmp_path / "files" / f"{number}").mkdir(parents=True)
        (tmp_path / "files" / f"{number}" / "file").write_bytes(PART[: 8 << 20])
    gone = threading.Thread(target=_kill_after_the_first, args=(s3, s3.bucket / "mlflow"))
    gone.start()

    with pytest.raises(RunIncompleteError, match="the artifact store answers and has room") as told:
        log_run(store, record("dag/broken off"), tmp_path / "files")
    gone.join()
    run = the_run(store, "dag/broken off")
    assert (run.info.status, run.data.tags["logging"]) == ("FAILED", "incomplete")
    assert SECRET not in str(told.value)
    assert len(str(told.value)) < 1_000

    s3.start()
    log_run(store, record("dag/broken off"), tmp_path / "files")

    again = the_run(store, "dag/broken off")
    assert (again.info.run_id, again.info.status) == (run.info.run_id, "FINISHED")
    assert stored_files(store, run.info.run_id) == {f"{number}/file" for number in range(4)}


def _kill_after_the_first(s3: S3Server, folder: Path) -> None:
    known = set(folder.rglob("file"))
    deadline = time.monotonic() + 60
    while set(folder.rglob("file")) == known and time.monotonic() < deadline:
        time.sleep(0.002)
    s3.kill()


def _experiment(store: TrackingStore) -> str:
    found = MlflowClient(store.client_uri).get_experiment_by_name(store.experiment)
    assert found is not None
    return str(found.experiment_id)


def _age(folder: Path, *, days: float) -> None:
    moment = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    for path in folder.rglob("*"):
        os.utime(path, (moment, moment))
    time.sleep(SEEN_SECONDS + 0.1)
