"""Read tracked runs back, and close those that a killed worker left: what `gate` calls."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from tracking.client import failures_named, open_client
from tracking.errors import TrackingError
from tracking.store import TrackingStore

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from tracking.reading.tracked_run import TrackedRun


def read_runs(store: TrackingStore, names: Sequence[str]) -> list["TrackedRun"]:
    """What the runs left that are named by id, name, ``latest`` or ``previous``.

    Raises TrackingError.
    """
    from tracking.reading.run_names import find_run
    from tracking.reading.tracked_run import read_run

    with _opened(store) as (client, experiment_id):
        return [read_run(client, find_run(client, experiment_id, name)) for name in names]


def reconcile(store: TrackingStore, older_than: timedelta) -> list[str]:
    """Close the runs left RUNNING for so long; says which and how many. Raises TrackingError."""
    from tracking.run.reconcile import close_abandoned

    with _opened(store) as (client, experiment_id):
        closed = close_abandoned(client, experiment_id, older_than, at_most=1000)
    lines = [
        f"closed {run.run_key}, begun {run.started:%Y-%m-%d %H:%M} UTC ({run.run_id})"
        for run in closed
    ]
    then = "clear the task log_to_mlflow in Airflow to complete one"
    return [*lines, f"{len(closed)} closed; {then}"]


@contextmanager
def _opened(store: TrackingStore) -> Iterator[tuple["MlflowClient", str]]:
    client = open_client(store)
    with failures_named(store, "it could not be asked"):
        found = client.get_experiment_by_name(store.experiment)
        if found is None:
            raise TrackingError(
                f"{store.label} has no experiment '{store.experiment}'; see --experiment"
            )
        yield client, str(found.experiment_id)
