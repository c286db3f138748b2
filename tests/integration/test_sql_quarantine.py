"""Held bars: when two are the same, and which rows a run, a release and a discard touch."""

import datetime as dt
from dataclasses import FrozenInstanceError
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from sqlalchemy import text

from sql.errors import DiscardError
from sql.quarantine import Release, discard, open_bars
from tests.sql_bars import BAD, LATER, READ, bars, day, held, publish, quarantine, released

BAR: dict[str, Any] = {
    "symbol": "A",
    "date": day(1),
    "open": 1.0,
    "high": 2.0,
    "low": 3.0,
    "close": 4.0,
    "volume": 5.0,
    "created_at": dt.datetime(2025, 1, 2),
}
OTHERWISE = {
    "symbol": "B",
    "date": day(2),
    "open": 7.0,
    "high": 7.0,
    "low": 7.0,
    "close": 7.0,
    "volume": 7.0,
    "created_at": dt.datetime(2025, 1, 3),
}

HOUR = dt.timedelta(hours=1)
# Of the days 1 to 5, for each symbol: the first and last day asked for, and the days left alone.
RANGES: tuple[tuple[str, int | None, int | None, list[int]], ...] = (
    ("BOTH", 2, 4, [1, 5]),
    ("FIRST", 2, None, [1]),
    ("LAST", None, 4, [5]),
    ("ALL", None, None, []),
)


def hold(engine, run_id, *rows, reasons="x", **positions):
    """Hold bars, given as (position, what differs from BAR)."""
    found = [BAR | differs for _, differs in rows]
    table = pa.table(
        {name: pa.array([bar[name] for bar in found], BAD.schema.field(name).type) for name in BAR}
    )
    return quarantine(
        engine,
        table,
        run_id=run_id,
        reasons=[[reasons]] * len(found),
        row_numbers=[number for number, _ in rows],
        **positions,
    )


def at(symbol, number):
    return {"symbol": symbol, "date": day(number)}


def states(engine):
    """Run, position, attempt, and who released, superseded and discarded each row."""
    return held(engine, "run_id, row_number, attempt, released_by, superseded_by, discarded_by")


def throw_away(engine, symbol, start=None, end=None, by="ada", reason="delisted"):
    with engine.begin() as connection:
        return discard(connection, symbol=symbol, start=start, end=end, by=by, reason=reason)


def ended_and_open(engine, run_id="r1", **more):
    """Bars of day 1 to 4, which are released, superseded, discarded, and open, in this order."""
    hold(engine, run_id, *((number, at("A", number)) for number in (1, 2, 3, 4)), **more)
    publish(engine, bars(("A", day(1))), ["A"], "p", start=day(1), end=day(1))
    assert released(engine, "p", ["A"]).released == 1
    hold(engine, "other", (0, at("A", 2)))
    assert throw_away(engine, "A", day(3), day(3)) == 1


def test_a_held_bar_is_kept_figure_by_figure(engine):
    hold(engine, "r1", (4, {}))
    assert held(engine, ", ".join(BAR)) == [tuple(BAR.values())]
    assert held(engine, "run_id, row_number, attempt, reasons") == [("r1", 4, 1, ["x"])]


@pytest.mark.parametrize("differs", [*OTHERWISE, "reasons"])
def test_a_bar_that_comes_again_otherwise_in_one_thing_is_another_attempt(engine, differs):
    reasons = "y" if differs == "reasons" else "x"
    hold(engine, "r1", (4, {}))
    hold(engine, "r1", (4, {}))
    other = {differs: OTHERWISE[differs]} if differs in OTHERWISE else {}
    assert hold(engine, "r1", (4, other), reasons=reasons) == 1
    ended = (1, None, False) if differs in ("symbol", "date") else (1, "r1", True)
    assert held(engine, "attempt, superseded_by, superseded_at is not null") == [
        ended,  # a bar of another symbol or date is another bar
        (2, None, False),
    ]


@pytest.mark.parametrize("differs", [*OTHERWISE, "reasons"])
def test_a_bar_that_was_discarded_and_comes_again_otherwise_is_held_anew(engine, differs):
    reasons = "y" if differs == "reasons" else "x"
    hold(engine, "r1", (4, {}))
    assert throw_away(engine, "A") == 1
    hold(engine, "r1", (4, {}))
    other = {differs: OTHERWISE[differs]} if differs in OTHERWISE else {}
    hold(engine, "r1", (4, other), reasons=reasons)
    assert states(engine) == [
        ("r1", 4, 1, None, None, "ada"),
        ("r1", 4, 2, None, None, None),
    ]


