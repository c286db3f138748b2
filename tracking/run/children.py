"""The parts of a run, as runs of their own that MLflow shows below it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracking.client import failures_named, open_client
from tracking.errors import RunIncompleteError
from tracking.names import MAX_TAG, cut, metric_name
from tracking.run.log import LoggedRun
from tracking.run.record import Status
from tracking.store import TrackingStore

if TYPE_CHECKING:
    from mlflow import MlflowClient

PARENT_TAG = "mlflow.parentRunId"
# Three requests each; a page of MLflow shows no more of them either.
MOST_CHILDREN = 100


@dataclass(frozen=True, kw_only=True)
class ChildRecord:
    """One part of a run. Its name tells it from the other parts; times are ms since 1970, UTC."""

    name: str
    status: Status
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    start_time_ms: int
    end_time_ms: int


def log_children(
    store: TrackingStore, parent: LoggedRun, children: Sequence[ChildRecord]
) -> list[str]:
    """Track the parts of a run that is logged already; returns the ids of their runs.

    Of more than 100 parts those that failed come first, and the rest is left out. Logging the same
    parts again updates the same runs. They carry no run key: they are no runs of the DAG.

    Raises StoreUnreachableError, RunIncompleteError.
    """
    chosen = sorted(children, key=lambda child: child.status != "FAILED")[:MOST_CHILDREN]
    if not chosen:
        return []
    client = open_client(store)
    what = f"the parts of run {parent.run_id} are incomplete, run the task again to complete them"
    with failures_named(store, what, RunIncompleteError):
        known = child_runs(client, parent.experiment_id, parent.run_id)
        return [_log(client, parent, child, known.get(child.name)) for child in chosen]


def child_runs(client: "MlflowClient", experiment_id: str, run_id: str) -> dict[str, str]:
    """The ids of the runs below a run, by name. Raises MlflowException."""
    found = client.search_runs(
        [experiment_id], f"tags.`{PARENT_TAG}` = '{run_id}'", max_results=1_000
    )
    return {str(run.info.run_name): str(run.info.run_id) for run in found}


def _log(client: "MlflowClient", parent: LoggedRun, child: ChildRecord, known: str | None) -> str:
    from mlflow.entities import Metric, RunTag

    tags = {metric_name(name): cut(value, MAX_TAG) for name, value in child.tags.items()}
    if known is None:
        made = client.create_run(
            parent.experiment_id,
            start_time=child.start_time_ms,
            tags={PARENT_TAG: parent.run_id},
            run_name=child.name,
        )
        known = str(made.info.run_id)
    now = int(time.time() * 1000)
    client.log_batch(
        known,
        metrics=[Metric(metric_name(n), value, now, 0) for n, value in child.metrics.items()],
        tags=[RunTag(name, value) for name, value in tags.items()],
        synchronous=True,
    )
    client.set_terminated(known, status=child.status, end_time=child.end_time_ms)
    return known
