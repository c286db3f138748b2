"""What is answered from one pass is, to the letter, what Great Expectations answers itself."""

import datetime as dt
import json
import warnings
from collections.abc import Iterable
from typing import Any

import great_expectations.expectations as gxe
import numpy as np
import pandas as pd
import pytest
from great_expectations.core.expectation_suite import ExpectationSuite
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations import registry
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.validator.validator import Validator
from hypothesis import given, settings
from hypothesis import strategies as st

from gx.engine import answers, columns
from gx.engine.validator import AnsweringValidator
from gx.plugins.expectations.price_expectations import ExpectBarsToBeOhlcConsistent

FORMATS: list[Any] = [
    "BOOLEAN_ONLY",
    "BASIC",
    "SUMMARY",
    "COMPLETE",
    {"result_format": "SUMMARY", "partial_unexpected_count": 0},
    {"result_format": "SUMMARY", "partial_unexpected_count": 3},
    {"result_format": "BASIC", "return_unexpected_index_query": True},
    {"result_format": "BOOLEAN_ONLY", "return_unexpected_index_query": True},
    {"result_format": "SUMMARY", "return_unexpected_index_query": False},
    {
        "result_format": "COMPLETE",
        "return_unexpected_index_query": False,
        "exclude_unexpected_values": True,
    },
    {"result_format": "COMPLETE", "unexpected_index_column_names": ["key"]},
    {"result_format": "COMPLETE", "unexpected_index_column_names": ["no such column"]},
    {"result_format": "SUMMARY", "include_unexpected_rows": True},
    {"result_format": "COMPLETE", "exclude_unexpected_values": True},
]
NAMES = ["key", "number", "other", "text", "day"]


class PlainValidator(Validator):
    """Great Expectations' own, silent."""

    def _determine_progress_bars(self) -> bool:
        return False


def of_the_shape() -> list[Any]:
    """What the number of rows and the names of the columns answer."""
    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1, max_value=50),
        gxe.ExpectTableRowCountToEqual(value=4),
        gxe.ExpectTableColumnsToMatchSet(column_set=NAMES, exact_match=False),
        gxe.ExpectTableColumnsToMatchSet(column_set=[*NAMES, "gone"]),
        gxe.ExpectTableColumnsToMatchOrderedList(column_list=NAMES),
        gxe.ExpectTableColumnsToMatchOrderedList(column_list=NAMES[::-1]),
        gxe.ExpectTableColumnCountToBeBetween(min_value=1, max_value=4),
        gxe.ExpectTableColumnCountToEqual(value=5),
        gxe.ExpectColumnToExist(column="text"),
        gxe.ExpectColumnToExist(column="text", column_index=3),
        gxe.ExpectColumnToExist(column="gone", meta={"kept": [1]}, notes="n"),
    ]


def between(low: Any, high: Any, **more: Any) -> list[Any]:
    bounds = {"min_value": low, "max_value": high, **more}
    return [gxe.ExpectColumnValuesToBeBetween(column=c, **bounds) for c in ("number", "other")]


def of_the_rows(**more: Any) -> list[Any]:
    """What the columns may prove."""
    pair = {"column_A": "number", "column_B": "other", **more}
    greater = gxe.ExpectColumnPairValuesAToBeGreaterThanB
    compound = gxe.ExpectCompoundColumnsToBeUnique
    return [
        *(gxe.ExpectColumnValuesToNotBeNull(column=name, **more) for name in NAMES),
        *(gxe.ExpectColumnValuesToBeUnique(column=name, **more) for name in NAMES),
        greater(**pair),
        greater(or_equal=True, severity=FailureSeverity.INFO, description="No less.", **pair),
        greater(ignore_row_if="either_value_is_missing", **pair),
        greater(ignore_row_if="neither", **pair),
        gxe.ExpectColumnPairValuesToBeEqual(**pair),
        gxe.ExpectColumnPairValuesToBeEqual(column_A="number", column_B="number"),
        compound(column_list=["text", "day"], **more),
        compound(column_list=["text", "day"], ignore_row_if="never"),
        compound(column_list=["text", "day"], ignore_row_if="any_value_is_missing"),
        compound(column_list=["number", "number"]),
        compound(column_list=["text", "day", "number"]),
    ]


