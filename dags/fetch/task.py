"""The task of the workflow that fetches: what it is asked, and whom it tells."""

import logging
from typing import Any, NoReturn

from airflow.sdk import AssetAlias, get_current_context

from dags.errors import GatewayLostError
from dags.fetch.alerts import tell_behind
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

    Raises FetchFault when nothing came, GatewayLostError when that may pass.
    """
    context = get_current_context()
    params: Any = context["params"]
    dataset = read_dataset(str(params["dataset"]))
    run_id = str(context["dag_run"].run_id)
    settings, symbols = Settings(), tuple(params["symbols"] or ())
    try:
        done = fetch_dataset(dataset, symbols, settings, run_id=run_id, told=_tell)
    except FetchFault as error:
        if error.passes:
            raise GatewayLostError(str(error)) from error
        raise
    for one in done.outcomes:
        for note in one.notes:
            log.info("%s: %s", one.symbol, note)
        if one.fault:
            log.warning("%s is behind: %s", one.symbol, one.fault)
    log.info("%s", done.sentence)
    if done.nothing_came:
        _nothing_came(done)
    tell_behind(settings, done, context)
    if done.stored != Stored():
        _announce(context, dataset.name, done)
    return done.sentence


def _nothing_came(done: Fetched) -> NoReturn:
    said = "\n".join(["nothing came.", *done.reasons])
    if any(one.passes for one in done.behind):
        raise GatewayLostError(said)
    raise FetchFault("other", said)


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
