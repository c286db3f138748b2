"""Track a run: collect what its steps left behind, and hand it to tracking as plain values."""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from textwrap import shorten

from dags.errors import AlteredError, NothingDue, RequestError, StagingError
from dags.reporting.lineage.emit import telling_end
from dags.reporting.missing import missing_symbols
from dags.reporting.report_files import finish_report
from dags.reporting.summary import summarise
from dags.reporting.tracked.artifacts import DOCS_ARTIFACT, REPORT_ARTIFACT, write_artifacts
from dags.reporting.tracked.children import children
from dags.reporting.tracked.dataset import bars_dataset
from dags.reporting.tracked.description import describe
from dags.reporting.tracked.digests import store_digests
from dags.reporting.tracked.metrics import run_metrics
from dags.reporting.tracked.trends import trend_points
from dags.reporting.verdict import run_sentence
from dags.run.context import Run
from dags.run.due import why_nothing_was_due
from dags.run.links import airflow_root
from dags.staging.layout import DAG_ID, REPORT, report_path, run_path
from dags.staging.records import Extracted, Logged, Records, StepRecord, Validated
from dags.staging.summaries import write_summary
from dags.work.lanes import lane_of
from gx.report.document import ReportDocument, read_document
from gx.web.summary import RunSummary
from tracking.pages import ARTIFACT_SCHEME
from tracking.run.children import log_children
from tracking.run.log import log_run
from tracking.run.record import RunRecord
from tracking.store import TrackingStore

VERDICT = 500  # characters
PAGES = {"Report": REPORT_ARTIFACT, "Data Docs": DOCS_ARTIFACT}


def log(run: Run) -> dict[str, object]:
    """Find or create the MLflow run of this DAG run and fill it, however far the steps came.

    Raises TrackingError when MLflow cannot be reached or refuses, NothingDue when there is nothing
    to track because nothing was due, AlteredError when somebody altered what the steps left: then
    that is tracked, and nothing of what is in the folder.
    """
    try:
        lane_of(run).complete_records()
        said = run.staging.records().items()
        return _log(run, Records({step: record for step, record in said if step != "log"}))
    except AlteredError as error:
        _log(replace(run, fault=f"{type(error).__name__}: {error}"), Records())
        raise


def _log(run: Run, steps: Records) -> dict[str, object]:
    settings, staging = run.settings, run.staging
    reason = why_nothing_was_due(steps)
    if reason:
        write_summary(staging, summarise(run, steps, None, reason))
        raise NothingDue(reason)
    report = read_document(staging.read_json(REPORT)) if steps.found(Validated) else None
    store = TrackingStore(
        settings.mlflow_tracking_uri,
        settings.mlflow_experiment_name,
        settings.mlflow_artifact_root,
    )
    # A run whose folder could not be written has no steps, and takes no record either.
    recorded: AbstractContextManager[StepRecord] = (
        staging.recorded("log") if steps else nullcontext(StepRecord())
    )
    with recorded as record:
        # Before MLflow is asked for anything: the pages show a run whether or not it answers.
        summary = None
        if steps or _was_refused(run):
            summary = summarise(run, steps, report, first_error(run, steps))
            write_summary(staging, summary)
        sentence = summary.verdict if summary else run.fault
        with telling_end(run, steps, report, sentence), tempfile.TemporaryDirectory() as folder:
            tables = write_artifacts(Path(folder), run, steps, report)
            if summary:
                decision = report.decision if report else None
                page = Path(folder) / REPORT_ARTIFACT
                finish_report(staging, page, summary.verdict, decision)
            links = _links(run, Path(folder))
            made = run_record(run, steps, report, summary, tables=tables, links=links)
            points = trend_points(
                report,
                summary.failing_rows if summary else 0,
                own=not run.instead_of,
                made_up=run.dataset.made_up,
            )
            logged = log_run(store, made, Path(folder), points)
            digests = store_digests(run, logged.run_id, Path(folder))
        log_children(store, logged, children(run, report) if steps else [])
        found = Logged(mlflow_run_id=logged.run_id, mlflow_page=logged.url_path, **digests)
        if summary:
            write_summary(staging, replace(summary, mlflow_page=logged.url_path))
        record.found = found
    return found.model_dump(exclude_unset=True)


def _was_refused(run: Run) -> bool:
    """Did no step begin, since nobody can mean the run's parameters? Its folder is made for that.

    What is in the folder of a run that was altered is not written over.
    """
    if not run.fault.startswith(RequestError.__name__):
        return False
    with suppress(StagingError):  # MLflow is told all the same
        run.staging.prepare()
        return True
    return False


