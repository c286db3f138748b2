"""`make up`: the real desk, from its first start to nothing left behind."""

import json
import os
import signal
import subprocess
import time
import urllib.error
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from dags.local.desk.airflow_api import fetch
from dags.run.settings import ROOT
from dags.staging.layout import DAG_ID
from tests.desk import (
    Desk,
    command,
    folder,
    free_ports,
    processes_of,
    running_desk,
    spawn,
    wait_for_line,
)
from tests.webhook import Webhook, webhook

GONE_SECONDS = 100.0


@pytest.fixture(scope="module")
def told() -> Iterator[Webhook]:
    """Where the desk's alerts go."""
    with webhook() as hook:
        yield hook


@pytest.fixture(scope="module")
def desk(told: Webhook) -> Iterator[Desk]:
    with folder() as path, running_desk(path / "var", {"ALERT_URLS": told.url}) as running:
        yield running


def run(var: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(var, *arguments),
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )


def tracked(desk: Desk) -> dict[str, dict[str, Any]]:
    """The runs in MLflow's server by the id of their DAG run."""
    return {info["run_name"]: info for info in desk.tracked()}


def test_a_triggered_run_succeeds_and_is_tracked_with_its_report(desk: Desk):
    ended = desk.trigger_and_wait()
    assert ended["state"] == "success"
    info = tracked(desk)[ended["dag_run_id"]]
    assert info["status"] == "FINISHED"
    assert "validation/report.html" in desk.artifacts(info)


def test_a_run_from_the_command_line_is_done_by_the_desk(desk: Desk, told: Webhook):
    before = set(tracked(desk))
    ended = run(desk.var, "run", "--symbols", "TSLA", ALERT_URLS=told.url)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"Log           {desk.airflow}/dags/{DAG_ID}/runs/manual__" in ended.stdout
    (new,) = set(tracked(desk)) - before
    assert "validation/report.html" in desk.artifacts(tracked(desk)[new])


def test_a_run_with_other_settings_than_the_desks_is_refused(desk: Desk):
    ended = run(desk.var, "run", POSTGRES_HOST="elsewhere", POSTGRES_PASSWORD="sesame")
    assert ended.returncode == 2
    assert "with another ALERT_URLS, POSTGRES_HOST, POSTGRES_PASSWORD" in ended.stderr
    assert "sesame" not in ended.stderr


def test_a_failed_run_is_said_here_and_told_to_people(desk: Desk, told: Webhook):
    failed = desk.trigger_and_wait({"symbols": ["NOBARS"]})
    assert failed["state"] == "failed"
    wait_for_line(desk.process, desk.output, f"{failed['dag_run_id']} FAILED")
    deadline = time.monotonic() + 60
    while not told.posts:  # Airflow tells people from its dag-processor, a moment later
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (post,) = told.posts
    assert post["title"] == f"Run failed: {DAG_ID}"
    assert "NOBARS" in post["message"]


def test_nobody_marks_a_run_as_a_success_that_has_not_published(desk: Desk):
    """Also not in two steps: its last task, and then any other."""
    runs = f"/dags/{DAG_ID}/dagRuns"
    failed = desk.trigger_and_wait({"symbols": ["NOBARS"]})["dag_run_id"]
    success, task = {"state": "success"}, {"new_state": "success"}
    everywhere = [{"dag_id": DAG_ID, "dag_run_id": failed, **success}]
    bodies: dict[str, dict[str, Any]] = {
        f"{runs}/{failed}": success,
        "/dags/~/dagRuns": {"actions": [{"action": "update", "entities": everywhere}]},
        f"{runs}/{failed}/taskInstances/confirm_published": task,
        f"{runs}/{failed}/taskInstances/publish_data": task | {"include_downstream": True},
    }
    for path, body in bodies.items():
        with pytest.raises(urllib.error.HTTPError, match="409") as refused:
            desk.api.patch(path, body)
        said = json.loads(refused.value.read())["detail"]
        assert said.startswith(
            f"{failed} cannot be marked as a success. Nothing says that this run"
        )
    with pytest.raises(urllib.error.HTTPError, match="403"):
        desk.api_as("viewer").patch(f"{runs}/{failed}", success)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        fetch("PATCH", f"{desk.airflow}/api/v2{runs}/{failed}", success)
    assert desk.api.get(f"{runs}/{failed}")["state"] == "failed"
    assert desk.api.patch(f"{runs}/{failed}", {"note": "no such symbol"})["note"]

    published = desk.trigger_and_wait()["dag_run_id"]
    assert desk.api.patch(f"{runs}/{published}", {"state": "failed"})["state"] == "failed"
    assert desk.api.patch(f"{runs}/{published}", success)["state"] == "success"