def test_the_same_bar_at_two_positions_is_held_twice(engine):
    hold(engine, "r1", (4, {}))
    hold(engine, "r1", (4, {}), (5, {}))
    assert states(engine) == [("r1", n, 1, None, None, None) for n in (4, 5)]
    hold(engine, "r1", (5, {}))
    assert [row[4] for row in states(engine)] == ["r1", None]
    with pytest.raises(Exception, match="duplicate key"):
        hold(engine, "r1", (6, {}), (6, {}))


def test_a_bar_that_a_run_does_not_hold_any_more_stays_open(engine):
    hold(engine, "r1", (4, at("A", 1)), (5, at("A", 2)), (6, at("B", 2)))
    assert hold(engine, "r1", (4, at("A", 2))) == 1
    assert [(row[1], row[2], row[4]) for row in states(engine)] == [
        (4, 1, None), (4, 2, None), (5, 1, "r1"), (6, 1, None),
    ]  # fmt: skip
    assert hold(engine, "r1") == 0
    assert [(row.symbol, row.bars) for row in open_bars(engine)] == [("A", 2), ("B", 1)]


@pytest.mark.parametrize("lacks", [{"symbol": None}, {"date": None}])
@pytest.mark.parametrize("run_id", ["r1", "r2"])
def test_a_bar_without_symbol_or_date_is_known_by_its_figures(engine, lacks, run_id):
    hold(engine, "r1", (4, lacks), (5, lacks | {"close": 7.0}), (6, lacks | {"created_at": None}))
    hold(engine, run_id, (0, lacks), (1, lacks | {"created_at": None}))
    ended = [(row[1], row[4]) for row in states(engine)]
    assert sorted(ended) == [(0, None), (1, None), (4, run_id), (5, None), (6, run_id)]


def test_what_was_read_later_stays_open_whichever_run_comes_last(engine):
    hold(engine, "new", (0, at("A", 1)), (1, at("A", 2)), (2, at("B", 1)), extracted_at=LATER)
    for _ in range(2):
        hold(engine, "old", (7, at("A", 1)), (8, at("C", 1)), extracted_at=READ)
        assert states(engine) == [
            *(("new", number, 1, None, None, None) for number in (0, 1, 2)),
            ("old", 7, 1, None, "new", None),
            ("old", 8, 1, None, None, None),
        ]
    hold(engine, "newest", (0, at("A", 1)), extracted_at=LATER + HOUR)
    assert states(engine)[0] == ("new", 0, 1, None, "newest", None)


def ended(engine, run_id, read, days):
    """Rows of three days: the first is released, the second discarded, the third superseded."""
    hold(engine, run_id, *((n, at("A", n)) for n in days), extracted_at=read)
    first, second = day(days[0]), day(days[1])
    publish(engine, bars(("A", first)), ["A"], "p", start=first, end=first, at=READ - HOUR)
    assert released(engine, "p", ["A"], extracted_at=read).released == 1
    assert throw_away(engine, "A", second, second) == 1
    hold(engine, "then", (days[2], at("A", days[2])), extracted_at=read)


def test_rows_that_have_ended_are_not_superseded_by_what_was_read_later(engine):
    ended(engine, "old", READ, (1, 2, 3))
    rows = [(n, at("A", n)) for n in (1, 2, 3)]
    hold(engine, "new", *rows, extracted_at=LATER)
    hold(engine, "old", *rows, extracted_at=READ)
    assert [row[1:] for row in states(engine) if row[0] == "old"] == [
        (1, 1, "p", None, None), (2, 1, None, None, "ada"), (3, 1, None, "then", None),
        (3, 2, None, "new", None),
    ]  # fmt: skip
    assert held(engine, "superseded_by is null = (superseded_at is null)") == [(True,)] * 8


def test_rows_that_have_ended_are_not_superseded_by_a_later_attempt(engine):
    ended(engine, "old", READ, (1, 2, 3))
    others = [(n + 10, at("A", n) | {"close": 7.0}) for n in (1, 2, 3)]
    hold(engine, "old", *others, extracted_at=LATER)
    assert [row[1:] for row in states(engine) if row[0] == "old"] == [
        (1, 1, "p", None, None), (2, 1, None, None, "ada"), (3, 1, None, "then", None),
        *((n, 1, None, None, None) for n in (11, 12, 13)),
    ]  # fmt: skip


