"""A real PostgreSQL for the tests: one server a session, one database a test."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import Engine

from sql import embedded
from sql.connection import ConnectionSettings, make_engine
from sql.schema import create_schema

TEMPLATE = "bars_template"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[embedded.EmbeddedServer]:
    """An embedded server with a template database that holds the schema."""
    # Not tmp_path: pytest closes those folders to others, and as root the server is another user.
    folder = Path(tempfile.mkdtemp(prefix="bars-test-"))
    with embedded.start(folder) as server:
        server.ensure_database(TEMPLATE)
        engine = make_engine(server.settings(TEMPLATE))
        create_schema(engine)
        engine.dispose()
        yield server
    shutil.rmtree(folder)


@pytest.fixture
def bars_database(postgres_server: embedded.EmbeddedServer) -> Iterator[ConnectionSettings]:
    """A fresh database with the schema and no rows."""
    name = f"bars_{next(_numbers)}"
    _administer(postgres_server, f"create database {name} template {TEMPLATE}")
    yield postgres_server.settings(name)
    _administer(postgres_server, f"drop database {name} with (force)")


@pytest.fixture
def engine(bars_database: ConnectionSettings) -> Iterator[Engine]:
    """An engine on `bars_database`; a connection that a test leaves checked out fails it."""
    engine = make_engine(bars_database)
    yield engine
    checked_out = engine.pool.checkedout()  # type: ignore[attr-defined]
    engine.dispose()
    assert checked_out == 0


def _administer(server: embedded.EmbeddedServer, command: str) -> None:
    settings = server.settings("postgres")
    connection = psycopg2.connect(
        host=settings.host, port=settings.port, user=settings.user, dbname=settings.database
    )
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(command)
    finally:
        connection.close()
