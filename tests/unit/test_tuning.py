"""A threshold as a curve: what it finds on bars that are there, and what of planted defects."""

import json

import numpy as np
import pandas as pd
import pytest

from gx.editing.trials import tune
from gx.editing.tuning.curve import DIALS, Curve, curve, curves, tunable
from gx.editing.tuning.plant import NUMBERS, ONE_BAR, REPEATED, SPLITS, UNITS, Kind, planted
from gx.errors import SuiteError
from gx.suite.named import suite_path
from gx.suite.read import read_suite
from tests.detector.bars import real_bars

KINDS = [ONE_BAR, REPEATED, UNITS, SPLITS]


@pytest.fixture(scope="module")
def bars() -> pd.DataFrame:
    """Four real symbols of 500 days."""
    every = real_bars()
    four = every[every["symbol"].isin(sorted(every["symbol"].unique())[:4])]
    return four.sort_values(["symbol", "date"]).groupby("symbol").head(500).reset_index(drop=True)


def of(type_: str, bars: pd.DataFrame, **kwargs: object) -> Curve:
    return curve({"type": type_, "kwargs": kwargs}, bars)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_changed_but_what_is_planted(bars: pd.DataFrame, kind: Kind):
    before = bars.copy()

    found = planted(bars, kind, 20)

    pd.testing.assert_frame_equal(bars, before)
    changed = (found.bars[NUMBERS].to_numpy() != bars[NUMBERS].to_numpy()).any(axis=1)
    assert found.spans and changed.any()
    if not kind.lasting:
        inside = {at for first, last in found.spans for at in range(first, last + 1)}
        assert set(np.flatnonzero(changed).tolist()) <= inside


def test_a_defect_never_reaches_another_symbol(bars: pd.DataFrame):
    found = planted(bars, SPLITS, 1)

    ((at, _),) = found.spans
    changed = (found.bars["close"] != bars["close"]).to_numpy()
    assert set(bars["symbol"][changed]) == {bars["symbol"][at]}
    assert changed[at:].sum() == (bars["symbol"][at:] == bars["symbol"][at]).sum()


@pytest.mark.parametrize("type_", sorted(DIALS))
def test_a_tolerant_level_finds_less_and_misses_more(bars: pd.DataFrame, type_: str):
    found = of(type_, bars)

    levels = [one.level for one in found.points]
    assert levels == sorted(levels) and found.current in levels and found.proposed in levels
    assert found.points[0].missed <= found.points[-1].missed
    assert found.points[0].bars >= found.points[-1].bars
    assert found.points[0].missed < 0.9, "what is planted can be found"
    assert (found.rows, found.symbols) == (len(bars), 4)
    assert found.parameter == tunable(type_)


def test_the_current_level_is_a_point_and_told(bars: pd.DataFrame):
    found = of("expect_no_return_outliers", bars, threshold=9.5)

    assert found.current == 9.5 and 9.5 in [one.level for one in found.points]
    assert "9.5 now" in found.sentence or "= 9.5 may stay" in found.sentence


def test_a_level_that_raises_alarms_is_not_proposed(bars: pd.DataFrame):
    loud = of("expect_opening_gaps_to_be_ordinary", bars)
    rates = {one.level: one.events for one in loud.points}

    assert rates[loud.proposed] <= max(1, min(rates.values()))


def test_every_threshold_of_the_committed_suite_has_a_curve(bars: pd.DataFrame):
    document = json.loads(read_suite(suite_path("stock_data")).text)
    tuned = [at for at, e in enumerate(document["expectations"]) if tunable(e["type"])]

    assert [at for at, _ in curves(document, bars)] == tuned
    assert len(tuned) >= 9


@pytest.mark.parametrize(
    ("entry", "rows", "said"),
    [
        ({"type": "expect_bars_to_be_fresh", "kwargs": {}}, 2000, "has no threshold that can be"),
        (
            {"type": "expect_no_return_outliers", "kwargs": {}},
            40,
            "40 bars of 1 symbol are",
        ),
        (
            {"type": "expect_no_return_outliers", "kwargs": {"threshold": "x"}},
            2000,
            "is 'x', and no number",
        ),
    ],
)
def test_what_cannot_be_tuned_is_told(
    bars: pd.DataFrame, entry: dict[str, object], rows: int, said: str
):
    with pytest.raises(SuiteError, match=said):
        curve(entry, bars.head(rows))


def test_bars_without_a_symbol_or_date_are_left_out(bars: pd.DataFrame):
    torn = bars.copy()
    torn.loc[3, "symbol"], torn.loc[4, "date"] = None, pd.NaT

    assert of("expect_no_stale_prices", torn).rows == len(bars) - 2


def test_a_draft_is_tuned_by_the_number_of_its_entry(bars: pd.DataFrame):
    entry = {"type": "expect_no_return_outliers", "kwargs": {"threshold": 8.0}}
    document = {"name": "s", "expectations": [entry]}

    found = tune(document, "s", 1, bars)

    assert found["current"] == 8.0 and "threshold" in str(found["sentence"])
    with pytest.raises(SuiteError, match="no entry 2"):
        tune(document, "s", 2, bars)
    with pytest.raises(SuiteError):
        tune({**document, "expectations": [{**entry, "kwargs": {"nope": 1}}]}, "s", 1, bars)
