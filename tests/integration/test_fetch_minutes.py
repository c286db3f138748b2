"""Bars within the day from Interactive Brokers: sessions, half days, clocks that change, holes."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

import pytest
from sqlalchemy import Engine

from gx.dataset.model import Dataset
from tests.fetches import count, dataset, fetched, served, stored
from tests.ib_gateway import Bar, Bars, Rule, demo_minutes
from tests.ib_gateway.contracts import sessions

Rows = list[tuple[Any, ...]]
FIRST = date(2024, 6, 24)
# Wednesday July 3 is a half day: New York closes at 13:00, which is 17:00 in UTC.
UNDER_WAY = datetime(2024, 7, 3, 15, 2, 30, tzinfo=UTC)
HALF_DAY = datetime(2024, 7, 3, 21, 30, tzinfo=UTC)
NEXT_DAY = datetime(2024, 7, 5, 21, 30, tzinfo=UTC)


def minutes(bar: str = "5 mins", since: date = FIRST, *, regular: bool = True) -> Dataset:
    asked = {"since": since.isoformat(), "regular_hours": regular}
    return dataset("AAA", bar=bar, fetch=asked)


def of_file(bars: Bars, since: date, until: datetime, length: int, *, regular: bool = True) -> Rows:
    """What IB has of AAA, as far as its bars of ``length`` minutes have ended."""
    (series,) = bars._series["AAA"].values()
    begun = datetime(since.year, since.month, since.day, tzinfo=UTC)
    every = [bar for bar in series.between(begun, until) if not regular or within(bar.start)]
    joined = [joined_bars(list(of)) for _, of in groupby(every, lambda bar: hour(bar, length))]
    return [row for row in joined if row[0] + timedelta(minutes=length + 1) <= until]


def within(at: date) -> bool:
    """Is it during the session of its day?"""
    known = sessions("XNYS").get(date(at.year, at.month, at.day))
    return known is not None and isinstance(at, datetime) and known.opens <= at < known.closes


def hour(bar: Bar, length: int) -> int:
    assert isinstance(bar.start, datetime)
    return int(bar.start.timestamp()) // (60 * length)


def joined_bars(bars: list[Bar]) -> tuple[Any, ...]:
    """Several bars as one, from the first one's begin."""
    return (
        bars[0].start,
        bars[0].open,
        max(bar.high for bar in bars),
        min(bar.low for bar in bars),
        bars[-1].close,
        sum(bar.volume for bar in bars),
    )


