"""Opening an MLflow client, and turning its failures into ours."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tracking.errors import StoreUnreachableError, TrackingError
from tracking.store import TrackingStore, probe, schema_lock

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow takes these from the environment alone, so this is the one place that sets them; a value
# that is already there wins.
_RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
_ENVIRONMENT = {
    # A server that is down costs 247 s a call with MLflow's own 7 retries of 120 s.
    _RETRIES: "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    # Else every finished run prints two lines to stdout and costs two more requests.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # Pooled connections would outlive the task and hold up the database's shutdown.
    "MLFLOW_SQLALCHEMYSTORE_POOLCLASS": "NullPool",
}


def open_client(store: TrackingStore) -> "MlflowClient":
    """A client for a store that answered a moment ago.

    Raises StoreUnreachableError when it does not answer, TrackingError when it is no MLflow store
    or one of another version.
    """
    probe(store)
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    # 5 to 6 s, whichever part of MLflow is named: paid by the task that tracks, not by importers.
    from mlflow import MlflowClient

    with schema_lock(store), failures_named(store, "the store could not be opened"):
        return MlflowClient(tracking_uri=store.client_uri)


@contextmanager
def failures_named(
    store: TrackingStore, what: str, error_type: type[TrackingError] = TrackingError
) -> Iterator[None]:
    """Raise `error_type`, without a password in it, for any failure of MLflow, disk or network.

    A plain TrackingError is a StoreUnreachableError where the store went away meanwhile.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        of_driver = getattr(error.__cause__, "orig", None) or error
        said = str(of_driver).strip().partition("\n")[0]  # SQL and its parameters follow
        cause = store.redact(f"{type(error).__name__}: {said}")
        if error_type is TrackingError and _went_away(error):
            error_type = StoreUnreachableError
        # The original stays out of the traceback: its text holds the URI with the password.
        raise error_type(f"{store.label}: {what}: {cause}") from None


def _went_away(error: BaseException | None) -> bool:
    """Whether network, database or disk is behind a failure of MLflow: time may mend it."""
    from sqlalchemy.exc import InterfaceError, OperationalError

    while error is not None:
        if isinstance(error, OSError | OperationalError | InterfaceError):
            return True
        if getattr(error, "error_code", "") == "TEMPORARILY_UNAVAILABLE":
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def asked_once() -> Iterator[None]:
    """Send each request once: a failing answer is not waited for again, 10 s each time."""
    before = os.environ.get(_RETRIES)
    os.environ[_RETRIES] = "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_RETRIES]
        else:
            os.environ[_RETRIES] = before
