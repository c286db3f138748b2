"""Run a suite on a frame of bars and give the verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import pandas as pd
from great_expectations.checkpoint.checkpoint import Checkpoint
from great_expectations.core import ExpectationSuite, RunIdentifier
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
)
from great_expectations.data_context.data_context.abstract_data_context import (
    AbstractDataContext,
)
from great_expectations.exceptions.exceptions import DataContextError
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from gx.docs.pages import standalone
from gx.engine.batches import ROWS_ONLY, FrameBatch, suite_of
from gx.engine.context import page_of, project_context
from gx.errors import SuiteError
from gx.gate.apart import JudgedApart, with_exceptions_apart
from gx.gate.asked import NOTHING_ASKED, Asked
from gx.gate.expected import beyond_their_end, end_remarks, parameters, without_bars
from gx.gate.outcomes import read_outcomes
from gx.gate.verdicts import (
    failing_bars,
    failing_rows_of,
    lookback_failing,
    symbol_verdicts,
    with_events,
    with_missing,
)
from gx.gate.waive import waive
from gx.plugins.expectations.lookback import with_lookback
from gx.project import PROJECT
from gx.report.events import places_of
from gx.report.labels import date_label
from gx.report.model import QualityReport
from gx.suite.calendars import Calendars
from gx.suite.fitting import fit
from gx.suite.named import suite_path
from gx.suite.read import Suite, read_suite, with_calendars
from gx.suite.waivers import Waiver, today


def run(
    bars: pd.DataFrame,
    *,
    results: Path,
    suite: str = "stock_data",
    run_name: str | None = None,
    as_of: str | None = None,
    asked: Asked = NOTHING_ASKED,
    lookback: pd.DataFrame | None = None,
    calendars: Calendars | None = None,
    waivers: Sequence[Waiver] = (),
    project: Path = PROJECT,
) -> QualityReport:
    """Run the committed checkpoint named like ``suite`` on ``bars`` and report.

    ``bars`` has the columns symbol, date, open, high, low, close, volume (prices and volume
    float64); what is missing is for the suite to find. Validation results and Data Docs land under
    ``results``; nothing in ``project`` is written. ``as_of`` (2025-11-04; default now) is the day
    at whose end freshness and future bars are judged; ``asked`` is what the bars are the answer to.
    ``lookback`` has the bars before ``bars``: they tell what is ordinary for a symbol, and are not
    judged themselves. ``calendars`` go before those that the suite gives. ``waivers`` are those of
    the suite: what they accept blocks nobody.

    One validation per process at a time: a context mixes up the batches of several threads.

    Raises SuiteError for a suite file that cannot be trusted.
    """
    read = with_calendars(read_suite(suite_path(suite, project / "expectations")), calendars)
    frame = with_lookback(bars, lookback)
    gx_context = project_context(results, project)
    given, data = parameters(read, as_of, asked), {"dataframe": frame}
    checkpoint = _checkpoint(gx_context, suite)
    (definition,) = checkpoint.validation_definitions
    stored = definition.suite
    # What Great Expectations has lost of the file is told by its absence: nothing stands in for it.
    fitted = fit(read.expectations, frame, given)
    apart = with_exceptions_apart(frame, read.expectations, given)
    whole = len(stored.expectations) == len(fitted)
    definition.suite = _FittedSuite.of(
        stored, fitted if whole else fit(stored.expectations, frame, given)
    )
    checked = checkpoint.run(
        batch_parameters=data,
        expectation_parameters=given,
        run_id=RunIdentifier(run_name=run_name),
    )
    ((key, result),) = checked.run_results.items()
    validation = _Validation(frame, lookback, fitted, given, asked, {}, waivers, apart)
    report = _report(read, FrameBatch(frame), validation, result)
    return replace(report, page=standalone(page_of(gx_context, key)))


def run_in_memory(
    bars: pd.DataFrame,
    suite: Suite,
    *,
    as_of: str | None = None,
    asked: Asked = NOTHING_ASKED,
    lookback: pd.DataFrame | None = None,
    skipped: Mapping[str, str] | None = None,
    waivers: Sequence[Waiver] = (),
) -> QualityReport:
    """Judge ``bars`` by a suite that need not be committed; writes nothing.

    ``as_of``, ``asked``, ``lookback`` and ``waivers`` are as in ``run``; ``skipped`` gives, by
    expectation type, why it makes no sense for these bars.
    """
    frame, skipped = with_lookback(bars, lookback), skipped or {}
    given = parameters(suite, as_of, asked)
    fitted = fit(suite.expectations, frame, given)
    wanted = [e for e in fitted if e.expectation_type not in skipped]
    apart = with_exceptions_apart(frame, suite.expectations, given, skipped)
    batch = FrameBatch(frame)
    result = batch.validate(suite_of(suite.name, wanted), result_format=ROWS_ONLY)
    validation = _Validation(frame, lookback, fitted, given, asked, skipped, waivers, apart)
    return _report(suite, batch, validation, result)


class _FittedSuite(ExpectationSuite):
    """A stored suite of which a checkpoint validates what was fitted to the bars.

    It equals the stored one, of which a checkpoint makes sure before it runs.
    """

    fitted: Sequence[ExpectationConfiguration] = ()

    @classmethod
    def of(cls, stored: ExpectationSuite, fitted: Sequence[Expectation]) -> Self:
        suite = cls(
            name=stored.name,
            expectations=stored.expectation_configurations,
            suite_parameters=stored.suite_parameters,
            meta=stored.meta,
            notes=stored.notes,
            id=stored.id,
        )
        suite.fitted = [expectation.configuration for expectation in fitted]
        for configuration, expectation in zip(suite.fitted, stored.expectations, strict=True):
            configuration.id = expectation.id  # type: ignore[assignment]
        return suite

    @property  # type: ignore[misc]  # the setter that it hides only raises
    def expectation_configurations(self) -> list[ExpectationConfiguration]:
        """What is validated."""
        return list(self.fitted)


def _checkpoint(context: AbstractDataContext, suite: str) -> Checkpoint:
    """The suite's checkpoint; raises SuiteError unless it runs that suite, and nothing else."""
    where = f"checkpoints/{suite}.json"
    try:
        checkpoint = context.checkpoints.get(suite)
    except DataContextError as error:
        raise SuiteError(f"suite {suite!r} has no {where} that can be read: {error}") from None
    named = [definition.suite.name for definition in checkpoint.validation_definitions]
    if named != [suite]:
        raise SuiteError(f"{where}: must run suite {suite!r} alone; it runs {', '.join(named)}")
    return checkpoint


