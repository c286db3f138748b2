"""The task of the workflow that fetches: what it is asked, and whom it tells."""

import logging
from typing import Any

from airflow.sdk import AssetAlias, get_current_context

from dags.fetch.faults import FetchFault
from dags.fetch.of_dataset import fetch_dataset
from dags.fetch.work import Fetched, Progress
from dags.reporting.assets import FETCHED, fetched_asset
from dags.run.settings import Settings
from gx.dataset.read import read_dataset
from sql.fetched.bars import Stored

log = logging.getLogger(__name__)


def fetch_for() -> str:
    """Fetch what this run's parameters name; says what came.

    Raises FetchFault when nothing came.
    """
    context = get_current_context()
    params: Any = context["params"]
    dataset = read_dataset(str(params["dataset"]))
    run_id = str(context["dag_run"].run_id)
    done = fetch_dataset(
        dataset, tuple(params["symbols"] or ()), Settings(), run_id=run_id, told=_tell
    )
    for one in done.outcomes:
        for note in one.notes:
            log.info("%s: %s", one.symbol, note)
        if one.fault:
            log.warning("%s is behind: %s", one.symbol, one.fault)
    log.info("%s", done.sentence)
    if done.nothing_came:
        raise FetchFault("other", f"nothing came. {done.sentence}: {done.behind[0].fault}")
    if done.stored != Stored():
        _announce(context, dataset.name, done)
    return done.sentence


def _announce(context: Any, name: str, done: Fetched) -> None:
    """Let the dataset's own workflow run: there is something to judge."""
    extra = {
        "new": done.stored.new,
        "restated": done.stored.restated,
        "behind": [one.symbol for one in done.behind][:100],
    }
    context["outlet_events"][AssetAlias(FETCHED)].add(fetched_asset(name), extra=extra)


def _tell(so_far: Progress) -> None:
    if so_far.is_worth_telling:
        log.info("%s", so_far.sentence)