def of_the_values(column: str, **more: Any) -> list[Any]:
    """What the distinct values may prove."""
    asked = {"column": column, **more}
    return [
        gxe.ExpectColumnValuesToBeInSet(value_set=["a", "b", "c", 3.0], **asked),
        gxe.ExpectColumnValuesToNotBeInSet(value_set=["q", 7], **asked),
        gxe.ExpectColumnValuesToMatchRegex(regex="^[a-c]+$", **asked),
        gxe.ExpectColumnValuesToNotMatchRegex(regex="x$", **asked),
        gxe.ExpectColumnValuesToMatchRegexList(regex_list=["a", "[bc]"], **asked),
        gxe.ExpectColumnValuesToNotMatchRegexList(regex_list=["x", "y"], **asked),
        gxe.ExpectColumnValueLengthsToBeBetween(min_value=1, max_value=3, **asked),
        gxe.ExpectColumnValueLengthsToEqual(value=1, **asked),
        gxe.ExpectColumnValuesToMatchStrftimeFormat(strftime_format="%Y-%m-%d", **asked),
        gxe.ExpectColumnValuesToBeDateutilParseable(**asked),
        gxe.ExpectColumnValuesToBeJsonParseable(**asked),
        gxe.ExpectColumnValuesToBeBetween(min_value=1, **asked),
    ]


def left_alone() -> list[Any]:
    """What is never answered, or raises."""
    return [
        gxe.ExpectMulticolumnSumToEqual(column_list=["number", "other"], sum_total=3),
        gxe.ExpectColumnMaxToBeBetween(column="number", max_value=3),
        gxe.ExpectColumnMeanToBeBetween(column="number", min_value=0),
        gxe.ExpectColumnUniqueValueCountToBeBetween(column="text", min_value=1),
        gxe.ExpectColumnValuesToBeNull(column="number", mostly=0.5),
        gxe.ExpectColumnValuesToNotBeNull(column="gone", meta={"kept": [1]}, notes="n"),
        gxe.ExpectColumnValuesToBeBetween(column="gone", min_value=1),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["text", "gone"]),
    ]


def touching(names: Iterable[str], suite: list[Any]) -> list[Any]:
    """Those that name one of these columns."""
    wanted = set(names)
    return [one for one in suite if wanted & {str(v) for v in _named(one.configuration.kwargs)}]


def _named(kwargs: dict[str, Any]) -> list[Any]:
    return [kwargs.get("column"), kwargs.get("column_A"), *kwargs.get("column_list", [])]


def results(kind: type[Validator], frame: pd.DataFrame, suite: list[Any], form: Any) -> list[Any]:
    validator = kind(PandasExecutionEngine(batch_data_dict={"frame": frame}))
    wanted = ExpectationSuite(name="all", expectations=[one.copy() for one in suite])
    asked = validator.process_expectations_for_validation(wanted.expectation_configurations)
    form = dict(form) if isinstance(form, dict) else form
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = validator.graph_validate(asked, {"result_format": form})
    said: list[Any] = [one.to_json_dict() for one in found]
    for one in said:
        _without_traceback(one["exception_info"])
    return said


def _without_traceback(info: dict[str, Any]) -> None:
    """How it came there differs; what was raised does not."""
    for part in (info, *(v for v in info.values() if isinstance(v, dict))):
        if part.get("exception_traceback"):
            part["exception_traceback"] = part["exception_traceback"].splitlines()[-1]


def _text(result: dict[str, Any]) -> str:
    return json.dumps(
        result, indent=1, sort_keys=True
    )  # which metric failed first is left to chance


def assert_same(frame: pd.DataFrame, suite: list[Any], form: Any) -> None:
    ours = results(AnsweringValidator, frame, suite, form)
    theirs = results(PlainValidator, frame, suite, form)
    for one, other in zip(ours, theirs, strict=True):
        assert _text(one) == _text(other)


