"""Prices far from the symbol's last closes, on the day they come and over years."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from gx.plugins.expectations.gross_expectations import ExpectNoGrossPriceErrors
from gx.plugins.expectations.kernels.bars import Bars
from gx.plugins.expectations.kernels.gross import gross_errors
from gx.plugins.expectations.kernels.market_moves import CALM, find_moves, judge_moves
from tests.unit.expectations.series import market, walk

PRICES = ["open", "high", "low", "close"]
GROSS = [
    pytest.param(["low"], 2e-4, id="low alone"),
    pytest.param(["high"], 2e3, id="high alone"),
    pytest.param(["open"], 6.0, id="open alone"),
    pytest.param(["close"], 1 / 25, id="close ÷25"),
    pytest.param(["close"], 1 / 25_000, id="close ÷25,000"),
    pytest.param(["close"], 1e12, id="close beyond all bounds"),
    pytest.param(PRICES, 5.0, id="all ×5"),
    pytest.param(PRICES, 1 / 5, id="all ÷5"),
]


def found(bars: pd.DataFrame, **given: Any) -> list[int]:
    return np.flatnonzero(gross_errors(Bars.of(bars), **given).flags).tolist()


def scaled(bars: pd.DataFrame, rows: object, factor: float, columns: object = None) -> pd.DataFrame:
    bars = bars.copy()
    bars.loc[rows, columns or PRICES] *= factor
    return bars


@pytest.mark.parametrize(("columns", "factor"), GROSS)
@pytest.mark.parametrize("at", [0, 1, 4, 100, 198, 199])
def test_one_gross_bar_is_found_and_no_other(columns: list[str], factor: float, at: int):
    assert found(scaled(walk(), at, factor, columns)) == [at]


@pytest.mark.parametrize(("columns", "factor"), GROSS)
@pytest.mark.parametrize("bars", [3, 4, 6, 11])
def test_few_bars_tell_the_odd_one_wherever_it_is(columns: list[str], factor: float, bars: int):
    for at in range(bars):
        assert found(scaled(walk(bars=bars), at, factor, columns)) == [at]


@pytest.mark.parametrize(("columns", "factor"), GROSS)
@pytest.mark.parametrize("at", [0, 1])
def test_of_two_bars_the_gross_one_is_found(columns: list[str], factor: float, at: int):
    """Two closes that disagree may both be wrong; another price alone cannot be the right one."""
    both = "close" in columns

    assert found(scaled(walk(bars=2), at, factor, columns)) == ([0, 1] if both else [at])


@pytest.mark.parametrize("column", PRICES)
@pytest.mark.parametrize("factor", [25.0, 1 / 25])
def test_a_single_bar_is_compared_with_its_own_close(column: str, factor: float):
    assert found(scaled(walk(bars=1), 0, factor, [column])) == [0]
    assert found(walk(bars=1)) == []


def test_a_single_bar_without_a_close_is_compared_with_its_other_prices():
    bars = scaled(walk(bars=1), 0, 1e-4, ["low"]).assign(close=np.nan)

    assert found(bars) == [0]


@pytest.mark.parametrize("factor", [3.0, 1 / 3])
@pytest.mark.parametrize("columns", [["close"], ["close", "high"], PRICES])
def test_a_threefold_price_is_found_by_the_narrow_limit(factor: float, columns: list[str]):
    bars = scaled(walk(), 100, factor, columns)

    assert found(bars, factor=2.5) == [100]
    assert found(bars, factor=4.0) == []


def test_exactly_the_factor_is_within_it():
    bars = walk(bars=3)
    bars[PRICES] = [[10.0] * 4, [40.0] * 4, [10.0] * 4]

    assert found(bars) == []
    bars.loc[1, "high"] = 40.01
    assert found(bars) == [1]


@pytest.mark.parametrize("length", [2, 3, 4])
@pytest.mark.parametrize("factor", [5.0, 1 / 25])
def test_a_short_block_is_found_whole(length: int, factor: float):
    block = list(range(100, 100 + length))

    assert found(scaled(walk(), block, factor)) == block
    assert found(scaled(walk(bars=100 + length), block, factor)) == block


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_a_short_block_at_the_start_is_found_and_not_what_follows(length: int):
    block = list(range(length))

    assert found(scaled(walk(), block, 1 / 25)) == block


def test_a_lasting_change_of_level_is_found_at_the_step_alone():
    assert found(scaled(walk(), slice(100, None), 1 / 10)) == [100]


@pytest.mark.parametrize("length", [5, 40])
def test_the_way_back_from_a_level_is_not_found_but_the_next_way_there_is(length: int):
    bars = scaled(walk(), slice(60, 59 + length), 1 / 10)
    assert found(bars) == [60]

    again = scaled(bars, slice(120, 119 + length), 1 / 10)
    assert found(again) == [60, 120]


@pytest.mark.parametrize(("bad", "bars"), [(3, 10), (4, 12), (5, 10)])
def test_where_nothing_tells_the_wrong_side_only_the_step_is_found(bad: int, bars: int):
    first = scaled(walk(bars=bars), slice(bad - 1), 1 / 10)

    assert found(first) == [bad]


def test_few_bars_that_begin_and_end_at_a_level_tell_the_block_between():
    bars = scaled(walk(bars=10), slice(2, 7), 1 / 10)

    assert found(bars) == [2]


@pytest.mark.parametrize("age", [1, 2, 3, 4])
def test_a_new_level_is_not_believed_before_its_fifth_bar(age: int):
    """Day after day of a feed in another unit: each of its first days must close the gate."""
    bars = scaled(walk(bars=100 + age), slice(100, None), 1 / 25)

    assert found(bars) == list(range(100, 100 + age))


def test_every_second_bar_is_found_however_long_it_goes_on():
    odd = list(range(101, 160, 2))

    assert found(scaled(walk(), odd, 1 / 25)) == odd


def test_bars_that_are_each_at_another_wrong_level_are_all_found():
    bars, factors = walk(), np.geomspace(10, 1e6, 20)[np.r_[0:20:2, 1:20:2]]
    for row, factor in enumerate(factors, 100):
        bars = scaled(bars, row, factor if row % 2 else 1 / factor)

    assert found(bars) == list(range(100, 120))


def test_yesterdays_wrong_bar_does_not_make_todays_right_one_wrong():
    bars = scaled(walk(bars=100), 98, 3.9)  # near enough that nothing was said of it

    assert found(bars) == []
    assert found(scaled(walk(bars=100), 98, 25.0)) == [98]


def test_a_share_that_nearly_doubles_day_after_day_passes():
    bars = walk()
    bars.loc[100:107, PRICES] *= 1.9 ** np.arange(1, 9)[:, None]
    bars.loc[108:, PRICES] *= 1.9**8

    assert found(bars) == []
    assert found(bars, factor=2.5) == []


@pytest.mark.parametrize("unusable", [np.nan, np.inf, -np.inf, 0.0, -5.0])
@pytest.mark.parametrize("column", PRICES)
def test_an_unusable_price_neither_hides_nor_causes_a_gross_one(column: str, unusable: float):
    bars = walk()
    bars.loc[[0, 50, 99, 100, 101, 199], column] = unusable
    assert found(bars) == []

    other = "low" if column != "low" else "high"
    bars.loc[[0, 100, 199], other] *= 1e-4 if other == "low" else 1e4
    assert found(bars) == [0, 100, 199]


def test_symbols_without_any_usable_close_are_judged_within_each_bar():
    bars = scaled(walk(bars=9), 4, 1e-4, ["low"]).assign(close=0.0)

    assert found(bars) == [4]


def test_bars_without_any_usable_price_pass():
    bars = walk(bars=9)
    bars.loc[[0, 4, 8], PRICES] = np.nan

    assert found(bars) == []


def test_rows_without_symbol_or_date_are_left_to_others():
    bars = scaled(walk(bars=30), 10, 100.0)
    bars.loc[10, "symbol"] = None
    bars.loc[20, PRICES] = 1e9
    bars.loc[20, "date"] = pd.NaT

    assert found(bars) == []


def test_a_twin_of_a_bar_is_compared_with_it():
    twin = scaled(walk(bars=30).loc[[10]], 10, 1 / 25)
    bars = pd.concat([walk(bars=30), twin], ignore_index=True)

    assert found(bars) == [30]


def test_rows_in_any_order_are_judged_alike():
    bars = scaled(scaled(market(3), [5, 250], 1 / 25), [399, 599], 99_999, ["high"])

    shuffled = bars.sample(frac=1, random_state=4)

    flagged = shuffled.index[gross_errors(Bars.of(shuffled)).flags]
    assert sorted(flagged) == [5, 250, 399, 599] == found(bars)


@pytest.mark.parametrize("seed", range(6))
def test_the_bars_found_are_those_of_the_definition(seed: int):
    """Against the same rules bar by bar, on series with all kinds of gross prices."""
    rng = np.random.default_rng(seed)
    frames = [walk(f"S{n}", int(rng.integers(1, 40))) for n in range(30)]
    for bars in frames:
        rate, size = rng.choice([0.05, 0.3, 0.6]), len(bars)
        hit = rng.random((size, 4)) < rate * rng.random()
        hit |= (rng.random(size) < rate)[:, None]
        jump = rng.choice([5.0, 0.2, 25.0, 0.04, 3.0, 1e5], (size, 4))
        jump[:, 1:] = np.where(rng.random((size, 1)) < 0.7, jump[:, :1], jump[:, 1:])
        bars[PRICES] *= np.where(hit, jump, 1.0)
        bars.loc[rng.integers(size) :, PRICES] *= rng.choice([1.0, 30.0])  # a lasting level
        bars[PRICES] = bars[PRICES].mask(rng.random((size, 4)) < 0.05)

    for factor in (2.5, 4.0):
        expected = [flag for bars in frames for flag in by_definition(bars, np.log(factor))]
        judged = gross_errors(Bars.of(pd.concat(frames)), factor=factor, market=CALM)
        assert judged.flags.tolist() == expected


def by_definition(bars: pd.DataFrame, limit: float) -> list[bool]:
    """The definition for one symbol, one bar after the other."""
    logs = np.log(bars[PRICES].to_numpy())
    flags, places = np.zeros(len(bars), bool), np.flatnonzero(np.isfinite(logs[:, 3]))
    steps = np.flatnonzero(np.abs(np.diff(logs[places, 3])) > limit + 1e-9) + 1
    epoch: list[int] = []
    former: list[int] = []  # those of the level before
    epochs = [epoch]  # the references of each level
    begins = [0]
    for run in np.split(places, steps):
        if not epoch and len(run) < 5 and len(run):
            ten = logs[places[places >= run[0]][:10], 3]
            far = int((np.abs(ten - ten[0]) > limit + 1e-9).sum())
            rest = logs[places[places >= run[0]], 3]
            near = int((np.abs(rest - rest[0]) <= limit + 1e-9).sum())
            few = near == 1 or near <= 0.25 * len(rest)
            flags[run] = 2 * far == len(ten) or (2 * far > len(ten) and few)
            epoch += [] if 2 * far > len(ten) and few else run.tolist()
        elif len(run) >= 5:
            if epoch and apart(logs[run[0], 3], logs[epoch[-5:], 3][::-1], limit):
                old = logs[former[-5:], 3][::-1]
                back = bool(former) and not apart(logs[run[0], 3], old, limit)
                flags[run[0]] |= not back
                former, epoch = ([] if back else epoch), []
                epochs.append(epoch)
                begins.append(run[0])
            epoch += run.tolist()
        else:
            for place in run:
                near, old = (logs[one[-5:], 3][::-1] for one in (epoch, former))
                beyond = apart(logs[place, 3], near, limit)
                back = beyond and bool(former) and not apart(logs[place, 3], old, limit)
                if back and len(places) <= 20:
                    epoch, former = [], []
                    epochs.append(epoch)
                    begins.append(place)
                flags[place] |= bool(beyond and epoch)
                epoch += [place] if not beyond or not epoch else []
    return beside_references(logs, flags, epochs, begins, limit)


def beside_references(
    logs: np.ndarray, flags: np.ndarray, epochs: list[list[int]], begins: list[int], limit: float
) -> list[bool]:
    """Each price against the references of its level."""
    for row, prices in enumerate(logs):
        mine = np.array(epochs[np.searchsorted(begins, row, "right") - 1], dtype=int)
        before, after = mine[mine < row][-5:][::-1], mine[mine > row][:5]
        near = before if len(before) else after
        usable = prices[np.isfinite(prices)]
        if len(near):
            flags[row] |= any(apart(price, logs[near, 3], limit) for price in usable)
        elif len(usable):
            own = prices[3] if np.isfinite(prices[3]) else np.median(usable)
            flags[row] |= bool((np.abs(usable - own) > limit + 1e-9).any())
    return flags.tolist()


def apart(price: float, near: np.ndarray, limit: float) -> bool:
    """Above, or below, both the nearest close and the median of all of them."""
    low, high = sorted((near[0], np.median(near)))
    return bool(price > high + limit + 1e-9 or price < low - limit - 1e-9)


# --- what explains a move ---


def crash(symbols: int, fall: float, falling: int) -> pd.DataFrame:
    """From the hundredth session on, the first `falling` symbols are at a fraction."""
    bars = market(symbols)
    names = [f"S{number}" for number in range(falling)]
    later = (bars["date"] >= bars.loc[100, "date"]) & bars["symbol"].isin(names)
    return scaled(bars, later, fall)


def test_a_fall_on_a_day_on_which_the_market_falls_is_explained():
    bars = crash(10, 1 / 2.2, 5)
    own = (bars["symbol"] == "S0") & (bars["date"] >= bars.loc[100, "date"])
    bars = scaled(bars, own, 2.2 / 5)

    judged = gross_errors(Bars.of(bars))

    assert not judged.flags.any()
    assert judged.details == {
        "market_moves": [
            {
                "session": str(bars.loc[100, "date"].date()),
                "direction": "down",
                "percent_moved": 50.0,
            }
        ],
        "market_move_count": 1,
    }


@pytest.mark.parametrize(("symbols", "falling"), [(4, 4), (11, 5), (20, 9)])
def test_fewer_than_half_or_than_five_symbols_are_no_market(symbols: int, falling: int):
    bars = crash(symbols, 1 / 5, falling)

    assert found(bars) == [100 + 200 * number for number in range(falling)]


def test_a_rise_on_a_day_on_which_the_market_falls_is_not_explained():
    bars = scaled(crash(10, 1 / 2.2, 7), slice(1900, None), 5.0)

    assert found(bars) == [1900]


def test_a_day_on_which_the_market_falls_explains_no_price_of_the_next():
    bars = scaled(crash(10, 1 / 2.2, 7), [102, 302], 1 / 5)

    assert found(bars) == [102, 302]


@pytest.mark.parametrize("fall", [1 / 25_000, 100.0, 1 / 10])
def test_a_feed_in_another_unit_is_found_though_all_symbols_move(fall: float):
    assert found(crash(8, fall, 8)) == [100 + 200 * number for number in range(8)]


def test_a_wider_limit_finds_nothing_where_the_usual_one_does_not():
    """What lets the parts of a market be judged without reading them again."""
    rng = np.random.default_rng(5)
    for _ in range(20):
        bars = market(12, 60)
        for _ in range(6):
            day = bars["date"] == bars.loc[rng.integers(60), "date"]
            bars = scaled(bars, day & (rng.random(len(bars)) < 0.7), rng.choice([0.2, 0.4, 3, 5]))
        table = Bars.of(bars)
        moved = judge_moves([find_moves(table, factor=4.0)])
        usual, wide = (gross_errors(table, market=m).flags for m in (CALM, moved))

        assert moved
        assert set(bars["symbol"][wide]) <= set(bars["symbol"][usual])


def test_moves_of_parts_add_up_to_those_of_the_whole():
    bars = crash(11, 1 / 2.2, 6)
    parts = [
        find_moves(Bars.of(bars[bars["symbol"].isin(names)]), factor=4.0)
        for names in (["S0", "S7"], ["S1", "S2", "S3", "S10"], ["S4", "S5", "S6", "S8", "S9"])
    ]

    whole, summed = judge_moves([find_moves(Bars.of(bars), factor=4.0)]), judge_moves(parts)

    assert whole and whole.details == summed.details
    assert (whole.down == summed.down).all() and not len(whole.up) and not len(summed.up)


def test_minute_bars_are_a_market_minute_by_minute():
    times = pd.date_range("2024-01-05 15:00", periods=200, freq="min", tz="America/New_York")
    bars = crash(6, 1 / 2.2, 6)
    bars["date"] = np.tile(times, 6)
    bars = scaled(bars, [100], 2.2 / 6)

    judged = gross_errors(Bars.of(bars))

    assert not judged.flags.any()
    assert judged.details["market_moves"][0]["session"] == "2024-01-05T16:40:00"


def test_no_bars_are_no_error():
    assert found(walk(bars=1).head(0)) == []


@pytest.mark.parametrize("factor", [1.0, 0.5, "four"])
def test_a_factor_that_can_be_none_is_refused(factor: Any):
    made: type[Any] = ExpectNoGrossPriceErrors  # mypy knows no default of its fields
    with pytest.raises(ValueError, match="factor"):
        made(factor=factor)
