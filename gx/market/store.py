"""Keep results that were put together from parts, where a checkpoint keeps its own."""

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from great_expectations.core import RunIdentifier
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
)
from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    ValidationResultIdentifier,
)

from gx.docs.pages import standalone
from gx.engine.context import page_of, project_context
from gx.market.merge import Merged
from gx.project import PROJECT

ASSET = {"datasource_name": "staged", "data_asset_name": "bars"}
BATCH = "staged-bars"


def store_results(merged: Merged, *, results: Path, run_name: str, project: Path = PROJECT) -> str:
    """Store the results and build their Data Docs page under ``results``; return the page."""
    context = project_context(results, project)
    run_id = RunIdentifier(run_name=run_name, run_time=datetime.now(UTC))
    suite = ExpectationSuiteIdentifier(name=merged.report.suite)
    key = ValidationResultIdentifier(
        expectation_suite_identifier=suite, run_id=run_id, batch_identifier=BATCH
    )
    context.validation_results_store.store_validation_results(
        suite_validation_result=_suite_result(merged, run_id),
        suite_validation_result_identifier=key,
        expectation_suite_identifier=suite,
    )
    context.build_data_docs(resource_identifiers=[key])
    return standalone(page_of(context, key))


def _suite_result(merged: Merged, run_id: RunIdentifier) -> ExpectationSuiteValidationResult:
    met = sum(bool(result.success) for result in merged.results)
    evaluated = len(merged.results)
    return ExpectationSuiteValidationResult(
        success=met == evaluated,
        results=list(merged.results),
        suite_name=merged.report.suite,
        statistics={
            "evaluated_expectations": evaluated,
            "successful_expectations": met,
            "unsuccessful_expectations": evaluated - met,
            "success_percent": 100 * met / evaluated if evaluated else None,
        },
        meta={
            "great_expectations_version": version("great-expectations"),
            "run_id": run_id,
            "validation_time": run_id.run_time,
            "active_batch_definition": {**ASSET, "batch_identifiers": {}},
            "batch_parameters": {"dataframe": "<DATAFRAME>"},
        },
        batch_id=BATCH,
    )
