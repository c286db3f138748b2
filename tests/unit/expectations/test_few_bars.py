"""What no market does, in symbols of which little is known; and what markets do."""

import numpy as np
import pandas as pd
import pytest

from gx.plugins.expectations import MARKET_EXPECTATIONS
from gx.plugins.expectations.kernels import activity, returns, splits, units, volumes
from gx.plugins.expectations.kernels.bars import Bars, Judgement
from gx.plugins.expectations.kernels.market_moves import CALM, find_moves, judge_moves
from gx.plugins.expectations.level_expectations import ExpectNoUnadjustedSplits
from tests.unit.expectations.series import market, walk

PRICES = ["open", "high", "low", "close"]


def found(judgement: Judgement) -> list[int]:
    return np.flatnonzero(judgement.flags).tolist()


def scaled(bars: pd.DataFrame, rows: list[int], factor: float) -> pd.DataFrame:
    bars = bars.copy()
    bars.loc[rows, PRICES] *= factor
    return bars


# --- a step, or a block, in ten bars ---


@pytest.mark.parametrize("ratio", [33 / 70, 70 / 33, 45.0, 0.3, 2.0])
@pytest.mark.parametrize("at", [2, 5, 8])
def test_a_split_ratio_is_found_in_ten_bars(ratio: float, at: int):
    bars = scaled(walk(bars=10, start=700.0), list(range(at)), ratio)

    assert found(splits.unadjusted_splits(Bars.of(bars))) == [at]


@pytest.mark.parametrize("ratio", [33 / 70, 70 / 33, 0.3, 2.0])
@pytest.mark.parametrize("block", [range(3, 4), range(2, 6), range(1, 9), range(4, 9)])
def test_a_block_of_few_bars_is_found_whole_though_it_be_most_of_them(ratio: float, block: range):
    bars = scaled(walk(bars=10, start=700.0), list(block), ratio)

    assert found(returns.reversing_spikes(Bars.of(bars))) == list(block)


def test_a_block_of_a_smaller_ratio_is_found_by_the_symbol_s_other_moves():
    bars = scaled(walk(bars=40), list(range(10, 30)), 0.76)

    assert found(returns.reversing_spikes(Bars.of(bars))) == list(range(10, 30))


def test_two_blocks_are_two_and_the_bars_between_are_none():
    bars = scaled(walk(bars=40), [*range(5, 11), *range(20, 31)], 0.5)

    assert found(returns.reversing_spikes(Bars.of(bars))) == [*range(5, 11), *range(20, 31)]


def test_a_rise_and_a_fall_that_are_traded_are_no_block():
    bars = scaled(walk(), list(range(100, 120)), 1.3)
    bars.loc[[100, 120], "volume"] *= 6

    assert found(returns.reversing_spikes(Bars.of(bars))) == []


def test_two_steps_that_cancel_a_year_apart_are_no_block():
    bars = scaled(walk(), list(range(60, 130)), 1.4)

    assert found(returns.reversing_spikes(Bars.of(bars))) == []


def test_a_halving_within_the_day_is_found_though_splits_are_for_days():
    bars = scaled(walk(bars=60, daily=0.002), list(range(30, 60)), 0.5)
    bars["date"] = pd.date_range("2024-01-05 15:00", periods=60, freq="min", tz="UTC")

    assert found(returns.outlying_returns(Bars.of(bars))) == [30]


def test_a_price_of_a_few_ticks_doubles_without_a_fault():
    bars = walk(bars=30)
    bars[PRICES] = 0.01
    bars.loc[10:14, PRICES] = 0.02

    assert found(returns.reversing_spikes(Bars.of(bars))) == []
    assert found(splits.unadjusted_splits(Bars.of(bars))) == []
    assert found(returns.outlying_returns(Bars.of(bars))) == []


# --- news ---


