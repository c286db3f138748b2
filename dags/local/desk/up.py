"""`make up`: the whole desk on this machine, in the foreground, until it is told to stop."""

import os
import signal
import sys
import time
import urllib.error
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.exc import SQLAlchemyError

from dags.local.desk import database
from dags.local.desk import lock as desk_lock
from dags.local.desk.airflow_api import AirflowApi, fetch
from dags.local.desk.exposure import notice, require_logins
from dags.local.desk.parts import Addresses, Program, environment, mlflow_environment, parts
from dags.local.desk.ports import require_free
from dags.local.desk.processes.interrupts import STOPPING, Stopped, stop_on_signals
from dags.local.desk.processes.supervisor import Supervisor
from dags.local.desk.watch import RunWatch
from dags.local.passwords import RUNS, Logins, logins, passwords_file
from dags.local.services import MLFLOW, services
from dags.run.datasets import dag_of
from dags.run.known_symbols import remember
from dags.run.settings import ROOT, Settings
from gx.dataset.read import dataset_names
from sql.connection import connected
from sql.errors import BarStoreError
from sql.extract import known_symbols
from tracking.history.views import VIEWS

STOP_ORDER = (
    ("scheduler", "dag-processor", "triggerer"),  # running tasks still need the api-server
    ("api-server", "mlflow"),
    ("postgres",),
)


def up(var: Path, addresses: Addresses, outside: Mapping[str, str] = os.environ) -> int:
    """Start everything, say when it is ready, and keep it running until Ctrl-C or SIGTERM.

    Raises LocalError when the desk runs already, a port is taken, other machines could reach it
    without a login, or a part keeps failing; whatever was started is stopped before that.
    """
    var = var.resolve()
    require_logins(addresses, outside)
    if warning := notice(addresses):
        print(warning, flush=True)
    stop_on_signals()
    try:
        with desk_lock.claim(
            var,
            airflow=addresses.airflow,
            mlflow=addresses.mlflow,
            waiting=lambda text: say("desk", text),
        ) as lock:
            require_free(addresses.host, addresses.airflow_port, "Airflow", "PORT / --airflow-port")
            require_free(
                addresses.host, addresses.mlflow_port, "MLflow", "MLFLOW_PORT / --mlflow-port"
            )
            desk = Supervisor(var / "log", lock, say)
            try:
                _serve(desk, var, addresses, outside)
            finally:
                _stop(desk)
    except Stopped:
        say("desk", "stopped")
    return 0


def down(var: Path) -> int:
    """Stop the desk that runs in ``var``, and wait until nothing of it is left."""
    began = time.monotonic()
    record = desk_lock.stop(var.resolve())
    if record is None:
        print(f"no desk runs in {var}")
    else:
        print(f"stopped {record.airflow} in {time.monotonic() - began:.1f} s")
    return 0


def say(name: str, text: str) -> None:
    """One event, one line."""
    line = " ".join(text.split())  # a reason may have been written on several
    print(f"{datetime.now():%H:%M:%S}  {name:<14}{line}", flush=True)  # noqa: DTZ005  # the reader's clock


def _serve(desk: Supervisor, var: Path, addresses: Addresses, outside: Mapping[str, str]) -> None:
    began = time.monotonic()
    (var / "log").mkdir(parents=True, exist_ok=True)
    say("postgres", "starting (the first time this takes half a minute)")
    desk.start(_database(desk, var, outside))
    _until_ready(desk)
    for line in (desk.log / "postgres.log").read_text().splitlines():
        if line.startswith("stock_data "):  # what its start did to the table
            say("postgres", line)
    with services(var, outside) as found:
        _offer_symbols(Settings.of(found.environment))
        known = logins(passwords_file(var))
        shared = environment(found.environment, outside, addresses, known)
        api = AirflowApi(addresses.airflow_inside, "admin", known.passwords["admin"])
        store = found.server.settings(MLFLOW)
        of_mlflow = mlflow_environment(shared, store, var / "mlflow" / "artifacts", addresses)
        say("desk", "starting MLflow and Airflow")
        for part in parts(shared, of_mlflow, var, addresses, api):
            desk.start(part)
        _until_ready(desk)
        for name in dataset_names():
            # One that was added this very moment may not be known yet.
            with suppress(urllib.error.HTTPError):
                api.patch(f"/dags/{dag_of(name)}", {"is_paused": False})
        say("desk", f"ready in {time.monotonic() - began:.1f} s")
        found_views = _saved_views(addresses, known, Settings.of(found.environment))
        print(_welcome(addresses, known.passwords, found_views), flush=True)
        _watch(desk, RunWatch(api, _folder(shared["STAGING_URL"]), say))


def _offer_symbols(settings: Settings) -> None:
    """Let the trigger form offer what the table holds before any run has read it."""
    # The run says what is wrong with the table.
    with suppress(BarStoreError, SQLAlchemyError), connected(settings.bars()) as engine:
        remember(settings.results_dir, known_symbols(engine))


def _database(desk: Supervisor, var: Path, outside: Mapping[str, str]) -> Program:
    command = (sys.executable, "-m", "dags.local.desk.database", str(var))
    log = desk.log / "postgres.log"
    return Program(
        "postgres",
        command,
        {**outside, "PYTHONPATH": str(ROOT)},
        lambda _since: database.READY in log.read_text().splitlines(),
        # Broken off while it starts, PostgreSQL would be left to nobody. It starts within a minute.
        grace=90.0,
    )


def _until_ready(desk: Supervisor) -> None:
    while not desk.ready:
        desk.check()
        time.sleep(0.1)


def _watch(desk: Supervisor, runs: RunWatch) -> None:
    while True:
        desk.check()
        runs.check()
        time.sleep(0.2)


def _stop(desk: Supervisor) -> None:
    for number in STOPPING:  # told a second time: the leashes end what is left
        signal.signal(number, lambda *_: os._exit(130))
    if desk.running:
        say("desk", "stopping")
    desk.stop(STOP_ORDER)


def _saved_views(addresses: Addresses, known: Logins, settings: Settings) -> str:
    """The addresses of MLflow's saved views, a line each; they are made by the first run."""
    api = f"{addresses.mlflow_inside}/api/2.0/mlflow/experiments/get-by-name"
    asked = f"{api}?experiment_name={quote(settings.mlflow_experiment_name)}"
    try:
        found = fetch("GET", asked, login=(RUNS, known.runs))["experiment"]["experiment_id"]
    except OSError:  # 404 as a rule
        return "           (its two saved views are made by the first run)\n"
    shown = [f"{view.name}: {addresses.mlflow}/{view.url_path(found)}" for view in VIEWS]
    return "".join(f"           {line}\n" for line in shown)


def _welcome(addresses: Addresses, passwords: Mapping[str, str], views: str) -> str:
    users = "".join(f"    {user:<9}{password}\n" for user, password in passwords.items())
    return (
        f"\n  Airflow  {addresses.airflow}\n  MLflow   {addresses.mlflow}\n{views}\n"
        f"  Users and passwords, of both:\n{users}\n{notice(addresses)}"
        "  Ctrl-C stops everything.\n"
    )


def _folder(url: str) -> Path | None:
    return Path(url.removeprefix("file://")) if url.startswith("file://") else None
