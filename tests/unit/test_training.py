"""Features that look back alone, folds that walk forward, and a judgement that is not fooled."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from dags.errors import TrainingError
from dags.training.bars import asked_of
from dags.training.examples import Examples, examples
from dags.training.folds import walk_forward
from dags.training.judgement import Judgement, judged
from dags.training.model import FoldScore, walked
from gx.dataset.model import Dataset, Source
from gx.dataset.train import FEATURES as CHOICE
from gx.dataset.train import Train
from transforms.features import FEATURES, Bars, features, targets

NAMES = tuple(FEATURES)
NUMBERS = ["open", "high", "low", "close", "volume"]


def market(seed: int, symbols: int = 3, bars: int = 600, signal: float = 0.0, drift: float = 0.0):
    """Random walks; `signal`: how much of a return is decided by where the last bar closed."""
    random, parts = np.random.default_rng(seed), []
    for number in range(symbols):
        place = random.uniform(0, 1, bars)
        noise = random.normal(drift, 0.01, bars)
        returns = noise + signal * 0.01 * np.concatenate([[0], np.sign(place[:-1] - 0.5)])
        close = 50 * np.exp(np.cumsum(returns))
        span = close * 0.02
        low = close - place * span
        parts.append(
            pd.DataFrame(
                {
                    "symbol": f"S{number}",
                    "date": pd.bdate_range("2015-01-01", periods=bars),
                    "open": close * np.exp(random.normal(0, 0.002, bars)),
                    "high": low + span,
                    "low": low,
                    "close": close,
                    "volume": random.integers(1_000, 9_000, bars).astype(float),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def skill_of(bars: pd.DataFrame, horizon: int = 1) -> Judgement:
    known = examples(bars, NAMES, horizon)
    return judged(walked(known, walk_forward(known.dates, known.known_at, 5)).scores)


def altered_from(bars: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    """The bars with other numbers from this date on."""
    later = bars["date"] >= at
    other = bars.copy()
    other.loc[later, NUMBERS] = bars.loc[later, NUMBERS] * [1.7, 2.3, 0.6, 1.9, 13]
    return other


def looks_ahead(made: Callable[[pd.DataFrame], pd.DataFrame], bars: pd.DataFrame) -> bool:
    """Does a bar's feature change with bars behind it?"""
    for at in bars["date"].drop_duplicates().sample(10, random_state=1):
        before = bars["date"] < at
        if not made(bars)[before].equals(made(altered_from(bars, at))[before]):
            return True
    return False


@pytest.mark.parametrize("name", NAMES)
def test_no_feature_of_a_bar_changes_with_bars_behind_it(name: str):
    assert not looks_ahead(lambda bars: features(bars, [name]), market(1, bars=120))


@pytest.mark.parametrize("ahead", [1, 5])
def test_a_feature_that_peeks_is_caught(monkeypatch: pytest.MonkeyPatch, ahead: int):
    def peeking(bars: Bars):
        return np.roll(bars["close"], -ahead) / bars["close"] - 1

    monkeypatch.setitem(FEATURES, "peeking", peeking)
    assert looks_ahead(lambda bars: features(bars, ["peeking"]), market(1, bars=120))


@pytest.mark.parametrize("name", NAMES)
def test_no_feature_knows_another_symbol(name: str):
    bars = market(2, bars=80)
    other = bars.copy()
    other.loc[bars["symbol"] != "S1", NUMBERS] *= [3, 5, 2, 4, 7]
    of_it = bars["symbol"] == "S1"
    assert features(bars, [name])[of_it].equals(features(other, [name])[of_it])
    alone = bars[of_it].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        features(alone, [name]),
        features(bars, [name])[of_it].reset_index(drop=True),
        check_exact=True,
    )


