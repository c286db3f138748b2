import datetime as dt
from math import isnan, nan

import psycopg2
import pytest
from sqlalchemy import Engine

from sql.audit import audit_entries
from sql.errors import RepairError
from sql.preflight import make_ready
from sql.repairs import (
    Automatic,
    NewRepair,
    accept,
    accept_automatically,
    all_repairs,
    mark_void,
    open_repairs,
    revoke,
)
from sql.schema import create_own_tables
from tests.sql_bars import day
from tests.workflow import Database

OLD, NEW = (1000.0, 1100.0, 900.0, 1000.0, 5.0), (10.0, 11.0, 9.0, 10.0, 5.0)


def repair(number=1, symbol="A", old=OLD, new=NEW) -> NewRepair:
    return NewRepair(symbol, day(number), "unit", "a 100th of the level", old, new)


def accepted(engine: Engine, *repairs: NewRepair, by="ann", reason="checked") -> int:
    with engine.begin() as connection:
        return accept(connection, repairs, run_id="r1", by=by, reason=reason)


def revoked(engine: Engine, *ids: int, reason="it was right") -> int:
    with engine.begin() as connection:
        return len(revoke(connection, ids, by="bob", reason=reason))


def test_an_accepted_repair_is_kept_as_it_is_and_told(engine: Engine):
    odd = repair(2, old=(None, nan, 1 / 3, 1.0, None))
    assert accepted(engine, repair(), odd, repair(1, "B", new=None)) == 3
    first, second, gone = open_repairs(engine)
    assert (first.old, first.new, first.rule, first.run_id) == (OLD, NEW, "unit", "r1")
    assert (first.accepted_by, first.reason, first.is_open) == ("ann", "checked", True)
    assert (second.old[0], second.old[2], second.old[4]) == (None, 1 / 3, None)
    assert second.old[1] is not None
    assert isnan(second.old[1])
    assert gone.new is None
    told = {(one.action, one.who, one.what, one.why, one.run_id) for one in audit_entries(engine)}
    assert told == {
        ("repair", "ann", "A: 2 bars (unit), 2025-01-01 to 2025-01-02", "checked", "r1"),
        ("repair", "ann", "B: 1 bar (unit), 2025-01-01", "checked", "r1"),
    }


def automatic(engine: Engine, *lots: list[NewRepair], run_id="r1") -> Automatic:
    with engine.begin() as connection:
        return accept_automatically(connection, lots, run_id=run_id, reason="AUTO_REPAIR has unit")


def test_the_setting_accepts_what_nobody_has_an_opinion_of(engine: Engine):
    accepted(engine, repair(1))
    revoked(engine, 1)
    accepted(engine, repair(2))

    done = automatic(engine, [repair(1), repair(3)], [repair(2)], [repair(4), repair(5)])

    assert [one.date.day for one in done.accepted] == [4, 5]
    assert [(one.id, one.revoked_by) for one in done.revoked] == [(1, "bob")]
    mine = [one for one in open_repairs(engine) if one.is_automatic]
    assert [(one.date.day, one.reason) for one in mine] == [
        (4, "AUTO_REPAIR has unit"),
        (5, "AUTO_REPAIR has unit"),
    ]


def test_another_try_of_the_run_finds_what_it_has_accepted(engine: Engine):
    automatic(engine, [repair(1)])
    assert automatic(engine, [repair(1)]).accepted == (repair(1),)
    assert automatic(engine, [repair(1)], run_id="r2").accepted == ()
    assert len(all_repairs(engine)) == 1


def test_open_ones_are_found_by_symbol_and_range(engine: Engine):
    accepted(engine, *(repair(number) for number in (1, 2, 3)), repair(2, "B"))

    def found(*symbols: str, day: dt.date | None = None) -> list[tuple[str, int]]:
        those = open_repairs(engine, symbols, start=day, end=day)
        return [(one.symbol, one.date.day) for one in those]

    assert found("A") == [("A", 1), ("A", 2), ("A", 3)]
    assert found("A", "B", day=day(2)) == [("A", 2), ("B", 2)]
    assert found() == []


