from dataclasses import replace

import pytest
from sqlalchemy import Engine

from sql.connection import ConnectionSettings, connected
from sql.errors import EvidenceError
from sql.evidence import Evidence, FileDigest, find_evidence, keep_evidence
from tests.workflow import Database

REPORT = FileDigest("validation/report.html", "a" * 64, 400_000)
SUITE = FileDigest("validation/suite.json", "b" * 64, 0)


def test_what_was_kept_is_found_and_another_run_is_not(engine: Engine):
    evidence = Evidence("m1", (REPORT, SUITE))
    keep_evidence(engine, "dag/one", evidence)
    assert find_evidence(engine, "dag/one") == evidence
    assert find_evidence(engine, "dag/on") is None


def test_a_run_that_is_logged_again_replaces_its_own_alone(engine: Engine):
    keep_evidence(engine, "dag/one", Evidence("m1", (REPORT, SUITE)))
    keep_evidence(engine, "dag/two", Evidence("m2", (REPORT,)))
    again = Evidence("m3", (replace(REPORT, sha256="c" * 64),))
    keep_evidence(engine, "dag/one", again)
    assert find_evidence(engine, "dag/one") == again
    assert find_evidence(engine, "dag/two") == Evidence("m2", (REPORT,))


def test_a_database_of_an_earlier_version_is_told_in_a_sentence(engine: Engine, database: Database):
    database.execute("drop table stock_data_evidence")
    for ask in (
        lambda: find_evidence(engine, "dag/one"),
        lambda: keep_evidence(engine, "dag/one", Evidence("m1", (REPORT,))),
    ):
        with pytest.raises(EvidenceError, match="no table stock_data_evidence; `make up`"):
            ask()


def test_a_database_that_is_away_is_told_in_a_sentence(bars_database: ConnectionSettings):
    with (
        connected(replace(bars_database, host="127.0.0.1", port=1)) as away,
        pytest.raises(EvidenceError, match="cannot be asked for in the database of the bars"),
    ):
        find_evidence(away, "dag/one")
