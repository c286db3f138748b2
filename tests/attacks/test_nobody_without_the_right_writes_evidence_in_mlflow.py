"""MLflow's server as `make up` and compose run it: every way to write, tried without the right."""

import base64
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from dags.local.desk.parts import Addresses, mlflow_environment
from dags.local.passwords import RUNS, Logins, logins, passwords_file
from dags.pages import copies
from dags.pages.sources import Desk
from dags.reporting.tracked.digests import digest_folder
from dags.run.settings import ROOT, Settings
from dags.staging.layout import DAG_ID
from gx.web.app import create_app
from gx.web.guard import User
from gx.web.sources import CopyCheck
from sql import embedded
from sql.connection import ConnectionSettings, connected
from sql.evidence import Evidence, insert_evidence
from tests.databases import named_in
from tests.mlflow_stores import REPORT as REPORT_TEXT
from tests.mlflow_stores import free_port, record, wait_until_healthy, write_artifacts
from tests.staged_runs import daily_bars, judged, outcome, stage_run
from tests.workflow import Database
from tracking import LoggedRun, TrackingStore, log_run
from tracking.server.guard import changes
from tracking.server.serve import as_the_command_would

API = "/api/2.0/mlflow"
PROXY = "mlflow-artifacts/artifacts"
REPORT = "validation/report.html"


@dataclass(frozen=True)
class Served:
    """A server with logins; a run was there before it, written past it as `make run` does."""

    address: str
    logins: Logins
    earlier: LoggedRun
    files: Path
    environment: Mapping[str, str] = field(repr=False)

    def login(self, user: str) -> tuple[str, str]:
        return user, {**self.logins.passwords, RUNS: self.logins.runs}[user]

    def store(self, user: str) -> TrackingStore:
        """The store as a user of it, with the login in the address."""
        name, password = self.login(user)
        return TrackingStore(self.address.replace("://", f"://{name}:{password}@"), "ours")

    def ask(
        self,
        method: str,
        path: str,
        login: tuple[str, str] | None,
        body: bytes | Mapping[str, Any] | None = None,
        **headers: str,
    ) -> int:
        """The status of the answer."""
        sent = json.dumps(body).encode() if isinstance(body, Mapping) else body
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers = {"Content-Type": "application/json", **headers}
        if login:
            headers["Authorization"] = basic(*login)
        connection = HTTPConnection(urlsplit(self.address).netloc, timeout=30)
        try:
            connection.request(method, path, sent, headers)
            return connection.getresponse().status
        finally:
            connection.close()


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture(scope="module")
def served(postgres_server: embedded.EmbeddedServer) -> Iterator[Served]:
    folder = Path(tempfile.mkdtemp(prefix="guarded-"))
    (folder / "airflow").mkdir()
    postgres_server.ensure_database("guarded")
    database = postgres_server.settings("guarded")
    files = folder / "mlflow" / "artifacts"
    direct = TrackingStore(database.url().render_as_string(hide_password=False), "ours", str(files))
    earlier = log_run(direct, record("dag/earlier"), write_artifacts(folder / "earlier"))
    known, port = logins(passwords_file(folder)), free_port()
    shared = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "PYTHONPATH": str(ROOT),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "of this test alone",
    }
    environment = mlflow_environment(shared, database, files, Addresses(mlflow_port=port))
    command = [sys.executable, "-m", "dags.local.desk.tracking_server", str(folder)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port)], env=environment, cwd=ROOT, stdout=log, stderr=log
        )
        try:
            wait_until_healthy(port, process, folder / "log")
            address = f"http://127.0.0.1:{port}"
            yield Served(address, known, earlier, files, environment)
        finally:
            process.terminate()
            process.wait(30)
    shutil.rmtree(folder)


def test_without_a_login_there_is_nothing_but_a_sign_of_life(served: Served):
    assert served.ask("GET", "/health", None) == 200
    pages = (
        *("/", f"{API}/experiments/search?max_results=1", "/static-files/x.js", "/version"),
        *("/api/3.0/mlflow/server-info", "/signup", f"/api/2.0/{PROXY}/1/x", "/healthy"),
    )
    for path in pages:
        assert served.ask("GET", path, None) == 401, path
        assert served.ask("GET", path, ("stranger", "wrong")) in (401, 429), path
    assert served.ask("POST", "/health", None) == 401


def test_a_run_made_before_there_were_logins_is_read_and_completed_by_the_right_ones(
    served: Served, tmp_path: Path
):
    page = f"{API}/runs/get?run_id={served.earlier.run_id}"
    assert {served.ask("GET", page, served.login(u)) for u in ("viewer", "admin", RUNS)} == {200}
    tag = {"run_id": served.earlier.run_id, "key": "k", "value": "v"}
    assert served.ask("POST", f"{API}/runs/set-tag", served.login("viewer"), tag) == 403
    again = log_run(served.store(RUNS), record("dag/earlier"), write_artifacts(tmp_path / "again"))
    assert again.run_id == served.earlier.run_id


