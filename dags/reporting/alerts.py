"""Tell people of a closed gate, of held symbols and of a failed run.

Off unless ALERT_URLS names channels. Airflow calls the notifier in its dag-processor when a run has
ended, however it ended; what it raises is logged there, and never changes the run.
"""

import logging
import time
from dataclasses import asdict, dataclass
from textwrap import shorten
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import BaseNotifier

from dags.errors import AlertError, StagingError
from dags.run.links import airflow_root
from dags.run.settings import Settings
from dags.staging.files import Folder
from dags.staging.layout import report_path, run_folder, run_path, safe_name
from dags.staging.store import faults_named, make_folder
from dags.staging.summaries import read_summary
from gx.web.summary import RunSummary

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

log = logging.getLogger(__name__)
NAMED = 10
TITLE = 150  # characters; a mail's subject is cut by most programs before that
Kind = Literal["failure", "warning"]


@dataclass(frozen=True)
class Alert:
    """What is said, as plain text; ``topic`` is what the rate is limited by."""

    topic: str
    kind: Kind
    title: str
    body: str


@dataclass(frozen=True)
class LastAlert:
    """When a topic was last told (seconds since 1970), and what was not told since."""

    at: float = 0.0
    silenced: int = 0


class GateAlert(BaseNotifier):
    """Send an alert about the run that has just ended, if there is anything to say about it.

    Used as a DAG's callback for success (held or missing symbols) and for failure. One alert a
    suite within ALERT_EVERY_MINUTES; those in between are counted, and the next one says how many
    there were.
    """

    def __init__(self, *, failed: bool) -> None:
        super().__init__()
        self._failed = failed

    def render_template_fields(self, context: "Context", jinja_env: object = None) -> None:
        """Leave it as it is: nothing is a template, and `dag.test()` could not render one."""

    def notify(self, context: "Context") -> None:
        """Read what the run has left behind, and send it to every channel."""
        settings = Settings()
        alert = alert_of(settings, dict(context), failed=self._failed)
        if alert is not None:
            tell(settings, alert)


class QuestionAlert(BaseNotifier):
    """Tell that somebody is asked. Each question is told; a broken channel keeps none from waiting.

    It is for the task that asks, which has left the run's summary.
    """

    def notify(self, context: "Context") -> None:
        """Send it to every channel."""
        settings = Settings()
        dag_id, run_id = context["dag"].dag_id, context["run_id"]
        try:
            send(settings.channels, question_alert(settings, dag_id, str(run_id)))
        except AlertError as error:
            log.warning("nobody was told of the question: %s", error)


def question_alert(settings: Settings, dag_id: str, run_id: str) -> Alert:
    """What is said when a run waits for a decision: the verdict, how long, and where to decide."""
    summary = _summary(Folder(run_folder(settings.staging_url, dag_id, run_id)))
    root = airflow_root()
    decide = f"Decide: {root}{run_path(dag_id, run_id)}/required_actions\n" if root else ""
    limit = f"It holds the symbols when nobody answers within {settings.ask_hours:g} h."
    return Alert(
        topic=f"{summary.suite if summary else dag_id} asks",
        kind="warning",
        title=_title(dag_id, summary),
        body="\n\n".join(
            [
                *_findings(summary, {}),
                limit,
                f"{decide}{_links(settings, dag_id, run_id, summary)}",
            ]
        ),
    )


def alert_on(settings: Settings, *, failed: bool) -> GateAlert | None:
    """What a DAG calls when a run has failed, or has succeeded; None when there is no channel."""
    return GateAlert(failed=failed) if settings.channels else None


def alert_of(settings: Settings, context: dict[str, Any], *, failed: bool) -> Alert | None:
    """What there is to say about the run of a callback's context; None when all is well."""
    dag_id, run_id = context["dag"].dag_id, context["run_id"]
    summary = _summary(Folder(run_folder(settings.staging_url, dag_id, run_id)))
    findings = ("held", "missing", "doubtful", "removed", "no_longer_critical")
    if not failed and not (summary and any(getattr(summary, name) for name in findings)):
        return None
    return Alert(
        topic=(summary.suite if summary else "") or dag_id,
        kind="failure" if failed else "warning",
        title=_title(dag_id, summary),
        body="\n\n".join([*_findings(summary, context), _links(settings, dag_id, run_id, summary)]),
    )


def tell(settings: Settings, alert: Alert) -> None:
    """Send it, unless its topic was told a short while ago: then it is counted.

    Raises AlertError when no channel took it, StagingError when that cannot be remembered.
    """
    ledger = Ledger(settings.staging_url, alert.topic)
    last, now = _last_sent(ledger), time.time()
    if now - last.at < settings.alert_every_minutes * 60:
        ledger.write(LastAlert(last.at, last.silenced + 1))
        log.info("not told again within %g minutes: %s", settings.alert_every_minutes, alert)
        return
    send(settings.channels, alert, silenced=last.silenced)
    ledger.write(LastAlert(now))


