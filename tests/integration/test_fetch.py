"""Bars from Interactive Brokers: the real client, a gateway of the tests' own, a real database."""

import asyncio
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from dags.archive.work import archive
from dags.errors import RequestError
from dags.fetch.faults import FetchFault
from dags.fetch.gateway import Address, Gateway
from dags.fetch.work import fetch
from gx.dataset.model import Dataset
from sql.connection import ConnectionSettings, connected
from sql.errors import DatabaseLostError
from sql.fetched.bars import newest_date
from sql.fetched.pacing import Pace
from sql.fetched.tables import Table
from tests.archived import archive_settings
from tests.desk import free_ports
from tests.fetches import (
    EVENING,
    FREE,
    MORNING,
    NAMES,
    WEEK_LATER,
    count,
    dataset,
    fetched,
    served,
    stored,
)
from tests.flaky_postgres import Where, flaky_postgres
from tests.ib_gateway import HOST, Listing, Rule, Running, demo_bars
from tests.ib_gateway.bars import Query
from tests.webhook import webhook


def of_file(symbol: str, first: date, last: date) -> list[tuple[Any, ...]]:
    """The same of what the gateway serves."""
    late = datetime(2024, 12, 31, tzinfo=UTC)
    asked = Query(late, "3 Y", "1 day", "TRADES", use_rth=True)
    bars = demo_bars(NAMES, until=late).select(Listing(symbol), asked, late)
    return [tuple(bar[:6]) for bar in bars if first <= bar.start <= last]


@pytest.fixture
def running() -> Iterator[Running]:
    with served() as made:
        yield made


def test_the_first_fetch_stores_every_bar_as_ib_gives_it(engine: Engine, running: Running):
    found = fetched(engine, running)

    assert not found.behind
    for name in NAMES:
        assert stored(engine, name) == of_file(name, date(2024, 1, 1), date(2024, 6, 28))
    assert sum(one.stored.new for one in found.outcomes) == count(
        engine, "select count(*) from feed.bars"
    )
    assert found.sentence.endswith("all are up to date")
    assert found.outcomes[0].newest == datetime(2024, 6, 28, tzinfo=UTC)


def test_an_increment_asks_for_little_and_adds_what_is_new(engine: Engine, running: Running):
    fetched(engine, running)
    before = len(running.history())
    with served(until=WEEK_LATER) as later:
        found = fetched(engine, later, now=WEEK_LATER)
        asked = later.history()

    assert [one.stored.new for one in found.outcomes] == [4, 4, 4]  # the 4th is a holiday
    assert [one.stored.restated for one in found.outcomes] == [0, 0, 0]
    assert before == len(asked) == 3
    assert all(int(one.duration.split()[0]) <= 20 for one in asked)
    assert stored(engine) == of_file("AAA", date(2024, 1, 1), date(2024, 7, 5))


def test_the_bar_of_a_session_that_is_open_is_not_stored(engine: Engine):
    with served(until=MORNING) as running:
        fetched(engine, running, now=MORNING)
    assert stored(engine)[-1][0] == date(2024, 6, 28)


def test_a_restated_bar_is_updated_and_told(engine: Engine, running: Running):
    fetched(engine, running)
    rule = Rule("restated", symbol="AAA", bars=1, factor=1.01)
    with served(until=WEEK_LATER, script=[rule]) as later:
        fetched(engine, later, now=WEEK_LATER)
    with served(until=WEEK_LATER) as later:
        found = fetched(engine, later, now=WEEK_LATER)

    assert [one.stored.restated for one in found.outcomes] == [1, 0, 0]
    assert stored(engine) == of_file("AAA", date(2024, 1, 1), date(2024, 7, 5))
    with engine.connect() as connection:
        (told,) = connection.exec_driver_sql("select * from bar_restatements").mappings().all()
    assert told["date"] == datetime(2024, 7, 5, tzinfo=UTC)
    assert (told["symbol"], told["cause"], told["run_id"]) == ("AAA", "restated", "test")
    assert float(told["new_close"]) == stored(engine)[-1][4]
    assert float(told["old_close"]) == pytest.approx(1.01 * stored(engine)[-1][4], rel=1e-4)


