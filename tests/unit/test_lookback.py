"""Bars before the range: they tell what is ordinary, and are doubted by themselves."""

import copy
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gx.gate.checkpoint import run, run_in_memory
from gx.plugins.expectations.lookback import (
    DOUBTED_BARS,
    LOOKBACK,
    Lookback,
    sort_bars,
    with_lookback,
)
from gx.report.model import QualityReport
from gx.suite.named import suite_path
from gx.suite.read import Suite, parse_suite, read_suite
from tests.market_parts import in_parts
from tests.staged_runs import daily_bars

PRICES = ["open", "high", "low", "close"]
AS_OF = "2024-12-31"


def suite_with(type_: str, severity: str = "critical", **kwargs: Any) -> Suite:
    document = {
        "name": "extra",
        "id": "0c4ad0a1-6f0b-4a5e-9f63-0d5c1a1a7a10",
        "expectations": [{"type": type_, "kwargs": kwargs, "severity": severity}],
    }
    return parse_suite(json.dumps(document).encode(), where="extra", name="extra")


def one_day(symbols: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The last of 100 days, and the days before it."""
    bars = daily_bars(symbols, 100)
    bars["created_at"] = bars["date"] + pd.Timedelta(days=1)
    last = bars["date"] == bars["date"].max()
    return bars[last].reset_index(drop=True), bars[~last].reset_index(drop=True)


def at(lookback: pd.DataFrame, symbol: str, back: int) -> int:
    """The label of a symbol's bar that is so many before its last."""
    return int(lookback.index[lookback["symbol"] == symbol][-1 - back])


def doubted(report: QualityReport) -> list[tuple[str, str]]:
    found = report.lookback_failing
    return [(s, str(d.date())) for s, d in zip(found["symbol"], found["date"], strict=True)]


def test_a_spike_that_only_the_next_day_proves_is_found_in_the_lookback():
    today, before = one_day(["AAA", "BBB"])
    spike = at(before, "AAA", 0)
    before.loc[spike, PRICES] *= 1.8
    suite = read_suite(suite_path("stock_data"))

    report = run_in_memory(today, suite, as_of=AS_OF, lookback=before)

    assert report.success
    assert report.failing.attrs == report.lookback_failing.attrs == {}
    assert doubted(report) == [("AAA", str(before.loc[spike, "date"].date()))]
    (found,) = report.lookback_failing.to_dict("records")
    assert found["severity"] == "warning"
    assert any("reversing_spikes" in name for name in found["expectations"])
    assert any("comes back" in reason for reason in found["reasons"])
    assert found["close"] == before.loc[spike, "close"]
    assert not any("spike" in outcome.type for outcome in report.failed)


@pytest.mark.parametrize(("back", "found"), [(DOUBTED_BARS - 1, 1), (DOUBTED_BARS, 0)])
def test_only_the_newest_bars_of_a_symbol_are_doubted(back: int, found: int):
    today, before = one_day(["AAA", "BBB"])
    before.loc[at(before, "BBB", back), "high"] = 0.01

    report = run_in_memory(today, suite_with("expect_bars_to_be_ohlc_consistent"), lookback=before)

    assert report.success
    assert len(report.lookback_failing) == found


def test_an_info_is_no_reason_to_doubt_what_was_published():
    today, before = one_day(["AAA"])
    before.loc[at(before, "AAA", 1), "high"] = 0.01

    for severity, found in (("info", 0), ("warning", 1), ("critical", 1)):
        suite = suite_with("expect_bars_to_be_ohlc_consistent", severity)
        report = run_in_memory(today, suite, lookback=before)
        assert len(report.lookback_failing) == found
        assert list(report.lookback_failing) == [
            *("symbol", "date", *PRICES, "volume", "severity", "expectations", "reasons")
        ]


def test_a_condition_is_asked_of_the_lookback_too():
    today, before = one_day(["AAA", "BBB"])
    for symbol in ("AAA", "BBB"):
        before.loc[at(before, symbol, 2), "high"] = 0.01
    condition = {"row_condition": 'symbol=="BBB"', "condition_parser": "pandas"}

    report = run_in_memory(
        today, suite_with("expect_bars_to_be_ohlc_consistent", **condition), lookback=before
    )

    assert [symbol for symbol, _ in doubted(report)] == ["BBB"]
    assert report.outcomes[0].looked_at == 1


@pytest.mark.parametrize("count", [1, 3])
def test_parts_doubt_the_same_bars_as_the_whole(count: int):
    today, before = one_day(["AAA", "BBB", "CCC", "DDD"])
    before.loc[at(before, "CCC", 0), PRICES] *= 1.8
    before.loc[at(before, "AAA", 3), "high"] = 0.01
    for symbol in ("AAA", "BBB", "DDD"):
        before = before.drop(index=at(before, symbol, 5))
    before = before.reset_index(drop=True)
    suite = read_suite(suite_path("stock_data"))

    whole = run_in_memory(today, suite, as_of="2025-06-30", lookback=before)
    parts = in_parts(today, before, suite, count)

    assert len(whole.lookback_failing) > 2
    pd.testing.assert_frame_equal(parts.lookback_failing, whole.lookback_failing)


def test_rows_in_any_order_and_without_symbol_or_date_are_placed():
    today, before = one_day(["AAA", "BBB"])
    spike = at(before, "AAA", 0)
    before.loc[spike, "high"] = 0.01
    day = before.loc[spike, "date"]
    before.loc[at(before, "BBB", 0), "symbol"] = None
    before.loc[at(before, "BBB", 1), "date"] = pd.NaT
    shuffled = before.sample(frac=1, random_state=3)

    report = run_in_memory(
        today.sample(frac=1, random_state=3),
        suite_with("expect_bars_to_be_ohlc_consistent"),
        lookback=shuffled,
    )

    assert doubted(report) == [("AAA", str(day.date()))]


def test_a_checkpoint_doubts_as_well(tmp_path):
    today, before = one_day(["AAA", "BBB"])
    before.loc[at(before, "AAA", 0), PRICES] *= 1.8

    report = run(today, results=tmp_path, as_of=AS_OF, lookback=before)

    assert [symbol for symbol, _ in doubted(report)] == ["AAA"]
    assert report.rows == 2


def test_a_batch_carries_its_lookback_without_copying_it():
    today, before = one_day(["AAA"])

    batch = with_lookback(today, before)

    held = batch.attrs[LOOKBACK]
    assert copy.deepcopy(held) is held
    assert batch[batch["close"] > 0].attrs[LOOKBACK] is held
    assert len(batch) == 1
    assert today.attrs == {}


def test_without_lookback_nothing_is_doubted():
    today, before = one_day(["AAA"])
    for given in (None, before.iloc[:0]):
        found = sort_bars(with_lookback(today, given))
        assert found.newest.tolist() == []
        assert found.table.frame is found.frame
    assert sort_bars(with_lookback(before.iloc[:0], today)).newest.tolist() == [0]
    assert isinstance(with_lookback(today, before).attrs[LOOKBACK], Lookback)
    assert np.array_equal(sort_bars(with_lookback(today, before)).newest, np.arange(80, 100))
