"""Gross defects are found from ten bars on, in a market of any sort, and little else is."""

from collections import Counter

import pytest

from tests.detector.any_market import KINDS, Kind, false_events, judge

LENGTHS = (10, 20, 40)
GROSS_RECALL = 0.99
PRECISION = 0.7  # of the bars that are flagged beside a defect, half of whose blocks are most bars
EVENTS_PER_10_000 = 1.0


@pytest.mark.parametrize("kind", [one for one in KINDS if one.gross], ids=lambda kind: kind.name)
def test_gross_defects_are_found_from_ten_bars_on(kind: Kind):
    scores = [judge(kind, length, rounds=3, seed=20130301) for length in LENGTHS]

    planted, found = (sum(getattr(one, name) for one in scores) for name in ("planted", "found"))
    missed: Counter[str] = sum((one.missed for one in scores), Counter())
    assert found / planted >= GROSS_RECALL, missed


@pytest.mark.parametrize(
    ("name", "recall"),
    [("wick", 0.7), ("76:100: between", 0.7), ("volume: ×100 from then on", 0.9),
     ("volume: ÷100 from then on", 0.9)],
)  # fmt: skip
def test_of_lesser_defects_most_are_found(name: str, recall: float):
    (kind,) = (one for one in KINDS if one.name == name)
    score = judge(kind, 40, rounds=4, seed=20130301)

    assert score.found / score.planted >= recall, score.missed


@pytest.mark.parametrize("length", LENGTHS)
def test_untouched_bars_of_every_sort_raise_next_to_nothing(length: int):
    events: Counter[str] = Counter()
    bars = 0
    for _, count, found in false_events(length, symbols=1500 // length, seed=20130301):
        bars += count
        events += Counter({name: n for name, n in found.items() if "(info)" not in name})

    assert 1e4 * events.total() / bars <= EVENTS_PER_10_000, events
