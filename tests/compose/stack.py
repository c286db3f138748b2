"""The deployment under test: its containers, as Docker's engine tells of them, and its pages."""

import base64
import json
import os
import shutil
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import docker
from docker.models.containers import Container

from dags.local.desk.airflow_api import AirflowApi, fetch
from dags.local.env_file import filled
from dags.staging.layout import DAG_ID

WELL_SECONDS, RUN_SECONDS = 180, 240


@dataclass(frozen=True)
class Deployment:
    """Services that run, from a checkout with its .env."""

    checkout: Path
    project: str

    @cached_property
    def settings(self) -> Mapping[str, str]:
        """What .env says."""
        lines = (self.checkout / ".env").read_text().splitlines()
        pairs = (line.split("=", 1) for line in lines if "=" in line and line[0] != "#")
        return {name: value for name, value in pairs if value}

    @property
    def secrets(self) -> dict[str, str]:
        """What must never be seen, by its name."""
        marks = ("PASSWORD", "SECRET", "KEY")
        return {n: v for n, v in self.settings.items() if any(mark in n for mark in marks)}

    @cached_property
    def engine(self) -> docker.DockerClient:
        return docker.from_env(timeout=120)

    def shell(self, command: str, typed: str = "") -> None:
        """Run a line as the README has it, in the checkout; ``typed`` is what it asks for."""
        ours = " ".join([*compose_command(), "-p", self.project])
        line = command.replace("docker compose", ours)
        subprocess.run(line, shell=True, cwd=self.checkout, check=True, input=typed.encode())

    def configure(self, values: Mapping[str, str]) -> None:
        """Change .env."""
        env = self.checkout / ".env"
        env.write_text(filled(env.read_text(), values))
        self.__dict__.pop("settings", None)

    def every(self) -> list[Container]:
        """Every container."""
        label = f"com.docker.compose.project={self.project}"
        return self.engine.containers.list(all=True, filters={"label": label})

    def containers(self) -> dict[str, Container]:
        """A container of each service, by the service's name."""
        return {one.labels["com.docker.compose.service"]: one for one in self.every()}

    def exec(self, service: str, *command: str, **environment: str) -> str:
        """What a command in a service's container prints; raises AssertionError when it fails."""
        container = self.containers()[service]
        code, output = container.exec_run(list(command), environment=environment)
        assert code == 0, output.decode()
        return output.decode().strip()

    def sql(self, query: str, database: str = "bars") -> str:
        """A query's answer, asked as the superuser."""
        return self.exec("postgres", "psql", "-U", "postgres", "-d", database, "-tAc", query)

    @property
    def airflow(self) -> str:
        return f"http://127.0.0.1:{self.settings['AIRFLOW_PORT']}"

    @property
    def mlflow(self) -> str:
        return f"http://127.0.0.1:{self.settings['MLFLOW_PORT']}"

    def api(self, user: str = "admin") -> AirflowApi:
        """Airflow's REST API as one of the users that .env names."""
        password = self.settings[f"AIRFLOW_{user.upper()}_PASSWORD"]
        return AirflowApi(self.airflow, user, password)

    def tracked(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """MLflow's REST API as its administrator; a POST when there is a body."""
        login = f"admin:{self.settings['MLFLOW_ADMIN_PASSWORD']}"
        headers = {
            "Authorization": f"Basic {base64.b64encode(login.encode()).decode()}",
            "Content-Type": "application/json",
        }
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.mlflow}/api/2.0/mlflow{path}", data, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def page(self, path: str, body: Mapping[str, Any] | None = None, user: str = "admin") -> Any:
        """One of our pages inside Airflow; a PUT from the page itself when there is a body."""
        login = {"username": user, "password": self.api(user).password}
        token = fetch("POST", f"{self.airflow}/auth/token", login)["access_token"]
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Origin": self.airflow,
        }
        data = None if body is None else json.dumps(body).encode()
        method = "GET" if body is None else "PUT"
        request = urllib.request.Request(f"{self.airflow}/gate{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read().decode()
        return json.loads(text) if text.startswith("{") else text

    def trigger(self, **conf: Any) -> str:
        """Trigger a run; its id."""
        run_id = f"test__{uuid.uuid4().hex[:8]}"
        body = {"logical_date": None, "dag_run_id": run_id, "conf": conf}
        self.api().post(f"/dags/{DAG_ID}/dagRuns", body)
        return run_id

    def started(self, run_id: str) -> None:
        """Wait until a task of the run has begun."""
        wait_until(f"run {run_id} begins", 60, lambda: set(self.tasks(run_id).values()) - {None})

    def tasks(self, run_id: str) -> dict[str, Any]:
        """The state of each task of the run."""
        return {task["task_id"]: task["state"] for task in self._instances(run_id)}

    def hosts(self, run_id: str) -> set[str]:
        """Where the run's tasks worked."""
        return {task["hostname"] for task in self._instances(run_id) if task["hostname"]}

    def _instances(self, run_id: str) -> list[dict[str, Any]]:
        found = self.api().get(f"/dags/{DAG_ID}/dagRuns/{run_id}/taskInstances")
        return list(found["task_instances"])

    def ended(self, run_id: str) -> str:
        """Wait for the end of a run; its state."""

        def state() -> str | None:
            found = self.api().get(f"/dags/{DAG_ID}/dagRuns/{run_id}")["state"]
            return found if found in ("success", "failed") else None

        return str(wait_until(f"run {run_id} ends", RUN_SECONDS, state))

    def run(self, **conf: Any) -> tuple[str, str]:
        """Trigger a run and wait for its end; its id and state."""
        run_id = self.trigger(**conf)
        return run_id, self.ended(run_id)

    def health(self) -> dict[str, str]:
        """What the health check of each service that stays up last found."""
        states = {name: one.attrs["State"] for name, one in self.containers().items()}
        return {name: s["Health"]["Status"] for name, s in states.items() if "Health" in s}

    def all_well(self) -> bool:
        """Whether every health check passes."""
        states = [one.attrs["State"] for one in self.every()]
        return {state["Health"]["Status"] for state in states if "Health" in state} == {"healthy"}

    def wait_well(self, service: str) -> None:
        """Wait until the health check of a service passes."""
        wait_until(
            f"{service} is healthy", WELL_SECONDS, lambda: self.health()[service] == "healthy"
        )


def implementations() -> tuple[str, ...]:
    """Which of Compose 2 (Docker's plugin) and docker-compose 1.29 are there, in this order."""
    found = []
    asked = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if asked.returncode == 0:
        found.append("v2")
    if shutil.which("docker-compose"):
        said = subprocess.run(["docker-compose", "--version"], capture_output=True, check=False)
        if b" 1." in said.stdout:
            found.append("v1")
    return tuple(found)


def compose_command() -> list[str]:
    """How compose is called here: as COMPOSE_IMPL says, else as what is there."""
    wanted = os.environ.get("COMPOSE_IMPL") or next(iter(implementations()), "v1")
    return ["docker-compose"] if wanted == "v1" else ["docker", "compose"]


def wait_until(what: str, seconds: float, asked: Callable[[], Any]) -> Any:
    """The first true answer; an outage meanwhile is none. Raises TimeoutError."""
    end, last = time.monotonic() + seconds, ""
    while time.monotonic() < end:
        try:
            if found := asked():
                return found
        except OSError as error:
            last = f" ({error})"
        time.sleep(1)
    raise TimeoutError(f"{what}: not within {seconds} s{last}")
