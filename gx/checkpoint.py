"""Run a suite on a frame of bars and give the verdict."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import great_expectations
import pandas as pd
from great_expectations.core import RunIdentifier
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
)

from gx.docs import render_validation_page
from gx.outcomes import ROWS_ONLY, memory_batch, read_outcomes, suite_of
from gx.report import QualityReport, date_label
from gx.suites import Suite, read_suite, suite_path
from gx.verdicts import failing_bars, symbol_verdicts

PROJECT = Path(__file__).parent


def run(
    bars: pd.DataFrame,
    *,
    results: Path,
    suite: str = "stock_data",
    run_name: str | None = None,
    as_of: str | None = None,
    context: pd.DataFrame | None = None,
    project: Path = PROJECT,
) -> QualityReport:
    """Run the committed checkpoint named like ``suite`` on ``bars`` and report.

    ``bars`` has the columns symbol, date, open, high, low, close, volume (prices and volume
    float64); what is missing is for the suite to find. Validation results and Data Docs land under
    ``results``; nothing in ``project`` is written. ``as_of`` (2025-11-04; default now) is the day
    at whose end freshness and future bars are judged. ``context`` has the bars before ``bars``:
    they tell what is ordinary for a symbol, and are not judged themselves.

    One validation per process at a time: a context mixes up the batches of several threads.

    Raises SuiteError for a suite file that cannot be trusted.
    """
    read = read_suite(suite_path(suite, project / "expectations"))
    frame = pd.concat([bars, context], ignore_index=True)
    gx_context = great_expectations.get_context(
        mode="file",
        context_root_dir=str(project),
        runtime_environment={"RESULTS_DIR": str(results.resolve())},
    )
    parameters = _parameters(as_of)
    checked = gx_context.checkpoints.get(suite).run(
        batch_parameters={"dataframe": frame},
        expectation_parameters=parameters,
        run_id=RunIdentifier(run_name=run_name),
    )
    (result,) = checked.run_results.values()
    report = _report(read, frame, len(bars), result, parameters, {})
    return replace(report, page=render_validation_page(result))


def run_in_memory(
    bars: pd.DataFrame,
    suite: Suite,
    *,
    as_of: str | None = None,
    context: pd.DataFrame | None = None,
    skipped: Mapping[str, str] | None = None,
) -> QualityReport:
    """Judge ``bars`` by a suite that need not be committed; writes nothing.

    ``context`` is as in ``run``; ``skipped`` gives, by expectation type, why it makes no sense for
    these bars.
    """
    frame, skipped = pd.concat([bars, context], ignore_index=True), skipped or {}
    parameters = _parameters(as_of)
    wanted = [e for e in suite.expectations if e.configuration.type not in skipped]
    result = memory_batch(frame).validate(
        suite_of(suite.name, wanted), result_format=ROWS_ONLY, expectation_parameters=parameters
    )
    assert isinstance(result, ExpectationSuiteValidationResult)
    return _report(suite, frame, len(bars), result, parameters, skipped)


def _parameters(as_of: str | None) -> dict[str, Any]:
    """What a suite file may leave to the run: {"$PARAMETER": "as_of"}."""
    return {"as_of": as_of or datetime.now(UTC).isoformat(timespec="seconds")}


def _report(
    suite: Suite,
    frame: pd.DataFrame,
    judged: int,
    result: ExpectationSuiteValidationResult,
    parameters: Mapping[str, Any],
    skipped: Mapping[str, str],
) -> QualityReport:
    outcomes = read_outcomes(
        suite, frame, result, judged=judged, parameters=parameters, skipped=skipped
    )
    frame = frame.iloc[:judged]
    known = pd.to_datetime(frame.get("date", pd.Series([])), errors="coerce").dropna()
    return QualityReport(
        suite=suite.name,
        suite_sha256=suite.sha256,
        suite_text=suite.text,
        rows=len(frame),
        first_date=date_label(known.min()),
        last_date=date_label(known.max()),
        outcomes=outcomes,
        symbols=symbol_verdicts(frame, outcomes),
        failing=failing_bars(frame, outcomes),
    )
