"""The indicators: as others compute them, the same in every part, and never made of nothing."""

import math

import numpy as np
import pandas as pd
import pytest
import talib
from hypothesis import given
from hypothesis import strategies as st

from gx.dataset import indicators as of_datasets
from tests.detector import bars as detector_bars
from transforms import indicators
from transforms.bars import enrich
from transforms.indicators import (
    INDICATORS,
    Prices,
    add_indicators,
    atr,
    columns_of,
    drawdown,
    ema,
    macd,
    reach_of,
    rsi,
    sma,
    volatility,
)
from transforms.windows import NO_WEIGHT, memory, window_max, window_squares, window_sum

SYMBOLS = detector_bars.SYMBOLS
ALL = list(INDICATORS)
COLUMNS = list(columns_of(ALL))


@pytest.fixture(scope="module")
def real_bars() -> pd.DataFrame:
    """Real daily bars, 2000 to 2013; FB has 199 of them, less than the longest warm-up."""
    return detector_bars.real_bars()


@pytest.fixture(scope="module")
def whole(real_bars: pd.DataFrame) -> pd.DataFrame:
    return add_indicators(real_bars, ALL)


def bars_of(closes, symbol="A", **more) -> pd.DataFrame:
    """Bars of these closes, a day each, with no range unless it is given."""
    close = np.asarray(closes, dtype="float64")
    days = pd.date_range("2000-01-01", periods=len(close))
    columns = {"high": close, "low": close, "close": close} | more
    return pd.DataFrame({"symbol": symbol, "date": days, **columns})


def wandering(bars: int, seed: int = 1) -> np.ndarray:
    random = np.random.default_rng(seed)
    return 50 * np.exp(np.cumsum(0.02 * random.standard_normal(bars)))


def same(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    """The same to the last bit."""
    pd.testing.assert_frame_equal(
        found[COLUMNS].reset_index(drop=True),
        wanted[COLUMNS].reset_index(drop=True),
        check_exact=True,
    )


def of_talib(bars: pd.DataFrame) -> pd.DataFrame:
    high, low, close = (bars[name].to_numpy() for name in ("high", "low", "close"))
    line, signal, histogram = talib.MACD(close, 12, 26, 9)
    return pd.DataFrame(
        {f"sma_{n}": talib.SMA(close, n) for n in (20, 50, 200)}
        | {f"ema_{n}": talib.EMA(close, n) for n in (20, 50, 200)}
        | {"rsi_14": talib.RSI(close, 14), "atr_14": talib.ATR(high, low, close, 14)}
        | {"macd": line, "macd_signal": signal, "macd_histogram": histogram}
    )


def test_they_equal_ta_lib_on_real_bars_from_the_first_value_on(whole: pd.DataFrame):
    for symbol in SYMBOLS:
        ours = whole[whole["symbol"] == symbol]
        theirs = of_talib(ours)
        for name in theirs:
            np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-9, atol=1e-9)
    assert whole[COLUMNS].notna().sum().min() > 9_000


def test_volatility_and_drawdown_equal_their_definitions_on_real_bars(whole: pd.DataFrame):
    by_symbol = whole.groupby("symbol")["close"]
    returns = by_symbol.transform(lambda close: np.log(close).diff())
    spread = returns.groupby(whole["symbol"]).transform(lambda one: one.rolling(20).std())
    highest = by_symbol.transform(lambda close: close.rolling(252).max())
    wanted = {
        "volatility_20": spread * math.sqrt(252),
        "drawdown_252": whole["close"] / highest - 1,
    }
    for name, expected in wanted.items():
        np.testing.assert_allclose(whole[name], expected, rtol=1e-9, atol=1e-12)
    assert whole["drawdown_252"].max() == 0


@pytest.mark.parametrize("names", [[name] for name in ALL] + [ALL])
def test_an_increment_equals_the_whole_history_to_the_last_bit(
    real_bars: pd.DataFrame, whole: pd.DataFrame, names: list[str]
):
    newest = real_bars.groupby("symbol").cumcount(ascending=False)
    for days in (1, 5):
        before = real_bars[newest >= days].groupby("symbol").tail(reach_of(names))
        shuffled = before.sample(frac=1, random_state=days)
        found = add_indicators(real_bars[newest < days].reset_index(drop=True), names, shuffled)
        wanted = whole[newest < days]
        for column in columns_of(names):
            np.testing.assert_array_equal(found[column], wanted[column], strict=True)


def test_an_increment_equals_the_whole_of_a_history_longer_than_any_reach():
    bars = bars_of(wandering(9_000))
    history = add_indicators(bars, ALL)
    for first in (8_999, 8_000, 6_001, 4_296):
        before = bars[:first].tail(reach_of(ALL))
        same(add_indicators(bars[first:], ALL, before), history[first:])


