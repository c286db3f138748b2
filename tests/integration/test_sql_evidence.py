from dataclasses import replace

import psycopg2
import pytest
from sqlalchemy import Engine

from sql.connection import ConnectionSettings, connected
from sql.errors import EvidenceError
from sql.evidence import Evidence, FileDigest, find_evidence, insert_evidence
from sql.schema import create_schema
from tests.workflow import Database

REPORT = FileDigest("validation/report.html", "a" * 64, 400_000)
SUITE = FileDigest("validation/suite.json", "b" * 64, 0)


def test_what_was_kept_is_found_and_another_run_is_not(engine: Engine):
    evidence = Evidence("m1", (REPORT, SUITE))
    insert_evidence(engine, "dag/one", evidence)
    assert find_evidence(engine, "dag/one") == evidence
    assert find_evidence(engine, "dag/on") is None


def test_a_run_that_is_logged_again_leaves_what_it_handed_over_before(
    engine: Engine, database: Database
):
    insert_evidence(engine, "dag/one", Evidence("m1", (REPORT, SUITE)))
    insert_evidence(engine, "dag/two", Evidence("m2", (REPORT,)))
    again = Evidence("m3", (replace(REPORT, sha256="c" * 64),))
    insert_evidence(engine, "dag/one", again)
    assert find_evidence(engine, "dag/one") == again
    assert find_evidence(engine, "dag/two") == Evidence("m2", (REPORT,))
    told = "select attempt, path, mlflow_run_id from stock_data_evidence where run_key = 'dag/one'"
    assert sorted(database.rows(told)) == [
        (1, REPORT.path, "m1"),
        (1, SUITE.path, "m1"),
        (2, REPORT.path, "m3"),
    ]


@pytest.mark.parametrize("table", ["stock_data_evidence", "stock_data_publications"])
@pytest.mark.parametrize(
    "command", ["delete from {0}", "truncate {0}", "update {0} set mlflow_run_id = mlflow_run_id"]
)
def test_what_was_told_once_stays(database: Database, table: str, command: str):
    command = command if "evidence" in table else command.replace("mlflow_run_id", "run_id")
    with pytest.raises(psycopg2.Error, match=f"rows of {table} are never deleted, and stay as"):
        database.execute(command.format(table))


def test_a_table_of_an_older_version_keeps_its_rows(database: Database, engine: Engine):
    database.execute(
        "drop table stock_data_evidence",
        "create table stock_data_evidence (run_key text not null, path text not null, "
        "sha256 text not null, bytes bigint not null, mlflow_run_id text not null, "
        "logged_at timestamptz not null default now(), primary key (run_key, path))",
        "insert into stock_data_evidence values ('dag/one', 'a', 'b', 1, 'm1')",
    )
    create_schema(engine)
    create_schema(engine)
    assert find_evidence(engine, "dag/one") == Evidence("m1", (FileDigest("a", "b", 1),))
    insert_evidence(engine, "dag/one", Evidence("m2", (REPORT,)))
    assert find_evidence(engine, "dag/one") == Evidence("m2", (REPORT,))
    assert database.one("select count(*) from stock_data_evidence") == 2


def test_a_database_of_an_earlier_version_is_told_in_a_sentence(engine: Engine, database: Database):
    database.execute("drop table stock_data_evidence")
    for ask in (
        lambda: find_evidence(engine, "dag/one"),
        lambda: insert_evidence(engine, "dag/one", Evidence("m1", (REPORT,))),
    ):
        with pytest.raises(EvidenceError, match="no table stock_data_evidence; `make up`"):
            ask()


def test_a_database_that_is_away_is_told_in_a_sentence(bars_database: ConnectionSettings):
    with (
        connected(replace(bars_database, host="127.0.0.1", port=1)) as away,
        pytest.raises(EvidenceError, match="cannot be asked for in the database of the bars"),
    ):
        find_evidence(away, "dag/one")