def without(bars: Bars, gone: Callable[[datetime], bool]) -> Bars:
    """The same bars but for some."""
    ((seconds, series),) = bars._series["AAA"].items()
    whole = series.between(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    kept = [one for one in whole if isinstance(one.start, datetime) and not gone(one.start)]
    found = Bars.of({"AAA": kept})
    assert len(kept) < len(whole)
    assert found._series["AAA"].keys() == {seconds}
    return found


@pytest.fixture(scope="module")
def bars() -> Bars:
    """Bars of 5 minutes, before and after hours as well."""
    return demo_minutes(("AAA",), FIRST, date(2024, 7, 31))


SPANS = {
    "a half day": (date(2024, 6, 24), datetime(2024, 7, 5, 21, 30, tzinfo=UTC)),
    "the clocks go forward": (date(2024, 3, 4), datetime(2024, 3, 15, 21, 30, tzinfo=UTC)),
    "the clocks go back": (date(2024, 10, 28), datetime(2024, 11, 8, 23, 30, tzinfo=UTC)),
    "a weekend": (date(2024, 6, 19), datetime(2024, 6, 22, 12, 0, tzinfo=UTC)),
}


@pytest.mark.parametrize(
    ("bar", "length", "span", "regular"),
    [
        ("1 min", 1, "a half day", True),
        ("1 min", 1, "the clocks go forward", False),
        ("5 mins", 5, "a half day", False),
        ("5 mins", 5, "the clocks go forward", True),
        ("5 mins", 5, "the clocks go back", False),
        ("5 mins", 5, "a weekend", True),
        ("1 hour", 60, "a half day", True),
        ("1 hour", 60, "the clocks go back", False),
    ],
)
def test_the_first_fetch_stores_every_bar_that_has_ended(
    engine: Engine, bar: str, length: int, span: str, *, regular: bool
):
    since, until = SPANS[span]
    made = demo_minutes(("AAA",), since - timedelta(days=20), until.date(), min(length, 30))
    with served(until=until, bars=made) as running:
        found = fetched(engine, running, minutes(bar, since, regular=regular), now=until)
        asked = [(one.end, one.duration) for one in running.history()]
    assert not found.behind
    expected = of_file(made, since, until, length, regular=regular)
    assert stored(engine) == expected
    traded = [day for day in sessions("XNYS") if since <= day <= until.date()]
    assert len({row[0].date() for row in expected if within(row[0])}) == len(traded)
    assert len(set(asked)) == len(asked)
    assert len(asked) == len(traded) if length == 1 else len(asked) <= 2
    assert found.outcomes[0].notes == ()


@pytest.mark.parametrize("bar", ["1 hour", "30 mins", "15 mins"])
def test_long_histories_are_asked_for_without_a_seam(engine: Engine, bar: str):
    """Over February, the shortest month, and from the middle of a week."""
    since, until = date(2024, 1, 31), datetime(2024, 4, 10, 16, 7, tzinfo=UTC)
    length = 60 if bar == "1 hour" else int(bar.split(maxsplit=1)[0])
    made = demo_minutes(("AAA",), since, until.date(), min(length, 30))
    with served(until=until, bars=made) as running:
        fetched(engine, running, minutes(bar, since), now=until)
        asked = len(running.history())
    assert stored(engine) == of_file(made, since, until, length)
    assert asked <= (11 if length < 30 else 3)


def test_a_session_under_way_is_stored_as_far_as_its_bars_have_ended(engine: Engine, bars: Bars):
    with served(until=UNDER_WAY, bars=bars) as running:
        fetched(engine, running, minutes(), now=UNDER_WAY)
    newest = stored(engine)[-1]
    assert newest[0] == datetime(2024, 7, 3, 14, 55, tzinfo=UTC)  # that of 15:00 is under way
    with served(until=NEXT_DAY, bars=bars) as running:
        found = fetched(engine, running, minutes(), now=NEXT_DAY)
    assert found.stored.restated == 0
    assert stored(engine) == of_file(bars, FIRST, NEXT_DAY, 5)
    last_of_half_day = [row[0] for row in stored(engine) if row[0].date() == HALF_DAY.date()][-1]
    assert last_of_half_day == datetime(2024, 7, 3, 16, 55, tzinfo=UTC)


def test_increments_over_a_day_ask_for_the_overlap_and_store_nothing_twice(
    engine: Engine, bars: Bars
):
    until = datetime(2024, 7, 8, 12, 0, tzinfo=UTC)
    with served(until=until, bars=bars) as running:
        fetched(engine, running, minutes(), now=until)
    asked = []
    for hours in range(2, 15, 3):
        now = until + timedelta(hours=hours, minutes=7 * hours)
        with served(until=now, bars=bars) as running:
            found = fetched(engine, running, minutes(), now=now)
            asked.append([(one.duration, one.end) for one in running.history()])
        assert not found.behind
        assert found.stored.restated == 0
    assert stored(engine) == of_file(bars, FIRST, now, 5)
    assert {len(one) for one in asked} <= {1, 2}  # five sessions and the day: at most two weeks


def test_a_restated_bar_within_the_day_is_updated_and_told(engine: Engine, bars: Bars):
    rule = Rule("restated", symbol="AAA", days=(date(2024, 7, 2),), factor=1.01)
    with served(until=HALF_DAY, bars=bars) as running:
        fetched(engine, running, minutes(), now=HALF_DAY)
    with served(until=NEXT_DAY, bars=bars, script=[rule]) as running:
        found = fetched(engine, running, minutes(), now=NEXT_DAY)
        again = fetched(engine, running, minutes(), now=NEXT_DAY)
    assert (found.stored.restated, again.stored.restated) == (78, 0)
    assert count(engine, "select count(*) from bar_restatements where cause = 'restated'") == 78
    assert found.outcomes[0].notes == ()


def test_a_split_asks_for_the_whole_history_within_the_day_again(engine: Engine, bars: Bars):
    with served(until=HALF_DAY, bars=bars) as running:
        fetched(engine, running, minutes(), now=HALF_DAY)
    rule = Rule("split", symbol="AAA", day=date(2024, 7, 5), factor=4)
    with served(until=NEXT_DAY, bars=bars, script=[rule]) as running:
        found = fetched(engine, running, minutes(), now=NEXT_DAY)
        again = fetched(engine, running, minutes(), now=NEXT_DAY)
    assert "multiplied by 0.25" in found.outcomes[0].notes[0]
    assert again.outcomes[0].notes == ()
    rows, whole = stored(engine), of_file(bars, FIRST, NEXT_DAY, 5)
    assert [row[0] for row in rows] == [row[0] for row in whole]
    divided = [4 if row[0] < datetime(2024, 7, 5, tzinfo=UTC) else 1 for row in whole]
    expected = [row[4] / by for row, by in zip(whole, divided, strict=True)]
    assert [row[4] for row in rows] == pytest.approx(expected, abs=0.006)


def test_a_hole_within_a_day_is_asked_for_a_few_times_and_then_told(engine: Engine, bars: Bars):
    lacking = without(bars, lambda at: at.date() == date(2024, 6, 25) and at.hour == 15)
    asked, notes = [], []
    for _ in range(5):
        with served(until=NEXT_DAY, bars=lacking) as running:
            found = fetched(engine, running, minutes(), now=NEXT_DAY)
            asked.append(len(running.history()))
        notes.append(found.outcomes[0].notes)
    # Two weeks are the history's, then the overlap's; the third one is the hole's.
    assert asked == [3, 3, 3, 2, 2]
    assert notes[2] == ()
    said = "IB has not all bars of 1 sessions inside the history, the first on 2024-06-25"
    assert said in notes[3][0]
    told = "select asked from fetch_holes where day = '2024-06-25'"
    assert count(engine, told) == 3


def test_a_hole_within_a_day_that_ib_fills_is_filled(engine: Engine, bars: Bars):
    lacking = without(bars, lambda at: at.date() == date(2024, 6, 25) and at.hour == 15)
    with served(until=HALF_DAY, bars=lacking) as running:
        fetched(engine, running, minutes(), now=HALF_DAY)
    with served(until=HALF_DAY, bars=bars) as running:
        found = fetched(engine, running, minutes(), now=HALF_DAY)
    assert found.outcomes[0].stored.new == 12
    assert stored(engine) == of_file(bars, FIRST, HALF_DAY, 5)


def test_holes_of_the_overlap_are_asked_for_with_it(engine: Engine, bars: Bars):
    """A symbol that trades seldom costs no request more."""
    lacking = without(bars, lambda at: at.minute == 30)
    asked = []
    for day in (2, 5, 8, 9, 10, 11):
        now = datetime(2024, 7, day, 21, 30, tzinfo=UTC)
        with served(until=now, bars=lacking) as running:
            fetched(engine, running, minutes(since=date(2024, 7, 1)), now=now)
            asked.append(len(running.history()))
    assert max(asked[1:]) <= 3


def test_a_history_of_holes_is_asked_for_in_bounded_pieces(engine: Engine):
    made = demo_minutes(("AAA",), date(2024, 6, 3), date(2024, 6, 28), 1, extended=False)
    lacking = without(made, lambda at: at.minute % 3 == 0)
    since, until = date(2024, 6, 4), datetime(2024, 6, 28, 21, 30, tzinfo=UTC)
    with served(until=until, bars=lacking) as running:
        fetched(engine, running, minutes("1 min", since), now=until)
        assert len(running.history()) == 18 + 10  # each session, and ten of them again


def test_an_earlier_beginning_within_the_day_asks_for_what_is_before(engine: Engine):
    made = demo_minutes(("AAA",), date(2024, 5, 1), date(2024, 6, 28))
    until = datetime(2024, 6, 28, 21, 30, tzinfo=UTC)
    with served(until=until, bars=made) as running:
        fetched(engine, running, minutes(since=date(2024, 6, 3)), now=until)
        found = fetched(engine, running, minutes(since=date(2020, 1, 1)), now=until)
        asked = len(running.history())
    assert not found.behind
    assert stored(engine) == of_file(made, date(2024, 5, 1), until, 5)
    assert asked <= 12  # not week by week from 2020: IB says when its bars begin


def test_a_day_of_restarts_leaves_nothing_behind(engine: Engine, bars: Bars):
    """From a morning to the next one, each two hours: the gateway's restart and IB's own troubles.

    The gateway's clock runs so fast that minutes of absence are moments.
    """
    begun = datetime(2024, 7, 8, 12, 0, tzinfo=UTC)
    with served(until=begun, bars=bars) as running:
        fetched(engine, running, minutes(), now=begun)
    troubles = {
        4: [Rule("lost")],
        8: [Rule("disconnect", times=1), Rule("slow", seconds=60)],
        14: [Rule("hmds_broken"), Rule("hmds_ok", request="contract", first=1)],
        16: [Rule("restart", first=1, seconds=300)],
        18: [Rule("restart", request="contract", first=1, seconds=300)],
        20: [Rule("drop", first=2), Rule("refuse", first=2, seconds=120), Rule("slow", seconds=30)],
    }
    for hours in range(2, 26, 2):
        now = begun + timedelta(hours=hours)
        script = troubles.get(hours, [])
        with served(until=now, bars=bars, script=script, speed=600) as running:
            if hours == 4:
                back = threading.Timer(0.5, lambda: running.tell(Rule("restored")))
                back.start()
            found = fetched(engine, running, minutes(), now=now, seconds=2)
        assert not found.behind, f"{hours} hours: {found.behind}"
        assert found.stored.restated == 0
    assert stored(engine) == of_file(bars, FIRST, now, 5)
    assert count(engine, "select count(*) from ib_requests where ended_at is null") == 0
