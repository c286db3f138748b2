"""Strict reading accepts exactly what runs: every expectation of Great Expectations is tried."""

import json
import uuid
from typing import Any

import great_expectations.expectations as gxe
import pandas as pd
import pytest
from great_expectations.core import ExpectationSuite
from great_expectations.expectations import core
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.row_conditions import Column

from gx.errors import SuiteError
from gx.gate.asked import Asked
from gx.gate.checkpoint import run_in_memory
from gx.report.render import render_html
from gx.suite.read import Suite, parse_suite
from tests.market_parts import AS_OF, in_parts

CLOSE, DATE, SYMBOL = {"column": "close"}, {"column": "date"}, {"column": "symbol"}
PAIR = {"column_A": "high", "column_B": "low"}
SEVERAL = {"column_list": ["open", "close"]}
DATABASE = "asks a database"
RUNS = ""
# Each class with kwargs, and what the refusal says where it is refused.
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("ExpectColumnDistinctValuesToBeInSet", SYMBOL | {"value_set": ["TSLA", "NVDA"]}, RUNS),
    ("ExpectColumnDistinctValuesToBeInSet", DATE | {"value_set": ["2025-10-06"]}, RUNS),
    ("ExpectColumnDistinctValuesToContainSet", DATE | {"value_set": ["2025-10-06"]}, RUNS),
    ("ExpectColumnDistinctValuesToEqualSet", SYMBOL | {"value_set": ["TSLA"]}, RUNS),
    ("ExpectColumnKLDivergenceToBeLessThan", CLOSE | {
        "threshold": 1.0, "partition_object": {"bins": [0, 200, 400], "weights": [0.5, 0.5]}},
     RUNS),
    ("ExpectColumnKLDivergenceToBeLessThan", SYMBOL | {
        "threshold": 1.0, "partition_object": {"values": ["TSLA"], "weights": [1.0]}}, RUNS),
    ("ExpectColumnKLDivergenceToBeLessThan", CLOSE | {
        "threshold": 1.0, "partition_object": {"bins": [0, 200]}}, "partition"),
    ("ExpectColumnMaxToBeBetween", DATE | {"min_value": "2025-11-03"}, RUNS),
    ("ExpectColumnMaxToBeBetween", CLOSE | {"max_value": 1e6, "strict_max": True}, RUNS),
    ("ExpectColumnMaxToBeBetween",
     CLOSE | {"max_value": "2025-11-03"}, "where close holds numbers"),
    ("ExpectColumnMeanToBeBetween", CLOSE | {"min_value": 0, "strict_min": True}, RUNS),
    ("ExpectColumnMeanToBeBetween", SYMBOL | {"min_value": 0}, "where symbol holds text"),
    ("ExpectColumnMedianToBeBetween", CLOSE | {"min_value": 0}, RUNS),
    ("ExpectColumnMedianToBeBetween", DATE | {"min_value": "2025-10-06"}, RUNS),
    ("ExpectColumnMinToBeBetween", DATE | {"max_value": "2025-10-06T00:00:00+00:00"}, RUNS),
    ("ExpectColumnMostCommonValueToBeInSet", SYMBOL | {"value_set": ["TSLA"]}, RUNS),
    ("ExpectColumnPairValuesAToBeGreaterThanB", PAIR | {"or_equal": True}, RUNS),
    ("ExpectColumnPairValuesAToBeGreaterThanB", PAIR | {"ignore_row_if": "neither"}, RUNS),
    ("ExpectColumnPairValuesAToBeGreaterThanB",
     {"column_A": "symbol", "column_B": "close"}, "it cannot run"),
    ("ExpectColumnPairValuesToBeEqual", PAIR | {"mostly": 0.5}, RUNS),
    ("ExpectColumnPairValuesToBeInSet",
     {"column_A": "symbol", "column_B": "date", "value_pairs_set": [("TSLA", "2025-10-06")]}, RUNS),
    ("ExpectColumnProportionOfNonNullValuesToBeBetween", CLOSE | {"min_value": 0.9}, RUNS),
    ("ExpectColumnProportionOfUniqueValuesToBeBetween", CLOSE | {"max_value": 1}, RUNS),
    ("ExpectColumnQuantileValuesToBeBetween", CLOSE | {"quantile_ranges": {
        "quantiles": [0.1, 0.9], "value_ranges": [[0, None], [None, 1e6]]}}, RUNS),
    ("ExpectColumnQuantileValuesToBeBetween", DATE | {"quantile_ranges": {
        "quantiles": [0.5], "value_ranges": [["2025-10-06", None]]}}, "it cannot run"),
    ("ExpectColumnStdevToBeBetween", CLOSE | {"min_value": 0}, RUNS),
    ("ExpectColumnSumToBeBetween", {"column": "volume", "min_value": 0}, RUNS),
    ("ExpectColumnToExist", {"column": "vwap"}, RUNS),
    ("ExpectColumnToExist", {"column": "close", "column_index": 5}, RUNS),
    ("ExpectColumnTypeToBe", CLOSE | {"type_": "float64"}, RUNS),
    ("ExpectColumnUniqueValueCountToBeBetween", SYMBOL | {"min_value": 1}, RUNS),
    ("ExpectColumnValueLengthsToBeBetween", SYMBOL | {"min_value": 1, "max_value": 9}, RUNS),
    ("ExpectColumnValueLengthsToEqual", SYMBOL | {"value": 4}, RUNS),
    ("ExpectColumnValueZScoresToBeLessThan", CLOSE | {"threshold": 3, "double_sided": True}, RUNS),
    ("ExpectColumnValueZScoresToBeLessThan",
     SYMBOL | {"threshold": 3, "double_sided": True}, "it cannot run"),
    ("ExpectColumnValuesToBeBetween", DATE | {
        "min_value": "2020-01-01", "max_value": "2030-12-31"}, RUNS),
    ("ExpectColumnValuesToBeBetween", DATE | {"min_value": 20200101}, "it cannot run"),
    ("ExpectColumnValuesToBeBetween", {"column": "vwap", "min_value": 1}, "which no run has"),
    ("ExpectColumnValuesToBeDateutilParseable", SYMBOL, RUNS),
    ("ExpectColumnValuesToBeDateutilParseable", DATE, "of type string"),
    ("ExpectColumnValuesToBeDecreasing", CLOSE | {"strictly": True}, RUNS),
    ("ExpectColumnValuesToBeInSet", SYMBOL | {"value_set": ["TSLA", "NVDA"]}, RUNS),
    ("ExpectColumnValuesToBeInTypeList", CLOSE | {"type_list": ["float64", "double"]}, RUNS),
    ("ExpectColumnValuesToBeInTypeList", DATE | {"type_list": ["datetime64[ms]"]}, RUNS),
    ("ExpectColumnValuesToBeIncreasing", CLOSE, RUNS),
    ("ExpectColumnValuesToBeJsonParseable", SYMBOL, RUNS),
    ("ExpectColumnValuesToBeNull", CLOSE, RUNS),
    ("ExpectColumnValuesToBeOfType", CLOSE | {"type_": "double[pyarrow]"}, RUNS),
    ("ExpectColumnValuesToBeOfType", SYMBOL | {"type_": "str"}, RUNS),
    ("ExpectColumnValuesToBeUnique", CLOSE, RUNS),
    ("ExpectColumnValuesToMatchJsonSchema",
     SYMBOL | {"json_schema": {"type": "object"}}, "no column of a bar holds JSON"),
    ("ExpectColumnValuesToMatchLikePattern", SYMBOL | {"like_pattern": "T%"}, DATABASE),
    ("ExpectColumnValuesToMatchLikePatternList", SYMBOL | {"like_pattern_list": ["T%"]}, DATABASE),
    ("ExpectColumnValuesToMatchRegex", SYMBOL | {"regex": "^[A-Z]+$"}, RUNS),
    ("ExpectColumnValuesToMatchRegex", SYMBOL | {"regex": "("}, "regular expression"),
    ("ExpectColumnValuesToMatchRegexList", SYMBOL | {"regex_list": ["^T", "^N"]}, RUNS),
    ("ExpectColumnValuesToMatchStrftimeFormat", SYMBOL | {"strftime_format": "%Y-%m-%d"}, RUNS),
    ("ExpectColumnValuesToMatchStrftimeFormat", DATE | {"strftime_format": "%Y"}, "of type string"),
    ("ExpectColumnValuesToNotBeInSet", DATE | {"value_set": ["2025-12-25"]}, RUNS),
    ("ExpectColumnValuesToNotBeNull", CLOSE | {"mostly": 0.99}, RUNS),
    ("ExpectColumnValuesToNotBeOutliers", CLOSE | {"method": "std", "multiplier": 3}, RUNS),
    ("ExpectColumnValuesToNotMatchLikePattern", SYMBOL | {"like_pattern": "T%"}, DATABASE),
    ("ExpectColumnValuesToNotMatchLikePatternList",
     SYMBOL | {"like_pattern_list": ["T%"]}, DATABASE),
    ("ExpectColumnValuesToNotMatchRegex", SYMBOL | {"regex": r"\s"}, RUNS),
    ("ExpectColumnValuesToNotMatchRegexList", SYMBOL | {"regex_list": [r"\s"]}, RUNS),
    ("ExpectCompoundColumnsToBeUnique", {"column_list": ["symbol", "date"]}, RUNS),
    ("ExpectMulticolumnSumToEqual", SEVERAL | {"sum_total": 100}, RUNS),
    ("ExpectMulticolumnSumToEqual",
     {"column_list": ["symbol", "close"], "sum_total": 1}, "it cannot run"),
    ("ExpectMulticolumnValuesToBeEqual", SEVERAL, RUNS),
    ("ExpectMulticolumnValuesToBeUnique", CLOSE | SEVERAL, "unknown expectation"),
    ("ExpectQueryResultsToMatchComparison", {
        "base_query": "select 1", "comparison_data_source_name": "a",
        "comparison_query": "select 1"}, DATABASE),
    ("ExpectSelectColumnValuesToBeUniqueWithinRecord", SEVERAL, RUNS),
    ("ExpectTableColumnCountToBeBetween", {"min_value": 1}, RUNS),
    ("ExpectTableColumnCountToEqual", {"value": 7}, RUNS),
    ("ExpectTableColumnsToMatchOrderedList", {"column_list": ["symbol", "date"]}, RUNS),
    ("ExpectTableColumnsToMatchSet", {"column_set": ["symbol", "date"]}, RUNS),
    ("ExpectTableRowCountToBeBetween", {"min_value": 1, "strict_min": True}, RUNS),
    ("ExpectTableRowCountToEqual", {"value": 46}, RUNS),
    ("ExpectTableRowCountToEqualOtherTable", {"other_table_name": "other"}, DATABASE),
    ("UnexpectedRowsExpectation", {"unexpected_rows_query": "select * from {batch}"}, DATABASE),
]  # fmt: skip


