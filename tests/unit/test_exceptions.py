"""One entry with a table of exceptions, against the copies that somebody would write by hand."""

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

from gx.gate.asked import NOTHING_ASKED, Asked
from gx.gate.checkpoint import run_in_memory
from gx.report.by_symbol import leaves
from gx.report.model import Outcome, QualityReport
from gx.suite.read import Suite, parse_suite
from tests.market_parts import AS_OF, in_parts
from tests.unit.test_merge import planted, same

ROWS: list[dict[str, Any]] = [
    {"symbols": "S03", "off": True},
    {"symbols": "S0*", "severity": "warning"},
    {"symbols": "S1?", "severity": "info"},
]
BY_SYMBOL: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("expect_column_values_to_be_between", {"column": "close", "max_value": 90}, {"max_value": 60}),
    ("expect_column_values_to_not_be_null", {"column": "close"}, {"mostly": 0.9}),
    ("expect_column_values_to_be_unique", {"column": "volume"}, {"mostly": 0.5}),
    ("expect_column_max_to_be_between", {"column": "close", "max_value": 90}, {"max_value": 1e6}),
    ("expect_compound_columns_to_be_unique", {"column_list": ["symbol", "date"]}, {"mostly": 0.5}),
    ("expect_no_return_outliers", {}, {"threshold": 5.0}),
    ("expect_no_stale_prices", {}, {"sessions": 4}),
    ("expect_bars_on_trading_sessions", {}, {"calendar": "24/7"}),
    ("expect_bars_to_be_fresh", {"as_of": "2025-06-30"}, {"allowed": 30}),
    ("expect_no_unit_errors", {}, {"factor": 50}),
]


def entry(type_: str, kwargs: Any, rows: Sequence[Any] = (), severity: str = "critical") -> Any:
    meta = {"meta": {"exceptions": list(rows)}} if rows else {}
    return {"type": type_, "kwargs": kwargs, "severity": severity, **meta}


def suite_of(*entries: dict[str, Any]) -> Suite:
    document = {"name": "x", "expectations": list(entries)}
    return parse_suite(json.dumps(document).encode(), where="x", name="x")


@pytest.fixture(scope="module")
def market() -> tuple[pd.DataFrame, pd.DataFrame]:
    return planted(1)


def judged(
    suite: Suite, market: tuple[pd.DataFrame, pd.DataFrame], asked: Asked = NOTHING_ASKED
) -> QualityReport:
    bars, lookback = market
    return run_in_memory(bars, suite, as_of=AS_OF, lookback=lookback, asked=asked)


def failing_of(outcomes: Sequence[Outcome], bars: pd.DataFrame) -> list[tuple[str, str]]:
    """Each failing bar with its severity."""
    return sorted(
        (str(bars.index[row]), one.severity) for one in leaves(outcomes) for row in one.rows
    )


@pytest.mark.parametrize(("type_", "kwargs", "changes"), BY_SYMBOL)
def test_exceptions_judge_each_bar_as_copies_by_hand_would(
    market: tuple[pd.DataFrame, pd.DataFrame],
    type_: str,
    kwargs: dict[str, Any],
    changes: dict[str, Any],
):
    rows = [{**ROWS[0]}, {**ROWS[1], "kwargs": changes}, {**ROWS[2]}]
    report = judged(suite_of(entry(type_, kwargs, rows)), market)

    copies = []
    for chosen, own, severity in (
        (lambda s: s.str.startswith("S0") & (s != "S03"), changes, "warning"),
        (lambda s: s.str.fullmatch("S1."), {}, "info"),
        (lambda s: ~s.str.startswith("S0") & ~s.str.fullmatch("S1."), {}, "critical"),
    ):
        bars, lookback = (frame[chosen(frame["symbol"].fillna(""))] for frame in market)
        copy = suite_of(entry(type_, {**kwargs, **own}, severity=severity))
        found = run_in_memory(bars, copy, as_of=AS_OF, lookback=lookback)
        copies += [(str(bars.index[row]), severity) for one in found.outcomes for row in one.rows]
    bars = market[0]
    assert failing_of(report.outcomes, bars) == sorted(copies)
    assert len(report.outcomes) == 1


@pytest.mark.parametrize("count", [1, 5])
def test_exceptions_say_the_same_of_parts_as_of_the_whole(
    market: tuple[pd.DataFrame, pd.DataFrame], count: int
):
    entries = [
        entry(type_, kwargs, [ROWS[0], {**ROWS[1], "kwargs": changes}, ROWS[2]])
        for type_, kwargs, changes in BY_SYMBOL
    ]
    wide = [
        entry("expect_no_gross_price_errors", {}, [{"symbols": "S0*", "kwargs": {"factor": 2}}]),
        entry("expect_no_duplicated_series", {}, [ROWS[0], ROWS[2]]),
        entry(
            "expect_no_missing_sessions",
            {},
            [
                {"symbols": "S01", "kwargs": {"calendar": "24/7"}},
                {"symbols": "S02", "off": True},
                {"symbols": "S1*", "kwargs": {"allowed": 5}, "severity": "warning"},
            ],
        ),
        entry("expect_no_market_wide_holes", {}, [ROWS[0], ROWS[1]]),
        entry("expect_symbols_to_be_unambiguous", {}, [ROWS[0], ROWS[2]]),
        entry("expect_table_row_count_to_be_between", {"min_value": 10}, [ROWS[1]]),
    ]
    suite = suite_of(*entries, *wide)
    names = sorted({*market[0]["symbol"], *market[1]["symbol"], "NOPE", "S1Z"})
    for asked in (NOTHING_ASKED, Asked(tuple(names), "2024-06-01", "2025-06-02")):
        whole = judged(suite, market, asked)
        same(in_parts(*market, suite, count, asked), whole)
    assert {one.type for one in whole.failed} > {"expect_no_missing_sessions"}
