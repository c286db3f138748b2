"""Tell people of a fetch that failed, and of symbols that are behind, with the reasons."""

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier

from dags.errors import AlertError, StagingError
from dags.reporting.alerts import TITLE, Alert, tell
from dags.run.links import airflow_root
from dags.run.settings import Settings
from dags.staging.layout import run_path

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

    from dags.fetch.work import Fetched

log = logging.getLogger(__name__)


class FetchAlert(BaseNotifier):
    """Tell that a fetch failed, and why; it is called once nothing is tried again."""

    def render_template_fields(self, context: "Context", jinja_env: object = None) -> None:
        """Leave it as it is: nothing is a template, and `dag.test()` could not render one."""

    def notify(self, context: "Context") -> None:
        """Send it to every channel."""
        given: Any = context
        name = str(given["params"]["dataset"])
        title = f"{name}: nothing was fetched"
        why = str(given.get("exception") or "no reason is known")
        tell(Settings(), Alert(_topic(name), "failure", title, f"{why}\n\n{_run(given)}"))


def fetch_alert_on(settings: Settings) -> FetchAlert | None:
    """What the task that fetches calls when it has failed; None when there is no channel."""
    return FetchAlert() if settings.channels else None


def tell_behind(settings: Settings, done: "Fetched", context: Any) -> None:
    """Tell which symbols are behind, and why; a channel that is broken keeps no bar away."""
    if not done.behind or not settings.channels:
        return
    many = f"{len(done.behind):,} of {len(done.outcomes):,} symbols"
    title = f"{done.dataset}: {many} are behind"[:TITLE]
    body = "\n\n".join([f"{done.sentence}.", *done.reasons, _run(context)])
    try:
        tell(settings, Alert(_topic(done.dataset), "warning", title, body))
    except (AlertError, StagingError) as error:
        log.warning("nobody was told of the symbols that are behind: %s", error)


def _topic(name: str) -> str:
    return f"{name} is fetched"


def _run(context: Any) -> str:
    dag_id, run_id = context["dag"].dag_id, str(context["run_id"])
    root = airflow_root()
    return f"Airflow run: {root}{run_path(dag_id, run_id)}" if root else f"Run {run_id}"
