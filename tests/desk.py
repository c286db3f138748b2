"""A real desk for tests: `make up` on free ports and in a folder of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from dags.local.desk.airflow_api import AirflowApi, fetch
from dags.local.desk.processes.leash import end_with_parent
from dags.local.passwords import RUNS, logins, passwords_file
from dags.run.settings import ROOT
from dags.staging.layout import DAG_ID

READY_SECONDS = 240.0
RUN_SECONDS = 120.0


@dataclass(frozen=True)
class Desk:
    """A desk that runs."""

    var: Path
    airflow: str
    mlflow: str
    passwords: Mapping[str, str]
    runs_password: str
    process: subprocess.Popen[bytes]
    output: Path

    @property
    def api(self) -> AirflowApi:
        """Airflow's REST API as the administrator."""
        return self.api_as("admin")

    def api_as(self, user: str) -> AirflowApi:
        """Airflow's REST API as a user of the desk: admin or viewer."""
        return AirflowApi(self.airflow, user, self.passwords[user])

    def mlflow_login(self, user: str = "viewer") -> tuple[str, str]:
        """MLflow's login as admin, viewer, or gate, whom the runs log as."""
        return user, {**self.passwords, RUNS: self.runs_password}[user]

    def trigger(self, conf: Mapping[str, Any] | None = None, dag_id: str = DAG_ID) -> str:
        """Trigger a run; its id."""
        run_id = f"test__{uuid.uuid4().hex[:8]}"
        body = {"logical_date": None, "dag_run_id": run_id, "conf": dict(conf or {})}
        self.api.post(f"/dags/{dag_id}/dagRuns", body)
        return run_id

    def wait_for(self, run_id: str, dag_id: str = DAG_ID) -> dict[str, Any]:
        """The run as Airflow reports it once it has ended."""
        api, deadline = self.api, time.monotonic() + RUN_SECONDS
        while time.monotonic() < deadline:
            run: dict[str, Any] = api.get(f"/dags/{dag_id}/dagRuns/{run_id}")
            if run["state"] in ("success", "failed"):
                return run
            time.sleep(0.1)
        raise TimeoutError(f"run {run_id} did not end:\n{self.output.read_text()}")

    def trigger_and_wait(
        self, conf: Mapping[str, Any] | None = None, dag_id: str = DAG_ID
    ) -> dict[str, Any]:
        """Trigger a run and wait for its end."""
        return self.wait_for(self.trigger(conf, dag_id), dag_id)

    def tracked(self, query: str = "") -> list[dict[str, Any]]:
        """What MLflow's server tells of the active runs that fit a query."""
        api = f"{self.mlflow}/api/2.0/mlflow"
        by_name = f"{api}/experiments/get-by-name?experiment_name=ibkr-stock-data"
        found = fetch("GET", by_name, login=self.mlflow_login())
        numbers = [found["experiment"]["experiment_id"]]
        body = {"experiment_ids": numbers, "filter": query, "max_results": 100}
        runs = fetch("POST", f"{api}/runs/search", body, login=self.mlflow_login()).get("runs", [])
        return [run["info"] for run in runs]

    def artifacts(self, tracked: Mapping[str, Any]) -> set[str]:
        """The files of a tracked run's validation."""
        where = f"run_id={tracked['run_id']}&path=validation"
        address = f"{self.mlflow}/api/2.0/mlflow/artifacts/list?{where}"
        listed = fetch("GET", address, login=self.mlflow_login())
        return {entry["path"] for entry in listed["files"]}

    def processes(self) -> list[psutil.Process]:
        """Every live process of this desk, however it was started."""
        return processes_of(self.var)


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens on."""
    probes = [socket.socket() for _ in range(number)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def processes_of(var: Path) -> list[psutil.Process]:
    """Live processes whose environment or command line names the folder ``var``."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), *process.environ().values()]
            if process.status() != psutil.STATUS_ZOMBIE and any(str(var) in w for w in words):
                found.append(process)
        except psutil.Error:
            continue
    return [process for process in found if process.pid != os.getpid()]


def command(var: Path, *arguments: str) -> list[str]:
    """The command line of `python -m dags.local` for a folder."""
    return [sys.executable, "-m", "dags.local", "--var", str(var), *arguments]


def run(
    var: Path, *arguments: str, project: Path = ROOT, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a command on a folder to its end; ``project`` is where the packages are."""
    return subprocess.run(
        command(var, *arguments),
        cwd=project,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )


def spawn(
    var: Path,
    output: Path,
    ports: list[int],
    environment: Mapping[str, str] | None = None,
    project: Path = ROOT,
) -> subprocess.Popen[bytes]:
    """Start `up` without waiting for it; ``project`` is where the packages are."""
    where = ["--airflow-port", str(ports[0]), "--mlflow-port", str(ports[1])]
    # setproctitle writes over the environment, by which processes_of() knows its own.
    variables = {**os.environ, "SPT_NOENV": "1", **(environment or {})}
    with output.open("w") as sink:
        return subprocess.Popen(
            command(var, "up", *where),
            cwd=project,
            env=variables,
            stdout=sink,
            stderr=sink,
            preexec_fn=end_with_parent,  # tests that are killed leave no desk behind
        )


def wait_for_line(process: subprocess.Popen[bytes], output: Path, text: str) -> None:
    """Wait until the desk says ``text``."""
    deadline = time.monotonic() + READY_SECONDS
    while text not in output.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the desk never said {text!r}:\n{output.read_text()}")
        time.sleep(0.05)


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for a desk. Not tmp_path, which is closed to the user who runs PostgreSQL."""
    path = Path(tempfile.mkdtemp(prefix="desk-test-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@contextmanager
def running_desk(
    var: Path, environment: Mapping[str, str] | None = None, project: Path = ROOT
) -> Iterator[Desk]:
    """A desk that is ready; stopped at the end."""
    ports, output = free_ports(2), var.parent / f"{var.name}.out"
    process = spawn(var, output, ports, environment, project)
    try:
        wait_for_line(process, output, "Ctrl-C stops everything")
        airflow, mlflow = (f"http://127.0.0.1:{port}" for port in ports)
        known = logins(passwords_file(var))
        yield Desk(var, airflow, mlflow, known.passwords, known.runs, process, output)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
