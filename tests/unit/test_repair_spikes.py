"""Single bars that are off by an exact factor, and what only looks like it."""

import numpy as np
import pandas as pd
import pytest

from gx.repair.proposal import NUMBERS, Proposal
from gx.repair.propose import propose
from tests.unit.test_repair import ordinary, scaled

PRICES = list(NUMBERS[:4])


def truth(at: int, bars: pd.DataFrame | None = None) -> tuple[float, ...]:
    right = ordinary() if bars is None else bars
    return tuple(float(right[name][at]) for name in NUMBERS)


def spikes(bars: pd.DataFrame, *rows: int) -> list[Proposal]:
    return [one for one in propose(bars, rows or [30]) if one.rule == "spike"]


@pytest.mark.parametrize("factor", [10, 0.1, 1_000, 0.001, 4, 0.25, 5, 0.2, 20, 0.05])
def test_a_bar_off_by_an_exact_factor_is_what_both_sides_tell(factor: float):
    (one,) = propose(scaled(slice(30, 30), factor), [30])
    assert one.rule == "spike"
    assert one.new == pytest.approx(truth(30))
    assert "the level on both sides" in one.evidence and "a multiple of 0.01" in one.evidence


@pytest.mark.parametrize("column", PRICES)
@pytest.mark.parametrize("factor", [10, 0.1, 1_000])
def test_one_price_with_its_point_elsewhere_is_told_by_the_others(column: str, factor: float):
    (one,) = propose(scaled(slice(30, 30), factor, (column,)), [30])
    assert one.rule == "spike"
    assert one.new == pytest.approx(truth(30))
    assert one.evidence.startswith(column)


def test_a_bar_in_other_shares_has_its_volume_in_them_too():
    bars = scaled(slice(30, 30), 0.1)
    bars.loc[[30], "volume"] *= 10
    (one,) = spikes(bars)
    assert one.new == pytest.approx(truth(30))
    assert one.evidence.endswith("its volume is as much too high")


def test_a_volume_in_between_leaves_it_open():
    bars = scaled(slice(30, 30), 10)
    bars.loc[[30], "volume"] /= 3
    assert spikes(bars) == []


@pytest.mark.parametrize("factor", [2.0, 0.5, 7.3, 9.7, 10.3, 0.0991])
def test_an_arbitrary_factor_and_a_half_have_no_one_right_answer(factor: float):
    bars = scaled(slice(30, 30), factor)
    assert spikes(bars) == []
    bars[PRICES] = bars[PRICES].round(2)
    assert spikes(bars) == []


def test_what_was_rounded_is_lost():
    bars = scaled(slice(30, 30), 0.1)
    bars[PRICES] = bars[PRICES].round(2)
    assert spikes(bars) == []


@pytest.mark.parametrize("at", [0, 1, 2, 57, 58, 59])
def test_three_bars_on_either_side_have_to_tell(at: int):
    assert spikes(scaled(slice(at, at), 10), at) == []


def test_sides_that_do_not_agree_tell_nothing():
    bars = scaled(slice(30, 30), 10)
    bars.loc[31:, PRICES] = (bars.loc[31:, PRICES] * 1.4).round(2)
    assert spikes(bars) == []


def test_two_wrong_bars_beside_each_other_are_no_spike():
    assert spikes(scaled(slice(30, 31), 10), 30, 31) == []


def test_prices_on_a_coarse_tick_are_multiples_by_nature():
    """A rupiah price is a multiple of 50: that 445,500 is one of 10 proves nothing."""
    bars = ordinary(level=45_000.0)
    bars[PRICES] = (bars[PRICES] / 50).round() * 50
    bars["high"], bars["low"] = bars["high"] + 50, bars["low"] - 50
    wrong = bars.astype(dict.fromkeys(PRICES, float))
    wrong.loc[30, PRICES] = (wrong.loc[30, PRICES].astype(float) * 9.9 / 50).round() * 50
    assert spikes(wrong) == []
    wrong.loc[30, PRICES] = bars.loc[30, PRICES].astype(float) * 10
    (one,) = spikes(wrong)
    assert one.new == pytest.approx(truth(30, bars))


def test_a_yen_price_has_no_digits_behind_the_point():
    bars = ordinary(level=4_512.0)
    bars[PRICES] = bars[PRICES].round()
    wrong = bars.astype(dict.fromkeys(PRICES, float))
    wrong.loc[30, PRICES] = bars.loc[30, PRICES].astype(float) / 10
    (one,) = spikes(wrong)
    assert one.new == pytest.approx(truth(30, bars))


def test_adjusted_prices_have_any_digits():
    bars = ordinary()
    bars[PRICES] *= 0.9137465
    bars.loc[30, PRICES] *= 10
    assert spikes(bars) == []


def walk(bars: int, seed: int, level: float, sigma: float, tick: float) -> pd.DataFrame:
    """Bars of a symbol that moves as wildly, or as little, as is asked for; no defect in it."""
    rng = np.random.default_rng(seed)
    closes = level * np.exp(np.cumsum(rng.standard_t(3, bars) * sigma))
    opens = np.append(level, closes[:-1]) * np.exp(rng.standard_t(3, bars) * sigma / 3)
    high = np.maximum(opens, closes) * np.exp(np.abs(rng.normal(0, sigma / 2, bars)))
    low = np.minimum(opens, closes) * np.exp(-np.abs(rng.normal(0, sigma / 2, bars)))
    prices = {"open": opens, "high": high, "low": low, "close": closes}
    frame = (pd.DataFrame(prices) / tick).round().clip(lower=1) * tick
    volume = np.exp(rng.normal(8, 1.5, bars)).round()
    days = pd.bdate_range("2020-01-01", periods=bars)
    frame = frame.round(6).assign(symbol=f"W{seed}", date=days, volume=volume)
    return frame[["symbol", "date", *NUMBERS]]


@pytest.mark.parametrize(
    ("level", "sigma", "tick"),
    [
        *((50.0, 0.02, 0.01), (3.0, 0.12, 0.01), (0.08, 0.1, 0.0001), (0.05, 0.2, 0.01)),
        *((4_500.0, 0.03, 5.0), (9_000.0, 0.02, 1.0), (20.0, 0.3, 0.01), (40.0, 0.0005, 0.01)),
    ],
)
def test_nothing_is_proposed_of_wild_and_of_still_prices(level: float, sigma: float, tick: float):
    """Where every bar is under suspicion: penny shares, crashes, rupiah, what hardly trades."""
    lengths = [10, 15, 25, 40, 250, 250, 1_000]
    walks = [walk(n, seed, level, sigma, tick) for seed, n in enumerate(lengths)]
    bars = pd.concat(walks, ignore_index=True)
    assert propose(bars, range(len(bars))) == []
    # Bars that do not fail tell what is ordinary.
    assert propose(bars, range(0, len(bars), 3)) == []