def test_a_viewer_changes_nothing_of_a_run(served: Served, tmp_path: Path):
    logged = log_run(served.store(RUNS), record("dag/whole"), write_artifacts(tmp_path / "run"))
    (report,) = served.files.glob(f"**/{logged.run_id}/artifacts/{REPORT}")
    before, run = report.read_bytes(), {"run_id": logged.run_id}
    inside = report.relative_to(served.files).as_posix()
    tries: list[tuple[str, str, bytes | Mapping[str, Any]]] = [
        ("POST", f"{API}/runs/log-parameter", {**run, "key": "p", "value": "1"}),
        ("POST", f"{API}/runs/log-metric", {**run, "key": "m", "value": 1, "timestamp": 1}),
        ("POST", f"{API}/runs/log-batch", {**run, "params": [{"key": "q", "value": "1"}]}),
        ("POST", f"{API}/runs/set-tag", {**run, "key": "logging", "value": "complete"}),
        ("POST", f"{API}/runs/delete-tag", {**run, "key": "environment"}),
        ("POST", f"{API}/runs/update", {**run, "status": "FAILED"}),
        ("POST", f"{API}/runs/delete", run),
        ("POST", f"{API}/experiments/create", {"name": "x", "artifact_location": "/etc"}),
        ("POST", f"{API}/registered-models/create", {"name": "x"}),
        ("POST", f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={logged.run_id}&path=x", b"x"),
        ("PATCH", f"{API}/users/update-password", {"username": "viewer", "password": "p" * 12}),
        ("POST", "/v1/traces", b"x"),
        ("GET", "/ajax-api/2.0/mlflow/gateway-proxy?gateway_path=x", b""),
        ("POST", "/ajax-api/3.0/mlflow/assistant/message", {"message": "hello"}),
        ("PUT", f"/api/2.0/{PROXY}/{inside}", b"mine"),
        ("PUT", f"/ajax-api/2.0/{PROXY}/{inside}", b"mine"),
        ("DELETE", f"/api/2.0/{PROXY}/{inside}", b""),
        ("DELETE", f"/ajax-api/2.0/{PROXY}/{inside}", b""),
        ("POST", f"/api/2.0/mlflow-artifacts/mpu/create/{inside}", {"path": "x", "num_parts": 1}),
        ("PUT", f"/api/2.0/{PROXY}/{quote(quote(inside, safe=''), safe='')}", b"mine"),
        ("PUT", f"//api/2.0/{PROXY}/{inside}", b"mine"),
        ("PUT", f"/static/../api/2.0/{PROXY}/{inside}", b"mine"),
        ("PUT", f"/api/2.0/{PROXY}/../artifacts/{inside}", b"mine"),
    ]
    for method, path, body in tries:
        assert served.ask(method, path, served.login("viewer"), body) == 403, (method, path)
        assert served.ask(method, path, None, body) == 401, (method, path)
    assert report.read_bytes() == before
    found = served.ask("GET", f"/get-artifact?path={REPORT}&run_uuid={logged.run_id}", None)
    assert found == 401
    shown = f"/get-artifact?path={REPORT}&run_uuid={logged.run_id}"
    assert served.ask("GET", shown, served.login("viewer")) == 200


def test_every_route_that_mlflow_has_is_closed_to_a_viewer_unless_it_only_reads(served: Served):
    from fastapi.routing import APIRoute
    from mlflow.server import app as flask
    from mlflow.server.auth import routes as accounts
    from mlflow.server.fastapi_app import app as native

    rules = [(rule.rule, rule.methods) for rule in flask.url_map.iter_rules()]
    rules += [(r.path, r.methods) for r in native.routes if isinstance(r, APIRoute)]
    rules += [
        (path, {"POST", "PATCH", "DELETE"}) for path in vars(accounts).values() if path_like(path)
    ]
    asked = {
        (method, re.sub(r"<.*?>|{.*?}", "1", path)) for path, found in rules for method in found
    }
    assert len(asked) > 300
    open_posts = {path for method, path in asked if method == "POST" and not changes(method, path)}
    named = r"/graphql|.*/mlflow/[a-z-]+/search(-datasets)?"
    assert not [path for path in open_posts if not re.fullmatch(named, path)]
    for method, path in sorted(asked):
        if changes(method, path):
            assert served.ask(method, path, served.login("viewer"), {}) == 403, (method, path)


def path_like(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("/api/", "/ajax-api/", "/signup"))


def test_the_server_is_told_what_mlflows_own_command_tells_its_workers(served: Served):
    from mlflow import environment_variables
    from mlflow.server import constants

    told = dict(served.environment)
    as_the_command_would(told)
    for name in ("BACKEND_STORE_URI", "ARTIFACTS_DESTINATION", "ARTIFACT_ROOT", "SERVE_ARTIFACTS"):
        assert told[getattr(constants, f"{name}_ENV_VAR")]
    for name in (
        *("_MLFLOW_SGI_NAME", "MLFLOW_BASIC_AUTH_FAIL_CLOSED", "MLFLOW_AUTH_CONFIG_PATH"),
        *("MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE", "MLFLOW_FLASK_SERVER_SECRET_KEY"),
    ):
        assert getattr(environment_variables, name).name == name
        assert told[name]


def test_a_login_counts_once_and_only_the_checked_one_is_used(served: Served):
    viewer, gate = (basic(*served.login(user)) for user in ("viewer", RUNS))
    path, body = f"{API}/experiments/create", json.dumps({"name": "smuggled"}).encode()
    lines = [
        [("Authorization", viewer), ("Authorization", basic("admin", "guess"))],
        [("Authorization", viewer), ("X-MLflow-Authorization", gate)],
        [("Authorization", "Bearer x")],
        [("Authorization", "Basic !!!")],
        [("Authorization", basic("", ""))],
        [("Authorization", "Basic " + base64.b64encode(b"\xff\xfe:x").decode())],
    ]
    for headers in lines:
        connection = HTTPConnection(urlsplit(served.address).netloc, timeout=30)
        connection.putrequest("POST", path)
        for name, value in headers:
            connection.putheader(name, value)
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        assert connection.getresponse().status in (401, 403), headers
        connection.close()


def test_a_page_of_another_site_cannot_use_a_writers_browser(served: Served):
    path, body = f"{API}/experiments/create", {"name": "from elsewhere"}
    for headers in (
        {"Origin": "http://evil.test"},
        {"Origin": "http://127.0.0.1:1"},  # MLflow itself trusts every port of localhost
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ):
        assert served.ask("POST", path, served.login("admin"), body, **headers) == 403, headers


def test_whoever_guesses_is_slowed_and_does_not_keep_the_owner_out(served: Served):
    page = f"{API}/experiments/search?max_results=1"
    assert served.ask("GET", page, served.login("admin")) == 200
    answers = [served.ask("GET", page, ("admin", f"guess {n}")) for n in range(12)]
    assert answers[:5] == [401] * 5
    assert set(answers[6:]) == {429}
    assert served.ask("GET", page, served.login("admin")) == 200
    forged = [
        served.ask("GET", page, ("nobody", f"{n}"), X_Forwarded_For=f"192.0.2.{n}")
        for n in range(12)
    ]
    assert forged[-1] == 429
    request = urllib.request.Request(
        served.address + page, headers={"Authorization": basic("nobody", "x")}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 30


# What the run's own account, an admin, or somebody at the files changes is seen in the report.


@pytest.fixture
def page(served: Served, bars_database: ConnectionSettings, tmp_path: Path) -> TestClient:
    """The pages, on a desk whose runs log to the server."""
    user, password = served.login(RUNS)
    settings = Settings.of(
        {
            "STAGING_URL": f"file://{tmp_path / 'staging'}",
            "RESULTS_DIR": str(tmp_path / "quality"),
            "MLFLOW_TRACKING_URI": served.address.replace("://", f"://{user}:{password}@"),
            **named_in(bars_database),
        }
    )

    async def ann(_request: Request) -> User:
        return User("ann", may_write=False)

    return TestClient(create_app(Desk(settings), ann, login_url="/"))


@pytest.fixture
def run(served: Served, bars_database: ConnectionSettings, tmp_path: Path) -> LoggedRun:
    """A run of two files, with its folder and its digests."""
    bars = daily_bars(["AAPL"], 60)
    folder = stage_run(tmp_path / "staging", "run", bars, judged(bars, outcome(bars, [3])))
    files = write_artifacts(tmp_path / "files")
    key = f"{DAG_ID}/{tmp_path.name}"
    logged = log_run(served.store(RUNS), record(key), files)
    step = {"status": "success", "mlflow_run_id": logged.run_id}
    (folder / "steps" / "log.json").write_text(json.dumps(step))
    with connected(bars_database) as engine:
        insert_evidence(engine, f"{DAG_ID}/run", Evidence(logged.run_id, digest_folder(files)))
    return logged


def said(page: TestClient) -> str:
    answer = page.get("/gate/runs/run/evidence", headers={"accept": "text/html"})
    assert answer.status_code == 200
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", answer.text)).split())


def files_of(served: Served, run: LoggedRun) -> Path:
    (folder,) = served.files.glob(f"**/{run.run_id}/artifacts")
    return folder


def test_an_untouched_copy_is_said_to_be_one_and_the_page_asks_for_it_later(page, run):
    report = page.get("/gate/runs/run", headers={"accept": "text/html"}).text
    assert 'data-load="/gate/runs/run/evidence"' in report
    assert "MLflow's copy" not in report
    assert said(page) == "MLflow's copy is what this run wrote (2 files)."


@pytest.mark.parametrize("forged", [REPORT_TEXT[::-1], "<h1>Passed: all is well</h1>"])
def test_a_report_that_was_changed_is_named(served: Served, page, run, forged: str):
    """By its bytes, of the same length or of another."""
    (files_of(served, run) / REPORT).write_text(forged)
    assert re.search(f"is not what the run wrote Changed since: {REPORT}", said(page))


def test_whoever_may_overwrite_does_not_do_it_unseen(served: Served, page, run):
    inside = (files_of(served, run) / REPORT).relative_to(served.files).as_posix()
    put = served.ask("PUT", f"/api/2.0/{PROXY}/{inside}", served.login("admin"), b"Passed")
    assert put == 200
    assert f"Changed since: {REPORT}" in said(page)


def test_what_is_missing_or_was_added_is_named(served: Served, page, run):
    folder = files_of(served, run)
    (folder / "extraction_summary.json").unlink()
    (folder / "validation" / "better.html").write_text("<script>alert(1)</script>")
    told = said(page)
    assert "Missing: extraction_summary.json." in told
    assert "Added since: validation/better.html." in told


def test_a_file_that_became_huge_is_named_without_being_read(served: Served, page, run):
    with (files_of(served, run) / REPORT).open("r+b") as file:
        file.truncate(1 << 40)  # a sparse terabyte
    assert f"Changed since: {REPORT}" in said(page)


def test_a_run_that_was_deleted_is_missed(served: Served, page, run):
    assert (
        served.ask("POST", f"{API}/runs/delete", served.login(RUNS), {"run_id": run.run_id}) == 200
    )
    assert "is in MLflow's trash" in said(page)


def test_an_answer_is_kept_for_a_minute(served: Served, page, run, monkeypatch):
    assert "is what this run wrote" in said(page)
    (files_of(served, run) / REPORT).write_text("forged")
    assert "is what this run wrote" in said(page)
    monkeypatch.setattr(copies, "KEPT_SECONDS", 0.0)
    assert "is not what the run wrote" in said(page)


UNGUARDED = "set session_replication_role = replica"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (
            f"{UNGUARDED}; delete from stock_data_evidence",
            "no digests were kept when the run was logged",
        ),
        ("drop table stock_data_evidence", "it has no table stock_data_evidence"),
        ("alter table stock_data_evidence drop bytes", 'column "bytes" does not exist'),
    ],
)
def test_what_cannot_be_compared_is_said(page, run, database: Database, command: str, reason: str):
    database.execute(command)
    assert re.search(f"could not be compared with what this run wrote: .*{reason}", said(page))


