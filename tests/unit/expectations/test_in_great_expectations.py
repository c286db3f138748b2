"""The expectations as Great Expectations runs, stores and shows them."""

from typing import Any

import great_expectations
import numpy as np
import pandas as pd
import pytest
from great_expectations.core import ExpectationSuite, ExpectationSuiteValidationResult
from great_expectations.expectations.registry import get_expectation_impl
from great_expectations.render.renderer.content_block import ExpectationStringRenderer

from gx.plugins.expectations import MARKET_EXPECTATIONS, BarExpectation
from gx.plugins.expectations.kernels.bars import Bars
from tests.unit.expectations.series import SESSIONS, market, walk

PRICES = ["open", "high", "low", "close"]
AS_OF = str(SESSIONS[199].date())
KINDS: tuple[type[Any], ...] = MARKET_EXPECTATIONS  # mypy knows no default of their fields


def defective() -> pd.DataFrame:
    """Bars with something for most of the expectations, in no order."""
    bars = market(6)
    bars["created_at"] = bars["date"] + pd.Timedelta(days=1)
    bars.loc[20, "high"] = bars["low"][20] / 2
    bars.loc[40, "close"] = np.nan
    bars.loc[60, PRICES] *= 100
    bars.loc[80, PRICES] *= 1.5
    bars.loc[200:299, PRICES] *= 2
    bars.loc[350:358, PRICES] = bars.loc[350, PRICES].to_numpy(dtype=float)
    bars.loc[370, "volume"] = 0
    bars.loc[599, "created_at"] = bars["date"][599]
    bars.loc[700, "date"] = pd.Timestamp("2024-07-06")
    bars.loc[798, "date"] = pd.Timestamp("2030-01-02")
    bars = bars.drop(bars.index[bars["date"] == SESSIONS[150]])
    copy = bars[bars["symbol"] == "S5"][50:90].assign(symbol="COPY")
    return pd.concat([bars, copy]).sample(frac=1, random_state=3).reset_index(drop=True)


def run(bars: pd.DataFrame, expectations: list[BarExpectation]) -> ExpectationSuiteValidationResult:
    context = great_expectations.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("bars").add_dataframe_asset("bars")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": bars})
    suite = ExpectationSuite("market", expectations=expectations)
    return batch.validate(suite, result_format={"result_format": "COMPLETE"})


def every_expectation() -> list[BarExpectation]:
    return [kind(as_of=AS_OF) if "as_of" in kind.parameters() else kind() for kind in KINDS]


def test_each_is_registered_under_the_name_of_its_class():
    for kind in MARKET_EXPECTATIONS:
        assert get_expectation_impl(kind.expectation_type) is kind


def test_in_a_suite_they_flag_the_rows_that_their_detectors_flag():
    bars = defective()
    expectations = every_expectation()

    result = run(bars, expectations)

    assert len(result.results) == len(MARKET_EXPECTATIONS) == 23
    failed = 0
    for outcome, kind in zip(result.results, MARKET_EXPECTATIONS, strict=True):
        kwargs = {name: kind.__fields__[name].default for name in kind.parameters()}
        kwargs |= {"as_of": AS_OF} if "as_of" in kwargs else {}
        flags = kind.detector(Bars.of(bars), **kwargs).flags
        assert outcome.exception_info["raised_exception"] is False
        assert outcome.result["unexpected_index_list"] == np.flatnonzero(flags).tolist()
        assert outcome.success == (not flags.any())
        failed += not outcome.success
    assert failed >= 15


def test_results_survive_storage():
    stored = run(defective(), every_expectation()).to_json_dict()

    details = {
        each["expectation_config"]["type"]: each["result"]["details"] for each in stored["results"]
    }
    assert details["expect_no_missing_sessions"]["missing_count"] >= 6
    holes = {
        one["session"]: one["percent_missing"]
        for one in details["expect_no_market_wide_holes"]["sessions"]
    }
    assert holes[str(SESSIONS[150].date())] == 100.0
    assert details["expect_no_duplicated_series"]["symbols"] == ["S5", "COPY"]


def test_a_symbol_with_few_bars_is_counted_and_not_failed():
    result = run(walk(bars=5), [kind() for kind in KINDS[7:11]])

    for outcome in result.results[1:]:
        assert outcome.success and outcome.result["details"]["not_judged_symbols"] == 1


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_rows_neither_crash_nor_warn(rows: int, recwarn: pytest.WarningsRecorder):
    bars = walk(bars=2)[:rows].assign(created_at=pd.Timestamp("2025-01-01"))

    result = run(bars, every_expectation())

    assert [each.exception_info["raised_exception"] for each in result.results] == [False] * 23
    assert not [each for each in recwarn if "gx/plugins" in each.filename]


@pytest.mark.parametrize("column", ["symbol", "date", *PRICES, "volume", "created_at"])
def test_a_column_of_nothing_neither_crashes_nor_warns(
    column: str, recwarn: pytest.WarningsRecorder
):
    bars = defective()
    missing = {"symbol": None, "date": pd.NaT, "created_at": pd.NaT}.get(column, np.nan)
    bars[column] = pd.Series([missing] * len(bars), dtype=bars[column].dtype)

    result = run(bars, every_expectation())

    assert [each.exception_info["raised_exception"] for each in result.results] == [False] * 23
    assert not [each for each in recwarn if "gx/plugins" in each.filename]


def test_columns_with_other_names_are_given_in_order():
    names = {"symbol": "ticker", "date": "day", "open": "o", "high": "h", "low": "l", "close": "c"}
    bars = defective().rename(columns=names)
    kind = MARKET_EXPECTATIONS[0]

    outcome = run(bars, [kind(column_list=list(names.values()))]).results[0]

    assert outcome.result["unexpected_count"] == 2


def test_a_column_too_few_is_refused():
    with pytest.raises(ValueError, match="give 6, in this order: symbol, date, open"):
        MARKET_EXPECTATIONS[0](column_list=["symbol", "date", "open", "high"])


@pytest.mark.parametrize("kind", MARKET_EXPECTATIONS, ids=lambda kind: kind.expectation_type)
def test_the_sentence_shown_names_no_parameter_without_a_value(kind: type[Any]):
    shown = ExpectationStringRenderer.render(kind().configuration)[0].to_json_dict()
    template = shown["string_template"]

    for name, value in template["params"].items():
        template["template"] = template["template"].replace(f"${name}", value)

    assert "$" not in template["template"] and template["template"].endswith(".")


@pytest.mark.parametrize("kind", MARKET_EXPECTATIONS, ids=lambda kind: kind.expectation_type)
def test_every_parameter_is_described_with_a_default(kind: type[BarExpectation]):
    fields = kind.__fields__

    for name in (*kind.parameters(), "column_list"):
        assert fields[name].field_info.description and not fields[name].required
    assert kind.__doc__ and "Source:" in kind.__doc__
    assert fields["column_list"].default == list(kind.needs_columns)


def test_as_of_can_come_from_the_run():
    kind = next(each for each in KINDS if "fresh" in each.expectation_type)
    context = great_expectations.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("bars").add_dataframe_asset("bars")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": walk()})
    suite = ExpectationSuite("market", expectations=[kind(as_of={"$PARAMETER": "as_of"})])

    late = batch.validate(suite, expectation_parameters={"as_of": "2024-12-31"})
    intime = batch.validate(suite, expectation_parameters={"as_of": AS_OF})

    assert (late.success, intime.success) == (False, True)
