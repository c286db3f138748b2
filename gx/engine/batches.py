"""Hand frames and expectations to Great Expectations without any file, and read its answers."""

import json
import re
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

import great_expectations
import pandas as pd
from great_expectations.core import ExpectationSuite
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.expectations.expectation import Expectation

from gx import project

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
    """A suite that no store holds, of expectations without ids (see ``gx.suite.fitting``)."""
    return ExpectationSuite(name=name, expectations=list(expectations))


def exception_of(found: ExpectationValidationResult) -> str | None:
    """What the first exception says, in a line; a failed metric nests it under its name.

    Of one from a file in gx/plugins/custom/ it is the exception itself, its file and line.
    """
    info = found.exception_info or {}
    for entry in [info, *(value for value in info.values() if isinstance(value, dict))]:
        if entry.get("raised_exception"):
            raised = _raised_by_custom(str(entry.get("exception_traceback")))
            return raised or in_a_line(str(entry.get("exception_message") or "unknown exception"))
    return None


def in_a_line(text: str) -> str:
    """The first line, which says it, and not longer than one."""
    line = text.strip().partition("\n")[0]
    return line if len(line) <= 300 else f"{line[:296]} …"


def _raised_by_custom(traceback: str) -> str:
    """The exception that passed through a file of somebody's own first, and where it did."""
    frames = [
        frame
        for frame in re.finditer(r'^ +File "(.+)", line (\d+).*\n', traceback, re.MULTILINE)
        if Path(frame[1]).parent == project.CUSTOM
    ]
    for frame, after in zip_longest(frames, frames[1:]):
        between = traceback[frame.end() : after.start() if after else None]
        if raised := re.search(r"^[^\s].*", between, re.MULTILINE):
            place = f"gx/plugins/custom/{Path(frame[1]).name}, line {frame[2]}"
            return f"{in_a_line(raised[0])} ({place})"
    return ""


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