@pytest.fixture(scope="module")
def bars() -> pd.DataFrame:
    return pd.read_csv("sql/sample/stock_data.csv", parse_dates=["date"])


def saved(*expectations: Expectation, **more: Any) -> bytes:
    """A suite as Great Expectations writes it, with an id on each entry."""
    for expectation in expectations:
        expectation.id = str(uuid.uuid4())
    document = ExpectationSuite(name="s", id=str(uuid.uuid4()), **more).to_json_dict()
    document["expectations"] = [e.configuration.to_json_dict() for e in expectations]
    return json.dumps(document).encode()


def read(*expectations: Expectation, **more: Any) -> Suite:
    return parse_suite(saved(*expectations, **more), where="s", name="s")


def offered() -> set[str]:
    """The classes that Great Expectations has."""
    found = (one for one in vars(core).values() if isinstance(one, type))
    return {one.__name__ for one in found if issubclass(one, Expectation)}


def test_every_expectation_of_great_expectations_is_tried():
    assert {name for name, _, _ in CASES} == offered()


@pytest.mark.parametrize(("name", "kwargs", "refusal"), CASES, ids=lambda value: str(value)[:60])
def test_what_is_accepted_runs_and_what_cannot_is_refused(bars, name, kwargs, refusal):
    expectation = getattr(core, name)(**kwargs, severity="warning")
    if refusal:
        with pytest.raises(SuiteError) as caught:
            read(expectation)
        assert refusal in str(caught.value)
        assert (caught.value.entry, "\n" in str(caught.value)) == (1, False)
        return
    report = run_in_memory(bars, read(expectation), as_of="2025-11-04")
    assert [o.status for o in report.outcomes] in (["passed"], ["failed"])


