"""What the expectations about sessions find in bars within the day, and what they leave alone."""

import pytest

from tests.detector.within_the_day import (
    CALENDARS,
    KINDS,
    KindWithin,
    clean_bars,
    flagged,
    recall_and_strays,
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_planted_defect_is_found_and_nothing_besides(kind: KindWithin) -> None:
    recall, strays = recall_and_strays(kind, rounds=6, seed=20251128)

    assert (recall, strays) == (1.0, 0)


@pytest.mark.parametrize("ended", [False, True], ids=["by start", "by end"])
@pytest.mark.parametrize("calendar", CALENDARS)
def test_clean_bars_raise_nothing(calendar: str, ended: bool) -> None:
    assert set().union(*flagged(clean_bars(calendar, ended=ended), calendar).values()) == set()
