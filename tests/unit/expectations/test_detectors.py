"""Each detector on the defect it is for, and on what only looks like one."""

import numpy as np
import pandas as pd
import pytest

from gx.plugins.expectations.kernels import activity, prices, returns, splits, twins, units
from gx.plugins.expectations.kernels.bars import Bars, Judgement
from tests.unit.expectations.series import market, walk

PRICES = ["open", "high", "low", "close"]


def found(judgement: Judgement) -> list[int]:
    return np.flatnonzero(judgement.flags).tolist()


@pytest.mark.parametrize("price", PRICES)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0, -1.0])
def test_prices_that_are_no_prices_are_found(price: str, value: float):
    bars = walk()
    bars.loc[7, price] = value

    assert found(prices.not_finite_positive(Bars.of(bars))) == [7]


@pytest.mark.parametrize("price", PRICES)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_bar_with_an_unusable_price_is_not_consistent(price: str, value: float):
    bars = walk()
    bars.loc[7, price] = value

    assert found(prices.inconsistent_ohlc(Bars.of(bars))) == [7]


@pytest.mark.parametrize(
    ("price", "value"), [("high", 9.9), ("low", 11.1), ("open", 11.6), ("close", 8.9)]
)
def test_prices_out_of_order_are_found(price: str, value: float):
    bars = walk()
    bars.loc[7, PRICES] = [10.0, 11.5, 9.0, 11.0]
    bars.loc[7, price] = value

    assert found(prices.inconsistent_ohlc(Bars.of(bars))) == [7]
    assert found(prices.inconsistent_ohlc(Bars.of(bars), tolerance=2.5)) == []


def test_rounding_of_adjusted_prices_is_consistent():
    bars = walk()
    bars.loc[7, "high"] = bars.loc[7, "low"] = bars.loc[7, "open"] = bars["close"][7]
    bars.loc[[7], "high"] *= 1 - 1e-12

    assert found(prices.inconsistent_ohlc(Bars.of(bars))) == []


@pytest.mark.parametrize("factor", [100.0, 0.01])
@pytest.mark.parametrize("columns", [[price] for price in PRICES] + [PRICES])
@pytest.mark.parametrize("block", [range(1), range(60, 61), range(60, 100), range(170, 200)])
def test_bars_in_another_unit_are_found_whole(factor: float, columns: list[str], block: range):
    bars = market(2)
    bars.loc[list(block), columns] *= factor

    assert found(units.unit_errors(Bars.of(bars))) == list(block)


def test_a_hundredfold_reverse_split_is_a_split_and_no_unit_error():
    bars = walk(start=5000.0, tick=1.0)
    bars.loc[:99, PRICES] /= 100
    bars.loc[:99, "volume"] *= 100

    assert found(units.unit_errors(Bars.of(bars))) == []
    assert found(splits.unadjusted_splits(Bars.of(bars))) == [100]


def test_a_price_that_grows_a_hundredfold_over_the_years_is_in_one_unit():
    bars = walk()
    bars[PRICES] = bars[PRICES].mul(np.geomspace(1, 200, len(bars)), axis=0)

    assert found(units.unit_errors(Bars.of(bars))) == []


@pytest.mark.parametrize("ratio", [1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 0.5, 0.1, 0.05])
@pytest.mark.parametrize("adjusted_volume", [True, False])
@pytest.mark.parametrize("at", [15, 100, 199])
def test_splits_are_found_at_the_first_bar_in_new_shares(
    ratio: float, adjusted_volume: bool, at: int
):
    bars = walk(start=200.0)
    bars.loc[: at - 1, PRICES] *= ratio
    if not adjusted_volume:
        bars.loc[: at - 1, "volume"] /= ratio

    assert found(splits.unadjusted_splits(Bars.of(bars))) == [at]
    assert at not in found(returns.outlying_returns(Bars.of(bars)))


def test_a_crash_at_a_split_ratio_is_no_split():
    bars = walk(start=200.0)
    bars.loc[100:, PRICES] *= 0.5
    bars.loc[[100], "volume"] *= 15
    bars.loc[100, "high"] = bars.loc[100, PRICES].max() * 1.03
    bars.loc[100, "low"] = bars.loc[100, PRICES].min() * 0.95

    assert found(splits.unadjusted_splits(Bars.of(bars))) == []


def test_a_penny_share_that_moves_by_ticks_does_not_split():
    bars = walk(start=0.03, daily=0.2)
    bars[PRICES] = bars[PRICES].round(2).clip(lower=0.01)

    assert found(splits.unadjusted_splits(Bars.of(bars))) == []
    assert found(returns.outlying_returns(Bars.of(bars))) == []
    assert found(returns.reversing_spikes(Bars.of(bars))) == []


