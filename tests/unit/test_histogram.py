"""Histograms: where the bounds are, which bars are outside, and that no value spoils the scale."""

import numpy as np
import pandas as pd
import pytest

from gx.report.pictures.axes import even_steps, in_short
from gx.report.pictures.histogram import Histogram, histogram

VALUES = "expect_column_values_to_be_between"


def drawn(values: list[float], type_: str = VALUES, **kwargs: object) -> Histogram | None:
    return histogram(
        type_, {"column": "close", **kwargs}, "critical", pd.DataFrame({"close": values})
    )


def spread(low: float, high: float) -> list[float]:
    return np.linspace(low, high, 480).tolist()


def test_bins_outside_the_bounds_are_marked_and_counted():
    picture = drawn(spread(0, 100), min_value=10, max_value=75)

    assert picture
    low, high = (line.at for line in picture.lines)
    for each in picture.bins:
        middle = each.x + each.width / 2
        assert each.outside == (not low < middle < high)
    assert "168 outside" in picture.sentence


def test_one_stray_value_leaves_the_others_visible_and_is_still_marked():
    picture = drawn([*spread(90, 110), 1e12], max_value=1e6)

    assert picture
    assert len(picture.bins) > 20
    assert [each.outside for each in picture.bins] == [False] * (len(picture.bins) - 1) + [True]
    assert "on to 1T" in picture.bins[-1].label
    assert picture.lines[0].label == "at most 1M →"


def test_values_of_many_magnitudes_are_drawn_on_a_logarithmic_scale():
    picture = drawn(np.logspace(0, 9, 500).tolist(), min_value=0, max_value=1e8)

    assert picture
    assert "logarithmic" in picture.sentence
    assert len(picture.bins) > 40
    assert picture.lines[0].label == "← at least 0"


def test_the_bound_of_a_mean_is_drawn_with_the_mean_found_and_marks_no_value():
    picture = drawn(spread(0, 100), "expect_column_mean_to_be_between", max_value=40)

    assert picture
    assert [line.label for line in picture.lines] == ["mean at most 40", "found mean 50"]
    assert not any(each.outside for each in picture.bins)


def test_a_limit_of_deviations_is_drawn_on_both_sides_of_the_mean():
    type_ = "expect_column_value_z_scores_to_be_less_than"
    picture = drawn(spread(0, 100), type_, threshold=1, double_sided=True)

    assert picture
    assert picture.bins[0].outside
    assert picture.bins[-1].outside
    assert not picture.bins[len(picture.bins) // 2].outside


@pytest.mark.parametrize(
    "values",
    [[5.0], [5.0] * 9, [0.0, 0.0], [-1e300, 1e300], [np.nan, np.inf, 3.0], [1e-12, 2e-12], [-7.0]],
)
@pytest.mark.parametrize("bound", [0, -3, 1e-300, 1e18, 5])
def test_whatever_the_values_every_place_is_in_the_picture(values, bound):
    picture = drawn(values, min_value=bound)

    assert picture
    for at in [*(b.x for b in picture.bins), *(line.at for line in picture.lines)]:
        assert 0 <= at <= picture.width
    assert all(0 <= each.size <= picture.floor for each in picture.bins)


@pytest.mark.parametrize(
    ("type_", "kwargs"),
    [
        ("expect_column_values_to_not_be_null", {}),
        (VALUES, {}),
        (VALUES, {"min_value": "2025-01-01"}),
        (VALUES, {"min_value": {"$PARAMETER": "low"}}),
        (VALUES, {"min_value": 1, "column": "nothing"}),
        ("expect_column_stdev_to_be_between", {"min_value": 1}),
    ],
)
def test_an_expectation_that_bounds_no_numbers_has_no_histogram(type_, kwargs):
    assert drawn(spread(0, 1), type_, **kwargs) is None


def test_a_column_without_a_number_has_no_histogram():
    assert drawn([np.nan, np.inf], min_value=1) is None
    assert (
        histogram(VALUES, {"column": "s", "min_value": 1}, "info", pd.DataFrame({"s": ["x"]}))
        is None
    )


def test_steps_are_round_and_lie_within():
    assert [label for _, label in even_steps(-0.3, 1.1, 5)] == ["0.0", "0.5", "1.0"]
    assert [label for _, label in even_steps(0, 260e6, 6)] == [
        "0",
        "50M",
        "100M",
        "150M",
        "200M",
        "250M",
    ]


def test_axis_labels_are_short():
    said = [in_short(value) for value in (0.0, 0.25, 2300, 1.5e6, 1e15, 1e-7, -4.2e9)]

    assert said == ["0", "0.25", "2,300", "1.5M", "1e+15", "1e-07", "-4.2B"]
