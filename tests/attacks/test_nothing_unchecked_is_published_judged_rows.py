"""Attacks through bars that are not judged: those before the range, and those that are to come."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gx.__main__ import main
from gx.gate.checkpoint import run_in_memory
from gx.report.model import QualityReport
from gx.suite.named import suite_path
from gx.suite.read import Suite, parse_suite, read_suite
from tests.market_parts import in_parts
from tests.staged_runs import daily_bars

CLOSE_ABOVE_ONE = {"column": "close", "min_value": 1.0}
ROW_COUNT = ("expect_table_row_count_to_be_between", {"min_value": 20})
FAR_AWAY = "2099-12-31"


def suite_with(*entries: tuple[str, dict[str, Any]], severity: str = "critical") -> Suite:
    document = {
        "name": "attacked",
        "id": "0c4ad0a1-6f0b-4a5e-9f63-0d5c1a1a7a10",
        "expectations": [
            {"type": type_, "kwargs": kwargs, "severity": severity} for type_, kwargs in entries
        ],
    }
    return parse_suite(json.dumps(document).encode(), where="attacked", name="attacked")


def range_of(days: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The last days of two symbols, and the 22 before them."""
    bars = daily_bars(["AAA", "BBB"], 22 + days)
    bars["created_at"] = bars["date"] + pd.Timedelta(days=1)
    judged = bars["date"] >= np.sort(bars["date"].unique())[22]
    return bars[judged].reset_index(drop=True), bars[~judged].reset_index(drop=True)


def in_one(bars: pd.DataFrame, lookback: pd.DataFrame, suite: Suite) -> QualityReport:
    return run_in_memory(bars, suite, lookback=lookback)


def in_two(bars: pd.DataFrame, lookback: pd.DataFrame, suite: Suite) -> QualityReport:
    return in_parts(bars, lookback, suite, 2)


either_way = pytest.mark.parametrize("judge", [in_one, in_two])


@either_way
def test_earlier_bars_do_not_make_up_for_those_that_are_lacking(judge: Any):
    bars, lookback = range_of(1)
    assert (len(bars), len(lookback)) == (2, 44)

    report = judge(bars, lookback, suite_with(ROW_COUNT))

    assert not report.decide("fail").open
    assert not report.decide("quarantine").open
    assert report.outcomes[0].observed == "found 2"


@either_way
def test_the_bars_of_all_parts_are_counted_together(judge: Any):
    bars, lookback = range_of(10)
    assert judge(bars, lookback, suite_with(ROW_COUNT)).success


@either_way
def test_good_earlier_bars_do_not_excuse_a_share_of_bad_ones(judge: Any):
    bars, lookback = range_of(2)
    bars["close"] = 0.5

    report = judge(
        bars,
        lookback,
        suite_with(("expect_column_values_to_be_between", {**CLOSE_ABOVE_ONE, "mostly": 0.9})),
    )

    (outcome,) = report.outcomes
    assert outcome.status == "failed"
    assert (outcome.unexpected_count, outcome.unexpected_share) == (4, 1.0)
    assert outcome.looked_at == 4


@either_way
def test_bad_earlier_bars_do_not_condemn_good_ones(judge: Any):
    bars, lookback = range_of(2)
    lookback["close"] = 0.5
    suite = suite_with(
        ("expect_column_values_to_be_between", CLOSE_ABOVE_ONE),
        ("expect_column_min_to_be_between", CLOSE_ABOVE_ONE),
    )

    assert judge(bars, lookback, suite).success


@either_way
@pytest.mark.parametrize("statistic", ["mean", "median", "max"])
def test_earlier_bars_do_not_pull_a_statistic_back_to_what_is_allowed(judge: Any, statistic: str):
    bars, lookback = range_of(2)
    bars["close"], lookback["close"] = 5.0, 100.0
    bounds = {"column": "close", "min_value": 50.0, "max_value": 150.0}

    report = judge(bars, lookback, suite_with((f"expect_column_{statistic}_to_be_between", bounds)))

    assert not report.success
    assert report.outcomes[0].observed == "found 5.0"


@either_way
def test_earlier_bars_do_not_thin_out_the_share_of_a_market_expectation(judge: Any):
    bars, lookback = range_of(2)
    bars["high"] = bars["low"] / 2

    report = judge(
        bars, lookback, suite_with(("expect_bars_to_be_ohlc_consistent", {"mostly": 0.9}))
    )

    assert not report.success
    assert report.outcomes[0].unexpected_share == 1.0