@pytest.mark.parametrize("other", [at("B", 1), at("A", 2)])
def test_a_bar_whose_place_another_one_takes_is_open_once(engine, other):
    hold(engine, "r1", (4, at("A", 1)))
    hold(engine, "r1", (4, other), (5, at("A", 1)))
    assert [(row[1], row[2], row[4]) for row in states(engine)] == [
        (4, 1, "r1"), (4, 2, None), (5, 1, None),
    ]  # fmt: skip


def test_rows_that_have_ended_supersede_nothing_that_was_read_before(engine):
    ended(engine, "new", LATER, (1, 2, 3))
    assert throw_away(engine, "A", day(3), day(3)) == 1  # as the other run held it last
    rows = [(n, at("A", n) | {"close": 7.0}) for n in (1, 2, 3)]
    hold(engine, "old", *rows, extracted_at=READ)
    hold(engine, "old", *rows, extracted_at=READ - HOUR)  # its own later read does not count
    assert [row[4] for row in states(engine) if row[0] == "old"] == ["old", None] * 3


@pytest.mark.parametrize(("read", "count"), [(READ - HOUR, 0), (READ, 1), (None, 1)])
def test_a_run_releases_only_what_was_not_read_after_its_own_bars(engine, read, count):
    hold(engine, "r1", (0, at("A", 1)), extracted_at=READ)
    publish(engine, bars(("A", day(1))), ["A"], "p", at=READ - HOUR)
    found = released(engine, "p", ["A"], extracted_at=read or LATER)
    assert found == Release(count, 0)
    hold(engine, "r2", (0, at("A", 3)))
    assert released(engine, "q", ["A"], extracted_at=READ - HOUR).still_held == 1
    hold(engine, "r2", (1, at("A", 4)), extracted_at=READ)
    assert released(engine, "q", ["A"], extracted_at=READ).still_held == 3 - count


def test_attempts_are_counted_for_each_run_and_position(engine):
    for high in (1.0, 2.0, 3.0):
        hold(engine, "r1", (4, {"high": high}), (5, at("B", 2)))
    hold(engine, "r2", (4, at("C", 3)), (9, at("C", 4)))
    hold(engine, "r1", (5, at("B", 5)), (6, at("B", 6)))
    assert [row[:3] for row in states(engine)] == [
        ("r1", 4, 1), ("r1", 4, 2), ("r1", 4, 3), ("r1", 5, 1), ("r1", 5, 2), ("r1", 6, 1),
        ("r2", 4, 1), ("r2", 9, 1),
    ]  # fmt: skip


def test_the_same_bar_without_a_date_is_held_by_every_run_and_at_every_position(engine):
    nameless = {"date": None}
    hold(engine, "r1", (4, nameless))
    hold(engine, "r2", (4, nameless))
    hold(engine, "r2", (4, nameless), (5, nameless))
    assert [row[:2] for row in states(engine)] == [("r1", 4), ("r2", 4), ("r2", 5)]


def test_a_run_that_holds_nothing_any_more_touches_no_row_that_has_ended(engine):
    ended_and_open(engine)
    hold(engine, "r1")
    assert states(engine) == [
        ("other", 0, 1, None, None, None),
        ("r1", 1, 1, "p", None, None),
        ("r1", 2, 1, None, "other", None),
        ("r1", 3, 1, None, None, "ada"),
        ("r1", 4, 1, None, None, None),
    ]


def test_another_run_supersedes_the_open_rows_of_its_own_bars(engine):
    ended_and_open(engine)
    hold(engine, "r1b", (1, at("B", 1)))
    hold(engine, "r2", *((number, at("A", number)) for number in (1, 2, 3, 4)))
    assert states(engine)[:5] == [
        ("other", 0, 1, None, "r2", None),
        ("r1", 1, 1, "p", None, None),
        ("r1", 2, 1, None, "other", None),
        ("r1", 3, 1, None, None, "ada"),
        ("r1", 4, 1, None, "r2", None),
    ]
    assert held(engine, "superseded_at is not null")[:5] == [
        (True,), (False,), (True,), (False,), (True,),
    ]  # fmt: skip
    assert states(engine)[5] == ("r1b", 1, 1, None, None, None)
    hold(engine, "r3", (1, at("B", 4)), (2, at("A", 5)))
    assert states(engine)[5][4] is None
    assert [row[4] for row in states(engine)[6:10]] == [None] * 4


