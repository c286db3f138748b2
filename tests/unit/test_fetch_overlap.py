"""What the bars that were asked again say of those that are stored."""

import numpy as np
import pandas as pd
import pytest

from dags.fetch.overlap import compare

DAYS = pd.date_range("2024-06-03", periods=5, name="date")
CLOSES = np.array([34.17, 34.4, 33.98, 34.55, 34.6])


def bars(closes: np.ndarray = CLOSES) -> pd.DataFrame:
    made = {"open": closes - 0.1, "high": closes + 0.3, "low": closes - 0.35, "close": closes}
    return pd.DataFrame({**made, "volume": 1000.0}, index=DAYS).round(2)


def times(*factors: float) -> pd.DataFrame:
    found = bars()
    prices = ["open", "high", "low", "close"]
    found[prices] = (found[prices].to_numpy() * np.array(factors)[:, None]).round(2)
    return found


@pytest.mark.parametrize(
    ("factors", "factor"),
    [
        ((0.5,) * 5, 0.5),
        ((0.5, 0.5, 0.515, 0.5, 0.5), 0.5),  # one is restated besides
        ((0.515, 0.5, 0.5, 0.5, 0.5), 0.5),
        ((0.5, 0.5, 0.5, 1.0, 1.0), 0.5),  # those of after the split are as they were
        ((0.5, 0.515, 0.5, 1.0, 1.03), 0.5),
        ((0.25, 1.0, 1.0, 1.0, 1.0), 0.25),
        ((0.995,) * 5, 0.995),
        ((0.995, 0.995, 1.2, 0.995, 0.995), 0.995),
        ((1.0,) * 5, None),
        ((1.0, 1.0, 1.03, 1.0, 1.0), None),
        ((1.0, 1.0, 0.5, 0.5, 1.0), None),  # bars of before are as they were
        ((1.0, 0.5, 0.5, 0.5, 0.5), None),
        ((1.1, 0.9, 1.2, 0.8, 1.3), None),
        ((1.0004,) * 5, None),
    ],
)
def test_most_of_the_bars_that_differ_tell_a_factor(
    factors: tuple[float, ...], factor: float | None
):
    found = compare(bars(), times(*factors)).factor

    assert found == (None if factor is None else pytest.approx(factor, abs=0.0005))


@pytest.mark.parametrize(
    ("factors", "told"),
    [((1 / 1.0004,) * 5, True), ((1.0,) * 5, False), ((1.0, 1.0, 0.9996, 1.0, 1.0), False)],
)
def test_of_adjusted_prices_the_smallest_factor_counts(factors: tuple[float, ...], told: bool):
    assert (compare(bars(), times(*factors), adjusted=True).factor is not None) is told


def test_unknown_prices_tell_nothing():
    unknown = bars(CLOSES * np.nan)

    assert compare(bars(), unknown).factor is None
    assert compare(unknown, unknown).restated == ()
