"""What may slow the desk or break a part of it: last of all that share it."""

import json
import time
import urllib.error
from contextlib import suppress

import psutil
import pytest

from dags.local.desk.airflow_api import fetch
from dags.staging.layout import DAG_ID
from tests.desk import Desk, folder, free_ports, processes_of, run, wait_for_line
from tests.up.stack import of_the_desk


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
    where = ("--airflow-port", str(ports[0]), "--mlflow-port", str(ports[1]))
    second = of_the_desk(desk, "up", *where)
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
