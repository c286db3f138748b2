"""Track a run: collect what its steps left behind, and hand it to tracking as plain values."""

import json
import platform
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from airflow.configuration import conf

from dags.layout import (
    BARS,
    DOCS_PAGE,
    ENRICHED,
    REPORT,
    REPORT_PAGE,
    RESULTS,
    STEPS,
    SUITE,
    report_path,
    run_path,
)
from dags.run import Run
from dags.staging import Staging
from dags.summaries import summarise, write_summary
from tracking.record import RunRecord
from tracking.run_log import log_run
from tracking.store import TrackingStore

Steps = Mapping[str, Mapping[str, Any]]

SAMPLE_ROWS = 100
VERSIONED = ("great-expectations", "apache-airflow", "pandas", "mlflow", "pyarrow", "sqlalchemy")


def log(run: Run) -> dict[str, Any]:
    """Find or create the MLflow run of this DAG run and fill it, however far the steps came.

    Raises TrackingError when MLflow cannot be reached or refuses.
    """
    settings, staging = run.settings, run.staging
    steps = {name: step for name, step in staging.records().items() if name != "log"}
    report = staging.read_json(REPORT) if "open" in steps.get("validate", {}) else None
    store = TrackingStore(
        settings.mlflow_tracking_uri,
        settings.mlflow_experiment_name,
        settings.mlflow_artifact_root,
    )
    # A run whose folder could not be written has no steps, and takes no record either.
    recorded: AbstractContextManager[dict[str, Any]] = (
        staging.recorded("log") if steps else nullcontext({})
    )
    with recorded as record:
        # Before MLflow is asked for anything: the pages show a run whether or not it answers.
        summary = summarise(run, steps, report, first_error(run, steps)) if steps else None
        if summary:
            write_summary(run, summary)
        with tempfile.TemporaryDirectory() as folder:
            write_artifacts(Path(folder), run, steps)
            logged = log_run(store, run_record(run, steps, report), Path(folder))
        found = {"mlflow_run_id": logged.run_id, "mlflow_page": logged.url_path}
        if summary:
            write_summary(run, summary, logged.url_path)
        record.update(found)
    return found


def run_record(run: Run, steps: Steps, report: Mapping[str, Any] | None) -> RunRecord:
    """The run in MLflow's terms: parameters, metrics, tags and a description."""
    now, request, identity = datetime.now(UTC), run.request, run.identity
    complete = steps.get("publish", {}).get("status") == "success"
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
            "validation_status": validation_status(steps),
        },
        metrics=run_metrics(steps, report, (now - identity.started).total_seconds()),
        tags=run_tags(run, steps, report),
        description=describe(steps, report, first_error(run, steps)) + _links(run),
        start_time_ms=int(identity.started.timestamp() * 1000),
        end_time_ms=int(now.timestamp() * 1000),
        source_name=f"dags/{identity.dag_id}.py",
        user=identity.user,
    )


def validation_status(steps: Steps) -> str:
    """``passed``, ``quarantined`` (some symbols are held), ``failed``, or ``not_run``."""
    validate = steps.get("validate", {})
    if "open" not in validate:
        return "not_run"
    if not validate["open"]:
        return "failed"
    return "quarantined" if validate["held"] else "passed"


def run_metrics(steps: Steps, report: Mapping[str, Any] | None, seconds: float) -> dict[str, float]:
    """Counts and seconds; what a step did not come to is left out, never made up as 0."""
    metrics: dict[str, float] = {"execution_time_seconds": round(seconds, 3)}
    for step in STEPS:
        if "seconds" in steps.get(step, {}):
            metrics[f"seconds_{step}"] = steps[step]["seconds"]
    extracted = steps.get("extract", {})
    if "rows" in extracted:
        metrics["total_rows"] = extracted["rows"]
        metrics["symbols_processed"] = len(extracted["rows_by_symbol"])
        metrics["symbols_missing"] = len(extracted["missing_symbols"])
    if report:
        metrics |= _validation_metrics(report["expectations"])
    for step, rows in (("transform", "rows_transformed"), ("publish", "rows_published")):
        if "rows" in steps.get(step, {}):
            metrics[rows] = steps[step]["rows"]
    if "held" in steps.get("publish", {}):
        metrics["rows_held"] = steps["publish"]["held"]
    return metrics