@dataclass(frozen=True)
class _Validation:
    """What a suite was validated on, as which expectations, and with which parameters."""

    frame: pd.DataFrame
    lookback: pd.DataFrame | None
    fitted: Sequence[Expectation]
    parameters: Mapping[str, Any]
    asked: Asked
    skipped: Mapping[str, str]
    waivers: Sequence[Waiver]
    apart: JudgedApart | None


def _report(
    suite: Suite,
    batch: FrameBatch,
    validation: _Validation,
    result: ExpectationSuiteValidationResult,
) -> QualityReport:
    outcomes = read_outcomes(
        suite,
        batch,
        validation.frame,
        result,
        fitted=validation.fitted,
        skipped=validation.skipped,
        apart={} if validation.apart is None else validation.apart.outcomes,
    )
    frame = validation.frame.copy(deep=False)
    frame.attrs = {}  # a report is kept, and written: the lookback does not belong to it
    before = (
        frame.iloc[:0]
        if validation.lookback is None
        else validation.lookback.reset_index(drop=True)
    )
    known = pd.to_datetime(frame.get("date", pd.Series([])), errors="coerce").dropna()
    last_date = date_label(known.max())
    waived = waive(outcomes, frame, validation.waivers, today=today(), last_date=last_date)
    failing = failing_rows_of(waived.outcomes)
    whole = frame.reindex(columns=["symbol", "date"])
    outcomes = with_events(waived.outcomes, failing, whole.iloc[failing], places_of(failing, whole))
    verdicts = symbol_verdicts(frame, outcomes)
    absent = without_bars(suite, validation.parameters["as_of"], validation.asked, verdicts.keys())
    return QualityReport(
        suite=suite.name,
        suite_sha256=suite.sha256,
        suite_text=suite.text,
        rows=len(frame),
        first_date=date_label(known.min()),
        last_date=last_date,
        outcomes=outcomes,
        symbols=with_missing(verdicts, absent),
        failing=failing_bars(frame, outcomes),
        lookback_failing=lookback_failing(before, outcomes),
        weaknesses=(*suite.weaknesses, *end_remarks(suite, beyond_their_end(suite, frame))),
        waivers=waived.uses,
    )
