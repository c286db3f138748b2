"""Hand frames and expectations to Great Expectations without any file, and read its answers."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import great_expectations
import pandas as pd
from great_expectations.core import ExpectationSuite
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.expectations.expectation import Expectation

# Finds the positions of failing rows without the Python loop that index columns would cost.
ROWS_ONLY = {
    "result_format": "COMPLETE",
    "return_unexpected_index_query": False,
    "exclude_unexpected_values": True,
}


def memory_batch(frame: pd.DataFrame) -> Batch:
    """``frame`` as a batch of a context that touches no file."""
    return memory_definition().get_batch(batch_parameters={"dataframe": frame})


def memory_definition() -> BatchDefinition:
    """What makes batches of frames, in a context of its own."""
    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    asset = context.data_sources.add_pandas("memory").add_dataframe_asset("bars")
    return asset.add_batch_definition_whole_dataframe("extract")


def suite_of(name: str, expectations: Iterable[Expectation]) -> ExpectationSuite:
    """A suite that was not read from a store, of expectations without ids (see ``gx.fitting``)."""
    return ExpectationSuite(name=name, expectations=list(expectations))


def exception_of(found: ExpectationValidationResult) -> str | None:
    """The first exception's message; a failed metric nests it under the metric's name."""
    info = found.exception_info or {}
    for entry in [info, *(value for value in info.values() if isinstance(value, dict))]:
        if entry.get("raised_exception"):
            return str(entry.get("exception_message") or "unknown exception")
    return None


def expectation_key(type_: str, kwargs: Mapping[str, Any]) -> str:
    """What makes two expectations the same check: the type and the kwargs, whatever their order."""
    named = {key: value for key, value in kwargs.items() if key != "batch_id"}
    return type_ + json.dumps(named, sort_keys=True, default=str)


def result_key(found: ExpectationValidationResult) -> str:
    """What tells which expectation a result belongs to (see ``entry_key``)."""
    configuration = found.expectation_config
    assert configuration is not None
    return expectation_key(configuration.type, configuration.kwargs)


def entry_key(expectation: Expectation) -> str:
    """The key with which the result of an expectation comes back, once it is fitted to the bars."""
    return expectation_key(expectation.configuration.type, expectation.configuration.kwargs)
