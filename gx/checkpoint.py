"""Run a suite on a frame of bars and give the verdict."""

from pathlib import Path

import great_expectations
import pandas as pd
from great_expectations.core import RunIdentifier
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
)

from gx.docs import render_validation_page
from gx.outcomes import memory_batch, read_outcomes, suite_of
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
    project: Path = PROJECT,
) -> QualityReport:
    """Run the committed checkpoint named like ``suite`` on ``bars`` and report.

    ``bars`` has the columns symbol, date, open, high, low, close, volume (prices and volume
    float64); what is missing is for the suite to find. Validation results and Data Docs land under
    ``results``; nothing in ``project`` is written. One validation per process at a time: a context
    mixes up the batches of several threads.

    Raises SuiteError for a suite file that cannot be trusted.
    """
    read = read_suite(suite_path(suite, project / "expectations"))
    frame = bars.reset_index(drop=True)
    context = great_expectations.get_context(
        mode="file",
        context_root_dir=str(project),
        runtime_environment={"RESULTS_DIR": str(results.resolve())},
    )
    checked = context.checkpoints.get(suite).run(
        batch_parameters={"dataframe": frame}, run_id=RunIdentifier(run_name=run_name)
    )
    (result,) = checked.run_results.values()
    return _report(read, frame, result)


def run_in_memory(
    bars: pd.DataFrame, suite: Suite, *, skipped: frozenset[str] = frozenset()
) -> QualityReport:
    """Judge ``bars`` by a suite that need not be committed; writes nothing.

    ``skipped`` names the expectation types that make no sense for these bars; they are reported as
    skipped.
    """
    frame = bars.reset_index(drop=True)
    wanted = [e for e in suite.expectations if e.configuration.type not in skipped]
    result = memory_batch(frame).validate(suite_of(suite.name, wanted))
    assert isinstance(result, ExpectationSuiteValidationResult)
    return _report(suite, frame, result, skipped)


def _report(
    suite: Suite,
    frame: pd.DataFrame,
    result: ExpectationSuiteValidationResult,
    skipped: frozenset[str] = frozenset(),
) -> QualityReport:
    outcomes = read_outcomes(suite, frame, result, skipped)
    dates = pd.Series(frame["date"] if "date" in frame else [], dtype="object")
    known = pd.to_datetime(dates, errors="coerce").dropna()
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
        page=render_validation_page(result),
    )
