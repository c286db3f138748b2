"""The view under whose name published bars can be read."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from sql.embedded import EmbeddedServer
from sql.errors import PreflightError
from sql.preflight import make_ready
from sql.view import view_faults
from tests.databases import administer
from tests.sql_bars import bars, day, publish
from tests.workflow import Database

COLUMNS = (
    "select string_agg(attname, ',' order by attnum) from pg_attribute "
    "where attrelid = '{}'::regclass and attnum > 0 and not attisdropped"
)
RIGHT = "select has_table_privilege('{}', 'bars', 'select')"


@pytest.fixture
def analysts(postgres_server: EmbeddedServer, database: Database) -> Iterator[tuple[str, str]]:
    names = ("analyst", "Late Analyst")
    for name in names:
        administer(postgres_server, f'create role "{name}"')
    yield names
    for name in names:
        database.execute(f'drop owned by "{name}"')
        administer(postgres_server, f'drop role "{name}"')


def test_it_shows_what_is_published(engine: Engine, database: Database):
    assert make_ready(engine, view="bars") == ["the view bars was made or brought up to date"]
    publish(engine, bars(("A", day(2)), ("B", day(3))), ["A", "B"])

    assert database.rows("select symbol, close from bars order by symbol") == [
        ("A", 10.0),
        ("B", 10.0),
    ]
    assert database.one(COLUMNS.format("bars")) == database.one(
        COLUMNS.format("stock_data_enriched")
    )
    assert make_ready(engine, view="bars") == []


def test_it_keeps_its_columns_and_its_readers_true(
    engine: Engine, database: Database, analysts: tuple[str, str]
):
    early, late = analysts
    database.execute(f"grant select on stock_data_enriched to {early}")
    make_ready(engine, view="bars")
    assert database.one(RIGHT.format(early)) and not database.one(RIGHT.format(late))

    database.execute(
        'alter table stock_data_enriched add "Spread%" float8',
        f'grant select on stock_data_enriched to "{late}"',
    )
    assert make_ready(engine, view="bars") == ["the view bars was made or brought up to date"]
    assert database.one(COLUMNS.format("bars")).endswith(",Spread%")
    assert database.one(RIGHT.format(early)) and database.one(RIGHT.format(late))
    assert make_ready(engine, view="bars") == []


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("create table bars (x int)", "bars is there already, a table that is not the gate's own"),
        ("create view bars as select 1 as x", "bars is there already, a view that is not"),
        ("create sequence bars", "bars is there already, something that is not"),
    ],
)
def test_what_has_the_name_already_stays_as_it_is(
    engine: Engine, database: Database, made: str, said: str
):
    database.execute(made)
    with pytest.raises(PreflightError, match=said):
        make_ready(engine, view="bars")
    assert database.one("select relkind from pg_class where relname = 'bars'") in "rvS"


def test_a_view_that_only_its_owner_can_keep_true_is_told(
    engine: Engine, database: Database, analysts: tuple[str, str]
):
    make_ready(engine, view="bars")
    database.execute(
        f'alter view bars owner to "{analysts[1]}"',
        f"grant usage, create on schema public to {analysts[0]}",
        f"grant all on all tables in schema public to {analysts[0]}",
    )
    with engine.connect() as connection:
        connection.exec_driver_sql(f"set session authorization {analysts[0]}")
        (said,) = view_faults(connection, "bars")
        connection.exec_driver_sql("reset session authorization")
    assert "belongs to Late Analyst, who alone can keep it true" in said
