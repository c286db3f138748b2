"""Repairs of planted defects: what is proposed is what the bar was."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from gx.repair.proposal import NUMBERS, Proposal, blocks
from gx.repair.propose import propose
from tests.detector.bars import real_bars
from tests.detector.judge import flagged
from tests.detector.plant import (
    KINDS,
    Kind,
    Planted,
    exact_spike,
    plant_many,
    rounded_spike,
)

RIGHT = 0.99
# The generator's own exchange moves the low as well: nobody can know by how much.
NOT_TO_BE_KNOWN = "high below low"
REPAIRED = ("unit: ", "negative price", "duplicate key", "unadjusted split", "spike: exact")


def exchanged(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    bars = bars.copy()
    high, low = bars["high"][at], bars["low"][at]
    bars.loc[at, ["high", "low"]] = [low, high]
    return Planted(bars, [at])


EXCHANGED = Kind("high and low exchanged", exchanged, gross=True)
EXACT = Kind("spike: exact", exact_spike, gross=True, per_symbol=10)
ROUNDED = Kind("spike: rounded", rounded_spike, gross=True, per_symbol=10)


def proposed(clean: pd.DataFrame, kind: Kind, seed: int) -> tuple[int, list[tuple[int, Proposal]]]:
    """How many bars were planted, and the proposals with the label of their bar."""
    planted = plant_many(clean, kind, np.random.default_rng(seed))
    bars = planted.bars.sort_values(["symbol", "date"], kind="stable")
    labels = bars.index.to_numpy()
    place = {label: at for at, label in enumerate(labels)}
    rows = [place[label] for label in set().union(*flagged(bars).values())]
    found = propose(bars.reset_index(drop=True), rows)
    return len(planted.targets), [(int(labels[one.row]), one) for one in found]


def is_right(clean: pd.DataFrame, kind: Kind, label: int, one: Proposal) -> bool:
    if one.new is None:
        return kind.name == "duplicate key"
    if label not in clean.index:
        return False
    # A split was planted with prices to a tenth of a cent.
    within = 1e-3 if one.rule == "unadjusted split" else 1e-9
    truth = clean.loc[label, list(NUMBERS)].to_numpy(dtype=float)
    return bool(np.allclose(truth, np.array(one.new, dtype=float), rtol=within, atol=within))


@pytest.fixture(scope="module")
def clean() -> pd.DataFrame:
    return real_bars()


def test_what_is_proposed_is_what_the_bars_were(clean: pd.DataFrame):
    right: Counter[bool] = Counter()
    by_block: Counter[bool] = Counter()
    for number, kind in enumerate((*KINDS, EXCHANGED, EXACT, ROUNDED)):
        if kind.name == NOT_TO_BE_KNOWN:
            continue
        targets, found = proposed(clean, kind, seed=20130301 + number)
        truths = {one.row: is_right(clean, kind, label, one) for label, one in found}
        right.update(truths.values())
        each = blocks([one for _, one in found])
        by_block.update(all(truths[one.row] for one in block) for block in each)
        if kind.name.startswith(REPAIRED) or kind is EXCHANGED:
            assert len(found) >= targets / 3, kind.name
    assert right[True] > 1_000
    assert right[True] / right.total() >= RIGHT, right
    assert by_block[True] / by_block.total() >= RIGHT, by_block


def test_nothing_is_proposed_of_untouched_bars(clean: pd.DataFrame):
    rows = set().union(*flagged(clean).values())
    assert rows
    assert propose(clean, rows) == []
    # Nor where the whole of a series is under suspicion.
    assert propose(clean, range(len(clean))) == []
