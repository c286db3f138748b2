"""Which way an expectation is judged in parts."""

from collections.abc import Sequence

from great_expectations.expectations.expectation import (
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    Expectation,
    MulticolumnMapExpectation,
)

from gx.engine.looked_at import OF_THE_SCHEMA
from gx.market.across_symbols import AcrossSymbols
from gx.market.own_rows import ByOwnRows, BySchema
from gx.market.route import Route
from gx.market.whole_columns import ByWholeColumns
from gx.plugins.expectations import BarExpectation
from gx.plugins.expectations.market_wide import MarketWideExpectation

OWN_ROWS, SCHEMA = ByOwnRows(), BySchema()
ACROSS_SYMBOLS, WHOLE_COLUMNS = AcrossSymbols(), ByWholeColumns()
# By the name that a part's findings give it.
ROUTES: dict[str, Route] = {
    route.name: route for route in (OWN_ROWS, SCHEMA, ACROSS_SYMBOLS, WHOLE_COLUMNS)
}

# Built-in expectations that judge a row by what is in it alone.
ROW_BY_ROW = {
    "expect_column_pair_values_a_to_be_greater_than_b",
    "expect_column_pair_values_to_be_equal",
    "expect_column_pair_values_to_be_in_set",
    "expect_column_value_lengths_to_be_between",
    "expect_column_value_lengths_to_equal",
    "expect_column_values_to_be_between",
    "expect_column_values_to_be_dateutil_parseable",
    "expect_column_values_to_be_in_set",
    "expect_column_values_to_be_json_parseable",
    "expect_column_values_to_be_null",
    "expect_column_values_to_match_json_schema",
    "expect_column_values_to_match_regex",
    "expect_column_values_to_match_regex_list",
    "expect_column_values_to_match_strftime_format",
    "expect_column_values_to_not_be_in_set",
    "expect_column_values_to_not_be_null",
    "expect_column_values_to_not_match_regex",
    "expect_column_values_to_not_match_regex_list",
    "expect_multicolumn_sum_to_equal",
    "expect_multicolumn_values_to_be_equal",
    "expect_multicolumn_values_to_be_unique",
    "expect_select_column_values_to_be_unique_within_record",
}
KEYED_BY_SYMBOL = "expect_compound_columns_to_be_unique"


def route_of(expectation: Expectation, columns: Sequence[str]) -> Route:
    """How this expectation is judged on bars with these columns."""
    if isinstance(expectation, BarExpectation):
        return _route_of_ours(expectation, columns)
    type_, kwargs = expectation.configuration.type, expectation.configuration.kwargs
    if type_ in ROW_BY_ROW or _says_row_by_row(expectation):
        return OWN_ROWS
    if type_ in OF_THE_SCHEMA:
        return SCHEMA
    if type_ == KEYED_BY_SYMBOL and "symbol" in kwargs["column_list"]:
        return OWN_ROWS
    return WHOLE_COLUMNS


def _route_of_ours(expectation: BarExpectation, columns: Sequence[str]) -> Route:
    named = expectation.column_list
    if not isinstance(expectation, MarketWideExpectation):
        return OWN_ROWS if named[0] == "symbol" else WHOLE_COLUMNS
    conditional = bool(expectation.configuration.kwargs.get("row_condition"))
    usual = named[:2] == ["symbol", "date"] and not conditional
    return ACROSS_SYMBOLS if usual and set(named) <= set(columns) else WHOLE_COLUMNS


def _says_row_by_row(expectation: Expectation) -> bool:
    """Does an expectation of somebody's own say that it judges a row by what is in it alone?"""
    maps = ColumnMapExpectation | ColumnPairMapExpectation | MulticolumnMapExpectation
    return isinstance(expectation, maps) and bool(getattr(expectation, "row_by_row", False))
