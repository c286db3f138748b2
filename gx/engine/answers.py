"""Answer Great Expectations' own expectations from one pass over the columns.

A map expectation asks Great Expectations eight metrics, each of which copies the rows that are not
missing: for a check that finds nothing, that is five to six times the check. Here an expectation is
answered only where the pass proves that no row fails, or where its result follows from the frame's
shape; it then builds its result itself, of the metrics that the proof stands for. Whatever is not
proved (a row fails, a row condition, a type or a result format that is not known here, a subclass)
is left to Great Expectations, so that a result is the same in either way.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import (
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    Expectation,
    MulticolumnMapExpectation,
)
from great_expectations.expectations.expectation_configuration import parse_result_format

from gx.engine.columns import Columns
from gx.engine.looked_at import COUNTS_ROWS, NAMES_COLUMNS
from gx.engine.seam.validation import result_of

_LOG = logging.getLogger(__name__)
Metrics = dict[str, object]
# Distinct values, judged by Great Expectations: does every one of them meet the expectation?
TryValues = Callable[[Expectation, Any], bool]

_FORMATS = ("BASIC", "SUMMARY", "COMPLETE")
_OPTIONS = {
    "result_format",
    "partial_unexpected_count",
    "return_unexpected_index_query",
    "exclude_unexpected_values",
    "include_unexpected_rows",
    "map_expectation_unexpected_rows_as_dict",
}
_EXACT = 2**53  # integers up to here are float64 as well


def answer(
    expectation: Expectation,
    columns: Columns,
    runtime_configuration: Mapping[str, Any],
    engine: PandasExecutionEngine,
    try_values: TryValues,
) -> ExpectationValidationResult | None:
    """The result that Great Expectations would give, or None where it has to look itself."""
    result_format = _known_format(runtime_configuration)
    if result_format is None or not columns.plain or not _is_whole_frame(expectation):
        return None
    try:
        metrics = _metrics(expectation, columns, result_format, try_values)
        if metrics is None:
            return None
        return result_of(expectation, metrics, result_format, engine)
    except Exception:  # Great Expectations meets it as well then, and tells it in its own way
        _LOG.debug("%s is not answered", type(expectation).__name__, exc_info=True)
        return None


def _known_format(runtime_configuration: Mapping[str, Any]) -> dict[str, object] | None:
    """The result format in full; None of one that asks for more than is answered here."""
    if runtime_configuration.keys() - {"result_format", "catch_exceptions"}:
        return None
    given = runtime_configuration.get("result_format", {})
    result_format = parse_result_format(dict(given) if isinstance(given, dict) else given)
    known = result_format.keys() <= _OPTIONS and result_format.get("result_format") in _FORMATS
    return result_format if known and not result_format["include_unexpected_rows"] else None


def _is_whole_frame(expectation: Expectation) -> bool:
    asked = expectation.configuration.kwargs
    return not {"row_condition", "condition_parser", "result_format"} & asked.keys()


def _metrics(
    expectation: Any, columns: Columns, result_format: Mapping[str, object], try_values: TryValues
) -> Metrics | None:
    """What the expectation asks for, by the names of its metrics; None where it is not known."""
    kind = _built_in(expectation)
    if kind in _OF_THE_SHAPE:
        return _shape(columns)
    proof = _PROOFS.get(kind)
    proved = proof is not None and proof(expectation, columns)
    if not proved and kind in _ROW_BY_VALUE:
        values = columns.distinct(expectation.column)
        proved = values is not None and try_values(expectation, values)
    return _none_unexpected(expectation, columns, result_format) if proved else None


def _built_in(expectation: Expectation) -> str:
    """The type of one of Great Expectations' own classes; empty of any other, a subclass too."""
    kind = expectation.expectation_type
    own = type(expectation).__module__ == f"great_expectations.expectations.core.{kind}"
    return kind if own else ""


def _shape(columns: Columns) -> Metrics:
    return {
        "table.row_count": len(columns.frame),
        "table.columns": list(columns.frame.columns),
        "table.column_count": len(columns.frame.columns),
    }


