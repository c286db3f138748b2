"""Finding the runs that a person names: by id, by name, or as the latest and the one before."""

import re
from typing import TYPE_CHECKING

from tracking.errors import UnknownRunError
from tracking.run.record import RUN_KEY_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

# How many runs back each word leads.
_WORDS = {"latest": 0, "previous": 1}
_NEWEST_FIRST = ["attributes.start_time DESC", "attributes.run_id ASC"]


def find_run(client: "MlflowClient", experiment_id: str, name: str) -> "Run":
    """The run of this id or name, or ``latest``, or ``previous`` (the one before the latest).

    Raises UnknownRunError when there is none, or more than one of that name; MlflowException.
    """
    if name in _WORDS:
        return _nth(client, experiment_id, name)
    if re.fullmatch(r"[0-9a-f]{32}", name):
        return _by_id(client, name)
    return _by_name(client, experiment_id, name)


def _nth(client: "MlflowClient", experiment_id: str, word: str) -> "Run":
    back = _WORDS[word]
    tracked = f"tags.`{RUN_KEY_TAG}` LIKE '%'"
    runs = client.search_runs(
        [experiment_id], tracked, max_results=back + 1, order_by=_NEWEST_FIRST
    )
    if len(runs) <= back:
        raise UnknownRunError(f"there is no {word} run: the experiment has {len(runs)}")
    return runs[back]


def _by_id(client: "MlflowClient", run_id: str) -> "Run":
    from mlflow.exceptions import MlflowException

    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise UnknownRunError(f"no run has the id {run_id}; run names are taken as well") from None


def _by_name(client: "MlflowClient", experiment_id: str, name: str) -> "Run":
    if "'" in name:
        raise UnknownRunError(f"{name!r} cannot be searched for, it holds a quote; give its id")
    runs = client.search_runs(
        [experiment_id], f"attributes.run_name = '{name}'", max_results=10, order_by=_NEWEST_FIRST
    )
    if not runs:
        raise UnknownRunError(
            f"no run is called {name!r}; give a run's name or id as MLflow shows it, "
            "or `latest` or `previous`"
        )
    if len(runs) > 1:
        ids = ", ".join(run.info.run_id for run in runs)
        raise UnknownRunError(f"{len(runs)} runs are called {name!r}; give one's id: {ids}")
    return runs[0]
