"""What is held, as people see it who decide on it: by symbol, bar by bar, and what became of it."""

import datetime as dt
import time

import pyarrow as pa
import pytest
from sqlalchemy import Engine

from sql.audit import audit_entries, note
from sql.errors import StaleError
from sql.held import discards, held_bars, held_symbol, held_symbols, require_unchanged, with_reasons
from sql.quarantine import discard, open_bars
from tests.sql_bars import BAD, LATER, READ, bars, day, publish, quarantine, released

PATIENCE_S = 5.0  # of a reader, with a hundred thousand bars; it takes a tenth of that


def hold(engine: Engine, symbol: str | None, days: list[dt.date | None], **more) -> None:
    """Hold bars of these days; the first one fails, the others are held with it."""
    columns = {"symbol": [symbol] * len(days), "date": days}
    numbers = {name: [float(at + 1) for at in range(len(days))] for name in BAD.column_names[2:7]}
    created = {"created_at": [None] * len(days)}
    table = pa.table({**columns, **numbers, **created}, schema=BAD.schema)
    reasons = [["No price is below a cent."], *[["held with its symbol"]] * (len(days) - 1)]
    given = {"run_id": "r1", "reasons": reasons, "row_numbers": range(len(days)), **more}
    quarantine(engine, table, **given)


def seen(engine: Engine, symbol: str | None) -> str:
    with engine.connect() as connection:
        found = held_symbol(connection, symbol)
    assert found is not None
    return found.seen


def test_what_is_held_is_told_by_symbol(engine: Engine):
    hold(engine, "A", [day(1), day(2), day(3)])
    hold(engine, "B", [day(4), None], run_id="r2")
    hold(engine, None, [day(5)], run_id="r3")
    hold(engine, "", [day(6)], run_id="r4")

    with engine.connect() as connection:
        found = with_reasons(connection, held_symbols(connection))

    told = [(one.symbol, one.bars, one.undated, one.first_date, one.last_date) for one in found]
    assert told == [
        ("A", 3, 0, day(1), day(3)),
        ("B", 2, 1, day(4), day(4)),
        (None, 2, 0, day(5), day(6)),  # without a name, and with an empty one
    ]
    assert [(one.run_id, one.runs) for one in found] == [("r1", 1), ("r2", 1), ("r4", 2)]
    assert found[0].reasons == (("held with its symbol", 2), ("No price is below a cent.", 1))
    assert found[2].reasons == (("No price is below a cent.", 2),)


def test_bars_come_as_they_were_held_with_what_is_published_of_them(engine: Engine):
    publish(engine, bars(("A", day(2)), close=7.0), ["A"], "before", start=day(2), end=day(2))
    hold(engine, "A", [day(3), day(1), day(2), None])

    with engine.connect() as connection:
        found = held_bars(connection, "A", along="held with its symbol")
        one = held_bars(connection, "A", along="held with its symbol", limit=1, offset=1)
        between = held_bars(connection, "A", start=day(2), end=day(3))

    assert [bar.date for bar in found] == [day(3), None, day(1), day(2)]  # what failed is first
    assert found[0].numbers == (1.0,) * 5
    assert [bar.published_by for bar in found] == [None, None, None, "before"]
    assert found[3].published == (10.0, 11.0, 9.0, 7.0, 5.0)
    assert [bar.date for bar in one] == [None]
    assert [bar.date for bar in between] == [day(2), day(3)]


def test_who_saw_something_else_is_told_what_happened(engine: Engine):
    hold(engine, "A", [day(1), day(2)])
    first = seen(engine, "A")
    with engine.begin() as connection:
        assert require_unchanged(connection, "A", first).bars == 2
        discard(connection, symbol="A", start=None, end=day(1), by="ann", reason="delisted")

    with engine.begin() as connection, pytest.raises(StaleError) as refused:
        require_unchanged(connection, "A", first)
    assert "ann discarded 1 bar (delisted)" in str(refused.value)
    assert "the run r1 held 2 bars" in str(refused.value)


