"""Fetches that are killed at each point: the next one goes on, and nothing is there twice."""

import signal
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from sql.fetched.pacing import Pace
from tests.fetches import count, dataset, fetched, served, stored
from tests.ib_gateway import Asked, Bars, Limits, Rule, Running, demo_minutes
from tests.killed_fetch import ANEW, HOLES, POINTS, Point, kill_at

FIRST = date(2024, 7, 8)
UNTIL = datetime(2024, 8, 2, 21, 30, tzinfo=UTC)
LATER = datetime(2024, 8, 5, 21, 30, tzinfo=UTC)
WEEKS = 4
# IB's limits in a hurry: the gateway keeps to its own, and whoever asks too fast is told.
LIMITS = Limits(identical_seconds=0.3, contract_seconds=0.1)
PACE = Pace(same=0.5, contract_window=0.2, lost=2)
FEED = dataset("AAA", bar="15 mins", fetch={"since": FIRST.isoformat()})


@pytest.fixture(scope="module")
def bars() -> Bars:
    return demo_minutes(("AAA",), FIRST, date(2024, 8, 30), 15, extended=False)


def file_has(bars: Bars, until: datetime) -> list[datetime]:
    (series,) = bars._series["AAA"].values()
    begun = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    return [one.start for one in series.between(begun, until) if isinstance(one.start, datetime)]


def history(running: Running) -> list[Asked]:
    """What was asked, of which IB refused nothing for its pace."""
    asked = running.history()
    assert not [one for one in asked if one.answer == "error 162"]
    return asked


def weeks(rows: list[tuple[Any, ...]]) -> int:
    """Of how many weeks there are bars."""
    return len({row[0].isocalendar()[:2] for row in rows})


def counted(engine: Engine) -> int:
    return count(engine, "select count(*) from ib_requests")


@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS)
def test_a_first_fetch_that_is_killed_goes_on_where_it_was(
    engine: Engine, bars: Bars, point: Point
):
    with served(until=UNTIL, bars=bars, limits=LIMITS) as running:
        died = kill_at(point, engine, running.port, FEED, UNTIL, PACE)
        assert died == -signal.SIGKILL
        had, before = stored(engine), len(history(running))
        assert counted(engine) >= before  # the limits know of what was asked, and of the head
        found = fetched(engine, running, FEED, now=UNTIL, pace=PACE, seconds=5)
        after = history(running)[before:]
    assert not found.behind
    assert [row[0] for row in stored(engine)] == file_has(bars, UNTIL)
    # A week that is stored is asked for once more at most: as the overlap.
    assert len(after) == WEEKS - weeks(had) + (1 if had else 0)
    assert found.stored.new == len(stored(engine)) - len(had)
    assert count(engine, "select count(*) from bar_restatements") == 0


@pytest.mark.parametrize("point", ANEW.values(), ids=ANEW)
def test_a_history_that_is_replaced_is_whole_before_and_after_a_kill(
    engine: Engine, bars: Bars, point: Point
):
    with served(until=UNTIL, bars=bars) as running:
        fetched(engine, running, FEED, now=UNTIL)
    old = stored(engine)
    rule = Rule("split", symbol="AAA", day=date(2024, 8, 5), factor=4)
    with served(until=LATER, bars=bars, script=[rule], limits=LIMITS) as running:
        assert kill_at(point, engine, running.port, FEED, LATER, PACE) == -signal.SIGKILL
        had = stored(engine)
        assert had == old or len(had) == len(old) + 26  # all of it or nothing
        before = len(history(running))
        found = fetched(engine, running, FEED, now=LATER, pace=PACE, seconds=5)
        assert len(history(running)) - before <= WEEKS + 2
        again = fetched(engine, running, FEED, now=LATER, pace=PACE, seconds=5)
    assert not found.behind
    assert again.stored.new == again.stored.restated == 0
    now = stored(engine)
    assert [row[0] for row in now] == file_has(bars, LATER)
    was = [row[4] / 4 for row in old]
    assert [row[4] for row in now[: len(old)]] == pytest.approx(was, abs=0.006)
    assert count(engine, "select count(*) from fetch_again") == 0
    told = "select count(*) from bar_restatements where cause = 'adjusted'"
    assert count(engine, told) == len(old)


@pytest.mark.parametrize("point", HOLES.values(), ids=HOLES)
def test_holes_are_asked_for_a_bounded_number_of_times_over_a_kill(
    engine: Engine, bars: Bars, point: Point
):
    rule = Rule("hole", symbol="AAA", days=(date(2024, 7, 10), date(2024, 7, 19)))
    with served(until=UNTIL, bars=bars, script=[rule], limits=LIMITS) as running:
        assert kill_at(point, engine, running.port, FEED, UNTIL, PACE) == -signal.SIGKILL
        for _ in range(4):
            found = fetched(engine, running, FEED, now=UNTIL, pace=PACE, seconds=5)
        before = len(history(running))
        fetched(engine, running, FEED, now=UNTIL, pace=PACE, seconds=5)
        assert len(history(running)) - before <= 2  # the overlap alone
    assert "IB has not all bars of 2 sessions" in found.outcomes[0].notes[0]
    assert count(engine, "select sum(asked) from fetch_holes") == 6