@pytest.mark.parametrize("size", [40, 200])
def test_a_fall_by_31_percent_with_five_times_the_volume_is_no_split(size: int):
    bars = scaled(walk(bars=size), list(range(20, size)), 0.69)
    bars.loc[[20], "volume"] = 5.2 * bars["volume"][:20].median()

    assert found(splits.unadjusted_splits(Bars.of(bars))) == []


def test_a_step_that_half_of_the_market_makes_is_no_split():
    bars = market(10)
    day = bars["date"] >= bars["date"][100]
    falling = bars["symbol"].isin([f"S{n}" for n in range(5)])
    shared = bars.copy()
    shared.loc[day & falling, PRICES] *= 0.66
    alone = bars.copy()
    alone.loc[day & (bars["symbol"] == "S0"), PRICES] *= 0.66

    assert found(splits.unadjusted_splits(Bars.of(shared))) == []
    assert found(splits.unadjusted_splits(Bars.of(alone))) == [100]


def test_no_split_is_found_beside_the_market_that_is_not_found_without():
    """What lets the parts of a market be judged without reading them again."""
    rng = np.random.default_rng(3)
    for _ in range(10):
        bars = market(8, 60)
        for _ in range(4):
            day = bars["date"] >= bars.loc[rng.integers(10, 55), "date"]
            picked = bars["symbol"].isin(rng.choice([f"S{n}" for n in range(8)], 5))
            bars.loc[day & picked, PRICES] *= rng.choice([0.5, 0.66, 2.0])
        table = Bars.of(bars)
        moved = judge_moves([find_moves(table, factor=splits.MARKET_STEP)])
        usual, beside = (splits.unadjusted_splits(table, market=m).flags for m in (CALM, moved))
        assert not (beside & ~usual).any()
        assert (splits.unadjusted_splits(table).flags == beside).all()


def test_the_expectation_judges_as_its_detector_does():
    assert ExpectNoUnadjustedSplits in MARKET_EXPECTATIONS
    made = ExpectNoUnadjustedSplits()  # type: ignore[call-arg]  # mypy knows no default
    bars = Bars.of(scaled(walk(), list(range(100)), 2.0))

    assert found(made.judged_beside(bars, CALM)) == [100]


# --- which side ---


@pytest.mark.parametrize("factor", [100.0, 0.01])
def test_a_block_in_another_unit_that_is_most_of_the_bars_is_found_by_both_ends(factor: float):
    bars = scaled(walk(bars=40), list(range(6, 34)), factor)

    assert found(units.unit_errors(Bars.of(bars))) == list(range(6, 34))


@pytest.mark.parametrize("wrong", [range(30), range(15)])
def test_prices_with_more_digits_than_a_tick_has_were_divided(wrong: range):
    bars = walk(bars=40, start=5000.0)
    bars = scaled(bars, list(wrong), 0.01)

    assert found(units.unit_errors(Bars.of(bars))) == list(wrong)


def test_where_nothing_tells_the_unit_the_step_alone_is_found():
    bars = walk(bars=40)
    bars[PRICES] = bars[PRICES].round(0)  # a hundred times these are whole as well

    assert found(units.unit_errors(Bars.of(scaled(bars, list(range(15)), 100.0)))) == [15]
    assert found(units.unit_errors(Bars.of(scaled(bars, list(range(25)), 100.0)))) == [25]


# --- wicks ---


@pytest.mark.parametrize(("price", "factor"), [("high", 1.62), ("low", 0.4)])
@pytest.mark.parametrize("bars", [10, 200])
def test_a_high_or_a_low_that_nothing_else_knows_of_is_found(price: str, factor: float, bars: int):
    frame = walk(bars=bars)
    frame.loc[[5], price] *= factor

    assert found(returns.reversing_spikes(Bars.of(frame))) == [5]
    assert found(returns.reversing_spikes(Bars.of(frame), wick=3.0)) == []


def test_a_high_that_was_traded_or_that_its_neighbours_know_passes():
    traded = walk()
    traded.loc[[50], "high"] *= 1.6
    traded.loc[[50], "volume"] *= 9
    shared = walk()
    shared.loc[[50, 52], "high"] *= 1.6

    assert found(returns.reversing_spikes(Bars.of(traded))) == []
    assert found(returns.reversing_spikes(Bars.of(shared))) == []