def test_the_dag_is_not_paused(desk: Desk):
    assert desk.api.get(f"/dags/{DAG_ID}")["is_paused"] is False


def test_the_first_lines_tell_where_to_go_and_how_to_log_in(desk: Desk):
    said = desk.output.read_text()
    for text in (desk.airflow, desk.mlflow, *desk.passwords, *desk.passwords.values()):
        assert text in said


@pytest.mark.parametrize("run_id", [".", "r" * 249])
def test_a_run_id_that_no_folder_can_have_is_refused(desk: Desk, run_id: str):
    with pytest.raises(urllib.error.HTTPError, match="400"):
        desk.api.post(f"/dags/{DAG_ID}/dagRuns", {"logical_date": None, "dag_run_id": run_id})


def test_a_viewer_reads_but_does_not_trigger_and_nobody_else_reads(desk: Desk):
    assert desk.api_as("viewer").get(f"/dags/{DAG_ID}")["dag_id"] == DAG_ID
    with pytest.raises(urllib.error.HTTPError, match="403"):
        desk.api_as("viewer").post(f"/dags/{DAG_ID}/dagRuns", {"logical_date": None})
    with pytest.raises(urllib.error.HTTPError, match="401"):
        fetch("GET", f"{desk.airflow}/api/v2/dags")


def test_mlflow_asks_for_the_desks_logins_and_a_viewer_only_reads(desk: Desk):
    address = f"{desk.mlflow}/api/2.0/mlflow/experiments"
    search, create = f"{address}/search?max_results=1", f"{address}/create"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        fetch("GET", search)
    for user in ("admin", "viewer", "gate"):
        assert fetch("GET", search, login=desk.mlflow_login(user))["experiments"]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetch("POST", create, {"name": "mine"}, login=desk.mlflow_login("viewer"))
    assert fetch("POST", create, {"name": "ours"}, login=desk.mlflow_login("gate"))


def test_whoever_guesses_airflows_passwords_is_slowed_and_keeps_nobody_out(desk: Desk):
    desk.api_as("viewer").get(f"/dags/{DAG_ID}")
    for path in ("/auth/token", "/auth/token/cli"):
        for _ in range(10):
            with pytest.raises(urllib.error.HTTPError) as refused:
                fetch("POST", desk.airflow + path, {"username": "viewer", "password": "guess"})
        assert refused.value.code == 429
        assert 1 <= int(refused.value.headers["Retry-After"]) <= 30
    assert desk.api_as("viewer").get(f"/dags/{DAG_ID}")["dag_id"] == DAG_ID


def test_nothing_listens_beyond_this_machine(desk: Desk):
    listening = []
    for process in desk.processes():
        with suppress(psutil.NoSuchProcess):  # a task that has just ended
            found = process.net_connections("inet")
            listening += [one.laddr for one in found if one.status == psutil.CONN_LISTEN]
    ports = {int(url.rpartition(":")[2]) for url in (desk.airflow, desk.mlflow)}
    assert ports <= {port for _, port in listening}
    assert {host for host, _ in listening} == {"127.0.0.1"}


