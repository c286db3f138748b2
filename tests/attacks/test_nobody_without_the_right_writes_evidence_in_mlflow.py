"""MLflow's server as `make up` and compose run it: every way to write, tried without the right."""

import base64
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
from urllib.parse import quote, urlsplit

import pytest

from dags.local.parts import Addresses, mlflow_environment
from dags.local.passwords import RUNS, Logins, logins, passwords_file
from dags.settings import ROOT
from sql import embedded
from tests.mlflow_stores import free_port, record, wait_until_healthy, write_artifacts
from tracking import LoggedRun, TrackingStore, log_run
from tracking.guard import changes
from tracking.server import as_the_command_would

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
        body: bytes | Mapping | None = None,
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
    command = [sys.executable, "-m", "dags.local.tracking_server", str(folder)]
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
    pages = ("/", f"{API}/experiments/search?max_results=1", "/static-files/x.js", "/version")
    pages += ("/api/3.0/mlflow/server-info", "/signup", f"/api/2.0/{PROXY}/1/x", "/healthy")
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
    tries: list[tuple[str, str, bytes | Mapping]] = [
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
