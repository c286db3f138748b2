"""Try an expectation before it is trusted: whatever cannot run is refused when it is read.

Pydantic knows the shape of kwargs, not what becomes of them: a broken pattern, a condition that
pandas cannot parse, a text where a number is compared, a mean of names, a metric that databases
alone have. So each entry is run once, on made-up bars of the columns and types that a run has.
"""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from great_expectations.core.expectation_validation_result import (
    ExpectationValidationResult,
)
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.core.expect_table_row_count_to_be_between import (
    ExpectTableRowCountToBeBetween,
)
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.row_conditions import Condition
from pydantic.v1 import ValidationError

from gx.engine.batches import (
    ROWS_ONLY,
    FrameBatch,
    entry_key,
    exception_of,
    in_a_line,
    result_key,
    suite_of,
)
from gx.plugins.expectations import BarExpectation
from gx.suite.custom.files import custom_signature
from gx.suite.entries.named_columns import EXTRACTED, condition_faults, in_words, names_in
from gx.suite.fitting import fit

ASKS_A_DATABASE = "asks a database, and a suite judges frames of pandas alone"
# They have no implementation for frames, ask in SQL, or for what no bar has.
FRAMES_CANNOT = {
    "expect_column_values_to_match_like_pattern": f"{ASKS_A_DATABASE}; use the regex form",
    "expect_column_values_to_match_like_pattern_list": f"{ASKS_A_DATABASE}; use the regex form",
    "expect_column_values_to_not_match_like_pattern": f"{ASKS_A_DATABASE}; use the regex form",
    "expect_column_values_to_not_match_like_pattern_list": f"{ASKS_A_DATABASE}; use the regex form",
    "expect_column_values_to_match_json_schema": "no column of a bar holds JSON",
    "expect_query_results_to_match_comparison": ASKS_A_DATABASE,
    "expect_table_row_count_to_equal_other_table": ASKS_A_DATABASE,
    "unexpected_rows_expectation": f"{ASKS_A_DATABASE}; write a custom expectation instead",
}
# What a run gives (gx.gate.expected), as it could be on the day after the made-up bars.
# What a suite's parameters stand for, by name.
Parameters = Mapping[str, Any]
GIVEN: Parameters = {
    "as_of": "2025-09-29T08:00:00+00:00",
    "symbols": ["AAPL", "MSFT"],
    "first_date": "2025-09-01",
    "last_date": "2025-09-26",
    "ended": {},
}
# Nothing that they may say can make them raise on a column that is there: half of our suite.
_NEVER_RAISE = {
    "expect_column_to_exist",
    "expect_column_values_to_be_null",
    "expect_column_values_to_be_unique",
    "expect_column_values_to_not_be_null",
    "expect_compound_columns_to_be_unique",
    "expect_table_columns_to_match_ordered_list",
    "expect_table_columns_to_match_set",
}
_NO_FRAMES, _NO_METRIC = "No provider found", "No definition found"
_OURS = ("great_expectations.", "gx.plugins.expectations.")
_OF_CONDITION = ("row_condition", "condition_parser")
Fault = tuple[str, str | None]
NO_FAULT: Fault = ("", None)
_REMEMBERED = 2_000
_known: dict[str, Fault] = {}


def rehearse(expectations: Sequence[Expectation], parameters: Parameters) -> list[Fault]:
    """For each expectation why it cannot run, or "", and the kwarg that is at fault if one is.

    ``parameters`` are the suite's own. What fails on some data alone is accepted: that closes the
    gate then.
    """
    if len(_known) > _REMEMBERED:
        _known.clear()
    values = {**parameters, **GIVEN}
    given = json.dumps([values, custom_signature()], default=str)
    keys = [entry_key(one) + given for one in expectations]
    new = {key: e for key, e in zip(keys, expectations, strict=True) if key not in _known}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for key, fault in zip(new, _tried(list(new.values()), values), strict=True):
            _known[key] = fault
    return [_known[key] for key in keys]


def _tried(expectations: Sequence[Expectation], values: Parameters) -> Iterator[Fault]:
    """Most run: all are tried together first, which takes a fifth of the time."""
    wanted = [e for e in expectations if _is_worth_it(e)]
    together = _run(wanted, _bars(), values)
    doubted = {id(e) for e, raised in zip(wanted, together, strict=True) if raised}
    for expectation in expectations:
        if why := FRAMES_CANNOT.get(expectation.expectation_type):
            yield why, "type"
        else:
            yield _alone(expectation, values) if id(expectation) in doubted else NO_FAULT


def unasked(kwargs: Parameters, parameters: Parameters) -> list[Fault]:
    """Why the row condition among ``kwargs`` cannot be asked, whatever else is wrong with them."""
    given = {key: kwargs[key] for key in _OF_CONDITION if kwargs.get(key) is not None}
    if "row_condition" not in given:
        return []
    try:
        counted = ExpectTableRowCountToBeBetween(min_value=0, **given)
    except Exception:  # parsers of conditions raise errors of their own; building the entry tells
        return []
    condition = counted.row_condition
    if not in_words(condition) and (unknown := condition_faults(condition)):
        return [*unknown]
    if raised := _asked_of(counted, {**parameters, **GIVEN}):
        undefined = condition_faults(condition, among=raised)
        return [*undefined] or [(f"its row_condition cannot be asked: {raised}", "row_condition")]
    return []