def test_what_lies_before_the_reach_has_no_weight():
    for count in (20, 50, 200):
        decay = 1 - 2 / (count + 1)
        assert decay ** memory(decay) < NO_WEIGHT
        assert INDICATORS[f"ema_{count}"].reach == memory(decay) + count - 1
    assert (13 / 14) ** memory(13 / 14) < NO_WEIGHT
    bars = bars_of([1e9] * 3_000 + list(wandering(6_000)))
    other = bars_of([1e-9] * 3_000 + list(wandering(6_000)))
    at = 3_000 + reach_of(ALL)
    same(add_indicators(bars, ALL)[at:], add_indicators(other, ALL)[at:])


def test_parts_give_what_the_whole_gives(
    real_bars: pd.DataFrame, whole: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
):
    for symbol in SYMBOLS:
        alone = real_bars[real_bars["symbol"] == symbol].reset_index(drop=True)
        same(add_indicators(alone, ALL), whole[whole["symbol"] == symbol])
    monkeypatch.setattr(indicators, "BARS_AT_A_TIME", 997)
    same(add_indicators(real_bars, ALL), whole)


@pytest.mark.parametrize(
    ("name", "warm_up"),
    {
        **{f"{kind}_{bars}": bars - 1 for kind in ("sma", "ema") for bars in (20, 50, 200)},
        "rsi_14": 14,
        "macd": 33,
        "macd_signal": 33,
        "macd_histogram": 33,
        "atr_14": 14,
        "volatility_20": 20,
        "drawdown_252": 251,
    }.items(),
)
def test_nothing_is_known_during_the_warm_up(name: str, warm_up: int):
    closes = wandering(300)
    for missing in (math.nan, math.inf, -math.inf, 1e200):
        closes[10] = missing
        known = add_indicators(bars_of(closes), ALL)[name].notna().to_numpy()
        # What is missing begins the warm-up anew.
        assert not known[: 11 + warm_up].any() and known[11 + warm_up :].all()


def test_a_bar_without_high_or_low_has_no_range_and_keeps_its_averages():
    closes = wandering(60)
    high = closes + 1
    high[30] = math.nan
    found = add_indicators(bars_of(closes, high=high), ["sma_20", "atr_14"])
    assert found["sma_20"][19:].notna().all()
    assert found["atr_14"].notna().to_numpy().nonzero()[0].tolist() == [
        *range(14, 30),
        *range(45, 60),
    ]


def test_a_price_that_is_not_above_0_has_no_logarithm_and_no_drawdown():
    closes = wandering(600)
    closes[280] = -37.63  # crude oil, 2020-04-20
    found = add_indicators(bars_of(closes), ["sma_20", "volatility_20", "drawdown_252"])
    assert found["sma_20"][19:].notna().all()
    assert found["volatility_20"].isna()[280:301].all() and found["volatility_20"][301] > 0
    assert found["drawdown_252"].isna()[280:532].all() and found["drawdown_252"][532] <= 0


def test_a_halted_symbol_has_no_strength_where_ta_lib_says_0():
    halted = bars_of([10.0] * 100)
    assert add_indicators(halted, ["rsi_14"])["rsi_14"].isna().all()
    assert (talib.RSI(halted["close"].to_numpy(), 14)[14:] == 0).all()
    others = add_indicators(halted, ["atr_14", "volatility_20", "macd", "sma_50", "ema_50"])
    last = others.iloc[-1]
    assert last[["atr_14", "volatility_20"]].tolist() == [0, 0]
    np.testing.assert_allclose(
        last[["macd", "macd_signal", "macd_histogram"]].astype(float), 0, atol=1e-12
    )
    np.testing.assert_allclose(last[["sma_50", "ema_50"]].astype(float), 10)


def test_a_halt_is_told_alike_from_the_whole_and_from_a_few_bars():
    """A ratio keeps what weighs next to nothing: what moved before a halt would rule for years."""
    bars = bars_of([*wandering(600), *([10.0] * 1_200)])
    history = add_indicators(bars, ALL)
    same(add_indicators(bars[-1:], ALL, bars[:-1].tail(reach_of(ALL))), history[-1:])
    assert 0 <= history["rsi_14"].iloc[700] <= 100
    assert math.isnan(history["rsi_14"].iloc[-1])


def test_a_steady_rise_has_all_the_strength_and_no_volatility():
    found = add_indicators(bars_of(2.0 ** np.arange(60)), ["rsi_14", "volatility_20"])
    assert (found["rsi_14"][14:] == 100).all()
    np.testing.assert_allclose(found["volatility_20"][20:], 0, atol=1e-12)
    fall = add_indicators(bars_of(2.0 ** -np.arange(60)), ["rsi_14"])
    assert (fall["rsi_14"][14:] == 0).all()


def test_no_bar_and_one_bar():
    empty = add_indicators(bars_of([]), ALL)
    assert len(empty) == 0 and empty[COLUMNS].dtypes.eq("float64").all()
    assert add_indicators(bars_of([1.0]), ALL)[COLUMNS].isna().all(axis=None)
    before = bars_of([])
    assert add_indicators(bars_of([1.0]), ["sma_20"], before)["sma_20"].isna().all()


def test_each_of_two_bars_of_one_date_counts():
    closes = wandering(60)
    twice = bars_of(closes)
    twice["date"] = twice["date"].where(twice.index != 30, twice["date"].shift())
    same(add_indicators(twice, ALL), add_indicators(bars_of(closes), ALL))


