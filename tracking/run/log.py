"""Logging one DAG run: found or created, filled in few requests, and always closed."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tracking.client import asked_once, failures_named, open_client
from tracking.errors import RunIncompleteError, TrackingError
from tracking.history.trends import TrendPoint
from tracking.pages import run_url_path
from tracking.run.artifacts import log_folder
from tracking.run.batch import batches
from tracking.run.experiment import find_or_create_experiment
from tracking.run.identity import (
    INCOMPLETE,
    LOGGING_TAG,
    Claim,
    claim_run,
    dataset_keys,
    stale_tags,
)
from tracking.run.record import RunRecord
from tracking.run.upkeep import look_after
from tracking.store import TrackingStore, probe

if TYPE_CHECKING:
    from mlflow import MlflowClient


@dataclass(frozen=True)
class LoggedRun:
    """A run in MLflow; `url_path` leads to its page when put behind the server's address."""

    run_id: str
    experiment_id: str
    url_path: str


def log_run(
    store: TrackingStore, record: RunRecord, artifacts: Path, trends: Sequence[TrendPoint] = ()
) -> LoggedRun:
    """Track one DAG run: parameters, metrics, tags, description, and the folder `artifacts`.

    Logging the same `run_key` again completes or updates the same MLflow run, or replaces it when
    a parameter or the dataset changed or a metric is gone, which MLflow cannot undo: there is
    always exactly one active run per key. Whatever happens after the run was created, it ends: with
    the record's status and the tag ``logging=complete``, or FAILED with ``logging=incomplete``.
    Tags and files of an earlier attempt that are not in this one are removed; tags that people
    added stay. Then `trends` go to their own runs, and the experiment is looked after; what fails
    there is a warning.

    Raises StoreUnreachableError within seconds when the store is down, ExperimentDeletedError,
    RunIncompleteError when logging broke half-way (logging again completes it), and TrackingError
    for anything else that MLflow refuses, also when `artifacts` is no folder.
    """
    if not artifacts.is_dir():
        raise TrackingError(f"there is no artifact folder {artifacts}; write the run's files first")
    client = open_client(store)
    with failures_named(store, "the run could not be found or created"):
        experiment = find_or_create_experiment(client, store)
        experiment_id = str(experiment.experiment_id)
        claim = claim_run(client, experiment_id, record)
    run_id = str(claim.run.info.run_id)
    with _closed_in_any_case(client, store, run_id), _named_incomplete(store, run_id):
        _fill(client, store, claim, record, artifacts)
    look_after(client, store, experiment, trends)
    return LoggedRun(run_id, experiment_id, run_url_path(experiment_id, run_id))


def _fill(
    client: "MlflowClient", store: TrackingStore, claim: Claim, record: RunRecord, artifacts: Path
) -> None:
    """Send everything, what says that the run is complete last: a failure leaves it marked."""
    run, run_id = claim.run, claim.run.info.run_id
    if record.dataset and record.dataset.key not in dataset_keys(run):
        client.log_inputs(run_id, [record.dataset.as_input()])
    for tag in stale_tags(run, record):
        client.delete_tag(run_id, tag)
    with _files_named(store, run_id):
        log_folder(run, artifacts, client.tracking_uri, first_time=claim.fresh)
    client.set_terminated(run_id, status=record.status, end_time=record.end_time_ms)
    for batch in batches(run, record):
        client.log_batch(run_id, batch.metrics, batch.params, batch.tags, synchronous=True)


def _files_named(store: TrackingStore, run_id: str) -> contextlib.AbstractContextManager[None]:
    what = (
        f"run {run_id} is incomplete, since a file of it could not be stored; see that the "
        "artifact store answers and has room, then run the task again to complete the run"
    )
    return failures_named(store, what, RunIncompleteError)


def _named_incomplete(store: TrackingStore, run_id: str) -> contextlib.AbstractContextManager[None]:
    what = f"run {run_id} is incomplete, run the task again to complete it"
    return failures_named(store, what, RunIncompleteError)


@contextlib.contextmanager
def _closed_in_any_case(
    client: "MlflowClient", store: TrackingStore, run_id: str
) -> Iterator[None]:
    """Close a run as FAILED when its logging did not get to the end, be it by a time-out."""
    ended = False
    try:
        yield
        ended = True
    finally:
        if not ended:
            # Without an answer there is nothing to close: the tag says that it is incomplete, the
            # next attempt takes it up, and the first failure is the one worth telling.
            with contextlib.suppress(TrackingError):
                probe(store)
                with asked_once(), failures_named(store, "the run could not be closed"):
                    # All may have arrived but for the last answer: then it says complete by now.
                    client.set_tag(run_id, LOGGING_TAG, INCOMPLETE)
                    client.set_terminated(run_id, status="FAILED")
