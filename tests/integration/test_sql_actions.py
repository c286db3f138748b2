"""Reading what tables declare, and saying what keeps one from being read."""

import pytest
from sqlalchemy import Engine

from sql.actions import ActionsTable, action_faults, read_actions
from sql.errors import MissingColumnError, MissingTableError, UnreadableColumnError
from tests.workflow import Database

NAMES = {"symbol": "ticker", "date": "ex_date", "ratio": "Ratio%"}
SPLITS = ActionsTable("split", NAMES, table="corporate_actions")


@pytest.fixture
def declared(database: Database) -> Database:
    database.execute(
        'create table corporate_actions (ticker text, ex_date timestamptz, "Ratio%" numeric)',
        "insert into corporate_actions values ('tsla ', '2020-08-31 04:00Z', 5), "
        "('TSLA', null, 3), ('TSLA', '2022-08-25 00:00-04', null), ('NVDA', '2024-06-10', 10), "
        "(null, '2024-06-10', 2)",
    )
    return database


def test_the_rows_of_some_symbols_are_read_as_they_are_written(engine: Engine, declared: Database):
    in_new_york = ActionsTable("split", NAMES, table="corporate_actions", zone="America/New_York")

    found = read_actions(engine, [in_new_york], ["TSLA", "%(x)s"])

    assert found.to_pylist() == [
        {"symbol": "TSLA", "date": "", "kind": "split", "value": "3"},
        {"symbol": "tsla ", "date": "2020-08-31", "kind": "split", "value": "5"},
    ]
    assert read_actions(engine, [], ["TSLA"]).num_rows == 0


@pytest.mark.parametrize(
    ("table", "error", "said"),
    [
        (
            ActionsTable("split", {**NAMES, "symbol": "tickr"}, table="corporate_actions"),
            MissingColumnError,
            r"no column 'tickr' for the symbol \(did you mean 'ticker'\?\), only",
        ),
        (
            ActionsTable("split", NAMES, table="actions"),
            MissingTableError,
            "actions cannot be read",
        ),
        (
            ActionsTable("dividend", NAMES, query="select 1 as"),
            MissingTableError,
            "the query of dividends cannot be read",
        ),
    ],
)
def test_a_table_that_cannot_be_read_is_named_with_what_to_say(
    engine: Engine, declared: Database, table: ActionsTable, error: type[Exception], said: str
):
    with pytest.raises(error, match=said):
        read_actions(engine, [table], ["TSLA"])
    with engine.connect() as connection:
        (fault,) = action_faults(connection, table)
    assert fault.startswith(f"{table.kind}s: ")


def test_a_sound_table_has_no_fault(engine: Engine, declared: Database):
    with engine.connect() as connection:
        assert list(action_faults(connection, SPLITS)) == []


def test_a_value_that_fails_when_it_is_read_is_named(engine: Engine, declared: Database):
    query = 'select ticker, ex_date, 1 / ("Ratio%" - 5) as "Ratio%" from corporate_actions'
    divides = ActionsTable("split", NAMES, query=query)

    with pytest.raises(UnreadableColumnError, match="declares splits, cannot be read: division by"):
        read_actions(engine, [divides], ["TSLA"])
