"""What is done beside logging a run: trends, saved views, closing what was left open."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tracking.client import asked_once, failures_named
from tracking.errors import TrackingError
from tracking.history.trends import TrendPoint, add_points
from tracking.history.views import ensure_views
from tracking.run.reconcile import close_abandoned
from tracking.store import TrackingStore

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

log = logging.getLogger(__name__)


def look_after(
    client: "MlflowClient",
    store: TrackingStore,
    experiment: "Experiment",
    points: Sequence[TrendPoint],
) -> None:
    """Do whatever the experiment needs besides the run that has just been logged.

    None of it is worth a failed run: what cannot be done is a warning, and the next run does it.
    Two requests to a server that has everything, and one for each point.
    """
    experiment_id = str(experiment.experiment_id)
    try:
        with asked_once(), failures_named(store, "the experiment could not be looked after"):
            if points:
                add_points(client, experiment_id, points)
            for closed in close_abandoned(client, experiment_id):
                log.warning("closed %s, whose worker was killed", closed.run_key)
            ensure_views(client, experiment)
    except TrackingError as error:
        log.warning("%s", error)