def test_features_are_what_their_definitions_say():
    bars = market(3, symbols=1, bars=60)
    found, at = features(bars).iloc[40], bars.iloc[40]
    closes, volumes = bars["close"].iloc[:41], bars["volume"].iloc[:41]
    by_hand = {
        "return_1": at.close / closes.iloc[-2] - 1,
        "return_5": at.close / closes.iloc[-6] - 1,
        "return_20": at.close / closes.iloc[-21] - 1,
        "overnight": at.open / closes.iloc[-2] - 1,
        "intraday": at.close / at.open - 1,
        "range": (at.high - at.low) / at.close,
        "range_place": (at.close - at.low) / (at.high - at.low),
        "volatility_20": closes.pct_change().iloc[-20:].std(),
        "volume_ratio_20": at.volume / volumes.iloc[-20:].mean(),
        "sma_ratio_20": at.close / closes.iloc[-20:].mean() - 1,
    }
    assert set(NAMES) - set(by_hand) == {"rsi_14"}
    assert found[list(by_hand)].to_dict() == pytest.approx(by_hand, rel=1e-9)


def test_what_is_unknown_is_no_number_and_never_infinite():
    bars = market(4, symbols=1, bars=60).assign(volume=0.0)
    bars.loc[30, ["high", "low"]] = bars.loc[30, "close"]
    bars.loc[31, "close"] = 0.0
    bars.loc[32, "open"] = np.nan
    found = features(bars)
    assert not np.isinf(found).any().any()
    assert found["volume_ratio_20"].isna().all()
    assert found["range_place"].isna()[30] and found["range"].isna()[31]
    assert found["return_1"].isna()[32] and found["overnight"].isna()[32]
    assert found.iloc[0].isna().sum() == len(NAMES) - 3


def test_a_target_is_the_return_to_the_bar_the_horizon_ahead_of_the_same_symbol():
    bars = market(5, symbols=2, bars=10)
    found = targets(bars, 3)
    close = bars["close"]
    assert found["target"][0] == close[3] / close[0] - 1
    assert found["known_at"][0] == bars["date"][3]
    assert found["target"].isna().tolist() == 2 * [*[False] * 7, *[True] * 3]


@pytest.mark.parametrize("horizon", [1, 5, 20])
def test_what_a_fold_trains_on_is_known_before_its_test_begins(horizon: int):
    bars = market(6)
    bars = bars.drop(index=[*range(200, 215), *range(700, 740)]).reset_index(drop=True)
    known = examples(bars, NAMES, horizon)
    folds = walk_forward(known.dates, known.known_at, 5)
    assert [fold.number for fold in folds] == [1, 2, 3, 4, 5]
    for fold in folds:
        assert known.known_at[fold.trained].max() < fold.first
        assert known.dates[fold.tested].min() == fold.first
        embargoed = (known.dates < fold.first).to_numpy() & ~fold.trained
        # Of each symbol that many bars lie between what is trained on and the test.
        each = bars.loc[known.dates.index[embargoed]].groupby("symbol").size()
        assert each.tolist() == [horizon] * 3
    tested = np.sum([fold.tested for fold in folds], axis=0)
    assert tested.max() == 1 and known.dates[tested == 0].max() < folds[0].first


def test_no_forecast_changes_with_bars_behind_it():
    bars = market(7, bars=400, signal=1.0)
    horizon = 3
    known = examples(bars, NAMES, horizon)
    folds = walk_forward(known.dates, known.known_at, 4)
    before = walked(known, folds).forecasts
    for fold in folds[:3]:
        # From the first bar of the next fold on everything is another.
        at = bars["date"][bars["date"] > fold.last].min()
        other = examples(altered_from(bars, at), NAMES, horizon)
        again = walked(other, walk_forward(other.dates, other.known_at, 4)).forecasts
        until = (bars["date"] < at)[before.index]
        assert until.sum() and again[until].equals(before[until])
        assert not again.equals(before)


def test_a_fold_without_the_embargo_would_know_the_future():
    """The test above would see it: a target that reaches into the test changes forecasts."""
    bars = market(7, bars=400, signal=1.0)
    known = examples(bars, NAMES, 3)
    leaky = Examples(known.features, known.target, known.dates, known.dates, known.yesterday)
    fold = walk_forward(leaky.dates, leaky.known_at, 4)[1]
    other = examples(altered_from(bars, fold.first), NAMES, 3)
    trained = known.target[fold.trained]
    assert not trained.equals(other.target[fold.trained])
    honest = walk_forward(known.dates, known.known_at, 4)[1].trained
    assert known.target[honest].equals(other.target[honest])