def test_bars_without_a_symbol_are_nobodys():
    nameless = bars_of(wandering(60)).assign(symbol=pd.Series([None] * 60, dtype="str"))
    assert add_indicators(nameless, ALL)[COLUMNS].isna().all(axis=None)


@pytest.mark.parametrize("kind", ["object", "str", "category"])
def test_enriched_bars_have_them_whatever_their_order(kind: str):
    bars = pd.concat([bars_of(wandering(60, seed), symbol) for seed, symbol in enumerate("BA")])
    wanted = add_indicators(bars.sort_values(["symbol", "date"], ignore_index=True), ["macd"])
    shuffled = bars.sample(frac=1, random_state=3).astype({"symbol": kind})
    found = enrich(shuffled, indicators=["macd"])
    for column in columns_of(["macd"]):
        np.testing.assert_array_equal(found[column], wanted[column])
    assert not set(COLUMNS).intersection(enrich(shuffled))


PRICE = st.one_of(
    st.floats(0.01, 1e6), st.sampled_from([math.nan, math.inf, -1.0, 0.0, 1e-300, 1e99, 10.0])
)
BAR = st.tuples(st.sampled_from("AB"), PRICE, PRICE, PRICE)


def plainly(made, rows):
    """An indicator, bar by bar, of each stretch of a symbol's known bars alone."""
    found = np.full(len(rows), math.nan)
    for symbol in "AB":
        stretch: list[int] = []
        for at in [at for at, row in enumerate(rows) if row[0] == symbol]:
            stretch = [*stretch, at] if all(abs(one) < 1e100 for one in rows[at][1:]) else []
            if stretch:
                found[at] = made(*np.array([rows[one][1:] for one in stretch]).T)
    return found


def average(values, weight, bars):
    if len(values) < bars:
        return math.nan
    last = sum(values[:bars]) / bars
    for value in values[bars:]:
        last += weight * (value - last)
    return last


def plain_sma(high, low, close):
    return close[-3:].mean() if len(close) >= 3 else math.nan


def plain_ema(high, low, close):
    return average(close, 0.5, 3)


def plain_rsi(high, low, close):
    moves = np.diff(close)
    gain, loss = (average(np.maximum(one, 0), 1 / 3, 3) for one in (moves, -moves))
    return 100 * gain / (gain + loss) if gain + loss else math.nan


def plain_atr(high, low, close):
    before = close[:-1]
    true = [high[1:] - low[1:], abs(high[1:] - before), abs(low[1:] - before)]
    return average(np.max(true, axis=0), 1 / 3, 3)


def test_a_close_that_does_not_move_has_no_strength_and_warns_of_nothing():
    prices = Prices(pd.DataFrame({"symbol": "A", "high": 1.0, "low": 1.0, "close": [1.0] * 9}))
    with np.errstate(all="raise"):
        assert np.isnan(rsi(prices, 3)).all()


@given(st.lists(BAR, max_size=40))
def test_whatever_the_bars_a_number_is_its_definitions_or_none(rows):
    rows = sorted(rows, key=lambda row: row[0])
    frame = pd.DataFrame(rows, columns=["symbol", "high", "low", "close"])
    frame = frame.astype({"symbol": "str"} | dict.fromkeys(("high", "low", "close"), "float64"))
    prices = Prices(frame)
    with np.errstate(all="ignore"):
        cases = [
            (rsi(prices, 3), plain_rsi, True),
            (atr(prices, 3), plain_atr, False),
            (sma(prices, 3), plain_sma, True),
            (ema(prices, 3), plain_ema, True),
        ]
        for found, plain, of_close in cases:
            of = [(s, c, c, c) for s, _, _, c in rows] if of_close else rows
            assert np.isnan(found).tolist() == np.isnan(plainly(plain, of)).tolist()
            np.testing.assert_allclose(found, plainly(plain, of), rtol=1e-6, atol=1e84)
        others = [*macd(prices, 2, 4, 3), volatility(prices, 3), drawdown(prices, 3)]
    for found in (*(one for one, _, _ in cases), *others):
        assert not np.isinf(found).any()
        assert not found[~prices.closes.known].size or np.isnan(found[~prices.closes.known]).all()
    known = rsi(prices, 3)[~np.isnan(rsi(prices, 3))]
    assert ((known >= 0) & (known <= 100)).all()


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=80), st.integers(1, 90))
def test_windows_are_what_they_are_called(values, bars):
    array = np.array(values)
    found = [one(array, bars) for one in (window_sum, window_max, window_squares)]
    for at in range(bars - 1, len(values)):
        window = array[at - bars + 1 : at + 1]
        wanted = [window.sum(), window.max(), ((window - window.mean()) ** 2).sum()]
        np.testing.assert_allclose([one[at] for one in found], wanted, rtol=1e-9, atol=1e-7)


def test_datasets_may_choose_just_what_there_is():
    assert {name: one.columns for name, one in INDICATORS.items()} == of_datasets.INDICATORS
