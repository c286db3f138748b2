"""What a result of Great Expectations becomes: every field of an outcome."""

import json
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pandas as pd
import pytest
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.expectations.expectation import Expectation

from gx.engine.batches import (
    ROWS_ONLY,
    FrameBatch,
    entry_key,
    expectation_key,
    result_key,
    suite_of,
)
from gx.gate.outcomes import (
    NO_ROWS,
    Found,
    found_in,
    lookback_rows,
    missing_outcome,
    outcome_of,
    read_outcomes,
)
from gx.project import SUITES
from gx.report.model import Outcome
from gx.suite.fitting import fit
from gx.suite.read import Suite, parse_suite, read_suite

NOT_NULL = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "close"}}
BETWEEN = {
    "type": "expect_column_values_to_be_between",
    "kwargs": {"column": "close", "min_value": 0, "max_value": 100},
}
MEAN: dict[str, Any] = {
    "type": "expect_column_mean_to_be_between",
    "kwargs": {"column": "close", "min_value": 0},
}
BARS = pd.DataFrame(
    {
        "symbol": ["B", "A", "A", None, "C", "C", "A"],
        "date": [*pd.date_range("2025-01-01", periods=6), pd.NaT],
        "close": [1.0, float("nan"), float("inf"), -float("inf"), 5.0, 6.0, 7.0],
        "volume": range(7),
        "vwap": range(7),
    }
)


def suite(*entries: dict[str, Any]) -> Suite:
    document = {
        "name": "bars",
        "id": "76a87551-932f-4848-b6c9-b48f9b328b11",
        "expectations": [{"severity": "warning"} | entry for entry in entries],
    }
    return parse_suite(json.dumps(document).encode(), where="bars.json", name="bars")


def expectation(entry: dict[str, Any] = NOT_NULL) -> Expectation:
    (only,) = suite(entry).expectations
    return only


def result(
    success: bool, found: dict[str, Any] | None = None, **more: Any
) -> ExpectationValidationResult:
    configuration = expectation(more.pop("entry", NOT_NULL)).configuration
    return ExpectationValidationResult(
        success=success, expectation_config=configuration, result=found or {}, **more
    )


def outcome(
    of: ExpectationValidationResult,
    *rows: int,
    bars: pd.DataFrame = BARS,
    judged_rows: int = 7,
    looked_at: int = 7,
    entry: dict[str, Any] = NOT_NULL,
) -> Outcome:
    found = Found(of, np.array(rows, np.int64), np.array([3], np.int64), looked_at)
    return outcome_of(expectation(entry), found, bars, judged_rows=judged_rows)


def judge(
    frame: pd.DataFrame, whole: Suite, skipped: dict[str, str], **parameters: Any
) -> tuple[Outcome, ...]:
    batch, fitted = FrameBatch(frame), fit(whole.expectations, frame, parameters)
    wanted = [e for e in fitted if e.expectation_type not in skipped]
    found = batch.validate(suite_of("bars", wanted), result_format="SUMMARY")
    return read_outcomes(whole, batch, frame, found, fitted=fitted, skipped=skipped)


def test_failing_rows_are_counted_shared_out_and_shown():
    failed = outcome(result(False, {"unexpected_count": 4}), 0, 1, 2, 3)

    assert (failed.status, failed.severity) == ("failed", "warning")
    assert failed.type == NOT_NULL["type"]
    assert failed.kwargs == NOT_NULL["kwargs"]
    assert failed.unexpected_count == 4
    assert failed.unexpected_share == 4 / 7
    assert failed.rows.tolist() == [0, 1, 2, 3]
    assert failed.lookback_rows.tolist() == [3]
    assert failed.looked_at == 7
    assert failed.symbols == ("A", "B")  # the worst first
    assert failed.ownerless == 1
    assert [*failed.examples] == [
        {"symbol": "B", "date": "2025-01-01", "close": 1.0, "volume": 0.0},
        {"symbol": "A", "date": "2025-01-02", "close": None, "volume": 1.0},
        {"symbol": "A", "date": "2025-01-03", "close": "inf", "volume": 2.0},
        {"symbol": None, "date": "2025-01-04", "close": "-inf", "volume": 3.0},
    ]
    assert (failed.exception, failed.observed) == (None, "")