def test_secrets_are_readable_by_their_owner_only(desk: Desk):
    for name in ("airflow/secrets.json", "airflow/passwords.json", "desk.lock"):
        assert (desk.var / name).stat().st_mode & 0o077 == 0, name
    words = [*desk.passwords.values(), desk.runs_password]
    words += json.loads((desk.var / "airflow/secrets.json").read_text()).values()
    logs = "".join(log.read_text() for log in (desk.var / "log").glob("*.log*"))
    assert not [word for word in words if word in logs]
    commands = [" ".join(process.cmdline()) for process in desk.processes()]
    assert not [word for word in words for line in commands if word in line]


def test_a_second_desk_in_the_same_folder_names_the_first(desk: Desk):
    ports = free_ports(2)
    second = run(desk.var, "up", "--airflow-port", str(ports[0]), "--mlflow-port", str(ports[1]))
    assert second.returncode == 2
    assert "runs already" in second.stderr
    assert desk.airflow in second.stderr


def test_a_part_that_crashes_is_said_and_comes_back(desk: Desk):
    (server,) = (process for process in desk.processes() if _is_part(process, "triggerer"))
    server.kill()
    wait_for_line(desk.process, desk.output, "triggerer     ENDED with status 137")
    deadline = time.monotonic() + 120
    while desk.output.read_text().count("triggerer     ready") < 2:
        assert time.monotonic() < deadline
        assert desk.process.poll() is None
        time.sleep(0.1)


def _is_part(process: psutil.Process, name: str) -> bool:
    with suppress(psutil.NoSuchProcess):  # a task that has just ended
        parent = process.parent()
        leashed = parent is not None and any("leash.py" in word for word in parent.cmdline())
        return leashed and name in process.cmdline()
    return False


def test_a_taken_port_is_told_with_the_way_out(desk: Desk):
    taken = desk.airflow.rpartition(":")[2]
    with folder() as path:
        ended = run(path / "var", "up", "--airflow-port", taken)
        assert ended.returncode == 2
        assert f"port {taken} for Airflow is taken" in ended.stderr
        assert "PORT / --airflow-port" in ended.stderr
        assert processes_of(path / "var") == []


@pytest.fixture(scope="module")
def beginner() -> Iterator[Path]:
    """A folder in which a desk is started again and again, and never gets far."""
    with folder() as path:
        yield path / "var"


# In this order: the first ones end within the first start, before there is a database.
@pytest.mark.parametrize(
    ("moment", "seconds", "how"),
    [
        ("postgres      starting", 0.2, signal.SIGKILL),
        ("postgres      starting", 0.8, signal.SIGTERM),
        ("postgres      starting", 2.5, signal.SIGKILL),
        ("starting MLflow and Airflow", 0.0, signal.SIGTERM),
        ("starting MLflow and Airflow", 4.0, signal.SIGKILL),
        ("starting MLflow and Airflow", 4.0, signal.SIGINT),
    ],
)
def test_ended_while_it_starts_it_leaves_nothing_behind(
    beginner: Path, moment: str, seconds: float, how: signal.Signals
):
    output = beginner.parent / "out"
    process = spawn(beginner, output, free_ports(2))
    wait_for_line(process, output, moment)
    time.sleep(seconds)
    assert processes_of(beginner)
    process.send_signal(how)
    assert process.wait(GONE_SECONDS) == (-how if how == signal.SIGKILL else 0)
    deadline = time.monotonic() + GONE_SECONDS
    while left := processes_of(beginner):
        assert time.monotonic() < deadline, [p.cmdline() for p in left]
        time.sleep(0.1)


def test_down_stops_a_desk_that_runs_elsewhere(beginner: Path):
    output = beginner.parent / "out"
    process = spawn(beginner, output, free_ports(2))
    wait_for_line(process, output, "starting MLflow and Airflow")
    ended = run(beginner, "down")
    assert ended.returncode == 0
    assert "stopped http://127.0.0.1:" in ended.stdout
    assert processes_of(beginner) == []
    assert process.wait(1) == 0
    assert "no desk runs" in run(beginner, "down").stdout