def test_a_bar_has_one_repair_at_a_time(engine: Engine):
    accepted(engine, repair())
    with pytest.raises(RepairError, match="bar of A of 2025-01-01 has an accepted repair"):
        accepted(engine, repair(2), repair())
    assert [one.date for one in open_repairs(engine)] == [day(1)]
    assert len(audit_entries(engine)) == 1
    revoked(engine, open_repairs(engine)[0].id)
    assert accepted(engine, repair()) == 1
    assert accepted(engine, repair(new=None), repair(new=None)) == 2  # of three copies two go


def test_a_revoked_one_is_not_open_any_more(engine: Engine):
    accepted(engine, repair())
    accepted(engine, repair(2))
    first, second = open_repairs(engine)
    assert revoked(engine, first.id) == 1
    assert open_repairs(engine) == [second]
    ended = all_repairs(engine)[0]
    assert (ended.revoked_by, ended.revoke_reason) == ("bob", "it was right")
    newest = audit_entries(engine)[0]
    assert (newest.action, newest.who) == ("revoke repair", "bob")
    assert newest.what == "A: 1 bar (unit), 2025-01-01"
    with pytest.raises(RepairError, match="1 of 2 repairs are not open"):
        revoked(engine, first.id, second.id)
    assert open_repairs(engine) == [second]


def test_what_is_right_or_wrong_together_is_revoked_together(engine: Engine):
    accepted(engine, repair(), repair(2), repair(3), repair(2, "B"), repair(4, new=None))
    assert revoked(engine, open_repairs(engine)[1].id) == 3
    left = [(one.symbol, one.date.day) for one in open_repairs(engine)]
    assert left == [("A", 4), ("B", 2)]
    assert audit_entries(engine)[0].what == "A: 3 bars (unit), 2025-01-01 to 2025-01-03"


def test_a_void_one_is_known_to_the_run_that_found_it_alone(engine: Engine):
    accepted(engine, repair())
    (one,) = open_repairs(engine)
    with engine.begin() as connection:
        assert mark_void(connection, [one.id], run_id="r2") == 1
        assert mark_void(connection, [one.id], run_id="r3") == 0
    assert open_repairs(engine) == open_repairs(engine, run_id="r3") == []
    (found,) = open_repairs(engine, run_id="r2")
    assert (found.void_run, found.is_open) == ("r2", False)
    with pytest.raises(RepairError, match="not open"):
        revoked(engine, one.id)


@pytest.mark.parametrize("reason", ["", "  ", "…"])
def test_both_need_a_reason(engine: Engine, reason: str):
    with pytest.raises(RepairError, match="say why"):
        accepted(engine, repair(), reason=reason)
    accepted(engine, repair())
    with pytest.raises(RepairError, match="say why"):
        revoked(engine, open_repairs(engine)[0].id, reason=reason)
    with pytest.raises(RepairError, match="no repair is chosen"):
        accepted(engine)


@pytest.mark.parametrize(
    "command",
    [
        "delete from stock_data_repairs",
        "truncate stock_data_repairs",
        "update stock_data_repairs set new_close = 1",
        "update stock_data_repairs set reason = 'other'",
        "update stock_data_repairs set revoked_by = null where revoked_by is not null",
    ],
)
def test_what_was_accepted_stays(engine: Engine, database: Database, command: str):
    accepted(engine, repair())
    revoked(engine, open_repairs(engine)[0].id)
    accepted(engine, repair())
    before = all_repairs(engine)
    with pytest.raises(psycopg2.Error, match="rows of stock_data_repairs are never deleted"):
        database.execute(command)
    assert all_repairs(engine) == before


def test_without_the_table_there_are_none_and_the_next_run_makes_it(
    engine: Engine, database: Database
):
    database.execute("drop table stock_data_repairs")
    assert open_repairs(engine, ["A"]) == []
    with pytest.raises(RepairError, match="no table stock_data_repairs"):
        accepted(engine, repair())
    assert any("stock_data_repairs" in one for one in make_ready(engine))
    assert accepted(engine, repair()) == 1


def test_repairs_within_the_day_know_the_moment(engine: Engine):
    from sql.own_tables import RIGHTS, Layout

    accepted(engine, repair())
    create_own_tables(engine, RIGHTS, Layout(daily=False))
    moment = dt.datetime(2025, 1, 2, 14, 30, tzinfo=dt.UTC)
    accepted(engine, NewRepair("A", moment, "unit", "a 100th", OLD, NEW))
    assert [one.date for one in open_repairs(engine, start=moment, end=moment)] == [moment]