def test_symbols_with_as_many_failing_rows_are_in_alphabetical_order():
    assert outcome(result(False), 4, 1, 0).symbols == ("A", "B", "C")
    assert outcome(result(False), 0, 1, 4, 5).symbols == ("C", "A", "B")


def test_five_failing_rows_are_shown_by_position():
    late = BARS.set_index(pd.Index(range(10, 17)))

    shown = outcome(result(False), 16, 15, 14, 13, 12, 11, bars=late).examples

    assert [bar["date"] for bar in shown] == [
        None, "2025-01-06", "2025-01-05", "2025-01-04", "2025-01-03",
    ]  # fmt: skip


def test_rows_without_a_column_of_symbols_have_no_owner():
    failed = outcome(result(False), 1, 2, bars=BARS.drop(columns="symbol"))

    assert (failed.symbols, failed.ownerless) == ((), 2)
    assert [set(bar) for bar in failed.examples] == [{"date", "close", "volume"}] * 2


def test_a_result_without_rows_tells_how_many_and_no_more():
    failed = outcome(result(False, {"unexpected_count": 3}))

    assert (failed.unexpected_count, failed.unexpected_share) == (3, 3 / 7)
    assert (failed.symbols, failed.ownerless, failed.examples) == ((), 0, ())
    none = outcome(result(False, {"unexpected_count": None}))
    assert (none.unexpected_count, none.unexpected_share) == (0, 0.0)


def test_without_bars_there_is_no_share_and_nothing_was_missed():
    empty = outcome(result(True), judged_rows=0, looked_at=0)

    assert (empty.status, empty.unexpected_share) == ("passed", 0.0)
    single = outcome(result(False, {"unexpected_count": 1}), judged_rows=1, looked_at=1)
    assert single.unexpected_share == 1.0


def test_a_check_that_met_no_row_is_unchecked_and_says_why():
    unchecked = outcome(result(True), looked_at=0)

    assert unchecked.status == "unchecked"
    assert unchecked.observed == "looked at no bar: none has a value to look at"
    assert unchecked.looked_at == 0
    assert unchecked.lookback_rows.tolist() == [3]
    assert outcome(result(True), judged_rows=1, looked_at=0).status == "unchecked"
    assert outcome(result(True), looked_at=1).status == "passed"


def test_a_check_that_failed_without_a_row_says_what_it_found_or_why_not():
    assert outcome(result(False), looked_at=0).status == "failed"
    assert outcome(result(False), looked_at=0).observed.startswith("looked at no bar")
    observed = result(False, {"observed_value": 3})
    assert outcome(observed, looked_at=0).observed == "found 3"
    assert outcome(result(False), looked_at=1).observed == ""


def gap(bars: int, first: str, last: str) -> dict[str, Any]:
    span = {"from": f"2025-11-{first}:00", "to": f"2025-11-{last}:00"}
    return {"symbol": "A", "bars": bars, "minutes": 5.0, **span}


