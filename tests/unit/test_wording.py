"""An expectation's own wording, and the parameters that it was written for."""

from typing import Any

import pytest

from gx.gate.checkpoint import run_in_memory
from gx.plugins.expectations.level_expectations import ExpectNoReturnOutliers
from gx.suite.read import parse_suite
from gx.suite.wording import described, is_outdated, with_wording_noted
from tests.suite_desk import sample_bars

OLD = {"type": "t", "kwargs": {"threshold": 8.0, "window": 60}, "description": "8 deviations"}


def entry(threshold: float, **more: Any) -> dict[str, Any]:
    return {**OLD, "kwargs": {"threshold": threshold, "window": 60}, **more}


def test_a_change_of_parameters_alone_is_noted_and_keeps_what_was_noted_first():
    noted = with_wording_noted(entry(9), OLD)
    assert noted["meta"] == {"worded_for": {"threshold": 8.0}}
    later = with_wording_noted(entry(10, meta=noted["meta"]), noted)
    assert later["meta"] == {"worded_for": {"threshold": 8.0}}
    assert is_outdated(later["kwargs"], later["meta"])


@pytest.mark.parametrize(
    "new",
    [
        entry(8),
        entry(9, description="9 deviations"),
        {"type": "t", "kwargs": {"threshold": 9}},
        entry(8, meta={"worded_for": {"threshold": 8.0}}),
        {"type": "t", "kwargs": "broken", "description": "8 deviations"},
    ],
)
def test_nothing_is_noted_where_the_wording_fits_or_is_another(new: dict[str, Any]):
    assert "worded_for" not in with_wording_noted(new, OLD).get("meta", {})


def test_other_meta_stays():
    found = with_wording_noted(entry(9, meta={"owner": "ann"}), OLD)
    assert found["meta"] == {"owner": "ann", "worded_for": {"threshold": 8.0}}
    back = with_wording_noted(entry(8, meta=found["meta"]), found)
    assert back["meta"] == {"owner": "ann"}


def test_a_report_shows_what_is_asked_before_a_wording_that_is_outdated():
    for meta in ({"threshold": 8}, {"threshold": None}):  # None: it was left out, as the default
        given: dict[str, Any] = {"description": "X", "meta": {"worded_for": meta}}
        fits = ExpectNoReturnOutliers(threshold=8, **given)
        assert described(fits) == "X"
    raw = b"""{"name": "one", "expectations": [{"type": "expect_no_return_outliers",
        "kwargs": {"threshold": 1e9}, "severity": "info",
        "description": "No return is 8 deviations out.",
        "meta": {"worded_for": {"threshold": 8}}}]}"""
    report = run_in_memory(sample_bars(), parse_suite(raw, where="one", name="one"))
    said = report.outcomes[0].description
    assert said.startswith("No return may be more than 1,000,000,000 robust deviations")
    assert said.endswith("(Worded for other parameters: “No return is 8 deviations out.”)")