def send(channels: list[str], alert: Alert, *, silenced: int = 0) -> None:
    """Send to all channels; raises AlertError, without a secret in it, when none took it."""
    # Half a second, which only a run with something to say pays.
    import apprise

    more = f"\n\n{silenced} more since the last alert were not sent." if silenced else ""
    logging.getLogger("apprise").disabled = True  # it prints addresses with their secrets
    message = apprise.Apprise()
    taken = 0
    for number, url in enumerate(channels, 1):
        message.clear()
        if not message.add(url):
            log.warning("channel %d of ALERT_URLS is no address that is understood", number)
        elif message.notify(
            title=alert.title,
            body=alert.body + more,
            notify_type=apprise.NotifyType(alert.kind),
            body_format=apprise.NotifyFormat.TEXT,  # else a symbol could be HTML in a mail
        ):
            taken += 1
        else:
            log.warning("channel %d of ALERT_URLS did not take the alert", number)
    if not taken:
        raise AlertError(f"none of {len(channels)} channels took the alert '{alert.title}'")
    log.info("told %d of %d channels: %s", taken, len(channels), alert.title)


class Ledger:
    """What was told of a topic, kept beside the runs, where every machine can read it."""

    def __init__(self, staging_url: str, topic: str) -> None:
        self._folder = Folder(f"{staging_url.rstrip('/')}/alerts")
        self._name = f"{safe_name(topic)}.json"

    def read(self) -> LastAlert:
        """What was told; nothing when nobody knows. Raises StagingError."""
        found = self._folder.find_json(self._name)
        return LastAlert(**found) if found else LastAlert()

    def write(self, last: LastAlert) -> None:
        """Remember it. Raises StagingError: a store that is not there is not made here either."""
        with faults_named(self._folder.root):
            make_folder(self._folder.root)
        self._folder.write_json(self._name, asdict(last))


def _summary(staging: Folder) -> RunSummary | None:
    """The run in short; None when it left none, or its store cannot be read: that is told too."""
    try:
        return read_summary(staging)
    except StagingError as error:
        log.warning("what the run found cannot be read: %s", error)
        return None


def _last_sent(ledger: Ledger) -> LastAlert:
    try:
        return ledger.read()
    except StagingError as error:
        log.warning("nobody knows what was told before: %s", error)
        return LastAlert()


def _title(dag_id: str, summary: RunSummary | None) -> str:
    """The suite, or else the workflow, and what became of the run, as far as a subject has room."""
    if not summary or summary.state == "no_verdict":
        return f"Run failed: {dag_id}"
    lost = summary.no_longer_critical
    if lost and summary.state != "closed" and not summary.held:
        # The verdict itself looks like any other.
        plural = "s" * (lost != 1)
        return (
            f"{lost:,} critical expectation{plural} fewer than in the run before: {summary.suite}"
        )
    return shorten(f"{summary.suite or dag_id}: {summary.verdict}", TITLE, placeholder=" …")


def _findings(summary: RunSummary | None, context: dict[str, object]) -> list[str]:
    if not summary:
        return [f"The run ended before it could say why ({context.get('reason') or 'no reason'})."]
    counts = ", ".join(f"{n:,} {name}" for name, n in summary.failures.items() if n)
    lines = [summary.verdict]
    if summary.rows:
        lines.append(
            f"{summary.rows:,} bars, {summary.failing_rows:,} of them failing; "
            f"expectations not met: {counts or 'none'}."
        )
    if summary.doubtful:
        lines.append(
            f"{summary.doubtful:,} bars that are published already fail now: see the report."
        )
    if summary.removed:
        lines.append(
            f"{summary.removed:,} published bars are not in the source any more: see the report."
        )
    for label, names in (
        ("Held", summary.held),
        ("Missing", summary.missing),
        ("At fault", summary.symbols),
    ):
        if names:
            more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
            lines.append(f"{label}: {', '.join(names[:NAMED])}{more}")
    return lines


def _links(settings: Settings, dag_id: str, run_id: str, summary: RunSummary | None) -> str:
    airflow, mlflow = airflow_root(), settings.mlflow_page_root
    links = {}
    if airflow:
        links["Report"] = f"{airflow}{report_path(dag_id, run_id)}"
        links["Airflow run"] = f"{airflow}{run_path(dag_id, run_id)}"
    if summary and summary.mlflow_page and mlflow:
        links["MLflow run"] = f"{mlflow}/{summary.mlflow_page}"
    return "\n".join(f"{label}: {url}" for label, url in links.items()) or f"Run {run_id}"
