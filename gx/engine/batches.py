"""Hand frames and expectations to Great Expectations without any file, and read its answers."""

import json
import re
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from pathlib import Path

import pandas as pd
from great_expectations.core.expectation_suite import ExpectationSuite
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
)
from great_expectations.expectations.expectation import Expectation

from gx import project
from gx.engine.validator import on_frame

# Finds the positions of failing rows without the Python loop that index columns would cost.
ROWS_ONLY = {
    "result_format": "COMPLETE",
    "return_unexpected_index_query": False,
    "exclude_unexpected_values": True,
}


class FrameBatch:
    """A frame to validate suites on, in no context: nothing is configured, hashed or stored.

    What is known of the frame is kept from one validation to the next.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        """Hold the frame, which must not change from here on."""
        self._validator = on_frame(frame)

    def validate(
        self, suite: ExpectationSuite, result_format: Mapping[str, object] | str = "SUMMARY"
    ) -> ExpectationSuiteValidationResult:
        """The results of a suite's expectations, as a batch of Great Expectations gives them."""
        asked = self._validator.process_expectations_for_validation(
            suite.expectation_configurations
        )
        wanted = result_format if isinstance(result_format, str) else dict(result_format)
        results = self._validator.graph_validate(asked, {"result_format": wanted})
        return ExpectationSuiteValidationResult(
            success=all(found.success for found in results),
            results=results,
            suite_name=suite.name,
        )


def suite_of(name: str, expectations: Iterable[Expectation]) -> ExpectationSuite:
    """A suite that no store holds, of expectations without ids (see ``gx.suite.fitting``)."""
    return ExpectationSuite(name=name, expectations=list(expectations))


def exception_of(found: ExpectationValidationResult) -> str | None:
    """What the first exception says, in a line.

    Of one from a file in gx/plugins/custom/ it is the exception itself, its file and line.
    """
    entry = raised_in(found.exception_info or {})
    if entry is None:
        return None
    raised = _raised_by_custom(str(entry.get("exception_traceback")))
    return raised or in_a_line(str(entry.get("exception_message") or "unknown exception"))


def raised_in(info: Mapping[str, object]) -> Mapping[str, object] | None:
    """The first exception in a result's ``exception_info``; a failed metric nests it deeper."""
    entries = [info, *(value for value in info.values() if isinstance(value, Mapping))]
    return next((entry for entry in entries if entry.get("raised_exception")), None)


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


def expectation_key(type_: str, kwargs: Mapping[str, object]) -> str:
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