def frame_of(rows: int = 4, **changed: Any) -> pd.DataFrame:
    """Rows that meet nearly everything."""
    made = {
        "key": np.arange(rows),
        "number": np.arange(rows) + 2.0,
        "other": np.arange(rows) + 1.0,
        "text": pd.Series(["a", "a", "b", "c"] * (rows // 4) + ["c"] * (rows % 4), dtype="str"),
        "day": pd.date_range("2025-01-01", periods=rows),
    }
    return pd.DataFrame(made | changed)


ODD: dict[str, dict[str, Any]] = {
    "as they are": {},
    "NaN": {"number": [np.nan, 2.0, 3.0, 4.0]},
    "all NaN": {"number": [np.nan] * 4},
    "infinite": {"number": [np.inf, -np.inf, 3.0, 4.0], "other": [0.0, 1.0, -np.inf, np.inf]},
    "negative zero": {"number": [-0.0, 0.0, 1.0, 2.0]},
    "whole numbers": {"number": [3, 4, 5, 6], "other": [1, 2, 3, 4]},
    "large whole numbers": {"number": [2**53 + 1, 2**60, 2**62, -(2**62)], "other": [0, 1, 2, 3]},
    "short floats": {"number": np.array([0.1, 0.2, 0.3, 1], "float32")},
    "short whole numbers": {"number": np.array([1, 2, 3, 4], "int8")},
    "unsigned": {"number": np.array([1, 2, 3, 4], "uint64")},
    "whole and broken": {"number": [3, 4, 5, 6], "other": [1.0, 2.0, 3.0, 4.0]},
    "booleans": {"number": [True, False, True, True]},
    "objects": {"number": pd.Series([1, 2.5, None, "x"], dtype=object)},
    "numbers as objects": {"number": pd.Series([1, 2.0, True, 3], dtype=object)},
    "nullable": {"number": pd.array([1, None, 3, 4], dtype="Int64")},
    "nullable and whole": {"number": pd.array([1, 2, 3, 4], dtype="Int64")},
    "nullable floats": {"number": pd.array([1.5, None, 3, 4], dtype="Float64")},
    "arrow": {"number": pd.array([1.5, None, 3, 4], dtype="float64[pyarrow]")},
    "lists": {"number": pd.Series([[1], [2], [1], []], dtype=object)},
    "text twice": {"text": pd.Series(["a", "a", "a", "a"], dtype="str"), "day": ["2025-01-01"] * 4},
    "no text": {"text": pd.Series([None, "a", "", "c"], dtype="str")},
    "text as objects": {"text": pd.Series(["a", None, "x", "c"], dtype=object)},
    "text of python": {"text": pd.Series(["a", None, "x", "c"], dtype="string[python]")},
    "categories": {"text": pd.Categorical(["a", "b", "c", None])},
    "text that is a number": {"text": pd.Series(["1", "2025-01-01", "null", "2"], dtype="str")},
    "text of dates": {"text": pd.Series(["2025-01-01"] * 4, dtype="str")},
    "no day": {"day": pd.to_datetime(["2025-01-01", "NaT", "2023-01-01", "2025-01-01"])},
    "days in ms": {"day": pd.date_range("2025-01-01", periods=4).as_unit("ms")},
    "days of a zone": {"day": pd.date_range("2025-01-01", periods=4, tz="Asia/Tokyo")},
    "days as dates": {"day": [dt.date(2025, 1, day) for day in (1, 2, 3, 4)]},
    "unsorted": {"text": pd.Series(["b", "a", "b", "a"], dtype="str")},
    "falling": {"day": pd.date_range("2025-01-01", periods=4)[::-1]},
}


@pytest.mark.parametrize("form", FORMATS, ids=str)
def test_of_a_clean_frame_every_result_is_the_same_in_every_format(form):
    assert_same(frame_of(), [*of_the_shape(), *of_the_rows(), *between(0, 100)], form)


def test_what_raises_or_is_left_alone_keeps_its_place_among_the_others():
    suite = [*left_alone(), *of_the_rows(), *left_alone()[:5], *of_the_shape(), *between(1, 2)]
    assert_same(frame_of(), suite, "COMPLETE")


@pytest.mark.parametrize("odd", ODD)
def test_whatever_the_columns_hold_the_results_are_the_same(odd):
    frame = frame_of(**ODD[odd])
    rows = {"mostly": 0.5} if len(odd) % 2 else {}
    suite = [*of_the_rows(**rows), *between(2, 4, **rows), *of_the_values("text", **rows)[-3:]]
    assert_same(frame, touching(ODD[odd] or NAMES, suite), "COMPLETE" if rows else "SUMMARY")


@pytest.mark.parametrize("odd", ["as they are", "whole numbers", "large whole numbers", "infinite"])
def test_bounds_are_the_same_bounds(odd):
    # Beside one without a minimum, Great Expectations takes one of NaN for the same.
    spans: list[Any] = [(np.nan, 5), (2, None), (2.0, 5), (2, 5.0), (5, 2), (-np.inf, np.inf)]
    spans += [(2**53, 2**62), (-(2**63), 2**63), (-1e300, 1e300), (None, 4.0)]
    strict = {"strict_min": True, "strict_max": True}
    suite = [one for span in spans for more in ({}, strict) for one in between(*span, **more)]
    assert_same(frame_of(**ODD[odd]), suite, "SUMMARY")


@pytest.mark.parametrize(
    "shape",
    [
        frame_of().iloc[:0],
        frame_of().iloc[:1],
        frame_of().iloc[1:],
        frame_of().set_axis([7, 7, 7, 7]),
        frame_of().set_axis(list("wxyz")),
        frame_of().set_axis(["key", "number", "number", "text", "day"], axis=1),
        frame_of().set_axis(["key", "number", "other", "text", 4], axis=1),
        frame_of()[["key"]],
        pd.DataFrame(),
    ],
    ids=["empty", "one row", "from 1", "one label", "labels", "twins", "a number", "one", "none"],
)  # fmt: skip
def test_frames_of_odd_shapes_have_the_same_results(shape):
    assert_same(shape, [*of_the_shape(), *of_the_rows()[::2], *between(0, 9)], "COMPLETE")


@pytest.mark.filterwarnings("ignore:.*row_condition:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The condition_parser:DeprecationWarning")
@pytest.mark.parametrize("condition", ["number > 3", "number > 1000", "number >"])
def test_rows_under_a_condition_have_the_same_results(condition):
    asked = {"row_condition": condition, "condition_parser": "pandas"}
    suite = [*of_the_rows(**asked), *between(0, 9, **asked), *of_the_values("text", **asked)[:3]]
    assert_same(frame_of(), suite, "SUMMARY")


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_any_columns_have_the_same_results(data):
    rows = data.draw(st.integers(1, 6), label="rows")
    draw = lambda values: data.draw(st.lists(values, min_size=rows, max_size=rows))
    small = st.sampled_from([0.0, -0.0, 1.0, 2.0, 3.0, 1e300, np.inf, -np.inf, np.nan])
    days = st.sampled_from([None, "2024-01-01", "2025-01-01", "2025-01-02"])
    frame = pd.DataFrame(
        {
            "key": range(rows),
            "number": draw(small),
            "other": draw(small | st.floats()),
            "text": pd.Series(draw(st.sampled_from(["a", "b", "", "x", None])), dtype="str"),
            "day": pd.to_datetime(pd.Series(draw(days))),
        }
    )
    low = data.draw(st.sampled_from([None, 0, 1, 2.0, np.inf]), label="low")
    high = data.draw(st.sampled_from([0, 1, 3.0, np.inf]), label="high")
    more = {"mostly": data.draw(st.sampled_from([1, 0.5])), "strict_max": data.draw(st.booleans())}
    suite = [*of_the_rows(mostly=more["mostly"]), *between(low, high, **more)]
    assert_same(frame, suite, data.draw(st.sampled_from(FORMATS), label="format"))


@pytest.mark.parametrize("odd", ["as they are", "no text", "text of dates", "days in ms"])
def test_values_that_are_looked_at_once_give_the_same_results(odd, monkeypatch):
    monkeypatch.setattr(columns, "_LONG", 8)
    monkeypatch.setattr(columns, "_FEW", 2)
    frame = pd.concat([frame_of(**ODD[odd])] * 3, ignore_index=True)
    day = gxe.ExpectColumnValuesToBeBetween(column="day", min_value=dt.datetime(2024, 1, 1))

    assert_same(frame, [*of_the_values("text"), day], "COMPLETE")


def answered(frame: pd.DataFrame, suite: list[Any]) -> list[bool]:
    """Which ones Great Expectations was not asked about."""
    validator = AnsweringValidator(PandasExecutionEngine(batch_data_dict={"frame": frame}))
    form = {"result_format": "SUMMARY"}
    return [validator.answered(one.configuration, form) is not None for one in suite]


def test_what_a_clean_frame_proves_is_answered():
    suite = [*of_the_shape(), *of_the_rows(), *between(0, 100)]
    done = answered(frame_of(), suite)
    kinds = {
        one.expectation_type for one, is_answered in zip(suite, done, strict=True) if is_answered
    }

    assert kinds == answers._PROOFS.keys() | answers._OF_THE_SHAPE


def test_of_a_long_column_with_few_values_each_value_is_tried_once():
    frame = pd.concat([frame_of()] * 3_000, ignore_index=True)
    suite = [
        *of_the_values("text")[:8],
        gxe.ExpectColumnValuesToBeBetween(column="day", min_value=dt.datetime(2024, 1, 1)),
    ]
    assert answered(frame, suite) == [True] * 9
    failing = gxe.ExpectColumnValuesToMatchRegex(column="text", regex="a")
    assert answered(frame, [failing]) == [False]


def test_a_class_of_somebodys_own_is_never_answered(monkeypatch: pytest.MonkeyPatch):
    # Great Expectations has no way to take back a registration.
    known = dict(registry._registered_expectations)
    monkeypatch.setattr(registry, "_registered_expectations", known)

    class ExpectOwnValuesToNotBeNull(gxe.ExpectColumnValuesToNotBeNull):
        """Has the same metric, and may do with it what it likes."""

    bars = pd.DataFrame({"symbol": ["A"], "number": [1.0]})
    own = ExpectOwnValuesToNotBeNull(column="number")

    ours: type[Any] = ExpectBarsToBeOhlcConsistent  # mypy knows no default of its fields

    assert answered(bars, [own, ours()]) == [False, False]