NONE = (None, None)


@pytest.mark.parametrize("when", [LATER, READ])
def test_what_a_newer_run_has_published_is_held_as_superseded_by_it(engine, when):
    for number, (first, last) in enumerate((NONE, (2, 4), (2, None), (None, 4), (3, 3))):
        symbol, bound = f"S{number}", [n and day(n) for n in (first, last)]
        within = range(first or 1, (last or 5) + 1)
        there = bars(*((symbol, day(n)) for n in within if n != 4))
        for run_id, at_ in (("before", READ - HOUR), ("new", when)):
            publish(engine, there, [symbol, "Z"], run_id, start=bound[0], end=bound[1], at=at_)
        rows = [(n, at(symbol, n)) for n in range(1, 6)]
        hold(engine, symbol, *rows, extracted_at=READ)
        covered = [n for n in within if n != 4] if when > READ else []
        of_run = [row for row in states(engine) if row[0] == symbol]
        assert [row[1] for row in of_run if row[4] == "new"] == [*covered]
        assert [row[1] for row in of_run if not row[4]] == [n for n, _ in rows if n not in covered]
        hold(engine, symbol, *rows, extracted_at=READ)
        assert [row for row in states(engine) if row[0] == symbol] == of_run
    timed = held(engine, "superseded_by is not null, superseded_at is not null")
    assert all(by == at_ for by, at_ in timed)


def test_the_newest_of_the_publications_of_a_bar_supersedes_it(engine):
    for run_id, hours, symbols, first, last in (
        ("second", 2, ["A"], None, None), ("third", 3, ["A"], None, None),
        ("first", 1, ["A"], None, None), ("others", 4, ["B"], None, None),
        ("behind", 5, ["A"], day(9), None), ("ahead", 6, ["A"], None, day(4)),
    ):  # fmt: skip
        there = bars((symbols[0], last or first or day(5)))
        publish(engine, there, symbols, run_id, first, last, READ + hours * HOUR)
    hold(engine, "r1", (1, at("A", 5)), (2, at("C", 5)), (3, {"date": None}), extracted_at=READ)
    assert [row[4] for row in states(engine)] == ["third", None, None]


def test_a_newer_publication_touches_no_row_of_other_runs_and_none_that_has_ended(engine):
    ended_and_open(engine, extracted_at=READ)
    hold(engine, "r0", (1, at("A", 5)))
    publish(engine, bars(*(("A", day(n)) for n in range(1, 6))), ["A"], "new", at=LATER)
    rows = [(number, at("A", number)) for number in (1, 2, 3, 4)]
    hold(engine, "r1", *rows, extracted_at=READ)
    assert states(engine) == [
        ("other", 0, 1, None, "r1", None),
        ("r0", 1, 1, None, None, None),
        ("r1", 1, 1, "p", None, None),
        ("r1", 2, 1, None, "other", None),
        ("r1", 2, 2, None, "new", None),
        ("r1", 3, 1, None, None, "ada"),
        ("r1", 4, 1, None, "new", None),
    ]


@pytest.mark.parametrize("when", [READ - HOUR, READ])
def test_a_bar_that_comes_back_is_held_again_whatever_else_was_published(engine, when):
    publish(engine, bars(), ["Z"], "new", at=LATER)
    publish(engine, bars(), ["A"], "other", at=when)
    hold(engine, "r1", (1, {}), (2, at("B", 2)), extracted_at=READ)
    hold(engine, "other", (1, {}), extracted_at=when)  # supersedes it where it is no older
    hold(engine, "r1", (1, {}), extracted_at=READ)
    hold(engine, "r1", (1, {}), (2, at("B", 2)), extracted_at=READ)
    first = [("r1", 1, 1, None, None, None)]
    anew = [("r1", 1, 1, None, "other", None), ("r1", 1, 2, None, None, None)]
    assert states(engine) == [
        ("other", 1, 1, None, "r1", None),
        *(anew if when == READ else first),
        ("r1", 2, 1, None, None, None),
    ]