def test_reports_and_partitions_take_whatever_is_accepted(bars, tmp_path):
    accepted = [getattr(core, n)(**k, severity="warning") for n, k, why in CASES if not why]
    suite = read(*accepted)
    bars = bars.sort_values(["symbol", "date"], ignore_index=True).astype({"volume": float})

    whole = run_in_memory(bars, suite, as_of=AS_OF)

    assert {o.status for o in whole.outcomes} == {"passed", "failed"}
    whole.write_json(tmp_path / "report.json")
    written = json.loads((tmp_path / "report.json").read_text())["expectations"]
    dated = next(e["kwargs"] for e in written if e["kwargs"].get("max_value") == "2030-12-31")
    assert dated == {"column": "date", "min_value": "2020-01-01", "max_value": "2030-12-31"}
    assert "2030-12-31" in render_html(whole, bars=bars)
    parted = in_parts(bars, bars.iloc[:0], suite, 2)
    assert parted.to_dict() == whole.to_dict()


CONDITIONS = [
    pytest.param(Column("date") > "2025-10-31", 4, id="after_a_day"),
    pytest.param(Column("date") == "2025-10-31", 2, id="of_a_day"),
    pytest.param(Column("date") != "2025-10-31", 44, id="not_of_a_day"),
    pytest.param(Column("date").is_in(["2025-10-31", "2025-11-03"]), 4, id="in_days"),
    pytest.param(Column("date").is_not_in(["2025-10-31"]), 44, id="not_in_days"),
    pytest.param(Column("date") <= "2025-10-31T00:00:00+00:00", 42, id="until_a_time_with_zone"),
    pytest.param((Column("date") > "2025-10-31") & (Column("symbol") == "TSLA"), 2, id="both"),
    pytest.param((Column("date") > "2025-10-31") | (Column("symbol") == "TSLA"), 25, id="either"),
    pytest.param(Column("close").is_not_null(), 46, id="not_null"),
    pytest.param(Column("volume") >= 0, 46, id="number"),
]


