"""Proposals of the right bar: on bars with one known defect, and on what has no right answer."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gx.repair.proposal import NUMBERS, Proposal, blocks
from gx.repair.propose import propose

DATA = Path(__file__).parent.parent / "data"
DAYS = pd.bdate_range("2024-01-01", periods=60)


def read(name: str) -> pd.DataFrame:
    bars = pd.read_csv(DATA / f"{name}.csv", parse_dates=["date"])
    return bars.sort_values(["symbol", "date"], kind="stable").reset_index(drop=True)


def failing(name: str, bars: pd.DataFrame) -> list[int]:
    found = json.loads((DATA / f"{name}.json").read_text())["failing"]
    keys = {tuple(key) for keys in found.values() for key in keys}
    days = bars["date"].dt.strftime("%Y-%m-%d")
    return [at for at, key in enumerate(zip(bars["symbol"], days, strict=True)) if key in keys]


def ordinary(symbol: str = "ACME", level: float = 50.0) -> pd.DataFrame:
    """Sixty bars that move by half a per cent."""
    rng = np.random.default_rng(3)
    closes = level * np.exp(np.cumsum(rng.normal(0, 0.005, len(DAYS))))
    opens = closes * np.exp(rng.normal(0, 0.002, len(DAYS)))
    high, low = np.maximum(opens, closes) * 1.004, np.minimum(opens, closes) * 0.996
    prices = {"open": opens, "high": high, "low": low, "close": closes}
    volume = rng.integers(900, 1100, len(DAYS)).astype(float)
    frame = pd.DataFrame(prices).round(2).assign(symbol=symbol, date=DAYS, volume=volume)
    return frame[["symbol", "date", *NUMBERS]]


def scaled(at: slice, factor: float, columns: tuple[str, ...] = NUMBERS[:4]) -> pd.DataFrame:
    bars = ordinary()
    bars.loc[at, list(columns)] *= factor
    return bars


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("prices_in_cents", "unit"),
        ("high_below_low", "high and low exchanged"),
        ("negative_price", "sign"),
    ],
)
def test_a_known_defect_is_proposed_as_the_bar_was(name: str, rule: str):
    broken, right = read(name), read("clean").set_index(["symbol", "date"])
    (one,) = propose(broken, failing(name, broken))

    assert one.rule == rule
    touched = broken.set_index(["symbol", "date"]).ne(right).any(axis=1)
    assert [(one.symbol, one.date)] == list(touched.index[touched])
    assert one.new == tuple(right.loc[(one.symbol, pd.Timestamp(one.date)), list(NUMBERS)])
    assert one.evidence


def test_of_a_bar_that_is_there_twice_one_stays():
    broken = read("bar_twice")
    (one,) = propose(broken, failing("bar_twice", broken))
    assert (one.rule, one.new) == ("duplicate", None)
    assert "close 131.23" in one.evidence


@pytest.mark.parametrize(
    "name",
    [
        *("spike_that_comes_back", "close_above_high", "zero_price", "price_missing"),
        *("price_a_tenth", "price_stands_still", "bar_on_a_sunday"),
        # Its volume does not step: in new shares already, or did trading change?
        "unadjusted_split",
    ],
)
def test_what_has_no_one_right_answer_has_no_proposal(name: str):
    broken = read(name)
    assert failing(name, broken)
    assert propose(broken, failing(name, broken)) == []


def test_the_sentence_of_a_unit_names_both_levels():
    broken = read("prices_in_cents")
    (one,) = propose(broken, failing("prices_in_cents", broken))
    assert one.evidence == (
        "the bar of 2024-02-14 is at 100 times the level beside: close 5245, against 51.73 of "
        "2024-02-13"
    )


def test_a_bar_that_did_not_fail_is_left_alone():
    assert propose(scaled(slice(20, 25), 100), []) == []
    # A block of which one bar passed is not what it seems.
    assert propose(scaled(slice(20, 25), 100), [20, 21, 23, 24, 25]) == []


def test_a_block_in_another_unit_is_one_block():
    found = propose(scaled(slice(20, 25), 0.01), range(20, 26))
    assert [one.row for one in found] == list(range(20, 26))
    assert len(blocks(found)) == 1
    right = ordinary()
    for one in found:
        assert one.new == pytest.approx(tuple(right.loc[one.row, list(NUMBERS)]))


def test_one_price_in_another_unit_is_told_by_the_others():
    (one,) = propose(scaled(slice(30, 30), 100, ("high",)), [30])
    right = tuple(ordinary().loc[30, list(NUMBERS)])
    assert one.new == right
    assert one.evidence.startswith("high ")


@pytest.mark.parametrize("bars", [6, 30])
def test_a_block_at_an_end_that_is_not_rare_may_be_a_new_quotation(bars: int):
    first = len(DAYS) - bars
    assert propose(scaled(slice(first, None), 100), range(first, len(DAYS))) == []


def test_a_price_that_stands_still_tells_no_unit():
    """Most bars may be the wrong ones: a share that does not trade repeats the last wrong price."""
    bars = ordinary()
    bars.loc[5:, ["open", "high", "low", "close"]] = 0.5
    bars.loc[40, ["open", "high", "low", "close"]] = 50.0
    assert propose(bars, [*range(6), 40]) == []


def test_cents_that_were_rounded_are_lost():
    bars = scaled(slice(30, 30), 0.01, ("high",))
    assert len(propose(bars, [30])) == 1
    assert propose(bars.round({"high": 2}), [30]) == []
    block = scaled(slice(28, 31), 0.01)
    assert len(propose(block, range(28, 32))) == 4
    assert propose(block.round(dict.fromkeys(NUMBERS, 2)), range(28, 32)) == []


def long(split: int = 100, ratio: float = 2.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two hundred bars as they are, and in old shares before a split, with volume in new ones."""
    right = ordinary()
    again = right.assign(date=right["date"] + pd.DateOffset(weeks=12))
    later = again.assign(date=again["date"] + pd.DateOffset(weeks=12))
    right = pd.concat(
        [right, again, later, later.assign(date=later["date"] + pd.DateOffset(weeks=12))]
    )
    right = right.drop_duplicates("date").reset_index(drop=True)[:200]
    broken = right.copy()
    broken.loc[: split - 1, list(NUMBERS[:4])] *= ratio
    return right, broken


