"""Try an expectation before it is trusted: whatever cannot run is refused when it is read.

Pydantic knows the shape of kwargs, not what becomes of them: a broken pattern, a condition that
pandas cannot parse, a text where a number is compared, a mean of names, a metric that databases
alone have. So each entry is run once, on made-up bars of the columns and types that a run has.
"""

import json
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import product
from keyword import iskeyword
from typing import Any

import numpy as np
import pandas as pd
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
)
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.core import ExpectTableRowCountToBeBetween
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.row_conditions import (
    AndCondition,
    OrCondition,
    PassThroughCondition,
)
from pydantic.v1 import ValidationError

from gx.batches import (
    ROWS_ONLY,
    entry_key,
    exception_of,
    memory_definition,
    result_key,
    suite_of,
)
from gx.custom_files import custom_signature
from gx.fitting import fit
from gx.plugins.expectations import BarExpectation
from gx.report import BAR_COLUMNS

ASKS_A_DATABASE = "asks a database, and a suite judges frames of pandas alone"
# They have no implementation for frames, or ask in SQL.
FRAMES_CANNOT = {
    "expect_column_values_to_match_like_pattern": f"{ASKS_A_DATABASE}; use the regex form",
    "expect_column_values_to_match_like_pattern_list": f"{ASKS_A_DATABASE}; use the regex form",
    "expect_column_values_to_not_match_like_pattern": f"{ASKS_A_DATABASE}; use the regex form",
    "expect_column_values_to_not_match_like_pattern_list": f"{ASKS_A_DATABASE}; use the regex form",
    "expect_query_results_to_match_comparison": ASKS_A_DATABASE,
    "expect_table_row_count_to_equal_other_table": ASKS_A_DATABASE,
    "unexpected_rows_expectation": f"{ASKS_A_DATABASE}; write a custom expectation instead",
}
# What a run gives (gx.expected), as it could be on the day after the made-up bars.
GIVEN: Mapping[str, Any] = {
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
# A column that bars need not have may be any of these.
_GUISES: Mapping[str, Any] = {
    "number": 1.5,
    "text": "{}",
    "time": pd.Timestamp("2025-09-02"),
    "flag": True,
}
_BARS = (*BAR_COLUMNS, "created_at")
_NO_FRAMES, _NO_METRIC = "No provider found", "No definition found"
_OURS = ("great_expectations.", "gx.plugins.expectations.")
Fault = tuple[str, str | None]
NO_FAULT: Fault = ("", None)
_REMEMBERED = 2_000
_known: dict[str, Fault] = {}


def rehearse(expectations: Sequence[Expectation], parameters: Mapping[str, Any]) -> list[Fault]:
    """For each expectation why it cannot run, or "", and the kwarg that is at fault if one is.

    ``parameters`` are the suite's own. Columns that bars need not have are given whatever type lets
    the expectation run. What fails on some data alone is accepted: that closes the gate then.
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


def _tried(expectations: Sequence[Expectation], values: Mapping[str, Any]) -> Iterator[Fault]:
    """Most run: all are tried together first, which takes a fifth of the time."""
    wanted = [e for e in expectations if _is_worth_it(e)]
    guise = dict.fromkeys(_extra(wanted), "number")
    together = _run(wanted, _specimen(guise), values)
    doubted = {id(e) for e, raised in zip(wanted, together, strict=True) if raised}
    for expectation in expectations:
        if why := FRAMES_CANNOT.get(expectation.expectation_type):
            yield why, "type"
        else:
            yield _alone(expectation, values) if id(expectation) in doubted else NO_FAULT


def _is_worth_it(expectation: Expectation) -> bool:
    type_, kwargs = expectation.expectation_type, expectation.configuration.kwargs
    if isinstance(expectation, BarExpectation):  # as they are they run, and some take a second
        return any(value != {"$PARAMETER": key} for key, value in kwargs.items())
    plain = not any(isinstance(value, dict) for value in kwargs.values())
    return type_ not in FRAMES_CANNOT and not (plain and type_ in _NEVER_RAISE)


def _alone(expectation: Expectation, values: Mapping[str, Any]) -> Fault:
    condition = getattr(expectation, "row_condition", None)
    if condition is not None:
        counted = ExpectTableRowCountToBeBetween(min_value=0, row_condition=condition)
        if raised := _in_any_guise(counted, partial(_asked_of, counted, values)):
            return f"its row_condition cannot be asked: {raised}", "row_condition"
        # Of the made-up bars none may meet it, and some statistics raise when they have none.
        configuration = expectation.configuration
        for key in ("row_condition", "condition_parser"):
            configuration.kwargs.pop(key, None)
        expectation = configuration.to_domain_obj()
    raised = _in_any_guise(expectation, lambda frame: _run([expectation], frame, values)[0])
    if _NO_FRAMES in raised:
        return ASKS_A_DATABASE, "type"
    # Somebody's own expectation may need columns, or as many bars, as nobody here knows of.
    certain = type(expectation).__module__.startswith(_OURS) or _NO_METRIC in raised
    where = _kinds(expectation)
    return (f"it cannot run on bars{where}: {raised}", None) if raised and certain else NO_FAULT


def _in_any_guise(expectation: Expectation, attempt: Callable[[pd.DataFrame], str]) -> str:
    """What it raises, "" if there is a guise of its columns in which it runs."""
    extra = sorted(_extra([expectation]))
    freely = min(len(extra), 2)
    first = ""
    for guise in product(_GUISES, repeat=freely):
        kinds = [*guise, *guise[-1:] * (len(extra) - freely)]
        raised = attempt(_specimen(dict(zip(extra, kinds, strict=True))))
        if not raised:
            return ""
        first = first or raised
    return first


def _asked_of(expectation: Expectation, values: Mapping[str, Any], frame: pd.DataFrame) -> str:
    """What asking for the rows that meet its condition raises."""
    try:
        (fitted,) = fit([expectation], frame, values)
        engine = PandasExecutionEngine(batch_data_dict={"bars": frame})
        domain = {"batch_id": "bars", "row_condition": fitted.row_condition}
        meeting: Any = engine.get_domain_records(domain)
    except Exception as error:  # as in _run
        return _sentence(error)
    return "" if isinstance(meeting, pd.DataFrame) else "it is neither true nor false of a row"


def results_on(
    frame: pd.DataFrame, expectations: Sequence[Expectation], values: Mapping[str, Any]
) -> list[ExpectationValidationResult | str]:
    """Each one's result on ``frame``, or what keeps it from having one.

    ``values`` are those of parameters. Several that are the same check have one result.
    """
    if not expectations:
        return []
    try:
        fitted = fit(expectations, frame, values)
        different = {entry_key(one): one for one in fitted}
        batch = _stage().get_batch(batch_parameters={"dataframe": frame})
        result = batch.validate(suite_of("rehearsal", different.values()), result_format=ROWS_ONLY)
    except Exception as error:  # whatever an entry makes Great Expectations raise is its fault
        if len(expectations) == 1:
            return [_sentence(error)]
        return [found for one in expectations for found in results_on(frame, [one], values)]
    assert isinstance(result, ExpectationSuiteValidationResult)
    by_key = {result_key(found): found for found in result.results}
    return [by_key.get(entry_key(one), "it was dropped") for one in fitted]


def _run(
    expectations: Sequence[Expectation], frame: pd.DataFrame, values: Mapping[str, Any]
) -> list[str]:
    """What each one raises, "" for nothing."""
    return [
        _sentence(found if isinstance(found, str) else exception_of(found) or "")
        for found in results_on(frame, expectations, values)
    ]


def _sentence(raised: Exception | str) -> str:
    """The first line, which says it, and not longer than one."""
    if isinstance(raised, ValidationError):
        raised = "; ".join(dict.fromkeys(str(fault["msg"]) for fault in raised.errors()))
    said = str(raised) or (type(raised).__name__ if isinstance(raised, Exception) else "")
    line = said.strip().partition("\n")[0]
    return line if len(line) <= 300 else f"{line[:296]} …"


def _extra(expectations: Iterable[Expectation]) -> set[str]:
    """The columns that these name, their conditions too, and bars need not have."""
    return {name for one in expectations for name in columns_of(one)} - set(_BARS)


def columns_of(expectation: Expectation) -> set[str]:
    """The columns that it names, its condition too; of a condition in pandas' words what may be."""
    return {*_named(expectation), *columns_of_condition(expectation)}


def columns_of_condition(expectation: Expectation) -> set[str]:
    """The columns that its row condition names."""
    return set(_asked(getattr(expectation, "row_condition", None)))


def _named(expectation: Expectation) -> list[str]:
    kwargs = expectation.configuration.kwargs
    named = [kwargs[key] for key in ("column", "column_A", "column_B") if key in kwargs]
    named += getattr(expectation, "column_list", None) or ()
    return [name for name in named if isinstance(name, str)]


def _kinds(expectation: Expectation) -> str:
    """What the columns that it names hold, where bars always have them."""
    words = {"O": "text", "M": "dates", "f": "numbers"}
    kinds = _bars().dtypes
    told = [
        f"{name} holds {words[kinds[name].kind]}" for name in _named(expectation) if name in _BARS
    ]
    return f", where {' and '.join(told)}" if told else ""


def _asked(condition: Any) -> Iterator[str]:
    """The columns of a condition; of one in pandas' words everything that might be one."""
    if isinstance(condition, AndCondition | OrCondition):
        for part in condition.conditions:
            yield from _asked(part)
    elif isinstance(condition, PassThroughCondition):
        text = re.sub(r"\"[^\"]*\"|'[^']*'", "", condition.pass_through_filter)
        yield from re.findall(r"`([^`]+)`", text)
        words = re.findall(r"(?<![.@\w])[^\W\d]\w*(?!\w*\()", re.sub(r"`[^`]+`", "", text))
        yield from (word for word in words if not iskeyword(word))
    elif condition is not None:
        yield condition.column.name


def _specimen(guise: Mapping[str, str]) -> pd.DataFrame:
    """Forty good bars, with further columns of these kinds."""
    return _bars().assign(**{name: _GUISES[kind] for name, kind in guise.items()})


@cache  # a context takes as long as ten expectations
def _stage() -> BatchDefinition:
    return memory_definition()


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
    return pd.DataFrame(bars)[list(_BARS)]
