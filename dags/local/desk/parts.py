"""The programs of the desk, the environment they share, and how each shows that it is ready."""

import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dags.local.desk.airflow_api import AirflowApi, fetch
from dags.local.passwords import RUNS, USERS, Logins
from dags.staging.layout import DAG_ID
from sql.connection import ConnectionSettings

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EXECUTOR = "dags.local.executor.PreloadedLocalExecutor"
SIMPLE_AUTH_MANAGER = (
    "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
)
# Defaults that the caller's environment may change. Measured on 2 cores: a five-task run that does
# nothing takes 1 to 2 s with them, 4 to 6 s without.
TUNING = {
    "AIRFLOW__CORE__EXECUTOR": EXECUTOR,
    "AIRFLOW__CORE__PARALLELISM": "4",
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "false",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    # A task whose worker was killed is seen after this long, and tried again or failed.
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
    "AIRFLOW__API__WORKERS": "1",
    # An airflow.cfg under var/ cannot switch the logins off; whoever sets these is told elsewhere.
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "false",
    "AIRFLOW__CORE__AUTH_MANAGER": SIMPLE_AUTH_MANAGER,
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


@dataclass(frozen=True)
class Addresses:
    """Where the desk listens. Its own parts always talk over the loopback when they can."""

    host: str = "127.0.0.1"
    airflow_port: int = 8080
    mlflow_port: int = 5500

    @property
    def airflow(self) -> str:
        """Airflow's pages, as a person reaches them."""
        return f"http://{self._name}:{self.airflow_port}"

    @property
    def mlflow(self) -> str:
        """MLflow's pages, as a person reaches them."""
        return f"http://{self._name}:{self.mlflow_port}"

    @property
    def airflow_inside(self) -> str:
        """Airflow's server, as the parts reach it."""
        return f"http://{self._inside}:{self.airflow_port}"

    @property
    def mlflow_inside(self) -> str:
        """MLflow's server, as the parts reach it."""
        return f"http://{self._inside}:{self.mlflow_port}"

    @property
    def everywhere(self) -> bool:
        """Whether the desk listens on every address of this machine."""
        return self.host in ("0.0.0.0", "::")  # noqa: S104  # compared, not bound

    @property
    def _name(self) -> str:
        return socket.gethostname() if self.everywhere else _bracketed(self.host)

    @property
    def _inside(self) -> str:
        return "127.0.0.1" if self.everywhere else _bracketed(self.host)


@dataclass(frozen=True)
class Program:
    """A program of the desk. ``ready`` is asked with the moment at which the program started."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    ready: Callable[[datetime], bool]
    grace: float = 20.0


def environment(
    found: Mapping[str, str], outside: Mapping[str, str], addresses: Addresses, logins: Logins
) -> dict[str, str]:
    """What the parts run with: ``found`` by the services, tuned, and pointed at these addresses."""
    tuning = {name: value for name, value in TUNING.items() if not outside.get(name)}
    return {
        **found,
        **tuning,
        "AIRFLOW__API__BASE_URL": addresses.airflow,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{addresses.airflow_inside}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{u}:{r}" for u, r in USERS.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(logins.path),
        "MLFLOW_TRACKING_URI": addresses.mlflow_inside,
        "MLFLOW_TRACKING_USERNAME": RUNS,
        "MLFLOW_TRACKING_PASSWORD": logins.runs,
    }


def mlflow_environment(
    shared: Mapping[str, str], store: ConnectionSettings, artifacts: Path, addresses: Addresses
) -> dict[str, str]:
    """What MLflow's server runs with; it keeps its runs and its logins in ``store``."""
    return {
        **shared,
        "MLFLOW_BACKEND_STORE_URI": store.url().render_as_string(hide_password=False),
        # One folder for what comes through the server and what comes past it (`make run`).
        "MLFLOW_DEFAULT_ARTIFACT_ROOT": str(artifacts),
        "MLFLOW_ARTIFACTS_DESTINATION": str(artifacts),
        "MLFLOW_SERVER_ALLOWED_HOSTS": _allowed_hosts(addresses),
        "MLFLOW_AUTH_ADMIN_USERNAME": "admin",
        "PGHOST": store.host,
        "PGPORT": str(store.port),
        "PGDATABASE": store.database,
        "PGUSER": store.user,
    }


def parts(
    shared: Mapping[str, str],
    of_mlflow: Mapping[str, str],
    var: Path,
    addresses: Addresses,
    api: AirflowApi,
) -> list[Program]:
    """MLflow's server and Airflow's four programs; the database is not among them."""
    listen = ("--host", addresses.host)
    mlflow_port = ("--port", str(addresses.mlflow_port))
    mlflow_server = ("dags.local.desk.tracking_server", str(var), *listen, *mlflow_port)
    api_server = ("airflow", "api-server", *listen, "--port", str(addresses.airflow_port))
    base = addresses.airflow_inside

    def mlflow_ready(_since: datetime) -> bool:
        search = f"{addresses.mlflow_inside}/api/2.0/mlflow/experiments/search?max_results=1"
        login = (RUNS, shared["MLFLOW_TRACKING_PASSWORD"])
        return bool(fetch("GET", search, login=login))

    def api_ready(_since: datetime) -> bool:
        fetch("GET", f"{base}/api/v2/version")
        fetch("GET", f"{base}/execution/health")  # the first call takes seconds: not a task's
        return bool(api.get("/dags?limit=1"))

    def alive(component: str) -> Callable[[datetime], bool]:
        # An earlier desk's last heartbeat may look healthy for half a minute.
        return lambda since: api.heartbeats()[component] >= since

    def parsed(since: datetime) -> bool:
        last = api.get(f"/dags/{DAG_ID}")["last_parsed_time"]
        fresh = last is not None and datetime.fromisoformat(last) >= since
        return fresh and alive("dag_processor")(since)

    # Scheduler and triggerer would serve their logs on every address; the files are here anyway.
    quiet = "--skip-serve-logs"
    return [
        Program("mlflow", _python(*mlflow_server), of_mlflow, mlflow_ready),
        Program("api-server", _python(*api_server), shared, api_ready),
        Program("scheduler", _python("airflow", "scheduler", quiet), shared, alive("scheduler")),
        Program("dag-processor", _python("airflow", "dag-processor"), shared, parsed),
        # It takes ten seconds to stop, and has nothing to lose.
        Program(
            "triggerer", _python("airflow", "triggerer", quiet), shared, alive("triggerer"), 5.0
        ),
    ]


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)


def _allowed_hosts(addresses: Addresses) -> str:
    names = {*LOOPBACK, addresses.host}
    if addresses.host not in LOOPBACK:
        names |= {socket.gethostname(), socket.getfqdn()}
    if addresses.everywhere:
        return "*"
    return ",".join(f"{_bracketed(name)},{_bracketed(name)}:*" for name in sorted(names))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