def test_a_split_in_the_overlap_asks_the_whole_history_again_once(engine: Engine, running: Running):
    fetched(engine, running)
    rule = Rule("split", symbol="BBB", day=date(2024, 7, 2), factor=4)
    with served(until=WEEK_LATER, script=[rule]) as later:
        found = fetched(engine, later, now=WEEK_LATER)
        asked = len(later.history("BBB"))
        again = fetched(engine, later, now=WEEK_LATER)
        asked_again = len(later.history("BBB")) - asked

    (note,) = found.outcomes[1].notes
    assert "multiplied by 0.25" in note
    assert "asked for again" in note
    assert (asked, asked_again) == (2, 1)
    assert again.outcomes[1].notes == ()
    was = of_file("BBB", date(2024, 1, 1), date(2024, 7, 1))
    now = stored(engine, "BBB")
    assert [row[4] for row in now[: len(was)]] == pytest.approx(
        [row[4] / 4 for row in was], abs=0.006
    )
    assert now[len(was) :] == of_file("BBB", date(2024, 7, 2), date(2024, 7, 5))
    assert count(engine, "select count(*) from fetch_again") == 0
    told = "select count(*) from bar_restatements where cause = 'adjusted'"
    assert count(engine, told) == len(was) - 1  # that of July 1 is new


def test_silence_is_a_failure_of_that_symbol_and_no_answer(engine: Engine):
    with served(script=[Rule("silence", symbol="BBB")]) as running:
        found = fetched(engine, running)
    (behind,) = found.behind
    assert behind.symbol == "BBB"
    assert "did not answer within 0.5 s" in str(behind.fault)
    assert stored(engine, "BBB") == []
    assert len(stored(engine, "CCC")) == len(stored(engine, "AAA")) > 100
    assert not found.nothing_came


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Rule("no_security", symbol="BBB"), "IB knows no such contract: correct symbol"),
        (Rule("ambiguous", symbol="BBB"), "IB knows several such contracts: name its con_id"),
        (Rule("not_subscribed", symbol="BBB"), "no market data for it: subscribe"),
        (Rule("no_permission", symbol="BBB"), "no market data for it: subscribe"),
        (Rule("no_data", symbol="BBB"), "IB has no bars of it since 2024-01-01"),
        (Rule("error", symbol="BBB", codes=(321,), text="x"), "IB does not take the request"),
        (Rule("error", symbol="BBB", codes=(10299,), text="odd"), "IB 10299: odd"),
    ],
)
def test_each_refusal_is_told_in_words_and_stops_no_other(engine: Engine, rule: Rule, said: str):
    with served(script=[rule]) as running:
        found = fetched(engine, running)
    (behind,) = found.behind
    assert behind.symbol == "BBB"
    assert said in str(behind.fault)
    assert len(stored(engine, "CCC")) > 100


@pytest.mark.parametrize(
    "rule",
    [
        Rule("pacing", symbol="AAA", times=1),
        Rule("silence", symbol="AAA", times=1),
        Rule("disconnect", symbol="AAA", times=1),
        Rule("restart", symbol="AAA", first=1, times=1, seconds=0.5),
    ],
)
def test_what_time_mends_is_asked_again(engine: Engine, rule: Rule):
    with served(script=[rule]) as running:
        found = fetched(engine, running)
    assert not found.behind
    assert stored(engine) == of_file("AAA", date(2024, 1, 1), date(2024, 6, 28))


def test_a_lost_connection_of_the_gateway_is_waited_for(engine: Engine):
    with served() as running:
        running.tell(Rule("lost"))
        back = threading.Timer(0.7, lambda: running.tell(Rule("restored")))
        back.start()
        found = fetched(engine, running, seconds=2)
        back.join()
    assert not found.behind


@pytest.mark.parametrize("rule", [Rule("duplicates", bars=3), Rule("out_of_order")])
def test_duplicates_and_disorder_are_put_right(engine: Engine, rule: Rule):
    with served(script=[rule]) as running:
        fetched(engine, running)
    assert stored(engine) == of_file("AAA", date(2024, 1, 1), date(2024, 6, 28))


def test_a_hole_is_asked_for_again_a_few_times_and_then_told(engine: Engine):
    days = (date(2024, 3, 5), date(2024, 3, 6))
    rule = Rule("hole", symbol="AAA", days=days)
    with served(script=[rule]) as running:
        asked = []
        for _ in range(5):
            before = len(running.history("AAA"))
            found = fetched(engine, running)
            asked.append(len(running.history("AAA")) - before)
        assert asked == [2, 2, 2, 1, 1]  # one of each is the overlap's
        (note,) = found.outcomes[0].notes
        assert "IB has none of 2 sessions inside the history, the first on 2024-03-05" in note
    with served() as running:
        assert fetched(engine, running).outcomes[0].stored.new == 0  # it is not asked any more


def test_a_hole_that_ib_fills_is_filled(engine: Engine):
    with served(script=[Rule("hole", symbol="AAA", days=(date(2024, 3, 5),), times=1)]) as running:
        found = fetched(engine, running)
    assert found.outcomes[0].notes == ()
    assert stored(engine) == of_file("AAA", date(2024, 1, 1), date(2024, 6, 28))


