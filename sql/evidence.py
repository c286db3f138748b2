"""What each run handed to MLflow, by digest, where nobody can reach it who can reach MLflow."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg2 import errors as pg_errors
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from sql.errors import EvidenceError
from sql.locks import EVIDENCE, lock
from sql.statements import statement


@dataclass(frozen=True)
class FileDigest:
    """A file by its path in the run's artifacts, sha256 (hexadecimal) and size in bytes."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Evidence:
    """What a run handed over, and the id of the MLflow run that it went to."""

    mlflow_run_id: str
    files: tuple[FileDigest, ...]


def insert_evidence(engine: Engine, run_key: str, evidence: Evidence) -> None:
    """Keep what this run has handed over now; what it did before stays. Raises EvidenceError."""
    files = evidence.files
    bound = {
        "run_key": run_key,
        "mlflow_run_id": evidence.mlflow_run_id,
        "paths": [file.path for file in files],
        "digests": [file.sha256 for file in files],
        "sizes": [file.bytes for file in files],
    }
    with _named("kept"), engine.begin() as connection:
        lock(connection, EVIDENCE)  # each attempt has a number of its own
        connection.exec_driver_sql(statement("queries/insert_evidence"), bound)


def find_evidence(engine: Engine, run_key: str) -> Evidence | None:
    """What this run handed over last; None when nothing is known. Raises EvidenceError."""
    with _named("asked for"), engine.connect() as connection:
        found = connection.exec_driver_sql(
            statement("queries/find_evidence"), {"run_key": run_key}
        ).all()
    if not found:
        return None
    return Evidence(
        mlflow_run_id=found[0].mlflow_run_id,
        files=tuple(FileDigest(row.path, row.sha256, row.bytes) for row in found),
    )


@contextmanager
def _named(what: str) -> Iterator[None]:
    """Say in a sentence why the digests could not be reached: a run does not fail for it."""
    try:
        yield
    except DBAPIError as error:
        if isinstance(error.orig, pg_errors.UndefinedTable):
            reason = "it has no table stock_data_evidence; `make up` and airflow-init make it"
        elif isinstance(error.orig, pg_errors.InsufficientPrivilege):
            reason = "this user may not use stock_data_evidence; airflow-init grants it"
        else:
            reason = str(error.orig).strip().partition("\n")[0]
        raise EvidenceError(
            f"the digests cannot be {what} in the database of the bars: {reason}"
        ) from error