def test_a_leak_of_the_target_is_too_good_to_be_true(monkeypatch: pytest.MonkeyPatch):
    """What a feature that knows the target would look like, and that nothing honest does."""

    def leak(bars: Bars):
        return np.roll(bars["close"], -1) / bars["close"] - 1

    monkeypatch.setitem(FEATURES, "leak", leak)
    known = examples(market(8), ("leak", *NAMES), 1)
    found = walked(known, walk_forward(known.dates, known.known_at, 5))
    assert min(one.hits for one in found.scores) > 0.95
    assert found.importances.index[0] == "leak"
    assert looks_ahead(lambda bars: features(bars, ["leak"]), market(8, bars=120))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("drift", [0.0, 0.002])
def test_a_random_walk_has_no_skill_also_when_it_drifts(seed: int, drift: float):
    found = skill_of(market(100 + seed, drift=drift))
    assert not found.skill
    assert found.sentence.startswith("no skill: ")


@pytest.mark.parametrize("seed", range(3))
def test_a_planted_signal_is_found_and_named(seed: int):
    bars = market(200 + seed, signal=0.5)
    known = examples(bars, NAMES, 1)
    found = walked(known, walk_forward(known.dates, known.known_at, 5))
    said = judged(found.scores)
    assert said.skill, said.sentence
    assert said.sentence.startswith("skill: all 4 baselines are beaten by more than the spread")
    assert found.importances.index[0] == "range_place"
    assert min(one.correlation for one in found.scores) > 0.2


def test_the_names_that_a_dataset_may_choose_are_those_that_are_defined():
    assert tuple(FEATURES) == CHOICE


def test_raw_prices_in_which_a_split_looks_like_a_return_are_refused():
    source, train = Source(table="t"), Train()
    made = Dataset(name="raw", source=source, suite="s", publish="p", train=train)
    assert asked_of(made) == train
    with pytest.raises(TrainingError, match="a split looks like a return"):
        asked_of(made.model_copy(update={"prices": "raw"}))


def score(**changes: float) -> FoldScore:
    day = pd.Timestamp("2025-01-02")
    plain = {
        "mse": 1.0,
        "mse_zero": 1.1,
        "mse_mean": 1.1,
        "hits": 0.55,
        "hits_yesterday": 0.5,
        "hits_mean": 0.5,
        "correlation": 0.1,
    }
    return FoldScore(1, day, day, 100, 100, **(plain | changes))


@pytest.mark.parametrize(
    ("scores", "beaten"),
    [
        ([score(), score(), score()], [True] * 4),
        ([score(), score(), score(mse=2.0)], [False, False, True, True]),
        ([score(hits=0.5), score(), score(hits=0.7)], [True, True, False, False]),
        ([score(hits_mean=0.6)] * 3, [True, True, True, False]),
        ([score(mse_mean=0.9)] * 3, [True, False, True, True]),
        ([score(mse_zero=0.0)] * 3, [False, True, True, True]),
        ([score(mse=float("nan"))] * 3, [False, False, True, True]),
    ],
)
def test_each_baseline_has_to_be_beaten_by_more_than_the_spread(
    scores: list[FoldScore], beaten: list[bool]
):
    found = judged(scores)
    assert [one.beaten for one in found.margins] == beaten
    assert found.skill == all(beaten)


@pytest.mark.parametrize(("bars", "said"), [(40, "fold 1 of 5"), (4, "make no 5 folds")])
def test_too_few_bars_are_told_with_what_it_takes(bars: int, said: str):
    known = examples(market(1, bars=bars), NAMES, 1)
    with pytest.raises(TrainingError, match=f"too few bars.*{said}.*Publish more bars, or ask for"):
        walk_forward(known.dates, known.known_at, 5)


def test_the_same_bars_give_the_same_forecasts():
    known = examples(market(9, bars=450), NAMES, 1)
    folds = walk_forward(known.dates, known.known_at, 5)
    assert walked(known, folds).forecasts.equals(walked(known, folds).forecasts)