@pytest.mark.parametrize(
    ("success", "found", "observed"),
    [
        (True, {"observed_value": 0}, "found 0"),
        (True, {"observed_value": None}, ""),
        (True, {"details": None}, ""),
        (False, {"details": {"mismatched": {"missing": ["close", 1]}}}, "missing: close, 1"),
        (True, {"details": {"mismatched": {"missing": ["close"]}}}, "missing: close"),
        (False, {"details": {"mismatched": {"missing": []}}, "observed_value": 1}, "found 1"),
        (False, {"details": {"mismatched": [{"missing": 1}]}, "observed_value": 1}, "found 1"),
        (
            False,
            {"details": {"missing": [{"symbol": "A", "n": 1}], "missing_count": 1}},
            "missing: A 1",
        ),
        (
            False,
            {
                "details": {
                    "gaps": [gap(30, "26T15:00", "26T17:25"), gap(1, "26T15:00", "26T15:00")],
                    "gap_count": 9,
                }
            },
            "A lacks 30 bars of 5 minutes, 2025-11-26 15:00 to 17:25 UTC; "
            "A lacks 1 bar of 5 minutes, 2025-11-26 15:00 UTC and 7 more",
        ),
        (
            False,
            {"details": {"gaps": [gap(18, "26T20:00", "28T14:55")], "gap_count": 1}},
            "A lacks 18 bars of 5 minutes, 2025-11-26 20:00 to 2025-11-28 14:55 UTC",
        ),
        (
            True,
            {
                "details": {
                    "sparse": [{"symbol": "A", "percent": 59.6}],
                    "sparse_count": 2,
                    "not_judged_symbols": 2,
                }
            },
            "too seldom traded to be judged: A (59.6 %) and 1 more",
        ),
        (True, {"details": {"gaps": [1]}, "observed_value": 1}, "found 1"),
        (True, {"details": {"sessions": [1]}, "observed_value": 1}, "found 1"),
        (True, {"details": {"behind_now": [1]}, "observed_value": 1}, "found 1"),
        (True, {"details": {"missing": [{"symbol": "A"}]}, "observed_value": 1}, "found 1"),
        (
            True,
            {"details": {"not_judged_symbols": 1200}, "observed_value": 1},
            "1,200 symbols with too few bars were not judged",
        ),
        (True, {"details": {"not_judged_symbols": 0}, "observed_value": 1}, "found 1"),
    ],
)
def test_what_was_observed_is_a_sentence(success: bool, found: dict[str, Any], observed: str):
    assert outcome(result(success, found)).observed == observed


@pytest.mark.parametrize(
    ("count", "more"), [(5, ""), (6, " and 1 more"), (1205, " and 1,200 more")]
)
def test_five_absent_bars_and_sessions_are_named_and_the_others_counted(count: int, more: str):
    bars = [{"n": number} for number in range(min(count, 7))]
    holes = [
        {"session": f"day {n}", "percent_missing": 50.0, "symbols": ["A", "B"]}
        for n in range(min(count, 7))
    ]

    absent = outcome(result(False, {"details": {"missing": bars, "missing_count": count}}))
    hole = outcome(result(False, {"details": {"sessions": holes, "session_count": count}}))

    assert absent.observed == f"missing: 0, 1, 2, 3, 4{more}"
    named = "; ".join(f"day {n}: 50 % of the symbols lack it (A, B)" for n in range(5))
    assert hole.observed == named + more


@pytest.mark.parametrize(("count", "named"), [(1, "S0 1,000"), (5, "S4 1,004"), (6, "S4 1,004, …")])
def test_five_symbols_that_are_behind_are_named(count: int, named: str):
    behind = [{"symbol": f"S{n}", "sessions": 1000 + n} for n in range(count)]

    observed = outcome(result(False, {"details": {"behind_now": behind}})).observed

    assert observed.startswith("closed sessions behind: S0 1,000")
    assert observed.endswith(named)
    assert observed.count(",") == 2 * min(count, 5) - 1 + (count > 5)


def test_symbols_that_lack_sessions_come_after_those_with_failing_rows():
    behind = {
        "Z": {"sessions": 3, "last": "2025-01-01"},
        "A": {"sessions": 9, "last": "2024-01-01"},
        "X": {"sessions": 3, "last": None},
        "Y": {"sessions": 5, "last": "2025-01-03"},
    }
    details = {"details": {"behind": behind, "session_count": 3}}

    failed, passed = outcome(result(False, details), 3, 1), outcome(result(True, details))

    assert failed.symbols == ("A", "Y", "X", "Z")
    assert failed.ownerless == 4  # a row, and three sessions of the market
    assert failed.behind == {
        "Z": "2025-01-01", "A": "2024-01-01", "X": None, "Y": "2025-01-03",
    }  # fmt: skip
    assert (passed.symbols, passed.ownerless, passed.behind) == ((), 0, failed.behind)
    assert outcome(result(False, details)).symbols == ("A", "Y", "X", "Z")
    assert outcome(result(False, {"details": None})).behind == {}


