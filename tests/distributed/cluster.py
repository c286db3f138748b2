"""Workers that share nothing but PostgreSQL, the broker and the S3 store."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from dags.local.desk.processes.leash import end_with_parent
from dags.run.settings import ROOT
from dags.staging.layout import DAG_ID, safe_name
from sql.connection import ConnectionSettings
from tests.desk import Desk, free_ports, processes_of
from tests.s3_server import BUCKET, S3Server
from tests.workflow import Database

NAMES = ("east", "west")
WAIT_SECONDS = 180.0


@contextmanager
def broker(place: Path) -> Iterator[str]:
    """A Redis server of the test's own; its address."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("there is no `redis-server` here (Debian: apt-get install redis-server)")
    (port,) = free_ports(1)
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    command += ["--dir", str(place)]
    with (place / "redis.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=end_with_parent)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


def settings_of_all(s3: S3Server, broker_url: str) -> dict[str, str]:
    """What makes a desk one of several machines; all of it is in a deployment's environment."""
    return {
        **s3.environment,
        "STAGING_URL": f"s3://{BUCKET}/staging",
        "RETRY_DELAY_SECONDS": "0.5",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "tests.distributed.hostname.worker_name",
        "AIRFLOW__CELERY__BROKER_URL": broker_url,
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": "1",
        # One task at a time each, and none reserved: a killed worker holds up only its own.
        "AIRFLOW__CELERY__WORKER_PREFETCH_MULTIPLIER": "1",
        # How soon a killed worker is missed: 60 s in a deployment. A task's process tells every
        # second that it lives.
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "6",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "1",
    }


@dataclass
class Cluster:
    """A desk whose tasks run on two workers, each with folders of its own."""

    desk: Desk
    s3: S3Server
    place: Path
    workers: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    @cached_property
    def environment(self) -> Mapping[str, str]:
        """What the desk's scheduler runs with; asked once, since workers come and go."""
        for process in processes_of(self.desk.var):
            # A task's fork may end between being listed and being asked.
            with suppress(psutil.NoSuchProcess):
                if process.cmdline()[1:4] == ["-m", "airflow", "scheduler"]:
                    return process.environ()
        raise LookupError("the desk has no scheduler")

    @property
    def bars(self) -> Database:
        """The bars, as every worker sees them."""
        return self._database(self.environment["POSTGRES_DB"])

    @property
    def airflow(self) -> Database:
        """Airflow's own database."""
        return self._database("airflow")

    def _database(self, name: str) -> Database:
        found = self.environment
        host, port = found["POSTGRES_HOST"], int(found["POSTGRES_PORT"])
        return Database(ConnectionSettings(host, port, name, found["POSTGRES_USER"], ""))

    def start(self, names: Iterable[str]) -> None:
        """Start workers and wait until each takes tasks."""
        for log in [self.launch(name) for name in names]:
            wait_until(partial(_takes_tasks, log), f"the worker of {log} is ready")

    def launch(self, name: str) -> Path:
        """Start a worker without waiting for it; its log."""
        home, log = self.place / name, self.place / f"{name}.log"
        home.mkdir(parents=True, exist_ok=True)
        environment = {
            **self.environment,
            "TEST_WORKER": name,
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
            "RESULTS_DIR": str(home / "quality"),
        }
        command = [sys.executable, "-m", "airflow", "celery", "worker", "--skip-serve-logs"]
        with log.open("wb") as sink:
            self.workers[name] = subprocess.Popen(
                [*command, "--celery-hostname", f"celery@{name}", "--concurrency", "1"],
                cwd=ROOT,
                env=environment,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        return log

    def kill(self, name: str) -> None:
        """End a worker and all that it runs at once, as when its machine loses its power."""
        process = self.workers.pop(name)
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()
        process.kill()
        process.wait()

    def stop(self) -> None:
        """End every worker."""
        for name in list(self.workers):
            self.kill(name)

    def step(self, run_id: str, name: str) -> dict[str, Any]:
        """What a step of a run said of itself so far."""
        folder = self.s3.bucket / "staging" / DAG_ID / safe_name(run_id)
        try:
            found: dict[str, Any] = json.loads((folder / "steps" / f"{name}.json").read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return found

    def hosts(self, run_id: str) -> dict[str, str]:
        """Which worker had the last try of each task."""
        query = f"select task_id, hostname from task_instance where run_id = '{run_id}'"
        return {task: host for task, host in self.airflow.rows(query) if host}


@contextmanager
def cluster(desk: Desk, s3: S3Server, place: Path) -> Iterator[Cluster]:
    """A cluster without workers; what is started is ended."""
    made = Cluster(desk, s3, place)
    try:
        yield made
    finally:
        made.stop()


def _takes_tasks(log: Path) -> bool:
    return "ready" in log.read_text()


def wait_until(told: Callable[[], Any], what: str) -> None:
    """Wait until ``told`` is true; ``what`` says in a failure what never was."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not told():
        if time.monotonic() > deadline:
            raise TimeoutError(f"it never came to this: {what}")
        time.sleep(0.1)
