"""Results as Great Expectations makes them of one batch, from counts over all parts."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.expectations.expectation import Expectation

from gx.engine.batches import raised_in
from gx.gate.outcomes import NO_ROWS, Found, Rows

SAMPLED = 20
NO_EXCEPTION = {"raised_exception": False, "exception_message": None, "exception_traceback": None}


def found_by_counts(
    expectation: Expectation,
    counts: Mapping[str, Any],
    rows: Rows,
    lookback_rows: Rows,
    *,
    fails: bool = False,
) -> Found:
    """Judge by element_count, unexpected_count and, where it is counted, missing_count.

    What else ``counts`` has is told as it is. ``fails``: whatever the counts say.
    """
    result = dict(counts)
    missing = result.get("missing_count") or 0
    considered, unexpected = result["element_count"] - missing, result["unexpected_count"]
    share = unexpected / considered if considered else None
    mostly = getattr(expectation, "mostly", 1.0)
    # In these very steps, so that no rounding tells the two apart.
    met = not considered or (float(considered) - float(unexpected)) / considered >= mostly
    success = met and not fails
    result["unexpected_percent"] = None if share is None else 100 * share
    if "missing_count" in result:
        total = result["element_count"]
        result["missing_percent"] = missing / total * 100 if total else None
        result["unexpected_percent_total"] = unexpected / total * 100 if total else None
        result["unexpected_percent_nonmissing"] = result["unexpected_percent"]
    failing = NO_ROWS if success else rows
    return Found(result_of(expectation, success, result), failing, lookback_rows, considered)


def found_crash(expectation: Expectation, exception_info: Mapping[str, object]) -> Found:
    """What is found where a check crashed."""
    return Found(result_of(expectation, False, {}, exception_info), NO_ROWS, NO_ROWS, looked_at=0)


def result_of(
    expectation: Expectation,
    success: bool,
    result: Mapping[str, object],
    exception_info: Mapping[str, object] = NO_EXCEPTION,
) -> ExpectationValidationResult:
    """A result of Great Expectations."""
    return ExpectationValidationResult(
        success=success,
        expectation_config=expectation.configuration,
        result=dict(result),
        exception_info=dict(exception_info),
        meta={},
    )


def show_values(found: Found, bars: pd.DataFrame) -> None:
    """Give a failed result the first values that failed, for its page."""
    kwargs = found.result.expectation_config.kwargs if found.result.expectation_config else {}
    rows = found.rows[:SAMPLED]
    if len(rows) and kwargs.get("column") in bars:
        values = bars.loc[rows, kwargs["column"]].tolist()
        found.result.result["partial_unexpected_list"] = values
        found.result.result["partial_unexpected_index_list"] = rows.tolist()


def has_crashed(document: Mapping[str, Any]) -> bool:
    """Did the check crash of which a part says this?"""
    return raised_in(document.get("exception_info") or {}) is not None
