"""Finding the experiment, or creating it."""

import re
from typing import TYPE_CHECKING

from tracking.errors import ExperimentDeletedError
from tracking.store import TrackingStore

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment


def find_or_create_experiment(client: "MlflowClient", store: TrackingStore) -> "Experiment":
    """The store's experiment, which is created when it is missing.

    Safe when several processes do it at once. Raises ExperimentDeletedError.
    """
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(store.experiment)
    if found is None:
        try:
            made = client.create_experiment(
                store.experiment, artifact_location=_artifact_location(store)
            )
            return client.get_experiment(made)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            found = client.get_experiment_by_name(store.experiment)
    return _active(found, store)


def _active(experiment: "Experiment | None", store: TrackingStore) -> "Experiment":
    if experiment is None:
        raise ExperimentDeletedError(
            f"experiment '{store.experiment}' vanished while it was being created; run the task "
            "again"
        )
    if experiment.lifecycle_stage != "active":
        raise ExperimentDeletedError(
            f"experiment '{store.experiment}' is deleted; restore it with `mlflow experiments "
            f"restore --experiment-id {experiment.experiment_id}`, or set another experiment name"
        )
    return experiment


def _artifact_location(store: TrackingStore) -> str | None:
    if store.artifact_root is None:
        return None
    # Two experiments may share a folder: below it every run has one of its own.
    folder = re.sub(r"[^A-Za-z0-9_-]+", "_", store.experiment)
    return f"{store.artifact_root.rstrip('/')}/{folder}"