@pytest.mark.parametrize(
    ("info", "exception"),
    [
        ({"raised_exception": True, "exception_message": "no column"}, "no column"),
        ({"raised_exception": True, "exception_message": ""}, "unknown exception"),
        ({"raised_exception": True}, "unknown exception"),
        ({"m": {"raised_exception": True, "exception_message": "nested"}}, "nested"),
        (
            {
                "m": {"raised_exception": False, "exception_message": "none"},
                "n": {"raised_exception": True, "exception_message": "second"},
            },
            "second",
        ),
    ],
)
def test_a_crash_is_an_error_with_its_message(info: dict[str, Any], exception: str):
    crashed = result(False, {"unexpected_count": 7}, exception_info=info)

    failed = outcome(crashed, 1)

    assert (failed.status, failed.exception) == ("error", exception)
    assert (failed.unexpected_count, failed.rows.tolist(), failed.looked_at) == (0, [], None)
    assert found_in(BARS, crashed, NO_ROWS).looked_at == 0


def test_a_result_without_a_crash_is_none():
    for info in (None, {}, {"raised_exception": False, "exception_message": "no"}, {"m": "text"}):
        assert outcome(result(True, exception_info=info)).status == "passed"
    found = found_in(BARS, result(True), NO_ROWS)
    assert found.looked_at == 6  # one value is missing
    with pytest.raises(FrozenInstanceError):
        found.looked_at = 7  # type: ignore[misc]


def test_rows_of_the_lookback_are_read_where_the_result_says_so():
    assert lookback_rows(result(False, {"details": {"lookback_failing": [2, 5]}})).tolist() == [
        2,
        5,
    ]
    for found in ({}, {"details": None}, {"details": {"other": 1}}):
        nothing = lookback_rows(result(False, found))
        assert nothing.tolist() == []
        assert nothing.dtype == np.int64


def test_an_entry_without_a_sentence_is_described_by_its_type_and_kwargs():
    assert missing_outcome(expectation(MEAN)).description == (
        "Column mean to be between (column = close, min_value = 0.0)."
    )
    assert missing_outcome(expectation(MEAN | {"description": "Mean."})).description == "Mean."


def test_an_outcome_keeps_every_kwarg_but_the_batch():
    committed = read_suite(SUITES / "stock_data.json").expectations
    fresh: Any
    (fresh,) = (e for e in committed if e.expectation_type == "expect_bars_to_be_fresh")
    kwargs = dict(fresh.configuration.kwargs)
    fresh.batch_id = "a"

    assert "batch_id" in fresh.configuration.kwargs
    assert missing_outcome(fresh).kwargs == kwargs
    assert "as_of" in kwargs


def test_each_entry_has_its_outcome_in_the_order_of_the_file():
    frame = pd.DataFrame({"symbol": ["A", "B", "B"], "close": [1.0, None, 200.0]})
    whole = suite(BETWEEN, MEAN, NOT_NULL)

    between, mean, not_null = judge(frame, whole, {MEAN["type"]: "makes no sense"})

    assert (mean.status, mean.observed) == ("skipped", "makes no sense")
    assert between.rows.tolist() == [2]
    assert not_null.rows.tolist() == [1]
    assert (between.looked_at, not_null.looked_at) == (2, 3)
    assert (between.status, not_null.status) == ("failed", "failed")


def test_an_entry_that_has_no_result_is_missing():
    frame = pd.DataFrame({"symbol": ["A"], "close": [1.0]})
    batch = FrameBatch(frame)
    found = batch.validate(suite_of("bars", suite(NOT_NULL).expectations))

    whole = suite(NOT_NULL, BETWEEN)
    outcomes = read_outcomes(whole, batch, frame, found, fitted=whole.expectations, skipped={})

    assert [one.status for one in outcomes] == ["passed", "missing"]