@pytest.mark.parametrize(("condition", "rows"), CONDITIONS)
def test_a_condition_takes_the_rows_that_it_names(bars, condition, rows):
    expectation = gxe.ExpectColumnValuesToBeBetween(
        column="close", min_value=0, row_condition=condition
    )
    (outcome,) = run_in_memory(bars, read(expectation)).outcomes
    assert (outcome.status, outcome.looked_at) == ("passed", rows)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("condition", "parser", "rows"),
    [
        ('symbol == "TSLA"', "pandas", 23),
        ('col("symbol") == "TSLA"', "great_expectations", 23),
        ('date > "2025-10-31"', "pandas", 4),
        ('close == close and not symbol.str.startswith("N")', "pandas", 23),
    ],
)
def test_a_condition_in_words_takes_the_rows_that_it_names(bars, condition, parser, rows):
    expectation = gxe.ExpectColumnValuesToBeBetween(
        column="close", min_value=0, row_condition=condition, condition_parser=parser
    )
    (outcome,) = run_in_memory(bars, read(expectation)).outcomes
    assert (outcome.status, outcome.looked_at) == ("passed", rows)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "condition", ["close >", "close ===== 1", "f(close) > 1", "5", "close.abc > 1"]
)
def test_a_condition_that_cannot_be_asked_is_refused(condition):
    expectation = gxe.ExpectColumnMeanToBeBetween(
        column="close", min_value=0, row_condition=condition, condition_parser="pandas"
    )
    with pytest.raises(SuiteError, match="row_condition cannot be asked") as caught:
        read(expectation)
    assert caught.value.field == "row_condition"


BETWEEN, NOT_NULL = "expect_column_values_to_be_between", "expect_column_values_to_not_be_null"
PANDAS = {"condition_parser": "pandas"}
IN_CLOSE = CLOSE | {"min_value": 0}
NULLITY = {"type": "nullity", "column": {"name": "Volumne"}, "is_null": False}


