"""Attack: databases and environments whose letters are not UTF-8."""

import datetime as dt
from collections.abc import Callable, Iterator

import pyarrow as pa
import pytest
from sqlalchemy import Engine

from sql.connection import ConnectionSettings, connected
from sql.embedded import EmbeddedServer
from sql.errors import LoadError, PreflightError, UnreadableColumnError
from sql.extract import known_symbols
from sql.load import load_bars
from sql.preflight import make_ready
from sql.schema import create_schema
from tests.databases import administer

NAMES = ("symbol", "date", "open", "high", "low", "close", "volume")


def bar(symbol: str) -> pa.Table:
    cells = (symbol, dt.date(2025, 11, 3), "1.17", "2", "1", "1.5", "100")
    return pa.table({name: [cell] for name, cell in zip(NAMES, cells, strict=True)})


def symbols(engine: Engine) -> list[tuple[str, int]]:
    """Each symbol with its length in bytes."""
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "select symbol, octet_length(convert_to(symbol, 'UTF8')) from stock_data"
        )
        return [(row[0], row[1]) for row in found]


@pytest.fixture
def database_of(postgres_server: EmbeddedServer) -> Iterator[Callable[[str], ConnectionSettings]]:
    made = []

    def make(encoding: str) -> ConnectionSettings:
        name = f"letters_{encoding.lower()}"
        made.append(name)
        administer(
            postgres_server,
            f"create database {name} template template0 encoding '{encoding}' locale 'C' "
            "locale_provider libc",
        )
        return postgres_server.settings(name)

    yield make
    for name in made:
        administer(postgres_server, f"drop database {name} with (force)")


def test_letters_are_those_of_the_file_in_a_database_of_another_encoding(database_of):
    with connected(database_of("LATIN1")) as engine:
        create_schema(engine)
        load_bars(engine, bar("Ärzte"))
        assert symbols(engine) == [("Ärzte", 6)]
        with pytest.raises(LoadError, match=r"row 1 .*no equivalent in encoding"):
            load_bars(engine, bar("株式"))
        with pytest.raises(PreflightError, match="keeps texts as LATIN1, which lacks letters"):
            make_ready(engine)


def test_letters_are_those_of_the_file_whatever_the_environment_says(
    bars_database: ConnectionSettings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with connected(bars_database) as engine:
        load_bars(engine, bar("Ärzte"))
        assert symbols(engine) == [("Ärzte", 6)]


def test_bytes_that_are_no_text_are_told(database_of):
    with connected(database_of("SQL_ASCII")) as engine:
        create_schema(engine)
        load_bars(engine, bar("Ärzte"))
        assert known_symbols(engine) == ["Ärzte"]
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "update stock_data set symbol = convert_from('\\xc441'::bytea, 'SQL_ASCII')"
            )
        with pytest.raises(UnreadableColumnError, match="symbol in stock_data is no text: invalid"):
            known_symbols(engine)
