"""The real services: one PostgreSQL a session, one database a test, and Airflow on its own."""

import importlib
import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from dags.local.services import Services, services
from dags.run.settings import Settings
from gx import project
from sql import embedded
from sql.connection import ConnectionSettings, make_engine
from sql.schema import create_schema, load_sample
from tests.databases import administer, named_in
from tests.work_units import UnitScheduling
from tests.workflow import Database, Workflow

TEMPLATE = "bars_template"
_numbers = itertools.count(1)


@pytest.hookimpl(optionalhook=True)  # `-p no:xdist` leaves nobody who would ask
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> UnitScheduling:
    """Keep together on one worker what shares a desk."""
    return UnitScheduling(config, log)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[embedded.EmbeddedServer]:
    """An embedded server with a template database that holds the schema."""
    # Not tmp_path: pytest closes those folders to others, and as root the server is another user.
    folder = Path(tempfile.mkdtemp(prefix="bars-test-"))
    with embedded.start(folder) as server:
        server.ensure_database(TEMPLATE)
        engine = make_engine(server.settings(TEMPLATE))
        create_schema(engine)
        engine.dispose()
        yield server
    shutil.rmtree(folder)


@pytest.fixture
def bars_database(postgres_server: embedded.EmbeddedServer) -> Iterator[ConnectionSettings]:
    """A fresh database with the schema and no rows."""
    name = f"bars_{next(_numbers)}"
    administer(postgres_server, f"create database {name} template {TEMPLATE}")
    yield postgres_server.settings(name)
    administer(postgres_server, f"drop database {name} with (force)")


@pytest.fixture
def engine(bars_database: ConnectionSettings) -> Iterator[Engine]:
    """An engine on `bars_database`; a connection that a test leaves checked out fails it."""
    engine = make_engine(bars_database)
    yield engine
    checked_out = engine.pool.checkedout()  # type: ignore[attr-defined]
    engine.dispose()
    assert checked_out == 0


@pytest.fixture(scope="session")
def airflow_services() -> Iterator[Services]:
    """Databases for Airflow and MLflow, on a server that is not the one of the bars."""
    assert "airflow" not in sys.modules, "a test module imports Airflow before its database is set"
    folder = Path(tempfile.mkdtemp(prefix="airflow-test-"))
    folder.chmod(0o755)
    ours = {name.upper() for name in Settings.model_fields}
    outside = {name: value for name, value in os.environ.items() if name not in ours}
    with services(folder, outside) as found:
        yield found
        airflow_settings = sys.modules.get("airflow.settings")
        if airflow_settings is not None:
            airflow_settings.dispose_orm()  # else its connections hold up the server's end
    shutil.rmtree(folder)


@pytest.fixture
def airflow_environment(
    airflow_services: Services, monkeypatch: pytest.MonkeyPatch
) -> Mapping[str, str]:
    """Airflow's own settings, for a test that imports Airflow."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in airflow_services.environment.items():
        if name.startswith("AIRFLOW"):
            monkeypatch.setenv(name, value)
    # The first import sets logging up, which would end what `caplog` listens to in mid-test.
    importlib.import_module("airflow.settings")
    return airflow_services.environment


@pytest.fixture
def database(bars_database: ConnectionSettings) -> Database:
    """The test's own database, with the schema and no rows."""
    return Database(bars_database)


@pytest.fixture
def sample(engine: Engine, database: Database) -> Database:
    """The test's own database, with the sample's 46 bars."""
    assert load_sample(engine) == 46
    engine.dispose()
    return database


@pytest.fixture
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of datasets in place of the checkout's: the default one, and what a test adds."""
    folder = tmp_path / "datasets"
    folder.mkdir()
    (folder / "stock_data.yml").write_text((project.DATASETS / "stock_data.yml").read_text())
    monkeypatch.setattr(project, "DATASETS", folder)
    return folder


@pytest.fixture
def workflow(
    airflow_environment: Mapping[str, str],
    bars_database: ConnectionSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Workflow:
    """The DAG, pointed at `bars_database` and at staging and results of this test's own."""
    for name, value in {
        **named_in(bars_database),
        "MLFLOW_TRACKING_URI": airflow_environment["MLFLOW_TRACKING_URI"],
        "MLFLOW_ARTIFACT_ROOT": airflow_environment["MLFLOW_ARTIFACT_ROOT"],
        "STAGING_URL": f"file://{tmp_path / 'staging'}",
        "RESULTS_DIR": str(tmp_path / "quality"),
        "RETRY_DELAY_SECONDS": "0.1",
    }.items():
        monkeypatch.setenv(name, value)
    return Workflow()
