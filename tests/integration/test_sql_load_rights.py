"""What a load needs besides a table is told at once, and no bar is blamed for it."""

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pytest

from sql.connection import ConnectionSettings, connected
from sql.errors import LoadError
from sql.load import LoadResult, load_bars
from tests.workflow import Database

ROLE = "loader_of_bars"
BAR = pa.table(
    {"symbol": ["A"], "date": pa.array(["2025-11-03"]).cast(pa.date32())}
    | {name: ["1.5"] for name in ("open", "high", "low", "close", "volume")}
)
TABLE = f"grant select, insert, update on stock_data to {ROLE}"
SEQUENCE = f"grant usage on sequence stock_data_id_seq to {ROLE}"


@pytest.fixture
def loader(database: Database) -> Iterator[ConnectionSettings]:
    database.execute(f"drop role if exists {ROLE}", f"create role {ROLE} login")
    yield replace(database.settings, user=ROLE)
    database.execute(f"drop owned by {ROLE}", f"drop role {ROLE}")


def load(settings: ConnectionSettings) -> LoadResult:
    with connected(settings) as engine:
        return load_bars(engine, BAR)


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        ([SEQUENCE], ["may not select, insert, update in stock_data: grant select, insert, upda"]),
        ([SEQUENCE, f"grant select, insert on stock_data to {ROLE}"], ["may not update in stock_"]),
        ([TABLE], [f"grant usage on sequence stock_data_id_seq to {ROLE}"]),
        ([], ["may not select, insert, update in", "may not use sequence stock_data_id_seq"]),
        (
            [TABLE, SEQUENCE, f"alter role {ROLE} set default_transaction_read_only = on"],
            [f"sessions are read-only: alter role {ROLE} set default_transaction_read_only = off"],
        ),
        (
            [
                *(TABLE, SEQUENCE),
                "do $$ begin execute format('revoke temporary on database %I from public', "
                "current_database()); end $$",
            ],
            ["no temporary tables may be made: grant temporary on database bars_"],
        ),
    ],
)
def test_rights_that_are_missing_are_told_with_what_to_do(
    database: Database, loader: ConnectionSettings, granted: list[str], missing: list[str]
):
    database.execute("select 1", *granted)
    with pytest.raises(LoadError) as raised:
        load(loader)
    assert all(one in str(raised.value) for one in missing)
    assert "row 1" not in str(raised.value)
    assert database.one("select count(*) from stock_data") == 0


def test_rights_to_the_columns_of_a_bar_are_enough(database: Database, loader: ConnectionSettings):
    database.execute(
        f"grant select (symbol, date, open, high, low, close, volume), insert (symbol, date, open, "
        "high, low, close, volume), update (open, high, low, close, volume, created_at) on "
        f"stock_data to {ROLE}",
        SEQUENCE,
    )
    assert load(loader).new == 1
    assert load(loader).unchanged == 1
