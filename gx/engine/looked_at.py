"""How many rows an expectation really looked at: one that looked at none has checked nothing."""

from collections.abc import Mapping

import pandas as pd
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine

# These look at all rows whatever their condition: they count those that meet it.
COUNTS_ROWS = {"expect_table_row_count_to_be_between", "expect_table_row_count_to_equal"}
# Built-in expectations about which columns there are.
NAMES_COLUMNS = {
    "expect_column_to_exist",
    "expect_table_column_count_to_be_between",
    "expect_table_column_count_to_equal",
    "expect_table_columns_to_match_ordered_list",
    "expect_table_columns_to_match_set",
}
# And those about their types too: they hold for all rows at once.
OF_THE_SCHEMA = NAMES_COLUMNS | {
    "expect_column_type_to_be",
    "expect_column_values_to_be_in_type_list",
    "expect_column_values_to_be_of_type",
}
LOOKS_AT_NULLS = {"expect_column_proportion_of_non_null_values_to_be_between"}


def rows_looked_at(found: ExpectationValidationResult, bars: pd.DataFrame) -> int:
    """Of the judged ``bars``, those that the expectation of this result looked at.

    Rows that its condition leaves out do not count, nor those whose value is missing where that
    is passed over. ``bars`` needs only the columns that the expectation names, and those of its
    condition.
    """
    assert found.expectation_config is not None
    type_, kwargs = found.expectation_config.type, found.expectation_config.kwargs
    if type_ in COUNTS_ROWS | OF_THE_SCHEMA:
        return len(bars)
    if "element_count" in found.result:
        return int(found.result["element_count"] - (found.result.get("missing_count") or 0))
    meeting = _meeting(bars, kwargs)
    named = [kwargs[key] for key in ("column", "column_A", "column_B") if kwargs.get(key)]
    named += kwargs.get("column_list") or []
    if type_ in LOOKS_AT_NULLS or not named:
        return len(meeting)
    return int(meeting[named].notna().all(axis=1).sum())


def why_none(found: ExpectationValidationResult) -> str:
    """Why an expectation looked at no bar, in plain words."""
    assert found.expectation_config is not None
    if not found.expectation_config.kwargs.get("row_condition"):
        return "looked at no bar: none has a value to look at"
    return "looked at no bar: its condition matches none, or none with a value"


def _meeting(bars: pd.DataFrame, kwargs: Mapping[str, object]) -> pd.DataFrame:
    if not kwargs.get("row_condition"):
        return bars
    engine = PandasExecutionEngine(batch_data_dict={"bars": bars})
    condition = {key: kwargs.get(key) for key in ("row_condition", "condition_parser")}
    meeting: pd.DataFrame = engine.get_domain_records({"batch_id": "bars", **condition})
    return meeting