def test_archived_bars_are_no_hole_and_count_as_had(
    engine: Engine, running: Running, bars_database: ConnectionSettings, tmp_path: Path
):
    settings = archive_settings(bars_database, tmp_path / "archive")
    fetched(engine, running, dataset("AAA", "BBB"))
    with engine.begin() as connection:
        connection.exec_driver_sql("create schema fed")
    archive(dataset("AAA", "BBB"), date(2024, 6, 1), settings, by="ann")
    asked = len(running.history())
    with engine.begin() as connection:  # one that came late, long before the others
        connection.exec_driver_sql(
            "insert into feed.bars (symbol, date, open, high, low, close, volume) "
            "values ('AAA', '2024-01-15', 1, 1, 1, 1, 1)"
        )

    again = fetched(engine, running, dataset("AAA", "BBB"))
    assert [one.fault for one in again.outcomes] == [None, None]
    assert (again.stored.new, again.stored.restated) == (0, 0)
    assert len(running.history()) == asked + 2

    archive(dataset("AAA", "BBB"), date(2024, 7, 1), settings, by="ann")
    with engine.connect() as connection:
        table = Table("bars", "feed", daily=True)
        assert newest_date(connection, table, "BBB") == datetime(2024, 6, 28, tzinfo=UTC)
        assert stored(engine, "BBB") == []


def test_an_earlier_beginning_asks_for_what_is_before(engine: Engine, running: Running):
    fetched(engine, running)
    earlier = dataset(fetch={"since": "2023-06-01"})
    found = fetched(engine, running, earlier)
    assert not found.behind
    assert stored(engine) == of_file("AAA", date(2023, 6, 1), date(2024, 6, 28))


def test_midpoints_have_no_volume(engine: Engine, running: Running):
    found = fetched(engine, running, dataset(fetch={"what": "MIDPOINT"}))
    assert not found.behind
    assert {row[5] for row in stored(engine)} == {None}


def test_another_contract_under_the_same_symbol_is_not_mixed_in(engine: Engine, running: Running):
    fetched(engine, running)
    other = [Listing(one, con_id=77 + at) for at, one in enumerate(NAMES)]
    with served(listings=other, until=WEEK_LATER) as later:
        found = fetched(engine, later, now=WEEK_LATER)
    assert len(found.behind) == 3
    assert "is not the one that was fetched before" in str(found.behind[0].fault)
    assert found.nothing_came
    assert stored(engine)[-1][0] == date(2024, 6, 28)


def test_a_killed_fetch_goes_on_and_stores_nothing_twice(engine: Engine, running: Running):
    class Killed(BaseException):
        pass

    def die(_: object) -> None:
        raise Killed

    with pytest.raises(Killed):
        fetched(engine, running, told=die)
    had = {name: len(stored(engine, name)) for name in NAMES}
    found = fetched(engine, running)
    assert not found.behind
    assert sum(had.values()) > 0
    for name in NAMES:
        assert stored(engine, name) == of_file(name, date(2024, 1, 1), date(2024, 6, 28))


def test_ibs_limits_are_kept_across_processes(engine: Engine):
    pace = Pace(same=0.6, contract_most=2, contract_window=0.5)
    with served() as running:
        fetched(engine, running, dataset("AAA"), pace=pace)
        fetched(engine, running, dataset("AAA"), pace=pace)
        fetched(engine, running, dataset("AAA"), pace=pace)
        moments = [one.at for one in running.history("AAA")]
        asked = [(one.duration, one.end) for one in running.history("AAA")]
    assert asked[1] == asked[2]
    assert (moments[2] - moments[1]).total_seconds() >= 0.55


def test_without_a_gateway_it_says_how_to_get_one(engine: Engine):
    with served() as running:
        port = running.port
    where = Address(HOST, port, 7, answer_seconds=0.5, return_seconds=0.3)
    with pytest.raises(FetchFault, match="Start it, log in, and enable its API"):
        fetch(dataset(), (), engine=engine, address=where, run_id="test", pace=FREE, now=EVENING)


def test_in_a_terminal_a_gateway_that_is_not_there_is_told_at_once(engine: Engine):
    (port,) = free_ports(1)
    where = Address(HOST, port, 7, return_seconds=900, first_seconds=0)
    begun = time.monotonic()
    with pytest.raises(FetchFault, match=rf"no TWS or IB Gateway at 127.0.0.1:{port}: nobody"):
        fetch(dataset(), (), engine=engine, address=where, run_id="test", pace=FREE, now=EVENING)
    assert time.monotonic() - begun < 5