@pytest.mark.parametrize("ratio", [2.0, 4.0, 0.1])
def test_a_split_whose_volume_is_in_new_shares_is_told_by_an_exact_step(ratio: float):
    right, broken = long(ratio=ratio)
    found = propose(broken, [100])
    assert [one.row for one in found] == list(range(100))
    for one in found:
        assert one.new == pytest.approx(tuple(right.loc[one.row, list(NUMBERS)]))
    assert "the volume is in new shares already" in found[0].evidence


def test_a_declared_split_is_none_that_was_forgotten():
    """The bar fails otherwise; of splits the suite has nothing to say there."""
    _, broken = long()
    assert propose(broken, [100], splits=[]) == []
    assert len(propose(broken, [100], splits=[100])) == 100


def test_within_the_day_the_volume_has_to_tell_of_a_split():
    _, broken = long()
    hourly = broken.assign(date=pd.date_range("2024-01-02 15:00", periods=200, freq="h"))
    assert propose(hourly, [100]) == []


def test_a_fall_by_half_is_no_split_where_anything_tells_of_news():
    """A real crash: to the half exactly, and nothing is proposed."""
    _, broken = long()
    busy = broken.assign(volume=broken["volume"].where(broken.index != 100, 5_000.0))
    assert propose(busy, [100]) == []
    wide = broken.copy()
    wide.loc[101, ["high", "low"]] = [wide["high"][101] * 1.03, wide["low"][101] * 0.97]
    assert propose(wide, [100]) == []
    off = broken.copy()
    off.loc[100:, list(NUMBERS[:4])] *= 0.96
    assert propose(off, [100]) == []


def test_a_step_that_comes_back_or_that_others_make_too_is_no_split():
    _, broken = long()
    back = broken.copy()
    back.loc[115:, list(NUMBERS[:4])] *= 2
    assert propose(back, [100]) == []
    other = broken.assign(symbol="ZETA")
    both = pd.concat([broken, other], ignore_index=True)
    assert propose(both, [100]) == []


@pytest.mark.parametrize("split", [40, 160])
def test_too_few_bars_on_a_side_tell_of_no_split(split: int):
    _, broken = long(split)
    assert propose(broken, [split]) == []


def test_a_night_s_bar_in_another_unit_is_told_by_those_before():
    bars = scaled(slice(59, 59), 100)
    (one,) = propose(bars[59:], [1059], lookback=bars[:59], first_row=1059)
    assert (one.row, one.rule) == (1059, "unit")
    assert one.new == pytest.approx(tuple(ordinary().loc[59, list(NUMBERS)]))


def test_bars_of_before_the_range_are_never_proposed():
    bars = scaled(slice(55, 58), 100)
    found = propose(bars[57:].reset_index(drop=True), [0, 1], lookback=bars[:57])
    assert [one.row for one in found] == [0, 1]


def test_a_price_that_was_really_below_zero_stays():
    bars = ordinary()
    bars.loc[30, ["open", "high", "low", "close"]] = [17.73, 17.85, -40.32, -37.63]
    assert propose(bars, [30]) == []


def test_two_bars_of_a_day_that_differ_have_no_right_answer():
    bars = ordinary()
    other = bars.loc[[30]].assign(close=bars["close"][30] + 0.01)
    both = pd.concat([bars, bars.loc[[30]], other]).sort_values("date").reset_index(drop=True)
    assert propose(both, [30, 31, 32]) == []


def test_high_far_below_low_is_no_exchange():
    bars = ordinary()
    bars.loc[30, "low"] = bars["high"][30] * 2
    assert propose(bars, [30]) == []


def test_all_bars_before_a_forgotten_split_are_in_shares_of_after_it():
    bars = scaled(slice(0, 29), 4)
    bars.loc[:29, "volume"] /= 4
    found = propose(bars, [30])
    assert [one.row for one in found] == list(range(30))
    right = ordinary()
    for one in found:
        assert one.new == pytest.approx(tuple(right.loc[one.row, list(NUMBERS)]))
    assert "as at a split of 4:1; the volume steps against it as much" in found[0].evidence


def test_a_split_whose_earlier_bars_are_not_in_the_range_is_left_alone():
    bars = scaled(slice(0, 29), 4)
    bars.loc[:29, "volume"] /= 4
    assert propose(bars[10:].reset_index(drop=True), [20], lookback=bars[:10]) == []


def test_a_proposal_is_kept_as_json():
    (one,) = propose(scaled(slice(30, 30), 100, ("high",)), [30])
    assert Proposal.from_json(json.loads(json.dumps(one.to_json()))) == one