@pytest.mark.parametrize("figure", ["open", "high", "low", "close", "volume"])
def test_a_bar_that_is_published_with_another_figure_is_released_as_corrected(engine, figure):
    hold(engine, "r1", (1, at("A", 1)), (2, at("B", 1)))
    frame = bars(("A", day(1)), ("B", day(1))).assign(
        **{name: BAR[name] for name in ("open", "high", "low", "close", "volume")}
    )
    frame.loc[1, figure] = 77.0
    publish(engine, frame, ["A", "B"], "p")
    assert released(engine, "p", ["A", "B"]) == Release(2, 0)
    assert held(engine, "released_as, released_at is not null") == [
        ("same", True), ("corrected", True),
    ]  # fmt: skip


def test_a_release_reaches_from_the_first_to_the_last_day(engine):
    for symbol, start, end, left in RANGES:
        bound = [day(n) if n else None for n in (start, end)]
        hold(engine, symbol, *((number, at(symbol, number)) for number in range(1, 6)))
        hold(engine, f"{symbol}_2", (1, at(symbol, 20)))
        publish(engine, bars(*((symbol, day(n)) for n in range(1, 6))), [symbol], "p")
        still = 1 if end is None else 0
        assert released(engine, "p", [symbol], *bound) == Release(5 - len(left), still)
        rows = held(engine, "symbol, row_number, released_by, run_id")
        assert [row[1] for row in rows if row[3] == symbol and not row[2]] == left


def test_only_open_rows_of_bars_that_this_run_published_are_released(engine):
    ended_and_open(engine)
    hold(engine, "r9", (0, at("B", 4)), (1, at("B", 1)), (2, at("C", 4)))
    publish(engine, bars(*(("A", day(n)) for n in range(1, 5)), ("C", day(4))), ["A", "C"], "p2")
    assert released(engine, "p2", ["A", "B"]) == Release(2, 2)
    assert [row[3] for row in states(engine)] == [
        "p2", "p", None, None, "p2", None, None, None,
    ]  # fmt: skip


def test_bars_that_stay_held_are_counted_once_from_the_first_to_the_last_day(engine):
    twice = [(number, at("A", number)) for number in (1, 2, 3, 4, 5)]
    hold(engine, "r1", *twice, *((n + 10, differs) for n, differs in twice))
    hold(engine, "r2", (0, at("B", 3)), (1, {"date": None}), (2, at("C", 3)))
    hold(engine, "r3", (0, at("E", 3)), (1, at("E", 4)))

    def still_held(symbols, start, end):
        return released(engine, "p", symbols, start and day(start), end and day(end)).still_held

    assert still_held(["A", "B"], 2, 4) == 5  # with the one of A without a date
    assert still_held(["A"], 2, None) == 5
    assert still_held(["A"], None, 4) == 5
    assert still_held(["A", "B"], None, None) == 7
    assert still_held(["C"], None, None) == 1
    assert still_held(["B", "C"], 3, 3) == 2
    assert still_held(["E"], 3, 4) == 2


def test_rows_that_have_ended_do_not_count_as_held(engine):
    ended_and_open(engine)
    assert released(engine, "q", ["A"]) == Release(0, 2)  # the open one, and the superseding one
    (one,) = open_bars(engine)
    assert (one.symbol, one.bars, one.first_date, one.last_date) == ("A", 2, day(2), day(4))


def test_what_is_held_is_listed_by_symbol_the_longest_held_first(engine):
    hold(engine, "r1", (1, at("M", 3)))
    hold(engine, "r2", (1, at("Z", 1)), (2, at("B", 2)), (3, {"symbol": "Z", "date": None}))
    hold(engine, "r3", (1, at("M", 1)), (2, at("A", 9)))
    hold(engine, "r2b", (1, at("M", 2)))
    found = open_bars(engine)
    assert [(o.symbol, o.bars, o.first_date, o.last_date, o.run_id) for o in found] == [
        ("M", 3, day(1), day(3), "r2b"),
        ("B", 1, day(2), day(2), "r2"),
        ("Z", 2, day(1), day(1), "r2"),
        ("A", 1, day(9), day(9), "r3"),
    ]
    first = held(engine, "quarantined_at")[0]
    assert (found[0].since,) == first
    for value in (found[0], released(engine, "p", ["X"])):
        with pytest.raises(FrozenInstanceError):
            value.still_held = value.bars = 2  # type: ignore[misc]  # frozen