def run_record(
    run: Run,
    steps: Records,
    report: ReportDocument | None,
    summary: RunSummary | None,
    *,
    tables: Sequence[str],
    links: Mapping[str, str],
) -> RunRecord:
    """The run in MLflow's terms: parameters, metrics, tags, a description and a dataset."""
    now, request, identity = datetime.now(UTC), run.request, run.identity
    failing_rows, error = summary.failing_rows if summary else 0, first_error(run, steps)
    verdict = summary.verdict if summary else run_sentence(steps, report, error)
    validated, complete = steps.found(Validated), steps.succeeded("publish")
    return RunRecord(
        run_key=identity.key,
        name=identity.run_id,
        status="FINISHED" if complete else "FAILED",
        params={
            "symbols": ",".join(request.symbols),
            "execution_date": identity.execution_date,
            "start_date": str(request.start or ""),
            "end_date": str(request.end or ""),
            "debug_mode": str(request.debug).lower(),
            "policy": request.policy,
            "accept_removals": ",".join(request.accept_removals),
            "suite": run.suite,
            "validation_status": validation_status(steps),
        },
        metrics=run_metrics(steps, report, failing_rows, (now - identity.started).total_seconds()),
        tags=run_tags(run, steps, report, verdict),
        description=describe(
            verdict,
            report,
            held=validated.held if validated else (),
            missing=missing_symbols(steps, report),
            error=error,
            links=links,
        ),
        start_time_ms=int(identity.started.timestamp() * 1000),
        end_time_ms=int(now.timestamp() * 1000),
        source_name=f"dags/{DAG_ID}.py",
        user=identity.user,
        tables=tables,
        dataset=bars_dataset(run, steps, report, verdict, failing_rows),
    )


def validation_status(steps: Records) -> str:
    """``passed``, ``quarantined`` (some symbols are held), ``failed``, or ``not_run``."""
    validated = steps.found(Validated)
    if validated is None:
        return "not_run"
    if not validated.open:
        return "failed"
    return "quarantined" if validated.held else "passed"


def run_tags(
    run: Run, steps: Records, report: ReportDocument | None, verdict: str
) -> dict[str, str]:
    """What runs are searched by; MLflow shows the first above the fold of a run's page."""
    identity = run.identity
    extracted, validated = steps.found(Extracted), steps.found(Validated)
    tags = {
        "verdict": shorten(verdict, VERDICT, placeholder=" …"),
        "workflow_type": "stock_data_quality",
        "environment": run.settings.environment,
        "airflow_dag_id": identity.dag_id,
        "airflow_run_id": identity.run_id,
        "trigger_type": identity.trigger_type,
        "missing_symbols": ",".join(missing_symbols(steps, report)),
        "held_symbols": ",".join(validated.held if validated else ()),
        "suite_sha256": report.suite_sha256 if report else "",
        "suite_instead_of": run.instead_of,
        "made_up": "true" if run.dataset.made_up else "",
        "data_digest": extracted.digest if extracted else "",
        "error": first_error(run, steps) or "",
        **_decision_tags(validated),
    }
    return {name: value for name, value in tags.items() if value}


def _decision_tags(validated: Validated | None) -> dict[str, str]:
    """What was decided where somebody was asked, by whom, and why."""
    answer = validated.answer if validated else None
    if answer is None:
        return {}
    return {
        "decision": answer.choice,
        "decided_by": answer.who or "nobody",
        "decision_reason": answer.why,
    }


def first_error(run: Run, steps: Records) -> str | None:
    """What went wrong first, if anything did."""
    if run.fault:
        return run.fault
    if not steps:
        return f"no step could write to the staging folder {run.staging}"
    for name, step in steps.items():
        if step.status != "success":
            return step.error or f"the step {name} was stopped before its end"
    return None


def _links(run: Run, folder: Path) -> dict[str, str]:
    """Where to read on: the run's pages among its artifacts, then Airflow's."""
    links = {
        label: f"{ARTIFACT_SCHEME}{path}"
        for label, path in PAGES.items()
        if (folder / path).exists()
    }
    root, identity = airflow_root(), run.identity
    if root:
        links["Airflow run"] = root + run_path(identity.dag_id, identity.run_id)
        links["Report in Airflow"] = root + report_path(identity.dag_id, identity.run_id)
    return links