def test_what_is_no_gateway_is_told_so(engine: Engine):
    with webhook() as hook:
        port = int(hook.url.split(":")[2].split("/")[0])
        where = Address(HOST, port, 7, answer_seconds=1, first_seconds=0)
        with pytest.raises(FetchFault, match="what listens there does not answer as one does"):
            fetch(dataset(), (), engine=engine, address=where, run_id="t", pace=FREE, now=EVENING)


def test_a_second_client_with_the_same_id_is_told_at_once(engine: Engine, running: Running):
    async def twice() -> None:
        first = Gateway(Address(HOST, running.port, 7))
        await first.connected()
        begun = time.monotonic()
        try:
            await Gateway(Address(HOST, running.port, 7)).connected()
        finally:
            first.close()
            assert time.monotonic() - begun < 5

    with pytest.raises(FetchFault, match="set IB_CLIENT_ID to a free one"):
        asyncio.run(twice())


@pytest.mark.parametrize("where", ["before", "during", "after"])
def test_a_database_that_goes_away_is_told_and_the_next_fetch_goes_on(
    engine: Engine, running: Running, tmp_path: Path, where: Where
):
    upstream = Path(str(engine.url.query["host"])) / ".s.PGSQL.5432"
    database, user = str(engine.url.database), str(engine.url.username)
    with flaky_postgres(tmp_path, upstream) as flaky:
        flaky.arm(lambda _number, message: b"restated as (" in message, where)
        settings = ConnectionSettings(str(tmp_path), 5432, database, user)
        with pytest.raises(DatabaseLostError, match="a retry goes on"), connected(settings) as lost:
            fetched(lost, running)
        assert flaky.broken == 1
    found = fetched(engine, running)
    assert not found.behind
    assert stored(engine) == of_file("AAA", date(2024, 1, 1), date(2024, 6, 28))


def test_a_client_id_that_is_taken_is_told_at_once(engine: Engine):
    with (
        served(script=[Rule("client_id_in_use")]) as running,
        pytest.raises(FetchFault, match="set IB_CLIENT_ID to a free one"),
    ):
        fetched(engine, running)


def test_symbols_without_a_contract_and_datasets_without_any_are_refused(
    engine: Engine, running: Running
):
    with pytest.raises(RequestError, match="no contract of 'ZZZ'"):
        fetched(engine, running, None, "ZZZ")
    bare = Dataset.model_validate(
        {"name": "bare", "suite": "stock_data", "publish": "x", "source": {"table": "bars"}}
    )
    with pytest.raises(RequestError, match="nothing says what its bars are"):
        fetched(engine, running, bare)


def test_a_split_is_found_after_months_without_a_fetch(engine: Engine, running: Running):
    fetched(engine, running)
    much_later = datetime(2024, 11, 1, 22, 0, tzinfo=UTC)
    rule = Rule("split", symbol="BBB", day=date(2024, 8, 1), factor=4)
    with served(until=much_later, script=[rule]) as later:
        found = fetched(engine, later, now=much_later)
    assert "multiplied by 0.25" in found.outcomes[1].notes[0]
    was = of_file("BBB", date(2024, 1, 1), date(2024, 7, 31))
    now = stored(engine, "BBB")
    assert [row[4] for row in now[: len(was)]] == pytest.approx(
        [row[4] / 4 for row in was], abs=0.006
    )


def test_a_table_that_has_bars_already_is_compared_with_all_that_ib_has(
    engine: Engine, running: Running
):
    fetched(engine, running)
    with engine.begin() as connection:
        connection.exec_driver_sql("delete from fetch_series")
        connection.exec_driver_sql("delete from feed.bars where date between %s and %s",
                                   (date(2024, 2, 1), date(2024, 5, 31)))  # fmt: skip
    found = fetched(engine, running)
    assert not found.behind
    assert stored(engine) == of_file("AAA", date(2024, 1, 1), date(2024, 6, 28))


def test_a_split_that_ib_adjusts_for_a_day_late_is_found(engine: Engine, running: Running):
    """The bar of the split's day was stored with its own price, those before it not yet divided."""
    fetched(engine, running)
    rule = Rule("split", symbol="BBB", day=date(2024, 6, 28), factor=4)
    with served(script=[rule]) as later:
        found = fetched(engine, later)
    assert "multiplied by 0.25" in found.outcomes[1].notes[0]
    was, now = of_file("BBB", date(2024, 1, 1), date(2024, 6, 28)), stored(engine, "BBB")
    assert [row[4] for row in now[:-1]] == pytest.approx(
        [row[4] / 4 for row in was[:-1]], abs=0.006
    )
    assert now[-1] == was[-1]