# --- volume ---


@pytest.mark.parametrize("factor", [100.0, 0.01])
def test_a_volume_in_another_unit_from_a_bar_on_is_found_where_it_begins(factor: float):
    bars = market(2)
    bars.loc[300:, "volume"] *= factor

    assert found(volumes.unit_changes(Bars.of(bars))) == [300]


@pytest.mark.parametrize("last", [2, 3])
def test_a_new_unit_is_told_once_three_bars_have_it(last: int):
    bars = walk(bars=40 + last)
    bars.loc[40:, "volume"] *= 100

    assert found(volumes.unit_changes(Bars.of(bars))) == ([40] if last == 3 else [])


def test_a_volume_that_changes_with_the_price_or_for_a_day_or_slowly_is_in_one_unit():
    split = scaled(walk(start=5000.0, tick=1.0), list(range(100, 200)), 0.01)
    split.loc[100:, "volume"] *= 100
    day = walk()
    day.loc[[100], "volume"] *= 100
    slow = walk()
    slow["volume"] *= np.geomspace(1, 300, 200)

    for bars in (split, day, slow):
        assert found(volumes.unit_changes(Bars.of(bars))) == []


def test_a_volume_that_scatters_by_itself_changes_no_unit():
    bars = walk()
    bars["volume"] = np.exp(np.random.default_rng(1).normal(6, 2.5, 200)).round() + 1
    bars.loc[100:, "volume"] *= 30

    assert found(volumes.unit_changes(Bars.of(bars))) == []


def test_the_same_volume_day_after_day_is_found_unless_it_is_a_habit():
    bars = market(2)
    bars.loc[100:104, "volume"] = 5000.0
    habit = market(2)
    habit.loc[:199, "volume"] = np.repeat(habit["volume"][:20].to_numpy(), 10)

    assert found(activity.disagreeing_volume(Bars.of(bars))) == [101, 102, 103, 104]
    assert found(activity.disagreeing_volume(Bars.of(habit))) == []


# --- what does not trade ---


def suspended(bars: pd.DataFrame, since: int, volume: float) -> pd.DataFrame:
    bars.loc[since + 1 :, PRICES] = bars["close"][since]
    bars.loc[since + 1 :, "volume"] = volume
    return bars


def test_what_does_not_trade_is_quiet_and_not_stale():
    bars = suspended(walk(), 150, 0.0)

    assert found(activity.stale_prices(Bars.of(bars))) == []
    assert found(volumes.quiet_symbols(Bars.of(bars))) == [199]


def test_a_price_that_repeats_with_volume_is_stale_and_not_quiet():
    bars = suspended(walk(), 150, 2e5)

    assert found(activity.stale_prices(Bars.of(bars)))[:3] == [151, 152, 153]
    assert found(volumes.quiet_symbols(Bars.of(bars))) == []


def test_an_illiquid_symbol_is_named_once():
    bars = walk(bars=60)
    still = np.arange(60) % 5 != 0
    bars.loc[still, [*PRICES, "volume"]] = np.nan
    bars[PRICES] = bars[PRICES].ffill()
    bars["volume"] = bars["volume"].fillna(0.0)

    assert found(volumes.quiet_symbols(Bars.of(bars))) == [59]
    assert found(volumes.quiet_symbols(Bars.of(bars), share=0.9)) == []


def test_rates_without_any_volume_trade_all_the_same():
    assert found(volumes.quiet_symbols(Bars.of(walk().assign(volume=0.0)))) == []


@pytest.mark.parametrize("size", [0, 1, 2])
def test_next_to_no_bars_are_no_error(size: int):
    bars = Bars.of(walk(bars=2).head(size))

    for detector in (volumes.unit_changes, volumes.quiet_symbols, splits.unadjusted_splits):
        assert found(detector(bars)) == []