def _none_unexpected(
    expectation: Any, columns: Columns, result_format: Mapping[str, object]
) -> Metrics:
    """The metrics of a map expectation that all of its rows meet."""
    rows, named = len(columns.frame), expectation.map_metric
    asked = result_format.get("return_unexpected_index_query") is not False
    metrics = {
        "table.row_count": rows,
        f"{named}.unexpected_count": 0,
        f"{named}.unexpected_values": [],
        f"{named}.filtered_row_count": rows,
    }
    if isinstance(expectation, ColumnMapExpectation):
        metrics["column_values.nonnull.unexpected_count"] = columns.missing(expectation.column)
    if result_format["result_format"] != "BASIC":
        metrics[f"{named}.unexpected_index_list"] = []
        metrics[f"{named}.unexpected_index_query"] = _NO_ROWS if asked else None
    elif result_format.get("return_unexpected_index_query", False):
        metrics[f"{named}.unexpected_index_query"] = _NO_ROWS
    return metrics


_NO_ROWS = "df.filter(items=[], axis=0)"


def _not_null(expectation: ColumnMapExpectation, columns: Columns) -> bool:
    return columns.whole(expectation.column)


def _between(expectation: Any, columns: Columns) -> bool:
    low, high = expectation.min_value, expectation.max_value
    bounds = [bound for bound in (low, high) if bound is not None]
    if not bounds or not all(map(_is_number, bounds)) or (len(bounds) == 2 and low > high):
        return False
    found = columns.extremes(expectation.column)
    if found is None:
        return False
    least, greatest = found
    above = low is None or (least > low if expectation.strict_min else least >= low)
    below = high is None or (greatest < high if expectation.strict_max else greatest <= high)
    return bool(above and below)


def _is_number(bound: object) -> bool:
    if isinstance(bound, int) and not isinstance(bound, bool):
        return abs(bound) <= _EXACT
    return isinstance(bound, float)


def _a_greater_than_b(expectation: Any, columns: Columns) -> bool:
    if not _comparable(expectation, columns):
        return False
    a, b = columns.frame[expectation.column_A], columns.frame[expectation.column_B]
    return bool((a >= b if expectation.or_equal else a > b).all())


def _equal(expectation: ColumnPairMapExpectation, columns: Columns) -> bool:
    if not _comparable(expectation, columns):
        return False
    return bool((columns.frame[expectation.column_A] == columns.frame[expectation.column_B]).all())


def _comparable(expectation: ColumnPairMapExpectation, columns: Columns) -> bool:
    pair = expectation.column_A, expectation.column_B
    return columns.whole(*pair) and columns.alike(*pair)


def _unique(expectation: ColumnMapExpectation, columns: Columns) -> bool:
    return columns.unique(expectation.column)


def _unique_together(expectation: MulticolumnMapExpectation, columns: Columns) -> bool:
    names = expectation.column_list
    return len(names) == 2 and names[0] != names[1] and columns.unique_together(*names)


_PROOFS: Mapping[str, Callable[[Any, Columns], bool]] = {
    "expect_column_values_to_not_be_null": _not_null,
    "expect_column_values_to_be_between": _between,
    "expect_column_pair_values_a_to_be_greater_than_b": _a_greater_than_b,
    "expect_column_pair_values_to_be_equal": _equal,
    "expect_column_values_to_be_unique": _unique,
    "expect_compound_columns_to_be_unique": _unique_together,
}
# Whether a row meets these is told by its value alone, so that a value need be looked at once.
_ROW_BY_VALUE = frozenset(
    {
        "expect_column_values_to_be_between",
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_not_be_in_set",
        "expect_column_values_to_match_regex",
        "expect_column_values_to_not_match_regex",
        "expect_column_values_to_match_regex_list",
        "expect_column_values_to_not_match_regex_list",
        "expect_column_value_lengths_to_be_between",
        "expect_column_value_lengths_to_equal",
        "expect_column_values_to_match_strftime_format",
        "expect_column_values_to_be_dateutil_parseable",
        "expect_column_values_to_be_json_parseable",
    }
)
# Their result, whether good or bad, follows from the number of rows and the names of the columns.
_OF_THE_SHAPE = COUNTS_ROWS | NAMES_COLUMNS
