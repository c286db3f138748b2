"""One PostgreSQL and one MLflow server for all tests of tracking."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sql import embedded
from tests.mlflow_stores import (
    Server,
    database_store,
    mlflow_server,
    record,
    write_artifacts,
)
from tracking import LoggedRun, TrackingStore, log_run


@pytest.fixture(scope="session")
def tracking_place() -> Iterator[Path]:
    # Not pytest's own folder: as root PostgreSQL runs as another user, who may not enter that.
    folder = Path(tempfile.mkdtemp(prefix="tracking-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def tracking_postgres(tracking_place: Path) -> Iterator[embedded.EmbeddedServer]:
    with embedded.start(tracking_place / "pg") as server:
        yield server


@pytest.fixture(scope="session")
def tracking_database(
    tracking_postgres: embedded.EmbeddedServer, tracking_place: Path
) -> TrackingStore:
    return database_store(tracking_postgres, "mlflow", tracking_place)


@pytest.fixture(scope="session")
def direct_run(tracking_database: TrackingStore, tracking_place: Path) -> LoggedRun:
    """A run that went straight into the database, before any server was started on it."""
    folder = write_artifacts(tracking_place / "first")
    return log_run(tracking_database, record("dag/direct"), folder)


@pytest.fixture(scope="session")
def tracking_server(
    tracking_database: TrackingStore, direct_run: LoggedRun, tracking_place: Path
) -> Iterator[Server]:
    """An MLflow server started on a database that already holds a run."""
    with mlflow_server(tracking_database, tracking_place) as server:
        yield server


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    """A run's folder of two files."""
    return write_artifacts(tmp_path / "artifacts")
