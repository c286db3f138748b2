"""The tasks of the workflow that trains: for which dataset, and what they say."""

import logging
from typing import Any

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowSkipException

from dags.run.settings import Settings
from dags.training.score import score
from dags.training.train import train
from gx.dataset.read import read_dataset
from tracking.errors import NoChampionError

log = logging.getLogger(__name__)


def train_for(name: str) -> str:
    """Train on this dataset's published bars; says whether there is skill."""
    context: Any = get_current_context()
    user = getattr(context["dag_run"], "triggering_user_name", None) or "airflow"
    done = train(read_dataset(name), Settings(), user=user)
    log.info("%s", done.told)
    return done.told


def score_for(name: str) -> str:
    """Score this dataset's newest bars; is skipped while there is no champion."""
    try:
        done = score(read_dataset(name), Settings())
    except NoChampionError as error:
        raise AirflowSkipException(str(error)) from None
    log.info("%s", done.told)
    return done.told
