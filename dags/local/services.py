"""The embedded PostgreSQL under var/, and the environment that points everything at it."""

import base64
import fcntl
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import URL

from dags.local.errors import LocalError
from dags.local.passwords import write_secrets
from dags.run.settings import ROOT
from sql import embedded
from sql.connection import connected
from sql.schema import create_schema, load_sample

BARS, AIRFLOW, MLFLOW = "bars", "airflow", "mlflow"
# Airflow names a log's folder after the run's id: what no folder can be called blocks its worker.
RUN_IDS = "^[A-Za-z0-9_~:+-][A-Za-z0-9_.~:+-]{0,199}$"


@dataclass(frozen=True)
class Services:
    """The embedded PostgreSQL, and the environment in which Airflow and MLflow use it."""

    var: Path
    server: embedded.EmbeddedServer
    environment: Mapping[str, str]

    @property
    def log(self) -> Path:
        """Where the libraries talk to themselves."""
        return self.var / "log"


@contextmanager
def services(var: Path, outside: Mapping[str, str] = os.environ) -> Iterator[Services]:
    """Start or join the embedded PostgreSQL, make what is missing, and leave it again at the end.

    Bars are read from the database that POSTGRES_HOST names, if it is set, else from the embedded
    one, which is given schema and sample. Raises LocalError when a folder cannot be written, or
    Airflow's database not be made.
    """
    outside = {name: value for name, value in outside.items() if value}
    for folder in ("log", "airflow", "mlflow/artifacts", "staging", "quality"):
        _require_room(var / folder)
    with ExitStack() as stack:
        with _one_at_a_time(var / "setup.lock"):
            server = stack.enter_context(embedded.start(var / "postgres"))
            for name in (BARS, AIRFLOW, MLFLOW):
                server.ensure_database(name)
            environment = {**_environment(var, server), **outside, "PYTHONPATH": str(ROOT)}
            if "POSTGRES_HOST" not in outside:
                environment |= _embedded_bars(server)
            _migrate(var, environment)
        yield Services(var, server, environment)


@contextmanager
def bars_alone(var: Path, outside: Mapping[str, str] = os.environ) -> Iterator[Mapping[str, str]]:
    """The environment that names the database of the bars, for what only reads there.

    Nothing of Airflow's or MLflow's is needed or made; the embedded server is started or joined
    where POSTGRES_HOST names no other.
    """
    outside = {name: value for name, value in outside.items() if value}
    if "POSTGRES_HOST" in outside:
        yield outside
        return
    _require_room(var)
    with embedded.start(var / "postgres") as server:
        server.ensure_database(BARS)
        yield {**outside, **_names_of_bars(server)}


def _require_room(folder: Path) -> None:
    """Make the folder and try to write in it: what fails later fails in the middle of a run."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(1 << 16))
    except OSError as error:
        raise LocalError(
            f"{folder} cannot be written ({error.strerror}); mend its permissions, or make room"
        ) from None


def _embedded_bars(server: embedded.EmbeddedServer) -> dict[str, str]:
    settings = server.settings(BARS)
    with connected(settings) as engine:
        for line in create_schema(engine):
            print(line, file=sys.stderr, flush=True)
        load_sample(engine)
    return _names_of_bars(server)


def _names_of_bars(server: embedded.EmbeddedServer) -> dict[str, str]:
    settings = server.settings(BARS)
    return {
        "POSTGRES_HOST": settings.host,
        "POSTGRES_PORT": str(settings.port),
        "POSTGRES_DB": settings.database,
        "POSTGRES_USER": settings.user,
        "POSTGRES_PASSWORD": "",
    }


def _environment(var: Path, server: embedded.EmbeddedServer) -> dict[str, str]:
    """Airflow's and MLflow's settings; whatever the caller's environment sets wins over them."""
    airflow = server.url(AIRFLOW)
    keys = _secrets(var / "airflow" / "secrets.json")
    return {
        "AIRFLOW_HOME": str(var / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "dags" / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__SCHEDULER__ALLOWED_RUN_ID_PATTERN": RUN_IDS,
        "AIRFLOW__CORE__FERNET_KEY": keys["fernet_key"],
        "AIRFLOW__API_AUTH__JWT_SECRET": keys["jwt_secret"],
        "AIRFLOW__API__SECRET_KEY": keys["secret_key"],
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": _text(airflow),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": _text(
            airflow.set(drivername="postgresql+asyncpg")
        ),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": keys["mlflow_secret_key"],
        "MLFLOW_TRACKING_URI": _text(server.url(MLFLOW)),
        "MLFLOW_ARTIFACT_ROOT": str(var / "mlflow" / "artifacts"),
        "STAGING_URL": f"file://{var / 'staging'}",
        "ARCHIVE_ROOT": f"file://{var / 'archive'}",
        "RESULTS_DIR": str(var / "quality"),
    }


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _secrets(path: Path) -> dict[str, str]:
    """Keys that are made once and kept where only their owner can read them.

    A folder that an earlier version made is given the keys that it did not know.
    """
    stored: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    made = {
        "fernet_key": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "jwt_secret": secrets.token_urlsafe(64),
        "secret_key": secrets.token_urlsafe(64),
        "mlflow_secret_key": secrets.token_urlsafe(64),
    }
    if not made.keys() <= stored.keys():
        stored = {**made, **stored}
        write_secrets(path, stored)
    return stored


def _migrate(var: Path, environment: Mapping[str, str]) -> None:
    """Bring Airflow's database up to this version of Airflow, once."""
    done = var / "airflow" / "migrated"
    wanted = f"{version('apache-airflow')} {environment['AIRFLOW__DATABASE__SQL_ALCHEMY_CONN']}"
    if done.exists() and done.read_text() == wanted:
        return
    log = var / "log" / "airflow-migrate.log"
    with log.open("ab") as sink:
        command = [sys.executable, "-m", "airflow", "db", "migrate"]
        ended = subprocess.run(command, env=environment, stdout=sink, stderr=sink, check=False)
    if ended.returncode:
        raise LocalError(f"Airflow's database could not be made; {log} says why")
    done.write_text(wanted)


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