@pytest.mark.parametrize(
    ("type_", "kwargs", "meant"),
    [
        (BETWEEN, {"column": "clsoe", "min_value": 0}, {"clsoe": "close"}),
        (BETWEEN, {"column": "CLOSE", "min_value": 0}, {"CLOSE": "close"}),
        (NOT_NULL, {"column": "clsoe"}, {"clsoe": "close"}),
        (NOT_NULL, {"column": "sector"}, {"sector": ""}),
        ("expect_column_type_to_be", {"column": "clsoe", "type_": "float64"}, {"clsoe": "close"}),
        ("expect_column_pair_values_to_be_equal",
         {"column_A": "hihg", "column_B": "Low"}, {"hihg": "high", "Low": "low"}),
        ("expect_compound_columns_to_be_unique",
         {"column_list": ["symbl", "date"]}, {"symbl": "symbol"}),
        ("expect_no_unit_errors",
         {"column_list": ["symbol", "date", "open", "hihg", "low", "close", "volume"]},
         {"hihg": "high"}),
        (BETWEEN, IN_CLOSE | PANDAS | {"row_condition": 'symbl == "TSLA"'}, {"symbl": "symbol"}),
        (NOT_NULL, CLOSE | PANDAS | {"row_condition": 'symbl == "TSLA"'}, {"symbl": "symbol"}),
        (NOT_NULL, CLOSE | PANDAS | {"row_condition": "`Close` > 0"}, {"Close": "close"}),
        (BETWEEN, IN_CLOSE | {"row_condition": NULLITY}, {"Volumne": "volume"}),
        (BETWEEN, IN_CLOSE | {"row_condition": 'col("symbl") == "A"',
                              "condition_parser": "great_expectations"}, {"symbl": "symbol"}),
        (BETWEEN, {"column": "clsoe", "minvalue": 0, "row_condition": NULLITY},
         {"clsoe": "close", "Volumne": "volume"}),
        ("expect_no_future_bars", PANDAS | {"row_condition": 'symbl == "A"'}, {"symbl": "symbol"}),
    ],
)  # fmt: skip
def test_a_column_that_no_run_has_is_named_with_the_one_that_was_meant(type_, kwargs, meant):
    document = {"name": "s", "expectations": [{"type": type_, "kwargs": kwargs}]}
    with pytest.raises(SuiteError) as caught:
        parse_suite(json.dumps(document).encode(), where="s", name="s")
    faults = [str(fault) for fault in caught.value.faults]
    for name, column in meant.items():
        hint = f"; did you mean {column!r}?" if column else " (a run has symbol, date"
        said = f"names the column {name!r}, which no run has{hint}"
        assert [fault.startswith(f"s, entry 1 ({type_})") for fault in faults if said in fault] == [
            True
        ]


@pytest.mark.parametrize(
    ("type_", "kwargs"),
    [
        ("expect_column_to_exist", {"column": "vwap"}),
        ("expect_table_columns_to_match_set", {"column_set": ["symbol", "vwap"]}),
        ("expect_table_columns_to_match_ordered_list", {"column_list": ["symbol", "vwap"]}),
        (NOT_NULL, CLOSE | PANDAS | {"row_condition": 'symbol.str.contains("T", regex=False)'}),
        (NOT_NULL, CLOSE | PANDAS | {"row_condition": "index >= 0 and created_at > date"}),
    ],
)
def test_a_word_that_is_no_column_or_asks_for_one_is_no_fault(type_, kwargs):
    document = {"name": "s", "expectations": [{"type": type_, "kwargs": kwargs}]}
    assert parse_suite(json.dumps(document).encode(), where="s", name="s")


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"min_value": "soon"}, "kwarg 'min_value' is no number, and no date like 2025-11-03"),
        ({"min_value": "03/11/2025"}, "kwarg 'min_value' is no number, and no date"),
        ({"min_value": 0, "row_condition": "close", "condition_parser": "great_expectations"},
         "unable to parse condition: close"),
        ({"mostly": {"$PARAMETER": "as_of"}, "min_value": 0}, "value is not a valid float"),
    ],
    ids=str,
)  # fmt: skip
def test_what_great_expectations_cannot_parse_is_one_fault(kwargs, said):
    bad = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "close", **kwargs}}
    document = {"name": "s", "id": str(uuid.uuid4()), "expectations": [bad]}
    with pytest.raises(SuiteError) as caught:
        parse_suite(json.dumps(document).encode(), where="s", name="s")
    assert said in str(caught.value)
    assert len(caught.value.faults) == 1


