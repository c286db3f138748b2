"""Declared splits and dividends, in made-up markets and beside the real bars."""

import pytest

from tests.detector.declared import KINDS, SOUND, Kind, judge, real


@pytest.mark.parametrize("length", [10, 20, 250])
@pytest.mark.parametrize("kind", SOUND, ids=lambda kind: kind.name)
def test_prices_that_are_as_declared_raise_no_alarm(kind: Kind, length: int):
    assert judge(kind, length, rounds=6) == (0.0, 0.0, 0)


@pytest.mark.parametrize("adjusted", [True, False])
def test_the_real_splits_are_as_declared(adjusted: bool):
    assert real(adjusted=adjusted) == 0


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_contradicts_the_declared_splits_is_found(kind: Kind):
    few, _, others = judge(kind, 10, rounds=6)
    assert few >= 0.85  # 3:2 is no more than a large move of ten bars
    assert others == 0

    fine, coarse, others = judge(kind, 40, rounds=6)
    assert fine >= 0.97
    assert coarse >= 0.9
    assert others == 0