def test_what_was_only_asked_for_is_seen_too(engine: Engine):
    hold(engine, "A", [day(1)])
    hold(engine, "AB", [day(1)], run_id="r2")
    first, other = seen(engine, "A"), seen(engine, "AB")
    with engine.begin() as connection:
        require_unchanged(connection, "A", first)
        note(connection, action="judge again", who="bob", what="A: 1 held bar", why="corrected")

    with engine.begin() as connection:
        require_unchanged(connection, "AB", other)
        with pytest.raises(StaleError, match=r"bob: judge again \(corrected\)"):
            require_unchanged(connection, "A", first)


def test_held_anew_is_something_else(engine: Engine):
    hold(engine, "A", [day(1)])
    first = seen(engine, "A")
    hold(engine, "A", [day(1)], run_id="r2")  # supersedes it: as many as before
    assert seen(engine, "A") != first
    publish(engine, bars(("A", day(1))), ["A"], "r3")
    released(engine, "r3", ["A"])
    with engine.begin() as connection, pytest.raises(StaleError, match="the run r3 published 1"):
        require_unchanged(connection, "A", first)


def since(engine: Engine, symbol: str | None) -> list[dt.datetime]:
    """When the symbol's bars, and each of them, were held first; and by the list of open ones."""
    with engine.connect() as connection:
        (one,) = [one for one in held_symbols(connection) if one.symbol == symbol]
        (alone,) = [held_symbol(connection, symbol)]
        found = [bar.since for bar in held_bars(connection, symbol)]
    assert alone is not None
    (listed,) = [bars.since for bars in open_bars(engine) if bars.symbol == symbol]
    assert one.since == alone.since == listed == min(found)
    return found


@pytest.mark.parametrize("symbol", ["A", None])
def test_what_is_held_anew_is_held_since_the_first_time(engine: Engine, symbol: str | None):
    hold(engine, symbol, [day(1)])
    (first,) = since(engine, symbol)
    for run_id in ("r2", "r3"):
        hold(engine, symbol, [day(1)], run_id=run_id)
    hold(engine, symbol, [day(1)], run_id="r3", extracted_at=LATER)  # another attempt
    assert since(engine, symbol) == [first]
    hold(engine, symbol, [day(1), day(2)], run_id="r4")
    then, new = since(engine, symbol)
    assert then == first < new


def test_what_was_published_or_discarded_meanwhile_is_held_since_then(engine: Engine):
    hold(engine, "A", [day(1)])
    hold(engine, "A", [day(1)], run_id="r2")
    publish(engine, bars(("A", day(1))), ["A"], "p1")
    released(engine, "p1", ["A"])
    hold(engine, "A", [day(1)], run_id="r3", extracted_at=LATER)
    (again,) = since(engine, "A")
    with engine.begin() as connection:
        assert (
            again
            == connection.exec_driver_sql(
                "select quarantined_at from stock_data_quarantine where run_id = 'r3'"
            ).scalar_one()
        )
        discard(connection, symbol="A", start=None, end=None, by="ann", reason="delisted")
    hold(engine, "A", [day(2), day(1)], run_id="r4", extracted_at=LATER)  # now with other numbers
    assert min(since(engine, "A")) > again


def state(engine: Engine, run_id: str) -> list[tuple[object, ...]]:
    """What this run holds: the day, who discarded it and why."""
    query = "select date, discarded_by, discard_reason from stock_data_quarantine where run_id = %s"
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"{query} order by date", (run_id,))
        return [tuple(row) for row in rows]


def throw_away(engine: Engine, symbol: str | None, date: dt.date | None) -> None:
    with engine.begin() as connection:
        discard(connection, symbol=symbol, start=date, end=date, by="ann", reason="delisted")


def test_a_discarded_bar_stays_discarded_in_later_runs(engine: Engine):
    for run_id in ("r1", "r2", "r3"):
        hold(engine, "A", [day(1), day(2)], run_id=run_id)
        if run_id == "r1":
            throw_away(engine, "A", day(1))
        if run_id == "r2":  # nobody did it twice
            with engine.begin() as connection, pytest.raises(StaleError, match="ann discarded 1 b"):
                require_unchanged(connection, "A", "")
    assert state(engine, "r3") == [(day(1), "ann", "delisted"), (day(2), None, None)]
    assert state(engine, "r2")[0] == (day(1), "ann", "delisted")  # every read row is kept
    with engine.begin() as connection:
        assert [bar.date for bar in held_bars(connection, "A")] == [day(2)]
        (one,) = discards(connection, "A", limit=5)
        assert discards(connection, "B", limit=5) == []
    assert (one.by, one.reason, one.bars, one.first_date) == ("ann", "delisted", 1, day(1))