def test_a_condition_that_none_of_the_made_up_bars_meets_is_no_reason_to_refuse(bars):
    expectation = gxe.ExpectColumnQuantileValuesToBeBetween(
        column="close",
        quantile_ranges={"quantiles": [0.5], "value_ranges": [[0, None]]},
        row_condition=Column("symbol") == "TSLA",
    )
    (outcome,) = run_in_memory(bars, read(expectation)).outcomes
    assert outcome.status == "passed"


DAYS = ["2025-10-30 15:30", "2025-10-31 20:00", "2025-11-03 15:30"]
TIMES = {
    "days": pd.to_datetime([day[:10] for day in DAYS]),
    "times": pd.to_datetime(DAYS),
    "zoned": pd.to_datetime(DAYS).tz_localize("America/New_York"),
}


@pytest.mark.parametrize("times", TIMES.values(), ids=TIMES)
@pytest.mark.parametrize(
    ("bounds", "outside"),
    [
        ({"min_value": "2025-10-31", "max_value": "2025-10-31"}, [0, 2]),
        ({"min_value": "2025-10-31", "strict_min": True}, [0, 1]),
        ({"max_value": "2025-10-31", "strict_max": True}, [1, 2]),
        ({"max_value": "2025-10-31T23:00:00"}, [2]),
        ({"min_value": "2025-10-31T00:00:00-04:00"}, [0]),
    ],
    ids=str,
)
def test_a_day_as_bound_is_the_whole_of_that_day(times, bounds, outside):
    frame = pd.DataFrame({"symbol": "A", "date": times, "close": 1.0})
    expectation = gxe.ExpectColumnValuesToBeBetween(column="date", **bounds)
    (outcome,) = run_in_memory(frame, read(expectation)).outcomes
    assert outcome.rows.tolist() == outside


def test_a_time_with_zone_is_compared_in_utc_with_times_that_have_none():
    frame = pd.DataFrame({"symbol": "A", "date": TIMES["times"], "close": 1.0})
    moment: Any = "2025-10-30T11:30:00-04:00"  # as a file has it
    expectation = gxe.ExpectColumnMinToBeBetween(column="date", min_value=moment, max_value=moment)
    (outcome,) = run_in_memory(frame, read(expectation)).outcomes
    assert outcome.status == "passed"


FLOOR = {"$PARAMETER": "floor"}


def test_parameters_that_are_given_run(bars):
    suite = read(
        gxe.ExpectColumnMinToBeBetween(column="close", min_value=FLOOR),
        gxe.ExpectColumnMinToBeBetween(column="open", min_value={"$PARAMETER": "floor * 1000"}),
        gxe.ExpectColumnMaxToBeBetween(column="date", max_value={"$PARAMETER": "as_of"}),
        suite_parameters={"floor": 0.5},
    )
    report = run_in_memory(bars, suite, as_of="2025-11-04")
    assert [o.status for o in report.outcomes] == ["passed", "failed", "passed"]
    assert report.outcomes[0].kwargs["min_value"] == FLOOR


@pytest.mark.parametrize(
    ("value", "own", "said"),
    [
        (FLOOR, {}, "the parameter 'floor', which no run gives; there is as_of, ended"),
        (FLOOR, {"flor": 1}, "did you mean 'flor'?"),
        ({"$PARAMETER": "floor + 1"}, {}, "the parameter 'floor'"),
        ({"$PARAMETER": "1 + + 2 ("}, {}, "it cannot run on bars"),
        (FLOOR, {"floor": "TSLA"}, "it cannot run on bars"),
    ],
)
def test_parameters_that_nobody_gives_are_named(value, own, said):
    expectation = gxe.ExpectColumnMinToBeBetween(column="close", min_value=value)
    with pytest.raises(SuiteError) as caught:
        read(expectation, suite_parameters=own)
    assert said in str(caught.value)