def test_an_mlflow_that_is_away_or_refuses_is_said_soon(
    served: Served, run, bars_database: ConnectionSettings
):
    key = f"{DAG_ID}/run"
    for address, reason in (
        (f"http://127.0.0.1:{free_port()}", "does not answer"),
        (served.address, "answered 401"),
        (served.address.replace("://", "://viewer:wrong@"), "answered 401"),
    ):
        settings = Settings.of(
            {
                "MLFLOW_TRACKING_URI": address,
                "POSTGRES_HOST": bars_database.host,
                "POSTGRES_DB": bars_database.database,
            }
        )
        found = copies.Copies(settings).check(key)
        assert found.unknown is not None and reason in found.unknown
        assert not found.differs
        assert "wrong" not in found.unknown


def test_without_a_server_the_database_and_the_files_are_asked(
    served: Served, run, bars_database: ConnectionSettings
):
    def checked() -> CopyCheck:
        settings = Settings.of(
            {
                "MLFLOW_TRACKING_URI": served.environment["MLFLOW_BACKEND_STORE_URI"],
                "POSTGRES_HOST": bars_database.host,
                "POSTGRES_DB": bars_database.database,
            }
        )
        return copies.Copies(settings).check(f"{DAG_ID}/run")

    assert checked() == CopyCheck(files=2)
    (files_of(served, run) / REPORT).write_text("forged")
    assert checked().changed == (REPORT,)
    assert (
        served.ask("POST", f"{API}/runs/delete", served.login(RUNS), {"run_id": run.run_id}) == 200
    )
    assert "trash" in str(checked().gone)
