"""The market expectations as detectors, on real bars with planted defects."""

import pytest

from tests.detector.bars import REAL_CRASH, REAL_SPLITS, real_bars, rows_of
from tests.detector.judge import UNIQUE, Score, false_alarms, flagged, judge
from tests.detector.plant import KINDS, NIGHTLY_KINDS, Kind

CERTAIN = ("gross: ", "nightly: ")
GROSS_RECALL = 0.99
OTHER_RECALL = 0.9
ALARMS_PER_10_000 = 2.0
GROSS_PRICE = "expect_no_gross_price_errors"
INFO = {"expect_opening_gaps_to_be_ordinary", "expect_volume_to_agree_with_price"}
FINDERS = {
    "unit: one price": "expect_no_unit_errors",
    "unit: one bar": "expect_no_unit_errors",
    "unit: block": "expect_no_unit_errors",
    "unit: one price, block": "expect_no_unit_errors",
    "unit: start or end": "expect_no_unit_errors",
    "negative price": "expect_bar_prices_to_be_finite_and_positive",
    "zero price": "expect_bar_prices_to_be_finite_and_positive",
    "NaN or infinite price": "expect_bar_prices_to_be_finite_and_positive",
    "high below low": "expect_bars_to_be_ohlc_consistent",
    "close outside range": "expect_bars_to_be_ohlc_consistent",
    "duplicate key": UNIQUE,
    "date of the bar before": UNIQUE,
    "bar on a closed day": "expect_bars_on_trading_sessions",
    "missing sessions": "expect_no_missing_sessions",
    "unadjusted split": "expect_no_unadjusted_splits",
    "spike: whole bar": "expect_no_reversing_spikes",
    "spike: close": "expect_no_reversing_spikes",
    "level shift": None,
    "stale run": "expect_no_stale_prices",
    "flat bar with volume": "expect_no_stale_prices",
    "move without volume": "expect_volume_to_agree_with_price",
    "volume 100 times": "expect_volume_to_agree_with_price",
    "future bar": "expect_no_future_bars",
    "partial last bar": "expect_last_bar_to_be_complete",
    "duplicated series": "expect_no_duplicated_series",
    "market-wide hole": "expect_no_market_wide_holes",
    "stale feed": "expect_bars_to_be_fresh",
    "gross: close ×3": f"{GROSS_PRICE} (warning)",
    "nightly: close ×3": f"{GROSS_PRICE} (warning)",
}
# A block too long for the spike rule, or for five closes to tell it from a new level, ends with a
# real step, in the bar after it.
STEP_BACK = {"expect_no_return_outliers", GROSS_PRICE, f"{GROSS_PRICE} (warning)"}
CONSEQUENCES = {
    "unit: block": STEP_BACK,
    "unit: one price, block": STEP_BACK,
    "unit: start or end": STEP_BACK - {"expect_no_return_outliers"},
}


@pytest.fixture(scope="module", params=(*KINDS, *NIGHTLY_KINDS), ids=lambda kind: kind.name)
def score(request: pytest.FixtureRequest) -> Score:
    """The score of one kind; splits are rare events, of which it takes more to tell 0.99."""
    kind: Kind = request.param
    rounds = 30 if kind.name == "unadjusted split" else 3
    return judge(kind, rounds=rounds, seed=20130301)


def test_the_expectation_made_for_it_finds_a_planted_defect(score: Score) -> None:
    certain = score.kind.name.startswith(CERTAIN)
    finder = FINDERS.get(score.kind.name, GROSS_PRICE) if certain else FINDERS[score.kind.name]
    recall = score.recall if finder is None else score.finders.get(finder, 0.0)

    least = GROSS_RECALL if score.kind.gross else OTHER_RECALL
    assert recall >= (1.0 if certain else least)


def test_a_planted_defect_sets_off_few_alarms_elsewhere(score: Score) -> None:
    accepted = INFO | CONSEQUENCES.get(score.kind.name, set())
    strays = {name: rate for name, rate in score.strays.items() if name not in accepted}

    assert all(rate <= ALARMS_PER_10_000 for rate in strays.values()), strays


def test_clean_real_bars_set_off_few_alarms() -> None:
    rates = {name: rate for name, rate in false_alarms(real_bars()).items() if name not in INFO}

    assert all(rate <= ALARMS_PER_10_000 for rate in rates.values()), rates


def test_the_real_splits_are_called_splits_and_the_crash_is_not() -> None:
    bars = real_bars()

    called = flagged(bars)["expect_no_unadjusted_splits"]

    assert called == set(rows_of(bars, REAL_SPLITS))
    assert not called & set(rows_of(bars, (REAL_CRASH,)))