def run_tags(run: Run, steps: Steps, report: Mapping[str, Any] | None) -> dict[str, str]:
    """What runs are searched by."""
    identity = run.identity
    extracted = steps.get("extract", {})
    held = steps.get("validate", {}).get("held")
    tags = {
        "workflow_type": "stock_data_quality",
        "environment": run.settings.environment,
        "airflow_dag_id": identity.dag_id,
        "airflow_run_id": identity.run_id,
        "trigger_type": identity.trigger_type,
        "missing_symbols": ",".join(extracted.get("missing_symbols", ())),
        "held_symbols": ",".join(held or ()),
        "suite_sha256": (report or {}).get("suite_sha256", ""),
        "data_digest": extracted.get("digest", ""),
        "error": first_error(run, steps) or "",
    }
    return {name: value for name, value in tags.items() if value}


def describe(steps: Steps, report: Mapping[str, Any] | None, error: str | None) -> str:
    """The run's description: the verdict first, or what kept it from one."""
    if report is None:
        return f"**No verdict**: {error}"
    lines = [f"**{report['verdict']}**"]
    lines += ["", *(f"- {reason}" for reason in steps.get("validate", {}).get("reasons", ()))]
    held = steps.get("validate", {}).get("held")
    if held:
        lines += ["", f"Held: {', '.join(held)}"]
    if error and not error.startswith("GateClosed"):
        lines += ["", f"Then: {error}"]
    return "\n".join(lines)


def _links(run: Run) -> str:
    """Back to the run's page in Airflow and to its report there."""
    root, identity = str(conf.get("api", "base_url", fallback="")).rstrip("/"), run.identity
    if not root:
        return ""
    return (
        f"\n\n[Report]({root}{report_path(identity.run_id)}) · "
        f"[Airflow run]({root}{run_path(identity.dag_id, identity.run_id)})"
    )


def first_error(run: Run, steps: Steps) -> str | None:
    """What went wrong first, if anything did."""
    if run.fault:
        return run.fault
    if not steps:
        return f"no step could write to the staging folder {run.staging}"
    for name, step in steps.items():
        if step["status"] != "success":
            return str(step.get("error", f"the step {name} was stopped before its end"))
    return None


def write_artifacts(folder: Path, run: Run, steps: Steps) -> None:
    """Lay out the run's artifacts; a step that did not come to its file leaves none."""
    staging, debug = run.staging, run.request.debug
    copies = {
        REPORT_PAGE: "validation/report.html",
        RESULTS: "validation/results.json",
        SUITE: "validation/suite.json",
        DOCS_PAGE: "data_docs/index.html",
    }
    for name, target in copies.items():
        if staging.exists(name):
            _write(folder / target, staging.read_text(name))
    summaries = {"extract": "extraction_summary.json", "transform": "transformation_summary.json"}
    for step, target in summaries.items():
        if step in steps:
            hidden = () if debug else ("sql",)
            shown = {key: value for key, value in steps[step].items() if key not in hidden}
            _write_json(folder / target, shown)
    samples = _samples(staging, steps)
    if samples:
        _write(folder / "data_sample.csv", list(samples.values())[-1])
    if debug:
        _write_debug(folder / "debug", run, steps)


def _write_debug(folder: Path, run: Run, steps: Steps) -> None:
    if "sql" in steps.get("extract", {}):
        _write(folder / "extract.sql", steps["extract"]["sql"])
    for step, sample in _samples(run.staging, steps).items():
        _write(folder / f"after_{step}.csv", sample)
    _write_json(folder / "settings.json", run.settings.masked())
    _write_json(
        folder / "versions.json",
        {"python": platform.python_version(), **{name: version(name) for name in VERSIONED}},
    )
    _write_json(folder / "timings.json", {s: r.get("seconds") for s, r in steps.items()})


def _samples(staging: Staging, steps: Steps) -> dict[str, str]:
    """The first rows after each step that came to its end, as CSV; half a file is no sample."""
    written = {"extract": BARS, "transform": ENRICHED}
    return {
        step: staging.read_table(name).slice(0, SAMPLE_ROWS).to_pandas().to_csv(index=False)
        for step, name in written.items()
        if steps.get(step, {}).get("status") == "success"
    }


def _validation_metrics(expectations: list[Mapping[str, Any]]) -> dict[str, float]:
    bad = [entry for entry in expectations if not entry["success"]]
    metrics: dict[str, float] = {
        "validation_checks_passed": len(expectations) - len(bad),
        "validation_checks_total": len(expectations),
    }
    for severity in ("critical", "warning", "info"):
        metrics[f"failures_{severity}"] = sum(entry["severity"] == severity for entry in bad)
    return metrics


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_json(path: Path, document: Any) -> None:
    _write(path, json.dumps(document, indent=1, default=str))