def test_bars_of_no_symbol_stay_discarded_too(engine: Engine):
    hold(engine, None, [None])
    throw_away(engine, None, None)
    hold(engine, None, [None], run_id="r2")
    assert state(engine, "r2") == [(None, "ann", "delisted")]


def test_a_discard_is_of_these_numbers_and_this_fault(engine: Engine):
    hold(engine, "A", [day(1), day(2)])
    throw_away(engine, "A", day(1))
    hold(engine, "A", [day(2), day(1)], run_id="r2")  # the numbers of the other day
    assert state(engine, "r2")[0] == (day(1), None, None)
    hold(engine, "A", [day(1)], run_id="r3", reasons=[["No price is below a cent.", "Its low."]])
    assert state(engine, "r3") == [(day(1), None, None)]
    hold(engine, "A", [day(1)], run_id="r4", reasons=[["held with its symbol"]])
    assert state(engine, "r4") == [(day(1), "ann", "delisted")]


def test_a_discard_is_over_once_the_bar_was_published(engine: Engine):
    hold(engine, "A", [day(1)])
    throw_away(engine, "A", day(1))
    hold(engine, "A", [day(1)], run_id="r2", reasons=[["Another fault."]], extracted_at=READ)
    same = bars(("A", day(1))).assign(open=1.0, high=1.0, low=1.0, close=1.0, volume=1.0)
    publish(engine, same, ["A"], "p1")
    released(engine, "p1", ["A"])
    hold(engine, "A", [day(1)], run_id="r3", extracted_at=LATER)
    assert state(engine, "r3") == [(day(1), None, None)]


def test_a_discard_is_in_the_audit_or_does_not_happen(engine: Engine):
    hold(engine, "A", [day(1), day(2)])
    with pytest.raises(ZeroDivisionError), engine.begin() as connection:
        discard(connection, symbol="A", start=None, end=None, by="ann", reason="delisted")
        raise ZeroDivisionError
    assert audit_entries(engine) == []
    with engine.begin() as connection:
        discard(connection, symbol="A", start=day(1), end=day(1), by="ann", reason="delisted")

    (entry,) = audit_entries(engine)
    assert (entry.action, entry.who, entry.why) == ("discard", "ann", "delisted")
    assert entry.what == "A: 1 held bar from 2025-01-01 to 2025-01-01"


def test_of_a_dataset_that_never_ran_nothing_is_held(engine: Engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("create schema fresh; set local search_path to fresh")
        assert held_symbols(connection) == []
        assert held_symbol(connection, "A") is None


def test_of_nothing_there_are_no_reasons(engine: Engine):
    with engine.connect() as connection:
        assert with_reasons(connection, held_symbols(connection)) == []


def test_a_hundred_thousand_held_bars_are_told_quickly(engine: Engine):
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into stock_data_quarantine"
            " (run_id, row_number, symbol, date, open, high, low, close, volume, reasons)"
            " select 'r' || mod(s, 7), s * 200 + d, 'S' || s, date '2025-01-01' + d, 1, 1, 1, 1, 1,"
            " array['held with its symbol'] from generate_series(1, 500) s,"
            " generate_series(0, 199) d"
        )
        connection.exec_driver_sql("analyze stock_data_quarantine")
    began = time.monotonic()
    with engine.connect() as connection:
        found = held_symbols(connection)
        assert len(with_reasons(connection, found[:50])) == 50
        assert len(held_bars(connection, "S7", limit=50)) == 50
    assert time.monotonic() - began < PATIENCE_S
    assert len(found) == 500 and sum(one.bars for one in found) == 100_000
    print(f"{time.monotonic() - began:.2f} s")


def test_what_holds_nobody_comes_behind_what_does(engine: Engine):
    lesser = ["No opening is high. (warning)", "It is quiet. (info)"]
    hold(engine, "A", [day(1), day(2)], reasons=[["No price is below a cent.", *lesser], lesser])
    with engine.connect() as connection:
        (found,) = with_reasons(connection, held_symbols(connection))
    assert found.reasons == (
        ("No price is below a cent.", 1),
        ("It is quiet. (info)", 2),
        ("No opening is high. (warning)", 2),
    )
