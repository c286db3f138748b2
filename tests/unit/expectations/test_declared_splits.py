"""A declared split explains its step, wherever a step is looked for."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from gx.plugins.expectations.gross_expectations import ExpectNoGrossPriceErrors
from gx.plugins.expectations.kernels import gross, splits, units
from gx.plugins.expectations.kernels.bars import Bars
from gx.plugins.expectations.kernels.declared_splits import price_shift
from gx.plugins.expectations.level_expectations import ExpectNoUnadjustedSplits, ExpectNoUnitErrors
from tests.unit.expectations.series import market, walk

PRICES = ["open", "high", "low", "close"]
DAY = str(walk().loc[100, "date"].date())


def in_new_shares(bars: pd.DataFrame, ratio: float, since: int = 100) -> pd.DataFrame:
    bars = bars.copy()
    bars.loc[since:199, PRICES] /= ratio
    return bars


def gross_rows(bars: pd.DataFrame, declared: Any) -> list[int]:
    return np.flatnonzero(gross.gross_errors(Bars.of(bars), splits=declared).flags).tolist()


@pytest.mark.parametrize("ratio", [5, 7, 20, 100, 0.1, 0.02])
@pytest.mark.parametrize("bars", [101, 102, 200])
def test_a_declared_split_passes_from_its_first_day_on(ratio: float, bars: int):
    split = in_new_shares(walk(start=500.0), ratio).head(bars)

    assert gross_rows(split, {"AAA": {DAY: ratio}}) == []
    assert 100 in gross_rows(split, {})


@pytest.mark.parametrize("ratio", [5, 100, 0.1])
def test_bars_that_were_adjusted_already_pass_too(ratio: float):
    assert gross_rows(walk(start=500.0), {"AAA": {DAY: ratio}}) == []


@pytest.mark.parametrize("bars", [101, 102, 104, 200])
@pytest.mark.parametrize("adjusted", [True, False])
def test_a_gross_price_on_the_day_of_a_split_is_found(bars: int, adjusted: bool):
    split = walk(start=500.0) if adjusted else in_new_shares(walk(start=500.0), 7)
    split = split.head(bars)
    split.loc[100, PRICES] /= 25

    assert gross_rows(split, {"AAA": {DAY: 7}}) == [100]


def test_a_day_without_a_bar_is_no_hindrance():
    split = in_new_shares(walk(start=500.0), 7).drop(index=100).reset_index(drop=True)

    assert gross_rows(split, {"AAA": {DAY: 7}}) == []


def test_a_split_of_another_day_or_symbol_or_size_explains_nothing():
    split = in_new_shares(walk(start=500.0), 10)

    assert gross_rows(split, {"BBB": {DAY: 10}}) == [100]
    assert gross_rows(split, {"AAA": {"2024-01-04": 10}}) == [100]
    assert gross_rows(split, {"AAA": {DAY: 0.1}}) == [100]
    assert gross_rows(split, {"AAA": {"1990-01-04": 10, "2050-01-04": 10}}) == [100]


def test_several_splits_of_one_symbol_are_counted_together():
    bars = in_new_shares(in_new_shares(market(2, start=500.0), 5), 7, since=150)
    second = str(bars.loc[150, "date"].date())

    shift = price_shift(Bars.of(bars), {"S0": {second: 7, DAY: 5}})

    assert gross_rows(bars, {"S0": {second: 7, DAY: 5}}) == []
    assert shift is not None
    assert np.allclose(
        shift[[0, 99, 100, 149, 150, 250]], [-np.log(35)] * 2 + [-np.log(7)] * 2 + [0, 0]
    )


def test_a_declared_hundredfold_split_is_no_unit_error():
    split = in_new_shares(walk(start=500.0), 100)

    assert units.unit_errors(Bars.of(split)).flags.any()
    assert not units.unit_errors(Bars.of(split), splits={"AAA": {DAY: 100}}).flags.any()


def test_a_declared_split_is_not_called_one_that_was_forgotten():
    bars = in_new_shares(in_new_shares(walk(start=500.0), 2), 3, since=150)

    found = splits.unadjusted_splits(Bars.of(bars), splits={"AAA": {DAY: 2}}).flags

    assert np.flatnonzero(found).tolist() == [150]


@pytest.mark.parametrize(
    "kind", [ExpectNoGrossPriceErrors, ExpectNoUnitErrors, ExpectNoUnadjustedSplits]
)
@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (["AAPL"], "write them by symbol"),
        ({"AAPL": 7}, "splits of AAPL are 7; write the date"),
        ({"": {DAY: 7}}, "name the symbol ''"),
        ({"AAPL": {"2014-6-9": 7}}, "of AAPL name the date '2014-6-9'; write it as 2014-06-09"),
        ({"AAPL": {"2014-02-30": 7}}, "name the date '2014-02-30'"),
        ({"AAPL": {"20140609": 7}}, "name the date '20140609'"),
        ({"AAPL": {"2014-06-09": 0}}, "on 2014-06-09 has the ratio 0; .* above 0"),
        ({"AAPL": {"2014-06-09": -7}}, "has the ratio -7"),
        ({"AAPL": {"2014-06-09": "7:1"}}, "has the ratio '7:1'"),
        ({"AAPL": {"2014-06-09": True}}, "has the ratio True"),
        ({"AAPL": {"2014-06-09": float("nan")}}, "has the ratio nan"),
        ({"AAPL": {"2014-06-09": None}}, "has the ratio None"),
    ],
)
def test_splits_that_cannot_be_read_are_named(kind: type, declared: object, said: str):
    with pytest.raises(ValueError, match=said):
        kind(splits=declared)
