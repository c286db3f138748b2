"""Answers of IB that are neither bars alone nor errors: half adjusted, unpriced, late, broken."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine

from dags.errors import RequestError
from dags.fetch.gateway import Address
from dags.fetch.work import fetch
from tests.fetches import EVENING, FREE, WEEK_LATER, count, dataset, fetched, served, stored
from tests.ib_gateway import HOST, Running
from tests.ib_gateway.script import Rule

SPLIT = Rule("split", symbol="AAA", day=date(2024, 7, 2), factor=2)


@pytest.fixture
def running() -> Iterator[Running]:
    with served() as one:
        yield one


def closes(engine: Engine, symbol: str = "AAA") -> dict[date, float]:
    return {row[0]: row[4] for row in stored(engine, symbol)}


def test_a_split_is_found_though_a_bar_is_restated_besides(engine: Engine, running: Running):
    fetched(engine, running)
    before = closes(engine)
    restated = Rule("restated", symbol="AAA", days=(date(2024, 6, 26),), factor=1.03)
    with served(until=WEEK_LATER, script=[SPLIT, restated]) as later:
        found = fetched(engine, later, now=WEEK_LATER)

    assert "multiplied by 0.5" in found.outcomes[0].notes[0]
    now = closes(engine)
    assert now[date(2024, 6, 21)] == pytest.approx(before[date(2024, 6, 21)] / 2, abs=0.006)
    assert now[date(2024, 1, 3)] == pytest.approx(before[date(2024, 1, 3)] / 2, abs=0.006)


def test_adjusted_prices_are_asked_for_anew_after_the_smallest_dividend(engine: Engine):
    adjusted = dataset("AAA", fetch={"what": "ADJUSTED_LAST"})
    with served("AAA") as running:
        fetched(engine, running, adjusted)
    before = closes(engine)
    dividend = Rule("split", symbol="AAA", day=date(2024, 7, 2), factor=1.0004)
    with served("AAA", until=WEEK_LATER, script=[dividend]) as later:
        found = fetched(engine, later, adjusted, now=WEEK_LATER)

    assert "the whole history was asked for again" in found.outcomes[0].notes[0]
    first = min(before)
    assert closes(engine)[first] == pytest.approx(before[first] / 1.0004, abs=0.006)


def test_a_symbol_whose_newest_sessions_did_not_come_is_behind(engine: Engine):
    late = Rule("hole", symbol="AAA", days=(date(2024, 6, 27), date(2024, 6, 28)))
    with served(script=[late]) as running:
        found = fetched(engine, running)
        (behind,) = found.behind
        assert behind.symbol == "AAA" and behind.passes
        assert "IB has no bar yet of 2024-06-27 and 1 session more" in str(behind.fault)
        assert "behind: AAA" in found.sentence
    with served() as running:
        assert not fetched(engine, running).behind
        assert max(closes(engine)) == date(2024, 6, 28)


def test_what_has_not_traded_for_long_is_told_and_no_longer_behind(engine: Engine):
    days = tuple(date(2024, 6, day) for day in range(17, 29))
    with served("AAA", script=[Rule("hole", symbol="AAA", days=days)]) as running:
        tries = [fetched(engine, running, dataset("AAA")) for _ in range(4)]

    assert [len(one.behind) for one in tries] == [1, 1, 1, 0]
    assert "IB has no bar of 2024-06-17 and 8 sessions more since" in tries[-1].outcomes[0].notes[0]


def test_what_ib_left_out_at_the_beginning_is_asked_for_the_next_time(engine: Engine):
    days = tuple(date(2024, month, day) for month in range(1, 6) for day in range(1, 30))
    with served("AAA", script=[Rule("hole", symbol="AAA", days=days)]) as running:
        first = fetched(engine, running, dataset("AAA"))
    assert "IB gave no bar of before" in first.outcomes[0].notes[0]
    with served("AAA") as running:
        fetched(engine, running, dataset("AAA"))
        asked = len(running.history())
        fetched(engine, running, dataset("AAA"))
        assert len(running.history()) == asked + 1
    assert min(closes(engine)) == date(2024, 1, 2)


@pytest.mark.parametrize("factor", [float("nan"), float("inf")])
def test_a_bar_without_a_price_is_left_out_told_and_asked_for_again(engine: Engine, factor: float):
    rule = Rule("restated", symbol="AAA", days=(date(2024, 6, 25),), factor=factor)
    with served(script=[rule]) as running:
        found = fetched(engine, running)
    assert not found.behind
    assert found.outcomes[0].notes == (
        "IB gave 1 bar without a price, the first of 2024-06-25 00:00:00: left out",
    )
    assert date(2024, 6, 25) not in closes(engine) and len(closes(engine, "BBB")) > 100
    with served() as running:
        assert fetched(engine, running).stored.new == 1


def test_a_bar_that_the_table_does_not_take_stops_no_other_symbol(engine: Engine, running: Running):
    fetched(engine, running)
    with engine.begin() as connection:
        connection.exec_driver_sql("alter table feed.bars add check (symbol <> 'AAA' or close < 1)"
                                   " not valid")  # fmt: skip
    with served(until=WEEK_LATER) as later:
        found = fetched(engine, later, now=WEEK_LATER)

    (behind,) = found.behind
    assert behind.symbol == "AAA" and "feed.bars does not take a bar of it" in str(behind.fault)
    assert max(closes(engine, "BBB")) == date(2024, 7, 5)


@pytest.mark.parametrize(
    ("calendar", "now"),
    [
        ("XETR", datetime(2024, 6, 28, 17, 0, tzinfo=UTC)),
        ("XTKS", datetime(2024, 6, 28, 15, 0, tzinfo=UTC)),
    ],
)
def test_a_bar_waits_for_the_close_by_ibs_own_hours(engine: Engine, calendar: str, now: datetime):
    other = dataset("AAA", calendar=calendar)
    with served("AAA", until=now) as running:
        found = fetched(engine, running, other, now=now)
    assert max(closes(engine)) == date(2024, 6, 27)
    assert "trades until 16:00 US/Eastern: that bar waits" in found.outcomes[0].notes[0]
    with served("AAA") as running:
        assert not fetched(engine, running, other).behind
    assert max(closes(engine)) == date(2024, 6, 28)


def test_bars_of_all_hours_wait_for_the_end_of_all_hours(engine: Engine):
    all_hours = dataset("AAA", fetch={"regular_hours": False})
    after_close = datetime(2024, 6, 28, 20, 2, tzinfo=UTC)
    with served("AAA", until=after_close) as running:
        fetched(engine, running, all_hours, now=after_close)
    assert max(closes(engine)) == date(2024, 6, 27)


@pytest.mark.parametrize(
    "rule",
    [
        Rule("error", symbol="AAA", codes=(165,), times=1),
        Rule("error", symbol="AAA", codes=(322,), times=1),
        Rule("error", symbol="AAA", codes=(162,), times=1,
             text="Historical Market Data Service error message:HMDS connection attempt failed.  "
             "Connection will be re-attempted..."),
    ],
)  # fmt: skip
def test_what_passes_by_its_text_is_asked_again(engine: Engine, rule: Rule):
    with served(script=[rule]) as running:
        assert not fetched(engine, running).behind


def test_a_broken_farm_is_named_where_it_gives_no_answer(engine: Engine):
    with served("AAA", script=[Rule("hmds_broken")]) as running:
        found = fetched(engine, running, dataset("AAA"))
    said = str(found.outcomes[0].fault)
    assert "the gateway has lost IB's data farm" in said and "broken:ushmds" in said


def test_a_symbol_that_breaks_every_connection_takes_no_other_along(engine: Engine):
    with served(script=[Rule("disconnect", symbol="AAA")]) as running:
        found = fetched(engine, running)
    assert [one.symbol for one in found.behind] == ["AAA"]
    assert len(closes(engine, "BBB")) > 100 and len(closes(engine, "CCC")) > 100


def test_other_bars_than_before_replace_the_whole_history(engine: Engine, running: Running):
    fetched(engine, running, dataset("AAA"))
    middle = dataset("AAA", fetch={"what": "MIDPOINT"})
    found = fetched(engine, running, middle)

    assert found.outcomes[0].notes[0] == (
        "its bars were TRADES, regular hours, and are MIDPOINT, regular hours from now on: the "
        "whole history was asked for again"
    )
    assert {row[5] for row in stored(engine)} == {None}
    assert count(engine, "select count(*) from bar_restatements") == len(closes(engine))
    asked = len(running.history())
    assert fetched(engine, running, middle).outcomes[0].notes == ()
    assert len(running.history()) == asked + 1


def test_what_an_earlier_version_remembered_is_gone_on_with(engine: Engine, running: Running):
    fetched(engine, running)
    with engine.begin() as connection:
        connection.exec_driver_sql("alter table fetch_series drop column kind")
    found = fetched(engine, running)
    assert not found.behind and found.stored.restated == 0 == found.stored.new


def test_a_gateway_that_does_not_come_back_is_waited_for_once(engine: Engine):
    gone = Rule("restart", first=2, seconds=1_000)
    with served(script=[gone, Rule("slow", seconds=0.3)]) as running:
        where = Address(HOST, running.port, 7, answer_seconds=0.5, return_seconds=2)
        found = fetch(
            dataset(), (), engine=engine, address=where, run_id="test", now=EVENING, pace=FREE
        )
    assert len(found.behind) >= 2
    assert found.seconds < 8


def test_a_history_cannot_begin_in_the_future(engine: Engine, running: Running):
    with pytest.raises(RequestError, match="since is 2030-01-01, which is to come"):
        fetched(engine, running, dataset("AAA", fetch={"since": "2030-01-01"}))