def test_a_bound_that_the_run_leaves_open_is_what_the_bars_have(bars):
    first, last, names = ({"$PARAMETER": n} for n in ("first_date", "last_date", "symbols"))
    suite = read(
        gxe.ExpectColumnMinToBeBetween(column="date", min_value=first, max_value=first),
        gxe.ExpectColumnMaxToBeBetween(column="date", min_value=last, max_value=last),
        gxe.ExpectColumnDistinctValuesToEqualSet(column="symbol", value_set=names),
    )
    asked = Asked(("TSLA", "NVDA"), "2025-10-05", "2025-11-04")
    assert [o.status for o in run_in_memory(bars, suite, asked=asked).outcomes] == ["passed"] * 3
    assert [o.status for o in run_in_memory(bars, suite).outcomes] == ["passed"] * 3
    late = bars[bars["date"] > "2025-10-10"]
    assert [o.status for o in run_in_memory(late, suite).outcomes] == ["passed"] * 3
    assert run_in_memory(late, suite, asked=asked).outcomes[0].status == "failed"
    none = run_in_memory(bars.iloc[:0], suite)
    assert "error" not in {o.status for o in none.outcomes}
    parted = in_parts(bars, bars.iloc[:0], suite, 2)
    assert [o.status for o in parted.outcomes] == ["passed"] * 3


def test_a_parameter_inside_a_kwarg_is_refused():
    expectation = gxe.ExpectColumnValuesToBeInSet(column="close", value_set=[FLOOR])
    with pytest.raises(SuiteError, match="a parameter is a whole kwarg"):
        read(expectation, suite_parameters={"floor": 1})


def test_a_suite_may_not_set_what_each_run_gives():
    with pytest.raises(SuiteError, match="suite_parameters set 'as_of', which each run gives"):
        read(gxe.ExpectColumnToExist(column="close"), suite_parameters={"as_of": "2025-11-04"})


def test_what_a_run_decides_for_itself_may_stand_in_the_suite(bars):
    given: dict[str, Any] = {"column": "close", "max_value": 1, "result_format": "BOOLEAN_ONLY"}
    expectation = gxe.ExpectColumnMaxToBeBetween(**given, catch_exceptions=True)
    between = gxe.ExpectColumnValuesToBeBetween(**given)
    report = run_in_memory(bars, read(expectation, between))
    assert [o.status for o in report.outcomes] == ["failed", "failed"]
    assert report.outcomes[1].unexpected_count == 46


INSIDE = "has a parameter inside it; a parameter is a whole kwarg"
OF_SUITE = {"symbol": "TSLA", "yes": True, "half": 0.5, "low": 0, "all": "^[A-Z]+$", "rows": 46}


@pytest.mark.parametrize(
    ("name", "kwargs", "refusal"),
    [
        ("ExpectColumnValuesToBeBetween", CLOSE | {"min_value": 0, "mostly": "half"}, RUNS),
        ("ExpectColumnValuesToBeBetween", CLOSE | {"min_value": "low", "strict_min": "yes"}, RUNS),
        ("ExpectColumnValuesToBeInSet", SYMBOL | {"value_set": "symbols"}, RUNS),
        ("ExpectColumnValuesToMatchRegex", SYMBOL | {"regex": "all"}, RUNS),
        ("ExpectTableRowCountToEqual", {"value": "rows"}, RUNS),
        ("ExpectColumnValuesToBeInSet", SYMBOL | {"value_set": ["TSLA", {"$PARAMETER": "symbol"}]},
         INSIDE),
        ("ExpectColumnQuantileValuesToBeBetween", CLOSE | {"quantile_ranges": {
            "quantiles": [0.5], "value_ranges": [[{"$PARAMETER": "low"}, None]]}}, INSIDE),
        ("ExpectColumnValuesToBeBetween", CLOSE | {
            "min_value": 0, "row_condition": Column("symbol") == {"$PARAMETER": "symbol"}}, INSIDE),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_a_parameter_runs_as_a_whole_kwarg_and_is_refused_once_anywhere_else(
    bars, name, kwargs, refusal
):
    names = {*OF_SUITE, "symbols"}
    given = {
        key: {"$PARAMETER": value} if isinstance(value, str) and value in names else value
        for key, value in kwargs.items()
        if key != "column"
    }
    column = {"column": kwargs["column"]} if "column" in kwargs else {}
    expectation = getattr(core, name)(**column, **given)
    if refusal:
        with pytest.raises(SuiteError, match=refusal) as caught:
            read(expectation, suite_parameters=OF_SUITE)
        assert len(caught.value.faults) == 1
        return
    suite = read(expectation, suite_parameters=OF_SUITE)
    asked = Asked(symbols=("NVDA", "TSLA"))
    (outcome,) = run_in_memory(bars, suite, as_of="2025-11-04", asked=asked).outcomes
    assert outcome.status in ("passed", "failed")
