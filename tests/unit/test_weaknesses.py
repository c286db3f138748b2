"""What a suite cannot find is said, and is true: it passes on bars that are all wrong."""

import json
import uuid

import numpy as np
import pandas as pd
import pytest

from gx.checkpoint import run_in_memory
from gx.suites import SUITES, Suite, parse_suite, read_suite

BETWEEN, NOT_NULL = "expect_column_values_to_be_between", "expect_column_values_to_not_be_null"
REGEX, REGEXES = "expect_column_values_to_match_regex", "expect_column_values_to_match_regex_list"
IN_COLUMN = {"column": "close"}
SYMBOL = {"column": "symbol"}
PAIR = {"column_A": "open", "column_B": "open"}
NEVER_IN = {
    "type": "comparison",
    "column": {"name": "close"},
    "operator": "IN",
    "parameter": [],
}
THERE = {"type": "nullity", "column": {"name": "open"}, "is_null": False}
# Nothing about these bars is right.
BARS = pd.DataFrame(
    {
        "symbol": ["A", "A", "A", "B"],
        "date": pd.to_datetime(["2025-10-05", "2025-10-07", "2025-10-07", "1990-01-01"]),
        "open": [-1.0, np.inf, 1e308, np.nan],
        "high": [1.0, 0, 0, -5e9],
        "low": [5.0, 5, 1e9, 2],
        "close": [-1e299, 2, 2, 5],
        "volume": [-1.0, 0, 1, 1e300],
    }
)


def suite(*entries: tuple[str, dict, str]) -> Suite:
    expectations = [{"type": t, "kwargs": k, "severity": s} for t, k, s in entries]
    document = {"name": "s", "id": str(uuid.uuid4()), "expectations": expectations}
    return parse_suite(json.dumps(document).encode(), where="s", name="s")


def beside_a_sound_one(type_: str, kwargs: dict) -> tuple[str, ...]:
    sound = ("expect_bars_to_be_ohlc_consistent", {}, "critical")
    return suite(sound, (type_, kwargs, "critical")).weaknesses


EMPTY = [
    (NOT_NULL, {"column": "open", "mostly": 0}, "mostly is 0"),
    ("expect_bars_to_be_ohlc_consistent", {"mostly": 0.0}, "mostly is 0"),
    (BETWEEN, IN_COLUMN | {"min_value": -1.7e308}, "infinity lies outside -1.7e+308 to"),
    (BETWEEN, IN_COLUMN | {"min_value": -1e300, "max_value": 1e300}, "nothing but infinity"),
    ("expect_column_max_to_be_between", IN_COLUMN, "neither min_value nor max_value"),
    ("expect_column_stdev_to_be_between", IN_COLUMN | {"min_value": 0}, "no value lies outside"),
    ("expect_table_row_count_to_be_between", {}, "neither min_value nor max_value"),
    ("expect_table_row_count_to_be_between", {"min_value": 0}, "0 to anything"),
    ("expect_column_value_lengths_to_be_between", SYMBOL | {"min_value": 0}, "0 to anything"),
    ("expect_column_proportion_of_unique_values_to_be_between",
     IN_COLUMN | {"min_value": 0, "max_value": 1}, "outside 0 to 1"),
    ("expect_column_quantile_values_to_be_between",
     IN_COLUMN | {"quantile_ranges": {"quantiles": [0.5], "value_ranges": [[None, None]]}},
     "none of its quantiles"),
    ("expect_column_quantile_values_to_be_between",
     IN_COLUMN | {"quantile_ranges": {"quantiles": [], "value_ranges": []}}, "none of its"),
    ("expect_column_kl_divergence_to_be_less_than",
     {"column": "volume", "partition_object": {"bins": [0, 1], "weights": [1]}}, "threshold"),
    ("expect_column_values_to_not_be_in_set", IN_COLUMN | {"value_set": []}, "value_set is empty"),
    ("expect_column_distinct_values_to_contain_set", IN_COLUMN | {"value_set": []}, "is empty"),
    ("expect_table_columns_to_match_set", {"column_set": [], "exact_match": False}, "column_set"),
    ("expect_table_columns_to_match_set", {"exact_match": False}, "column_set is empty"),
    ("expect_table_columns_to_match_ordered_list", {}, "column_list is not given"),
    ("expect_column_values_to_be_in_type_list", IN_COLUMN, "type_list is not given"),
    (REGEX, SYMBOL, "matches every text"),
    (REGEX, SYMBOL | {"regex": ""}, "the regex '' matches every text"),
    (REGEX, SYMBOL | {"regex": "Z*"}, "matches every text"),
    (REGEXES, SYMBOL | {"regex_list": ["^Q$", ".*"]}, "lets every text pass"),
    ("expect_column_pair_values_to_be_equal", PAIR, "compares a column with itself"),
    ("expect_column_pair_values_a_to_be_greater_than_b", PAIR | {"or_equal": True}, "with itself"),
    ("expect_multicolumn_values_to_be_equal", {"column_list": ["low", "low"]}, "with itself"),
    ("expect_no_market_wide_holes", {"percent": 100}, "percent is 100"),
    (NOT_NULL, {"column": "open", "row_condition": NEVER_IN}, "no row can meet"),
    (NOT_NULL, {"column": "open", "row_condition": "close < close", "condition_parser": "pandas"},
     "no row can meet"),
    (NOT_NULL, {"column": "open", "row_condition": THERE}, "leaves out the very rows"),
    (NOT_NULL, {"column": "open", "row_condition": 'col("open").notNull()',
                "condition_parser": "great_expectations"}, "leaves out the very rows"),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "kwargs", "why"), EMPTY)