def test_a_discard_reaches_from_the_first_to_the_last_day_of_one_symbol(engine):
    for symbol, start, end, left in RANGES:
        bound = [day(n) if n else None for n in (start, end)]
        hold(engine, symbol, *((number, at(symbol, number)) for number in range(1, 6)))
        assert throw_away(engine, symbol, *bound) == 5 - len(left)
        rows = held(engine, "row_number, discarded_by, discard_reason, discarded_at is not null")
        mine = [
            row for row, of in zip(rows, held(engine, "symbol"), strict=True) if of == (symbol,)
        ]
        assert [row[0] for row in mine if row[1:] == (None, None, False)] == left
        assert {row[1:] for row in mine} - {(None, None, False)} == {("ada", "delisted", True)}


def test_only_open_rows_are_discarded(engine):
    ended_and_open(engine)
    assert throw_away(engine, "A", by="eve", reason="gone") == 2
    assert [row[5] for row in states(engine)] == ["eve", None, None, "ada", "eve"]


def test_rows_without_a_symbol_are_discarded_alone(engine):
    hold(engine, "r1", (1, {"symbol": None}), (2, {}))
    assert throw_away(engine, None) == 1
    assert [row[5] for row in states(engine)] == ["ada", None]
    with pytest.raises(
        DiscardError,
        match="No bar of no symbol from the first to the last is held and open; nothing was",
    ):
        throw_away(engine, None)
    with pytest.raises(DiscardError, match="No bar of X from 2025-01-01 to 2025-01-02 is held"):
        throw_away(engine, "X", day(1), day(2))


@pytest.mark.parametrize("symbol", [" TSLA ", "tsla", "TS LA", "TSLA\u200b", ""])
def test_a_bar_is_discarded_under_the_name_that_it_is_held_by(engine, symbol: str):
    hold(engine, "r1", (1, {"symbol": symbol}), (2, {"symbol": "NVDA"}))
    if symbol:
        with pytest.raises(DiscardError, match="nothing was discarded; did you mean") as refused:
            throw_away(engine, "TSLA")
        assert f"did you mean {symbol!r}?" in str(refused.value)
    assert throw_away(engine, symbol or None) == 1
    assert [row[5] for row in states(engine)] == ["ada", None]


def test_nothing_that_says_what_was_held_can_be_changed_in_any_row(engine):
    hold(engine, "r1", (1, {}))
    names = ("run_id", "attempt", "row_number", *BAR, "reasons", "quarantined_at")
    for name in names:
        never = pytest.raises(Exception, match="never deleted, and stay as extracted")
        with never, engine.begin() as connection:
            connection.execute(text(f"update stock_data_quarantine set {name} = {name}"))


RESOLVED = {
    "released": "released_by = 'r2', released_at = now(), released_as = 'same'",
    "superseded": "superseded_by = 'r2', superseded_at = now()",
    "discarded": "discarded_by = 'ada', discarded_at = now(), discard_reason = 'old'",
}


@pytest.mark.parametrize("first", list(RESOLVED))
@pytest.mark.parametrize(
    "second",
    [*RESOLVED.values(), "released_by = null, superseded_by = null, discarded_by = null"],
)
def test_a_row_that_is_resolved_stays_so(engine, first: str, second: str):
    hold(engine, "r1", (1, {}), (2, {}))
    with engine.begin() as connection:
        connection.execute(
            text(f"update stock_data_quarantine set {RESOLVED[first]} where row_number = 1")
        )
    before = states(engine)
    resolved = pytest.raises(Exception, match=r"is resolved stays so \(run r1, row 1\)")
    with resolved, engine.begin() as connection:
        connection.execute(text(f"update stock_data_quarantine set {second}"))
    assert states(engine) == before


def test_a_frame_without_the_time_of_its_making_is_held_without(engine):
    frame = pd.DataFrame([BAR]).drop(columns="created_at")
    assert quarantine(engine, frame, reasons=[[]], row_numbers=[0]) == 1
    assert held(engine, "symbol, date, created_at, reasons") == [("A", day(1), None, [])]
    assert quarantine(engine, pd.DataFrame([BAR]), reasons=[[]], row_numbers=[1]) == 1
    assert held(engine, "created_at")[1] == (BAR["created_at"],)
