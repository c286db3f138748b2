"""What a run needs of a database, asked of a real one as a user who may do little."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from sql.accounts import Account, ensure_accounts, grant_gate
from sql.connection import ConnectionSettings, connected
from sql.embedded import EmbeddedServer
from sql.errors import PreflightError
from sql.own_tables import COLUMNS, RIGHTS
from sql.preflight import make_ready
from sql.schema import GUARDS
from tests.workflow import Database

GATE = "careful_gate"
OWN = tuple(RIGHTS)


@pytest.fixture
def gate(postgres_server: EmbeddedServer, database: Database) -> Iterator[ConnectionSettings]:
    """The connection of a user who may do what a run does, and no more."""
    password = "sesame7391"
    ensure_accounts(postgres_server.settings("postgres"), [Account(GATE, password)])
    grant_gate(database.settings, GATE)
    yield replace(database.settings, user=GATE, password=password)
    database.execute(f"drop owned by {GATE}", f"alter role {GATE} reset all")


@contextmanager
def refused(settings: ConnectionSettings) -> Iterator[list[str]]:
    """The faults that are found, put into the list."""
    faults: list[str] = []
    yield faults
    with connected(settings) as engine, pytest.raises(PreflightError) as raised:
        make_ready(engine)
    faults += raised.value.faults
    assert "sesame7391" not in str(raised.value) and "select\n" not in str(raised.value)


def remarks(settings: ConnectionSettings) -> list[str]:
    with connected(settings) as engine:
        return make_ready(engine)


def test_a_database_as_it_should_be_has_no_faults_and_is_asked_in_a_moment(
    gate: ConnectionSettings, engine: Engine
):
    assert remarks(gate) == []
    make_ready(engine)
    began = time.perf_counter()
    assert make_ready(engine) == []
    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("drop table stock_data", "there is no table stock_data in database bars_"),
        ("alter table stock_data rename to prices", "or name the database that has it in POSTG"),
        (
            "create schema elsewhere; alter table stock_data set schema elsewhere",
            "stock_data is in schema elsewhere, which careful_gate does not look into: grant usage",
        ),
        ("alter table stock_data drop close", "stock_data has no column close, only id, symbol, "),
        (
            "alter table stock_data drop high, drop low",
            "stock_data has no column high, low, only id,",
        ),
        (
            "alter table stock_data alter close type money",
            "stock_data.close is money, of which no number can be read",
        ),
        (
            "alter table stock_data alter date type bigint using 1",
            "stock_data.date is bigint, of which no date can be read",
        ),
        (
            "alter table stock_data alter created_at drop default, "
            "alter created_at type int using 1",
            "stock_data.created_at is integer, of which no time can be read",
        ),
        (
            f"revoke all on stock_data from {GATE}",
            f"{GATE} may not read stock_data: grant select on stock_data to {GATE}",
        ),
        (
            f"revoke all on stock_data from {GATE}; grant select (symbol, date, open, high, low, "
            f"close, created_at) on stock_data to {GATE}",
            f"{GATE} may not read stock_data (volume): grant select",
        ),
        ("drop table stock_data_enriched", "there is no table stock_data_enriched, and careful_"),
        (
            "drop table stock_data_publications",
            f"or grant create on schema public to {GATE}",
        ),
        (
            f"revoke insert, update on stock_data_enriched from {GATE}",
            f"{GATE} may not insert, update in stock_data_enriched: grant insert, update on",
        ),
        (
            f"revoke all on stock_data_quarantine from {GATE}",
            f"{GATE} may not select, insert, update in stock_data_quarantine",
        ),
        (
            "alter table stock_data_enriched drop price_range",
            "stock_data_enriched has no column price_range: add it",
        ),
        (
            "alter table stock_data_enriched drop remarks, drop extracted_at, drop doubts",
            "no column extracted_at, remarks, doubts: let its owner, postgres, bring it up to date",
        ),
        (
            "alter table stock_data_publications rename to kept; "
            "create view stock_data_publications as select * from kept",
            "stock_data_publications is a view, and bars are written to it",
        ),
        (
            "alter table stock_data_enriched alter close type numeric(10, 2)",
            "stock_data_enriched.close is numeric(10,2), which does not hold all that is written "
            "to it: alter table stock_data_enriched alter column close type double precision",
        ),
        (
            "drop trigger stock_data_quarantine_no_change on stock_data_quarantine; "
            "alter table stock_data_quarantine alter symbol type varchar(10)",
            "stock_data_quarantine.symbol is character varying(10), which does not hold all",
        ),
        (
            "alter table stock_data_enriched add source text not null",
            "stock_data_enriched wants a value in its column source, and no run has one: give it",
        ),
        (
            "alter table stock_data_enriched enable row level security",
            "row security policies of stock_data_enriched may hide rows from careful_gate: alter",
        ),
        (
            "alter table stock_data rename to behind; create view stock_data with "
            "(security_invoker = true) as select * from behind; revoke all on behind from "
            f"{GATE}; grant select on stock_data to {GATE}",
            "stock_data cannot be read (permission denied for table behind): mend what is behind",
        ),
        (
            f"alter role {GATE} set default_transaction_read_only = on",
            f"this user's sessions are read-only: alter role {GATE} set default_transaction_read_",
        ),
        (
            f"do $$ begin execute format('revoke temporary on database %I from {GATE}, public', "
            "current_database()); end $$",
            "no temporary tables may be made: grant temporary on database",
        ),
    ],
)
def test_a_fault_is_told_with_what_to_do(
    database: Database, gate: ConnectionSettings, command: str, fault: str
):
    with refused(gate) as faults:
        database.execute(command)

    assert len(faults) == 1
    assert fault in faults[0]


def test_all_faults_are_told_at_once(database: Database, gate: ConnectionSettings):
    with refused(gate) as faults:
        database.execute(
            f"alter role {GATE} set default_transaction_read_only = on",
            "alter table stock_data drop close, alter open type money",
            "drop table stock_data_enriched",
            f"revoke insert on stock_data_publications from {GATE}",
        )

    assert [fault.split()[0] for fault in faults] == [
        *("this", "stock_data", "stock_data.open", "there", GATE)
    ]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            {"password": "wrong-word"},
            f'lets nobody in (password authentication failed for user "{GATE}"): correct POSTGRES_',
        ),
        ({"user": "nobody_here"}, "correct POSTGRES_USER and POSTGRES_PASSWORD"),
        ({"database": "elsewhere"}, '(database "elsewhere" does not exist): correct POSTGRES_DB'),
        ({"database": "template_closed"}, "correct POSTGRES_DB, or have the user let in"),
    ],
)
def test_a_connection_that_is_refused_is_told_with_what_to_do(
    postgres_server: EmbeddedServer,
    database: Database,
    gate: ConnectionSettings,
    change: dict[str, Any],
    fault: str,
):
    ensure_accounts(
        postgres_server.settings("postgres"), [Account("its_owner", "word", "template_closed")]
    )
    rules = Path(database.one("show hba_file"))
    before = rules.read_text()
    try:
        rules.write_text("local all postgres trust\nlocal all all scram-sha-256\n")
        database.execute("select pg_reload_conf()")
        time.sleep(0.2)
        with refused(replace(gate, **change)) as faults:
            pass
        assert "wrong-word" not in faults[0]
        assert fault in faults[0]
    finally:
        rules.write_text(before)
        database.execute("select pg_reload_conf()")


def test_an_encryption_that_the_server_does_not_have_is_told(
    gate: ConnectionSettings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PGSSLMODE", "somehow")
    with refused(gate) as faults:
        pass

    assert "set PGSSLMODE" in faults[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "/no/such/socket"])
def test_a_server_that_does_not_answer_is_to_be_tried_again(gate: ConnectionSettings, host: str):
    away = replace(gate, host=host, port=1)

    with connected(away) as engine, pytest.raises(OperationalError):
        make_ready(engine)


def test_what_a_run_can_do_without_is_a_remark(database: Database, gate: ConnectionSettings):
    database.execute(
        "alter table stock_data rename to prices",
        "create view stock_data as select symbol, date, open, high, low, close, volume from prices",
        f"grant select on stock_data to {GATE}",
        f"revoke all on stock_data_evidence from {GATE}",
    )

    view, created, evidence = remarks(gate)

    assert view == "stock_data is a view: it is read as a table is, nothing can be loaded"
    assert created.startswith("stock_data has no column created_at: ")
    assert evidence.startswith(f"{GATE} may not select, insert in stock_data_evid")


def test_a_guard_that_is_missing_is_set_up_by_the_owner_and_told_to_others(
    database: Database, gate: ConnectionSettings
):
    """As in a database of an older version, or where somebody has switched one off."""
    guards = [(table, guard) for table, names in GUARDS.items() for guard in names]
    for table, guard in guards:
        for off in ("drop trigger {1} on {0}", "alter table {0} disable trigger {1}"):
            database.execute(off.format(table, guard))
            (remark,) = remarks(gate)
            assert remark == (
                f"rows of {table} could be changed (no trigger {guard}): let its owner, "
                f"{database.settings.user}, bring it up to date"
            )
            assert remarks(database.settings) == [f"made or brought up to date: {table}"]
            assert remarks(gate) == []


def test_whoever_may_make_the_gate_s_own_tables_gets_them(database: Database):
    database.execute(*(f"drop table {name}" for name in OWN))

    made = remarks(database.settings)

    assert made == [f"made or brought up to date: {', '.join(OWN)}"]
    assert remarks(database.settings) == []
    for name, columns in COLUMNS.items():
        held = f"select attname from pg_attribute where attrelid = '{name}'::regclass"
        assert set(columns) <= {column for (column,) in database.rows(held)}


def test_a_table_of_an_older_version_is_brought_up_to_date_by_its_owner(database: Database):
    database.execute("alter table stock_data_enriched drop extracted_at, drop remarks, drop doubts")

    assert remarks(database.settings) == ["made or brought up to date: stock_data_enriched"]
    assert remarks(database.settings) == []


def test_nothing_is_made_in_a_database_that_is_the_wrong_one(database: Database):
    database.execute("drop table stock_data, stock_data_enriched")

    with refused(database.settings) as faults:
        pass

    assert len(faults) == 1
    assert database.one("select to_regclass('stock_data_enriched')") is None


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (None, True),
        ("using (symbol = 'A')", True),
        ("for select using (true)", True),
        ("using (true)", False),
        ("to postgres using (true)", True),
    ],
)
def test_a_table_that_may_hide_rows_says_so(
    database: Database, gate: ConnectionSettings, policy: str | None, told: bool
):
    database.execute("alter table stock_data enable row level security")
    if policy:
        database.execute(f"create policy one on stock_data {policy}")
    assert any("row security policies" in remark for remark in remarks(gate)) == told


def test_other_types_that_hold_what_a_run_writes_are_no_fault(
    database: Database, gate: ConnectionSettings
):
    database.execute(
        "alter table stock_data_enriched alter close type numeric, alter symbol type varchar(32)",
        "alter table stock_data_enriched alter run_id type varchar(250)",
        "alter table stock_data_enriched add source text not null default 'gate'",
    )
    assert remarks(gate) == []
