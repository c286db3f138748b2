"""Closing runs that a killed worker left RUNNING."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tracking.names import MAX_TAG, cut
from tracking.run.identity import INCOMPLETE, LOGGING_TAG, OWN_TAGS
from tracking.run.record import RUN_KEY_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

OLDER_THAN = timedelta(hours=6)
EXPLANATION_TAG = "closed_because"


@dataclass(frozen=True)
class ClosedRun:
    """A run that was closed: KILLED, ``logging=incomplete``, and a tag that says why."""

    run_id: str
    run_key: str
    started: datetime


def close_abandoned(
    client: "MlflowClient",
    experiment_id: str,
    older_than: timedelta = OLDER_THAN,
    at_most: int = 50,
) -> list[ClosedRun]:
    """Close the runs of DAG runs that began before `older_than` ago and are still RUNNING.

    One request when there are none, two more for each that there is; the oldest come first. A
    later attempt to log such a run completes it as if it had never been closed, also when it is
    under way at this very moment. Other runs, and those of trends, are not touched.
    Raises MlflowException.
    """
    limit = datetime.now(UTC) - older_than
    runs = client.search_runs(
        [experiment_id],
        f"attributes.status = 'RUNNING' AND tags.`{RUN_KEY_TAG}` LIKE '%' "
        f"AND attributes.start_time < {int(limit.timestamp() * 1000)}",
        max_results=at_most,
        order_by=["attributes.start_time ASC"],
    )
    return list(_closed(client, runs, older_than))


def _closed(
    client: "MlflowClient", runs: "list[Run]", older_than: timedelta
) -> Iterator[ClosedRun]:
    from mlflow.entities import RunTag

    for run in runs:
        run_id, tags = run.info.run_id, run.data.tags
        why = (
            f"still RUNNING {_hours(older_than)} after its start, so the worker that logged it was "
            "killed; clear the task log_to_mlflow in Airflow to complete it"
        )
        # Named among the tags that came with the record, so that completing the run removes it.
        own = ",".join(sorted({*filter(None, tags.get(OWN_TAGS, "").split(",")), EXPLANATION_TAG}))
        closing = {EXPLANATION_TAG: why, OWN_TAGS: cut(own, MAX_TAG), LOGGING_TAG: INCOMPLETE}
        client.log_batch(run_id, tags=[RunTag(key, value) for key, value in closing.items()])
        client.set_terminated(run_id, status="KILLED")
        started = datetime.fromtimestamp(run.info.start_time / 1000, UTC)
        yield ClosedRun(run_id, tags[RUN_KEY_TAG], started)


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:g} h"
