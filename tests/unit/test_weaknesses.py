"""What a suite cannot find is said, and is true: it passes on bars that are all wrong."""

import json
import uuid
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gx.gate.checkpoint import run_in_memory
from gx.project import SUITES
from gx.suite.read import Suite, parse_suite, read_suite
from gx.suite.texts import new_weaknesses
from gx.suite.weaknesses.planted import GROSS, planted_market

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


Entry = tuple[str, dict[str, Any], str]  # type, kwargs, severity


def suite(*entries: Entry) -> Suite:
    expectations = [{"type": t, "kwargs": k, "severity": s} for t, k, s in entries]
    document = {"name": "s", "id": str(uuid.uuid4()), "expectations": expectations}
    return parse_suite(json.dumps(document).encode(), where="s", name="s")


def beside_a_sound_one(type_: str, kwargs: dict[str, Any]) -> tuple[str, ...]:
    sound: Entry = ("expect_bars_to_be_ohlc_consistent", {}, "critical")
    told = suite(sound, (type_, kwargs, "critical")).weaknesses
    return tuple(one for one in told if one.startswith("entry"))


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
        (BETWEEN, IN_COLUMN | {"max_value": 1e9, "mostly": 0.5}),
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


STOCK = [e for e in json.loads((SUITES / "stock_data.json").read_text())["expectations"]
         if e["severity"] == "critical"]  # fmt: skip
NOT_IN, ABOVE = (
    "expect_column_values_to_not_be_in_set",
    "expect_column_pair_values_a_to_be_greater_than_b",
)
NOT_REGEX = "expect_column_values_to_not_match_regex"
BLIND, NO_TEXT = "notices none of the", "no text could be made up that"


def beside_ours(type_: str, kwargs: dict[str, Any]) -> tuple[str, ...]:
    ours = [(e["type"], e["kwargs"], "critical") for e in STOCK]
    return suite((type_, kwargs, "critical"), *ours).weaknesses


@pytest.mark.parametrize(
    ("type_", "kwargs", "why"),
    [
        ("expect_no_gross_price_errors", {"factor": 1e9}, BLIND),
        ("expect_no_gross_price_errors", {"factor": "1e999"}, BLIND),
        ("expect_no_unit_errors", {"factor": 1e9}, BLIND),
        ("expect_no_missing_sessions", {"allowed": 1_000_000}, BLIND),
        ("expect_no_market_wide_holes", {"percent": 99}, BLIND),
        ("expect_bars_to_be_fresh", {"allowed": 100_000}, BLIND),
        (NOT_REGEX, SYMBOL | {"regex": "(?!)"}, NO_TEXT),
        (NOT_REGEX, SYMBOL | {"regex": "$^x"}, NO_TEXT),
        (NOT_REGEX + "_list", SYMBOL | {"regex_list": ["(?!)", "a^"]}, NO_TEXT),
        (BETWEEN, IN_COLUMN | {"max_value": 1e15}, "no close that is or was lies outside"),
        ("expect_column_max_to_be_between", IN_COLUMN | {"min_value": -1e15, "max_value": 1e18},
         "no close that is or was lies outside"),
        (BETWEEN, IN_COLUMN | {"min_value": 0, "mostly": 0.01}, "more than 99 % of rows"),
        (BETWEEN, IN_COLUMN | {"min_value": 0, "mostly": 0.3}, "more than 70 % of rows"),
        (NOT_IN, IN_COLUMN | {"value_set": [123.456]}, BLIND),
        (BETWEEN, IN_COLUMN | {"min_value": 0, "row_condition": "close > 5 and close < 4",
                               "condition_parser": "pandas"}, "no bar of a made-up market meets"),
    ],
)  # fmt: skip
def test_a_critical_expectation_that_notices_no_planted_fault_is_named(type_, kwargs, why):
    (said,) = beside_ours(type_, kwargs)
    assert said.startswith(f"entry 1 ({type_}") and why in said


@pytest.mark.parametrize(
    ("type_", "kwargs"),
    [
        (BETWEEN, IN_COLUMN | {"max_value": 1e9}),
        (BETWEEN, IN_COLUMN | {"min_value": 0, "mostly": 0.95}),
        (BETWEEN, {"column": "volume", "max_value": 1e15}),
        (BETWEEN, {"column": "date", "min_value": "1990-01-01", "max_value": "2090-01-01"}),
        (BETWEEN, IN_COLUMN | {"min_value": 0, "row_condition": "symbol == 'TSLA'",
                               "condition_parser": "pandas"}),
        (NOT_IN, IN_COLUMN | {"value_set": [-999]}),
        (NOT_IN, {"column": "date", "value_set": ["2025-12-25"]}),
        (NOT_IN, SYMBOL | {"value_set": ["ZVZZT"]}),
        (NOT_REGEX, SYMBOL | {"regex": r"^TEST[0-9]{3}\b"}),
        (NOT_REGEX, SYMBOL | {"regex": r"\s"}),
        (REGEX, SYMBOL | {"regex": "^[A-Z.]{1,5}$"}),
        ("expect_column_values_to_be_in_set", SYMBOL | {"value_set": ["TSLA", "NVDA"]}),
        ("expect_column_value_lengths_to_be_between", SYMBOL | {"max_value": 32}),
        ("expect_table_row_count_to_be_between", {"min_value": 20, "max_value": 10_000}),
        ("expect_column_mean_to_be_between", IN_COLUMN | {"min_value": 1, "max_value": 1e5}),
        ("expect_column_value_z_scores_to_be_less_than",
         IN_COLUMN | {"threshold": 4, "double_sided": True}),
        (ABOVE, {"column_A": "high", "column_B": "low", "or_equal": True}),
        (ABOVE, {"column_A": "created_at", "column_B": "date", "or_equal": True}),
        ("expect_no_gross_price_errors", {"factor": 10}),
        ("expect_no_market_wide_holes", {"calendar": "24/7", "percent": 20}),
        ("expect_no_future_bars", {"calendar": "XLON"}),
    ],
)  # fmt: skip
def test_a_sensible_critical_expectation_is_not_accused(type_, kwargs):
    assert beside_ours(type_, kwargs) == ()