@either_way
@pytest.mark.parametrize(
    ("type_", "kwargs"),
    [
        ("expect_column_values_to_be_between", CLOSE_ABOVE_ONE),
        ("expect_bar_prices_to_be_finite_and_positive", {}),
        ("expect_no_duplicated_series", {}),
    ],
)
def test_a_condition_that_matches_nothing_closes_the_gate(
    judge: Any, type_: str, kwargs: dict[str, Any]
):
    bars, lookback = range_of(2)
    nobody = {"row_condition": 'symbol=="CCC"', "condition_parser": "pandas"}

    report = judge(bars, lookback, suite_with((type_, {**kwargs, **nobody})))

    assert [(o.status, o.looked_at) for o in report.blocking] == [("unchecked", 0)]
    assert not report.decide("quarantine").open
    assert "looked at no bar: its condition matches none" in report.decide("fail").reasons[0]


@either_way
def test_a_column_without_a_value_has_not_been_checked(judge: Any):
    bars, lookback = range_of(2)
    bars["volume"] = np.nan
    entry = ("expect_column_values_to_be_between", {"column": "volume", "min_value": 0})

    report = judge(bars, lookback, suite_with(entry))

    assert [o.status for o in report.blocking] == ["unchecked"]
    remarked = judge(bars, lookback, suite_with(entry, severity="warning"))
    assert remarked.success
    assert [o.status for o in remarked.failed] == ["unchecked"]
    assert "1 remark" in remarked.sentence


def test_no_bar_at_all_is_for_the_row_count_to_judge():
    bars, lookback = range_of(2)
    between = ("expect_column_values_to_be_between", CLOSE_ABOVE_ONE)

    report = run_in_memory(bars.iloc[:0], suite_with(between, ROW_COUNT), lookback=lookback)

    assert [o.status for o in report.outcomes] == ["passed", "failed"]


def bars_until_tomorrow() -> pd.DataFrame:
    """Daily bars of a symbol that trades every day; the last one is of tomorrow."""
    tomorrow = pd.Timestamp.now(tz="UTC").tz_localize(None).normalize() + pd.Timedelta(days=1)
    bars = daily_bars(["BTC"], 30)
    bars["date"] = pd.date_range(end=tomorrow, periods=30).astype("datetime64[s]")
    return bars


@pytest.mark.parametrize("as_of", [FAR_AWAY, "9999-12-31", "2099-01-01T12:00:00+00:00"])
def test_an_end_in_the_future_does_not_excuse_a_bar_of_tomorrow(as_of: str):
    bars = bars_until_tomorrow()
    given = {"calendar": "24/7", "as_of": {"$PARAMETER": "as_of"}}
    literal = {"calendar": "24/7", "as_of": as_of}

    for kwargs in (given, literal):
        report = run_in_memory(bars, suite_with(("expect_no_future_bars", kwargs)), as_of=as_of)

        assert not report.success
        assert bars["date"].max() in report.failing["date"].tolist()


def test_an_end_in_the_future_does_not_excuse_a_bar_of_tomorrow_in_parts():
    bars = bars_until_tomorrow()
    both = pd.concat([bars, bars.assign(symbol="ETH")], ignore_index=True)
    suite = suite_with(("expect_no_future_bars", {"calendar": "24/7", "as_of": FAR_AWAY}))

    report = in_parts(both, both.iloc[:0], suite, 2)

    assert report.held == ("BTC", "ETH")


def test_a_file_with_a_bar_of_tomorrow_does_not_pass_by_asking_as_of_a_later_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "btc.csv"
    bars_until_tomorrow().to_csv(file, index=False)

    asked = ["check", str(file), "--calendar", "24/7", "--as-of", "2099-01-01"]
    monkeypatch.setattr("sys.argv", ["gx", *asked])

    assert main() == 1
    assert "No bar is dated after" in capsys.readouterr().out


def test_the_committed_suite_still_knows_what_is_ordinary():
    bars, lookback = range_of(1)
    bars.loc[0, ["open", "high", "low", "close"]] *= 100

    report = run_in_memory(bars, read_suite(suite_path("stock_data")), lookback=lookback)

    assert "expect_no_unit_errors" in {o.type for o in report.blocking}
