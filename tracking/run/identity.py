"""Exactly one active run per DAG run: finding it, creating it, removing what contradicts it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracking.errors import TrackingError
from tracking.names import MAX_PARAM, MAX_TAG, cut, cut_markdown, metric_name
from tracking.pages import link_artifacts
from tracking.run.record import RUN_KEY_TAG, RunRecord
from tracking.run.tables import logged_tables

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

LOGGING_TAG = "logging"
INCOMPLETE = "incomplete"
COMPLETE = "complete"
# Names of the tags that came with the record, as opposed to those that people add by hand.
OWN_TAGS = "logged_tags"
_DESCRIPTION = "mlflow.note.content"
_UNFINISHED = "**Incomplete**: its logging has not come to its end; run the task again."


@dataclass(frozen=True)
class Claim:
    """The run to be filled; a `fresh` one was created a moment ago and holds nothing."""

    run: "Run"
    fresh: bool


def claim_run(client: "MlflowClient", experiment_id: str, record: RunRecord) -> Claim:
    """The one active run of this record, marked as incomplete until its logging has ended.

    An earlier run of the same key is taken up again when it agrees with the record. MLflow can
    neither change a parameter nor remove a metric or a dataset, so a run that disagrees is moved
    to the trash and a new one names it in its tag `replaces`. The new run is there before the old
    one goes. Raises TrackingError when another process logs the same key with other parameters.
    """
    created = ""
    active = _active_runs(client, experiment_id, record)
    if not _agreeing(active, record):
        created = _create(client, experiment_id, record, replaces=active)
        # Looked up again, since a create that was retried on its way may have left two, and
        # another process may have created one in the meantime.
        active = _active_runs(client, experiment_id, record)
    agreeing = _agreeing(active, record)
    if not agreeing:
        raise TrackingError(
            f"another process has just logged '{record.run_key}' with other parameters; "
            "see that it has ended, then run the task again"
        )
    claimed = agreeing[0]
    for run in active:
        if run.info.run_id != claimed.info.run_id:
            client.delete_run(run.info.run_id)
    if claimed.data.tags.get(LOGGING_TAG) != INCOMPLETE:
        client.set_tag(claimed.info.run_id, LOGGING_TAG, INCOMPLETE)
    return Claim(claimed, fresh=claimed.info.run_id == created)


def params_of(record: RunRecord) -> dict[str, str]:
    """The record's parameters as MLflow keeps them."""
    return {metric_name(key): cut(value, MAX_PARAM) for key, value in record.params.items()}


def tags_of(run: "Run", record: RunRecord) -> dict[str, str]:
    """The record's tags as MLflow keeps them, with those that the run page is made of."""
    about = link_artifacts(record.description, run.info.experiment_id, run.info.run_id)
    return _first_tags(record) | {_DESCRIPTION: cut_markdown(about)}


def _first_tags(record: RunRecord) -> dict[str, str]:
    """What can be said before MLflow has given the run an id."""
    own = {metric_name(key): cut(value, MAX_TAG) for key, value in record.tags.items()}
    if record.tables:
        own["mlflow.loggedArtifacts"] = logged_tables(record.tables)
    return own | {
        RUN_KEY_TAG: record.run_key,
        OWN_TAGS: cut(",".join(sorted(own)), MAX_TAG),
        _DESCRIPTION: _UNFINISHED,
        "mlflow.runName": cut(record.name, MAX_TAG),
        "mlflow.source.name": cut(record.source_name, MAX_TAG),
        "mlflow.source.type": "JOB",
        "mlflow.user": cut(record.user, MAX_TAG),
    }


def stale_tags(run: "Run", record: RunRecord) -> list[str]:
    """Tags of an earlier attempt that the record no longer has. A person's own tags stay."""
    logged_before = set(run.data.tags.get(OWN_TAGS, "").split(","))
    return sorted((logged_before - tags_of(run, record).keys()) & run.data.tags.keys())


def _active_runs(client: "MlflowClient", experiment_id: str, record: RunRecord) -> "list[Run]":
    return list(
        client.search_runs(
            [experiment_id],
            filter_string=f"tags.`{RUN_KEY_TAG}` = '{record.run_key}'",
            max_results=100,
        )
    )


def _agreeing(runs: "list[Run]", record: RunRecord) -> "list[Run]":
    """Runs that hold nothing that would have to go, the fullest first.

    The order is the same for every process that looks, so that two of them keep the same run.
    """
    params = params_of(record).items()
    metrics = {metric_name(name) for name in record.metrics}
    datasets = {record.dataset.key} if record.dataset else set()
    agreeing = [
        run
        for run in runs
        if run.data.params.items() <= params
        and run.data.metrics.keys() <= metrics
        and dataset_keys(run) <= datasets
    ]
    return sorted(agreeing, key=lambda run: (-len(run.data.params), run.info.run_id))


def dataset_keys(run: "Run") -> set[str]:
    """The digests of the datasets that the run is about."""
    inputs = run.inputs.dataset_inputs if run.inputs else ()
    return {entry.dataset.digest for entry in inputs}


def _create(
    client: "MlflowClient", experiment_id: str, record: RunRecord, replaces: "list[Run]"
) -> str:
    tags = _first_tags(record) | {LOGGING_TAG: INCOMPLETE}
    if replaces:
        tags["replaces"] = cut(" ".join(run.info.run_id for run in replaces), MAX_TAG)
    created = client.create_run(
        experiment_id,
        start_time=record.start_time_ms,
        tags=tags,
        run_name=tags["mlflow.runName"],
    )
    return str(created.info.run_id)