def test_each_market_expectation_of_ours_notices_a_planted_fault_and_no_good_bar():
    entries = json.loads((SUITES / "stock_data.json").read_text())["expectations"]
    every = suite(*((e["type"], e["kwargs"], "critical") for e in entries if e not in STOCK))
    assert [one for one in every.weaknesses if one.startswith("entry")] == []
    market = planted_market()
    good = market.bars.loc[market.clean]
    found = run_in_memory(good, every, as_of="2025-08-29")
    assert {o.status for o in found.outcomes} == {"passed"}


@pytest.mark.parametrize(
    ("missing", "kind"),
    [
        ("expect_no_gross_price_errors", "a bar 25 times too high; a bar 25 times too low"),
        ("expect_bar_prices_to_be_finite_and_positive", "prices of -1"),
        ("expect_bars_to_be_ohlc_consistent", "a high below its low"),
        ("expect_compound_columns_to_be_unique", "a bar twice"),
        ("expect_no_future_bars", "a bar dated in the future"),
        ("expect_column_values_to_be_between", "a negative volume"),
        ("expect_no_market_wide_holes", "a session that half of the symbols lack"),
    ],
)
def test_a_kind_of_gross_fault_that_nothing_critical_notices_is_said_once(missing, kind):
    rest = [(e["type"], e["kwargs"], "critical") for e in STOCK if e["type"] != missing]
    assert suite(*rest).weaknesses == (
        f"no critical expectation notices: {kind}; add what finds it in stock_data: {missing}",
    )


def test_what_is_to_be_added_is_in_the_suite_that_it_is_said_to_be_in():
    nothing = suite(("expect_column_to_exist", IN_COLUMN, "critical"))
    (said,) = nothing.weaknesses
    added = said.rpartition(": ")[2].split(", ")
    assert set(added) <= {e["type"] for e in STOCK}
    whole = [(e["type"], e["kwargs"], "critical") for e in STOCK if e["type"] in added]
    assert suite(*whole).weaknesses == ()


def test_a_weakness_is_new_only_where_it_says_more_than_before():
    whole = [(e["type"], e["kwargs"], "critical") for e in STOCK]
    without = {e["type"]: [w for w in whole if w[0] != e["type"]] for e in STOCK}
    holes, spikes = "expect_no_market_wide_holes", "expect_no_gross_price_errors"
    neither = [w for w in whole if w[0] not in (holes, spikes)]
    untried = ("expect_column_mean_to_be_between", IN_COLUMN | {"min_value": 1}, "critical")
    never = (BETWEEN, IN_COLUMN | {"mostly": 0, "min_value": 0}, "warning")

    def new(found: list[Entry], before: list[Entry]) -> int:
        return len(new_weaknesses(suite(*found).weaknesses, suite(*before).weaknesses))

    assert new(neither, neither) == new([*neither, untried], neither) == 0
    assert new(without[holes], neither) == new(without[spikes], neither) == 0
    assert new(neither, without[holes]) == new(without[holes], without[spikes]) == 1
    assert new([never, *whole], [*whole, never]) == 0
    assert new([never, *neither], neither) == 1


def test_what_asks_about_the_schema_alone_notices_nothing_and_what_is_untried_is_said():
    of_type = {"column": "close", "type_": "float64"}
    (said,) = suite(
        ("expect_column_to_exist", IN_COLUMN, "critical"),
        ("expect_column_values_to_be_of_type", of_type, "critical"),
    ).weaknesses
    assert said.count(";") == len(GROSS) + 1 and "tried" not in said
    (said,) = suite(
        ("expect_column_max_to_be_between", IN_COLUMN | {"max_value": 1e3}, "critical"),
        ("expect_column_mean_to_be_between", IN_COLUMN | {"min_value": 1}, "critical"),
    ).weaknesses
    assert "lack (entries 1, 2 could not be tried); add" in said


def test_an_expectation_for_bars_within_the_day_cannot_be_tried_on_daily_ones():
    assert beside_a_sound_one("expect_no_missing_bars_within_sessions", {}) == ()


@pytest.mark.parametrize("calendar", ["24/7", "24/5", "FX", "XTKS", "XLON"])
def test_the_committed_suite_has_no_weakness_by_another_calendar(calendar: str):
    """The planted market keeps New York's: the suite is asked for the faults, not for the days."""
    document = json.loads((SUITES / "stock_data.json").read_text())
    for entry in document["expectations"]:
        if "calendar" in entry["kwargs"]:
            entry["kwargs"]["calendar"] = calendar

    raw = json.dumps(document).encode()
    assert parse_suite(raw, where="stock_data", name="stock_data").weaknesses == ()