def test_an_expectation_that_can_find_nothing_is_named_and_really_finds_nothing(type_, kwargs, why):
    (said,) = beside_a_sound_one(type_, kwargs)
    assert said.startswith(f"entry 2 ({type_}") and why in said
    (outcome,) = run_in_memory(BARS, suite((type_, kwargs, "critical"))).outcomes
    assert outcome.status in ("passed", "unchecked")


@pytest.mark.parametrize(
    ("type_", "kwargs"),
    [
        (BETWEEN, IN_COLUMN | {"min_value": 0}),
        (BETWEEN, {"column": "date", "min_value": "2000-01-01T00:00:00"}),
        (BETWEEN, IN_COLUMN | {"max_value": 1e15, "mostly": 0.5}),
        ("expect_column_stdev_to_be_between", IN_COLUMN | {"min_value": 0, "strict_min": True}),
        ("expect_table_row_count_to_be_between", {"min_value": 1}),
        ("expect_table_columns_to_match_set", {"column_set": []}),
        ("expect_column_values_to_be_in_set", IN_COLUMN | {"value_set": []}),
        (REGEX, SYMBOL | {"regex": "^[A-Z.]+$"}),
        (REGEXES, SYMBOL | {"regex_list": ["^Q$", ".*"], "match_on": "all"}),
        ("expect_column_pair_values_a_to_be_greater_than_b", PAIR),
        (NOT_NULL, {"column": "close", "row_condition": THERE}),
        (NOT_NULL, {"column": "open", "row_condition": "close != close",
                    "condition_parser": "pandas"}),
    ],
)  # fmt: skip
def test_an_expectation_that_can_find_something_has_no_weakness(type_, kwargs):
    assert beside_a_sound_one(type_, kwargs) == ()


def test_a_sentence_names_the_entry_its_type_and_its_columns():
    said = beside_a_sound_one(BETWEEN, IN_COLUMN | {"min_value": 0, "mostly": 0})
    assert said == (f"entry 2 ({BETWEEN} on close): mostly is 0, so it can never fail",)


def test_a_share_that_next_to_no_bars_can_miss_is_said():
    (said,) = beside_a_sound_one(NOT_NULL, {"column": "open", "mostly": 0.001})
    assert "more than 99.9 % of rows are wrong" in said


@pytest.mark.parametrize("severity", ["info", "warning"])
def test_a_suite_without_a_critical_expectation_is_named(severity):
    (said,) = suite((BETWEEN, IN_COLUMN | {"min_value": 0}, severity)).weaknesses
    assert said.startswith("no expectation is critical")


def test_a_suite_whose_critical_expectations_are_all_weak_is_named():
    weak = suite(
        (BETWEEN, IN_COLUMN | {"min_value": 0}, "warning"),
        (NOT_NULL, IN_COLUMN | {"mostly": 0}, "critical"),
    ).weaknesses
    assert len(weak) == 2 and weak[1].startswith("every critical expectation")


def test_a_pattern_that_backtracks_for_ever_is_tried_in_no_time():
    assert beside_a_sound_one(REGEX, SYMBOL | {"regex": r"(.+)+\Z(?!)"}) == ()


@pytest.mark.parametrize("path", sorted(SUITES.glob("*.json")), ids=lambda path: path.stem)
def test_the_committed_suites_have_no_weakness(path):
    assert read_suite(path).weaknesses == ()
