from datetime import UTC, datetime, timedelta

import psycopg2
import pytest
from sqlalchemy import Engine

from sql.audit import audit_entries, note
from sql.errors import AuditError
from sql.preflight import make_ready
from tests.workflow import Database


def noted(engine: Engine, who: str, why: str = "delisted") -> None:
    with engine.begin() as connection:
        note(connection, action="discard", who=who, what="3 bars of TSLA", why=why, run_id="one")


def test_what_was_done_is_told_newest_first(engine: Engine):
    noted(engine, "ann")
    noted(engine, "bob", why="a 'quote' and % sign")
    bob, ann = audit_entries(engine)
    assert (bob.who, bob.why) == ("bob", "a 'quote' and % sign")
    assert (ann.who, ann.action, ann.what) == ("ann", "discard", "3 bars of TSLA")
    assert ann.run_id == "one"
    assert [one.who for one in audit_entries(engine, limit=1)] == ["bob"]
    assert audit_entries(engine, since=datetime.now(UTC) + timedelta(hours=1)) == []


def test_where_no_run_has_made_the_list_the_first_entry_does(engine: Engine, database: Database):
    database.execute("drop table stock_data_audit")
    noted(engine, "ann")
    assert [one.who for one in audit_entries(engine)] == ["ann"]
    with pytest.raises(psycopg2.Error, match="never deleted"):
        database.execute("delete from stock_data_audit")


def test_who_may_not_make_it_is_told_what_to_do(engine: Engine, database: Database):
    database.execute(
        "drop table stock_data_audit", "drop role if exists narrow", "create role narrow"
    )
    with (
        pytest.raises(AuditError, match=r"cannot be made .permission denied.* A run of"),
        engine.begin() as connection,
    ):
        connection.exec_driver_sql("set local role narrow")
        note(connection, action="discard", who="ann", what="TSLA", why="delisted")
    database.execute("drop role narrow")


def test_what_is_not_done_is_not_told(engine: Engine):
    with pytest.raises(RuntimeError), engine.begin() as connection:
        note(connection, action="release", who="ann", what="TSLA", why="right")
        raise RuntimeError
    assert audit_entries(engine) == []


@pytest.mark.parametrize(
    "command",
    [
        "delete from stock_data_audit",
        "truncate stock_data_audit",
        "update stock_data_audit set who = 'eve'",
    ],
)
def test_what_was_told_stays(engine: Engine, database: Database, command: str):
    noted(engine, "ann")
    with pytest.raises(psycopg2.Error, match="rows of stock_data_audit are never deleted"):
        database.execute(command)
    assert [one.who for one in audit_entries(engine)] == ["ann"]


def test_a_database_of_an_older_version_gets_the_table(engine: Engine, database: Database):
    database.execute("drop table stock_data_audit")
    assert any("stock_data_audit" in one for one in make_ready(engine))
    noted(engine, "ann")