@pytest.mark.parametrize("factor", [1.3, 0.7, 3.0])
@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("at", [2, 100, 195])
def test_spikes_are_found_whole_and_only_they(factor: float, width: int, at: int):
    bars = market(2)
    block = list(range(at, at + width))
    bars.loc[block, PRICES] *= factor

    assert found(returns.reversing_spikes(Bars.of(bars))) == block


def test_a_spike_over_an_unusable_price_does_not_reach_the_next_symbol():
    bars = market(2)
    bars.loc[199, PRICES] *= 2
    bars.loc[198, PRICES] = np.nan

    assert found(returns.reversing_spikes(Bars.of(bars))) == []


def test_an_outlier_is_found_at_its_bar_and_not_on_the_way_back():
    bars = walk()
    bars.loc[100, PRICES] *= 1.2

    assert found(returns.outlying_returns(Bars.of(bars))) == [100]


@pytest.mark.parametrize("witness", ["volume", "range"])
def test_a_move_that_the_bar_confirms_is_news(witness: str):
    bars = walk()
    bars.loc[100:, PRICES] *= 0.82
    if witness == "volume":
        bars.loc[[100], "volume"] *= 10
    else:
        bars.loc[[100], "low"] *= 0.85

    assert found(returns.outlying_returns(Bars.of(bars))) == []


def test_thin_trading_makes_no_outliers():
    bars = walk(daily=0.02)
    quiet = np.random.default_rng(0).random(200) < 0.7
    bars.loc[quiet, PRICES] = np.nan
    bars[PRICES] = bars[PRICES].ffill().bfill()

    assert found(returns.outlying_returns(Bars.of(bars))) == []
    assert found(activity.stale_prices(Bars.of(bars))) == []


def test_overnight_moves_are_no_outliers_of_minute_bars():
    bars = walk(daily=0.0005, bars=200)
    days = [pd.date_range(f"2024-01-0{day} 09:30", periods=50, freq="min") for day in (2, 3, 4, 5)]
    bars["date"] = np.concatenate([day.to_numpy() for day in days])
    bars.loc[100:, PRICES] *= 1.05

    assert found(returns.outlying_returns(Bars.of(bars))) == []


def test_a_gap_beyond_the_symbols_own_is_found():
    bars = walk()
    bars.loc[[100], "open"] *= 1.15

    assert found(returns.outlying_gaps(Bars.of(bars))) == [100]


def test_a_repeated_close_is_found_from_its_second_bar():
    bars = market(2)
    bars.loc[100:104, "close"] = bars["close"][100]
    bars.loc[150:153, "close"] = bars["close"][150]

    assert found(activity.stale_prices(Bars.of(bars))) == [101, 102, 103, 104]


def test_a_flat_bar_with_volume_is_found_and_without_is_not():
    bars = walk()
    bars.loc[[50, 60], PRICES] = 50.0
    bars.loc[60, "volume"] = 0

    assert found(activity.stale_prices(Bars.of(bars))) == [50]


def test_a_symbol_that_usually_has_flat_bars_may_have_them():
    bars = walk()
    bars.loc[::3, "high"] = bars.loc[::3, "low"] = bars.loc[::3, "open"] = bars.loc[::3, "close"]

    assert found(activity.stale_prices(Bars.of(bars))) == []


def test_moves_without_volume_and_volumes_in_lots_are_found():
    bars = walk()
    bars.loc[50, "volume"] = 0
    bars.loc[[60], "volume"] *= 100
    bars.loc[70, "volume"] = -5

    assert found(activity.disagreeing_volume(Bars.of(bars))) == [50, 60, 70]


def test_an_index_without_volume_may_move():
    assert found(activity.disagreeing_volume(Bars.of(walk().assign(volume=0.0)))) == []


def test_a_copied_series_is_found_in_both_symbols():
    bars = market(3)
    copy = bars[20:60].assign(symbol="COPY", volume=1.0)
    both = pd.concat([bars, copy], ignore_index=True)

    judgement = twins.duplicated_series(Bars.of(both))

    assert found(judgement) == [*range(20, 60), *range(600, 640)]
    assert judgement.details == {"symbols": ["S0", "COPY"]}


def test_a_copy_shorter_than_the_stretch_proves_nothing():
    bars = market(3)
    both = pd.concat([bars, bars[20:39].assign(symbol="COPY")], ignore_index=True)

    assert found(twins.duplicated_series(Bars.of(both))) == []


def test_two_halted_symbols_at_one_price_are_no_copies():
    bars = walk()
    bars[PRICES] = 10.0
    both = pd.concat([bars, bars.assign(symbol="BBB")], ignore_index=True)

    assert found(twins.duplicated_series(Bars.of(both))) == []


def test_doubled_rows_of_one_symbol_are_no_copied_series():
    bars = walk()

    assert found(twins.duplicated_series(Bars.of(pd.concat([bars, bars], ignore_index=True)))) == []
