import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sqlalchemy.exc import ProgrammingError

from sql import embedded
from sql.accounts import (
    Account,
    ensure_accounts,
    grant_archive,
    grant_fetch,
    grant_gate,
    grant_schema,
    grant_signals,
)
from sql.archived.listed import ensure_list
from sql.archived.table import require_archivable
from sql.connection import ConnectionSettings, connected
from sql.errors import ArchiveError, PreflightError
from sql.fetched.bars import Stored, frame, store
from sql.fetched.tables import Table, make_remembered, prepare
from sql.preflight import make_ready
from sql.schema import create_schema
from sql.source import OWN, Source
from sql.trained.signals import Signal, ensure_signals, write_signals

README = Path(__file__).parents[2] / "dags" / "README.md"
OWNER = Account("owner_of_shop", "owner's first", owns="shop")
ADDED_TO = ("stock_data_quarantine", "stock_data_evidence", "stock_data_publications")
USER = Account("shop_gate", "a user's")


@pytest.fixture
def shop(postgres_server: embedded.EmbeddedServer) -> Iterator[ConnectionSettings]:
    """A database as its owner sees it, with the tables and a user who was granted what he needs."""
    superuser = postgres_server.settings("postgres")
    ensure_accounts(superuser, [OWNER, USER])
    owner = replace(superuser, database="shop", user=OWNER.name)
    with connected(owner) as engine:
        create_schema(engine)
    grant_gate(owner, USER.name)
    yield owner
    for command in ("drop database shop with (force)", "drop role owner_of_shop, shop_gate"):
        asked(superuser, command)


def asked(settings: ConnectionSettings, query: str) -> list[tuple[Any, ...]]:
    session = psycopg2.connect(
        host=settings.host, port=settings.port, user=settings.user, dbname=settings.database
    )
    session.autocommit = True
    try:
        with session.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall() if cursor.description else []
    finally:
        session.close()


def test_the_gate_may_do_what_a_run_does_and_no_more(shop: ConnectionSettings):
    rights = {
        ("stock_data", "select"): True,
        ("stock_data", "insert"): False,
        ("stock_data", "update"): False,
        ("stock_data", "delete"): False,
        ("stock_data_enriched", "delete"): True,
        ("stock_data_enriched", "truncate"): False,
        **{(table, r): True for table in ADDED_TO for r in ("select", "insert")},
        **{(table, r): False for table in ADDED_TO for r in ("update", "delete", "truncate")},
    }
    for (table, right), expected in rights.items():
        query = f"select has_table_privilege('{USER.name}', '{table}', '{right}')"
        assert asked(shop, query) == [(expected,)], (table, right)
    create = f"select has_schema_privilege('{USER.name}', 'public', 'create')"
    assert asked(shop, create) == [(False,)]


def test_the_gate_may_list_what_is_archived_and_delete_no_bar(shop: ConnectionSettings):
    with connected(shop) as engine:
        ensure_list(engine)
        ensure_list(engine)
    grant_archive(shop, USER.name)
    query = (
        "select string_agg(right_, ',' order by right_) from unnest(array['select', 'insert', "
        "'update', 'delete']) as right_ "
        f"where has_table_privilege('{USER.name}', 'archived_bars', right_)"
    )
    assert asked(shop, query) == [("insert,select,update",)]
    with (
        connected(replace(shop, user=USER.name)) as engine,
        pytest.raises(ArchiveError, match=r"may not delete in public\.stock_data: grant delete"),
    ):
        require_archivable(engine, OWN)
    asked(shop, f"grant delete on stock_data to {USER.name}")
    with connected(replace(shop, user=USER.name)) as engine:
        assert require_archivable(engine, OWN).place.shown == "public.stock_data"


def test_the_gate_makes_the_tables_of_a_dataset_where_its_owner_lets_it(shop: ConnectionSettings):
    gate = replace(shop, user=USER.name, schema="coins")
    coins = Source("coins", table="stock_data")
    with connected(gate) as own, connected(replace(shop, user=USER.name)) as reading:
        with pytest.raises(PreflightError, match="create schema coins authorization shop_gate"):
            make_ready(own, reading, coins, schema="coins")
        grant_schema(shop, USER.name, "coins")
        grant_schema(shop, USER.name, "coins")
        (made,) = make_ready(own, reading, coins, schema="coins")
        assert made.startswith("made or brought up to date: stock_data_enriched")
        assert make_ready(own, reading, coins, schema="coins") == []


def test_nobody_else_may_connect(shop: ConnectionSettings):
    query = "select rolname from pg_roles where has_database_privilege(rolname, 'shop', 'connect')"
    let_in = {name for (name,) in asked(shop, f"{query} and not rolsuper")}
    assert {name for name in let_in if not name.startswith("pg_")} == {OWNER.name, USER.name}


def test_done_again_it_changes_the_password_and_keeps_the_tables(shop: ConnectionSettings):
    superuser = replace(shop, database="postgres", user="postgres")
    query = f"select rolpassword from pg_authid where rolname = '{OWNER.name}'"
    ((before,),) = asked(superuser, query)

    ensure_accounts(superuser, [replace(OWNER, password="another"), USER])

    ((after,),) = asked(superuser, query)
    assert before.startswith("SCRAM-SHA-256$") and after.startswith("SCRAM-SHA-256$")
    assert before != after
    assert asked(shop, "select count(*) from stock_data") == [(0,)]


def test_a_password_shows_in_no_text_of_an_account():
    assert "owner's first" not in f"{OWNER} {OWNER!r}"


def test_what_a_model_said_is_written_by_the_gate_and_changed_by_nobody(shop: ConnectionSettings):
    gate = replace(shop, user=USER.name)
    with connected(shop) as owner:
        ensure_signals(owner)
    grant_signals(shop, USER.name)
    said = Signal("A", datetime(2025, 10, 6), 0.01, "r1", "passed")  # a day
    about: dict[str, Any] = {"horizon": 1, "model": "m", "model_version": 1, "gate_version": "0"}
    with connected(gate) as engine:
        ensure_signals(engine)
        for new in (1, 0):
            with engine.begin() as connection:
                assert write_signals(connection, [said], **about) == new
    told = asked(gate, "select symbol, date::text, signal from stock_data_signals")
    assert told == [("A", "2025-10-06", 0.01)]
    for command in ("update stock_data_signals set signal = 1", "delete from stock_data_signals"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            asked(gate, command)
        with pytest.raises(psycopg2.errors.RaiseException, match="stay as they were written"):
            asked(shop, command)


def test_a_fetch_writes_into_stock_data_once_the_owner_lets_it(shop: ConnectionSettings):
    """As dags/README.md tells it; what is remembered is granted to it when a deployment starts."""
    gate = replace(shop, user=USER.name)
    with connected(shop) as owner:
        make_remembered(owner)
    grant_fetch(shop, USER.name)
    bars = frame([(datetime(2025, 10, 6, tzinfo=UTC), 1.0, 2.0, 1.0, 2.0, 5.0)])

    def stored() -> Stored:
        with connected(gate) as engine:
            table = prepare(engine, Table("stock_data", None, daily=True), unknown_volume=False)
            with engine.begin() as connection:
                return store(connection, table, "NEW", bars, run_id="r", cause="restated")

    with pytest.raises(ProgrammingError, match="permission denied for table stock_data"):
        stored()
    (told,) = re.findall(r"`(grant insert, update on stock_data to gate; .*)`", README.read_text())
    asked(shop, told.replace("to gate", f"to {USER.name}"))
    assert stored() == Stored(new=1)