def _is_worth_it(expectation: Expectation) -> bool:
    type_, kwargs = expectation.expectation_type, expectation.configuration.kwargs
    if isinstance(expectation, BarExpectation):  # as they are they run, and some take a second
        return any(value != {"$PARAMETER": key} for key, value in kwargs.items())
    plain = not any(isinstance(value, dict | Condition) for value in kwargs.values())
    return type_ not in FRAMES_CANNOT and not (plain and type_ in _NEVER_RAISE)


def _alone(expectation: Expectation, values: Parameters) -> Fault:
    configuration = expectation.configuration
    if getattr(expectation, "row_condition", None) is not None:
        if faults := unasked(configuration.kwargs, values):
            return faults[0]
        # Of the made-up bars none may meet it, and some statistics raise when they have none.
        for key in _OF_CONDITION:
            configuration.kwargs.pop(key, None)
        expectation = configuration.to_domain_obj()
    (raised,) = _run([expectation], _bars(), values)
    if _NO_FRAMES in raised:
        return ASKS_A_DATABASE, "type"
    # Somebody's own expectation may need columns, or as many bars, as nobody here knows of.
    certain = type(expectation).__module__.startswith(_OURS) or _NO_METRIC in raised
    where = _kinds(expectation)
    return (f"it cannot run on bars{where}: {raised}", None) if raised and certain else NO_FAULT


def _asked_of(expectation: Expectation, values: Parameters) -> str:
    """What asking for the rows that meet its condition raises."""
    frame = _bars()
    try:
        fitted: Any = fit([expectation], frame, values)[0]
        engine = PandasExecutionEngine(batch_data_dict={"bars": frame})
        domain = {"batch_id": "bars", "row_condition": fitted.row_condition}
        meeting: object = engine.get_domain_records(domain)
    except Exception as error:  # as in _run
        return _sentence(error)
    return "" if isinstance(meeting, pd.DataFrame) else "it is neither true nor false of a row"


def results_on(
    frame: pd.DataFrame, expectations: Sequence[Expectation], values: Parameters
) -> list[ExpectationValidationResult | str]:
    """Each one's result on ``frame``, or what keeps it from having one.

    ``values`` are those of parameters. Several that are the same check have one result.
    """
    if not expectations:
        return []
    try:
        fitted = fit(expectations, frame, values)
        different = {entry_key(one): one for one in fitted}
        suite = suite_of("rehearsal", different.values())
        result = FrameBatch(frame).validate(suite, result_format=ROWS_ONLY)
    except Exception as error:  # whatever an entry makes Great Expectations raise is its fault
        if len(expectations) == 1:
            return [_sentence(error)]
        return [found for one in expectations for found in results_on(frame, [one], values)]
    by_key = {result_key(found): found for found in result.results}
    return [by_key.get(entry_key(one), "it was dropped") for one in fitted]


def _run(expectations: Sequence[Expectation], frame: pd.DataFrame, values: Parameters) -> list[str]:
    """What each one raises, "" for nothing."""
    return [
        _sentence(found if isinstance(found, str) else exception_of(found) or "")
        for found in results_on(frame, expectations, values)
    ]


def _sentence(raised: Exception | str) -> str:
    """What is raised, in a line."""
    if isinstance(raised, ValidationError):
        raised = "; ".join(dict.fromkeys(str(fault["msg"]) for fault in raised.errors()))
    said = str(raised) or (type(raised).__name__ if isinstance(raised, Exception) else "")
    return in_a_line(said)


def _kinds(expectation: Expectation) -> str:
    """What the columns that it names hold, where bars always have them."""
    words = {"O": "text", "M": "dates", "f": "numbers"}
    kinds = _bars().dtypes
    named = [name for _, name in names_in(expectation.configuration.kwargs)]
    kinds_held = [f"{name} holds {words[kinds[name].kind]}" for name in named if name in EXTRACTED]
    return f", where {' and '.join(kinds_held)}" if kinds_held else ""


@cache
def _bars() -> pd.DataFrame:
    """Two symbols over four weeks, typed as an extract is."""
    days = pd.bdate_range("2025-09-01", periods=20).as_unit("ms")
    wave = np.sin(np.arange(40)) + np.arange(40) / 20
    bars = {
        "symbol": pd.Series(["AAPL"] * 20 + ["MSFT"] * 20, dtype="str"),
        "date": [*days, *days],
        "open": 100 + wave,
        "high": 102 + wave,
        "low": 98 + wave,
        "close": 101 + wave,
        "volume": 1_000 + 10 * np.arange(40.0),
        "created_at": [*(days + pd.Timedelta(hours=22)), *(days + pd.Timedelta(hours=22))],
    }
    return pd.DataFrame(bars)[list(EXTRACTED)]
