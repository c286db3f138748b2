"""Failing bars that follow each other are one event."""

import numpy as np
import pandas as pd
import pytest

from gx.gate.checkpoint import run_in_memory
from gx.report.console import report_lines
from gx.report.events import LISTED, Event, Events, events_of, places_of
from gx.report.model import explain
from gx.report.render import render_html
from gx.report.sentences import in_events
from gx.suite.named import suite_path
from gx.suite.read import read_suite
from tests.market_parts import AS_OF, in_parts
from tests.staged_runs import daily_bars

PRICES = ["open", "high", "low", "close"]


def found(bars: pd.DataFrame, rows: list[int]) -> Events:
    at = np.array(rows, dtype=np.int64)
    own = bars.iloc[at]
    return events_of(at, places_of(at, bars), own["symbol"], own["date"])


@pytest.fixture
def bars() -> pd.DataFrame:
    """Two symbols of ten days."""
    return pd.DataFrame(
        {
            "symbol": np.repeat(["A", "B"], 10),
            "date": np.tile(pd.date_range("2025-01-01", periods=10), 2),
        }
    )


def test_bars_that_follow_each_other_are_one_event(bars: pd.DataFrame):
    told = found(bars, [2, 3, 4, 7])

    assert told.count == 2
    assert told.listed() == [
        Event(symbol="A", first_date="2025-01-03", last_date="2025-01-05", bars=3),
        Event(symbol="A", first_date="2025-01-08", last_date="2025-01-08", bars=1),
    ]


def test_the_last_bar_of_a_symbol_and_the_first_of_the_next_are_two(bars: pd.DataFrame):
    assert [(one.symbol, one.bars) for one in found(bars, [9, 10]).listed()] == [("A", 1), ("B", 1)]


def test_the_order_of_the_rows_does_not_matter(bars: pd.DataFrame):
    shuffled = bars.sample(frac=1, random_state=2)
    rows = np.flatnonzero(np.isin(shuffled.index, [2, 3, 4, 7])).tolist()

    told = found(shuffled.reset_index(drop=True), rows).listed()

    assert told == found(bars, [2, 3, 4, 7]).listed()


def test_bars_without_a_symbol_or_a_date_are_events_of_their_own(bars: pd.DataFrame):
    bars.loc[[3, 4], "symbol"] = None
    bars.loc[[13, 14], "date"] = pd.NaT

    assert found(bars, [3, 4, 13, 14]).count == 4


def test_the_events_of_some_symbols_are_told_where_all_are_known(bars: pd.DataFrame):
    told = found(bars, [2, 3, 7, 12])

    assert told.only(["A"]).listed() == told.listed()[:2]
    assert Events.of(9, told.listed()).only(["A"]).count == 0


def test_no_bar_is_no_event(bars: pd.DataFrame):
    assert found(bars, []).count == 0 and found(bars, []).listed() == []


@pytest.mark.parametrize(
    ("rows", "events", "said"),
    [(1, 1, "1 bar"), (12, 12, "12 bars"), (12, 1, "12 bars in 1 event"), (12, 0, "12 bars")],
)
def test_events_are_told_where_they_are_fewer_than_bars(rows: int, events: int, said: str):
    assert in_events(rows, events) == said


@pytest.mark.parametrize("count", [1, 3])
def test_a_report_has_the_events_of_each_expectation_in_parts_as_in_the_whole(count: int):
    bars = daily_bars([f"S{n}" for n in range(4)], 80)
    days = bars.groupby("symbol").cumcount()
    bars.loc[(bars["symbol"] == "S1") & days.between(20, 29), PRICES] *= 100
    bars.loc[(bars["symbol"] == "S3") & (days == 50), PRICES] *= 100
    suite = read_suite(suite_path("stock_data"))

    report = in_parts(bars, bars.iloc[:0], suite, count)

    (unit,) = (one for one in report.outcomes if one.type == "expect_no_unit_errors")
    document = unit.document(None)
    assert (document.unexpected_count, document.event_count) == (11, 2)
    assert [(one.symbol, one.bars) for one in document.events] == [("S1", 10), ("S3", 1)]
    assert len(document.events) <= LISTED


def test_the_terminal_has_a_line_for_an_event():
    made = daily_bars(["S0", "S1"], 80)
    days = made.groupby("symbol").cumcount()
    made.loc[(made["symbol"] == "S1") & days.between(20, 29), PRICES] *= 100
    report = run_in_memory(made, read_suite(suite_path("stock_data")), as_of=AS_OF)

    lines = list(report_lines(report))

    first, last = made["date"][20].date(), made["date"][29].date()
    assert any(f"{first} to {last} (" in line for line in lines)
    unit = next(one for one in report.outcomes if one.type == "expect_no_unit_errors")
    assert "[10 bars in 1 event in S1]" in explain(unit)


def test_the_page_tells_how_many_events_and_names_the_longest():
    made = daily_bars(["S0", "S1"], 80)
    days = made.groupby("symbol").cumcount()
    made.loc[(made["symbol"] == "S1") & days.between(20, 29), PRICES] *= 100
    made.loc[(made["symbol"] == "S1") & (days == 50), PRICES] *= 100
    report = run_in_memory(made, read_suite(suite_path("stock_data")), as_of=AS_OF)

    page = render_html(report, provenance={})

    first, last = made["date"][20].date(), made["date"][29].date()
    assert "in 2 events" in page
    assert f"Longest: <span>S1 {first} to {last} (10 bars)</span></p>" in page


def test_only_events_of_several_bars_are_named_the_longest_first(bars: pd.DataFrame):
    told = found(bars, [0, 2, 3, 6, 7, 8, 12])

    assert [one.bars for one in told.longest(5)] == [3, 2]
    assert [one.bars for one in told.longest(1)] == [3]
    assert [one.span for one in told.longest(1)] == ["2025-01-07 to 2025-01-09 (3 bars)"]
    assert Events().longest(3) == []