def test_entries_that_were_not_fitted_one_by_one_have_no_outcomes():
    frame, whole = pd.DataFrame({"symbol": ["A"], "close": [1.0]}), suite(NOT_NULL, BETWEEN)
    batch, (first, _) = FrameBatch(frame), whole.expectations
    found = batch.validate(suite_of("bars", [first]))

    with pytest.raises(ValueError, match="shorter"):
        read_outcomes(whole, batch, frame, found, fitted=[first], skipped={})


def test_more_failing_rows_than_a_summary_names_are_all_found_in_order():
    frame = pd.DataFrame({"symbol": ["A", "B"] * 300, "close": [-1.0] * 599 + [1.0]})

    (between,) = judge(frame, suite(BETWEEN), {})

    assert between.rows.tolist() == list(range(599))
    assert between.unexpected_count == 599
    assert between.symbols == ("A", "B")


def test_failing_rows_that_were_named_are_not_looked_for_again():
    class Never:
        def validate(self, *_: object, **__: object) -> None:
            raise AssertionError("validated again")

    frame = pd.DataFrame({"symbol": ["A"] * 3, "close": [1.0, -2.0, -3.0]})
    whole = suite(BETWEEN, NOT_NULL)
    for options in (ROWS_ONLY, {"result_format": "SUMMARY"}):
        found = FrameBatch(frame).validate(
            suite_of("bars", whole.expectations), result_format=options
        )
        between, not_null = read_outcomes(
            whole, Never(), frame, found, fitted=whole.expectations, skipped={}  # type: ignore[arg-type]
        )  # fmt: skip
        assert between.rows.tolist() == [1, 2]
        assert not_null.status == "passed"


def test_a_parameter_is_filled_in_before_an_entry_looks_for_its_result():
    limits = {"column": "close", "min_value": 0, "max_value": {"$PARAMETER": "limit"}}
    document = json.loads(suite(BETWEEN).text) | {"suite_parameters": {"limit": 100.0}}
    document["expectations"][0]["kwargs"] = limits
    asking = parse_suite(json.dumps(document).encode(), where="bars.json", name="bars")

    (between,) = judge(pd.DataFrame({"close": [1.0, 101.0]}), asking, {}, limit=100.0)

    assert (between.status, between.rows.tolist()) == ("failed", [1])
    assert between.kwargs == limits
    assert entry_key(expectation(BETWEEN)) == result_key(result(True, entry=BETWEEN))
    assert entry_key(expectation(BETWEEN)) != result_key(result(True, entry=MEAN))


def test_two_entries_are_the_same_check_whatever_their_order_and_batch():
    key = expectation_key("expect_x", {"as_of": "2025", "column": "close"})

    assert key == expectation_key("expect_x", {"column": "close", "as_of": "2025"})
    assert key == expectation_key("expect_x", {"as_of": "2025", "batch_id": 1, "column": "close"})
    assert key != expectation_key("expect_x", {"as_of": "2024", "column": "close"})
    assert key != expectation_key("expect_x", {"as_of": "2025", "column": "open"})
    assert key != expectation_key("expect_y", {"as_of": "2025", "column": "close"})


def test_dates_among_the_kwargs_are_told_as_a_file_has_them():
    bounds = {"column": "date", "min_value": "2025-01-01", "max_value": "2025-12-31T12:00:00"}

    told = missing_outcome(expectation(BETWEEN | {"kwargs": bounds})).kwargs

    assert told == bounds
    json.dumps(told)


def test_judging_in_memory_draws_no_progress_bars(capfd: pytest.CaptureFixture[str]):
    judge(pd.DataFrame({"symbol": ["A"], "close": [1.0]}), suite(BETWEEN), {})

    assert capfd.readouterr().err == ""
