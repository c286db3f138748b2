"""What the database does not take, as whoever publishes is told it."""

import pytest
from sqlalchemy.exc import IntegrityError, InternalError, OperationalError, ProgrammingError

from sql.errors import PublishError
from sql.publish import refusing
from sql.statements import statement


def test_what_the_database_does_not_take_is_told_without_the_statement():
    said = Exception('null value in column "close" violates a constraint\nDETAIL: row (1, 2)')

    with pytest.raises(PublishError) as told, refusing():
        raise IntegrityError("insert into stock_data_enriched", {}, said)

    assert 'null value in column "close" violates a constraint' in str(told.value)
    assert "insert" not in str(told.value) and "\n" not in str(told.value)
    assert told.value.__cause__ is None and told.value.__suppress_context__


@pytest.mark.parametrize("kind", [InternalError, ProgrammingError])
@pytest.mark.parametrize(
    "query", ["insert_enriched", "clear_enriched", "insert_quarantined", "correct_returns"]
)
def test_what_refuses_a_write_is_told_in_one_line_with_the_table(kind: type, query: str):
    said = Exception("the exchange is closed\nCONTEXT:  PL/pgSQL function f() line 1 at RAISE")
    text = statement(f"queries/{query}")

    with pytest.raises(PublishError) as told, refusing():
        raise kind(text, {"symbols": ["A"]}, said)

    table = "stock_data_quarantine" if "quarantine" in query else "stock_data_enriched"
    begins = f"the database refused to write into {table} (the exchange is closed); nothing"
    assert str(told.value).startswith(begins)
    assert "sqlalche" not in str(told.value) and "\n" not in str(told.value)


def test_a_lost_connection_stays_one():
    lost = OperationalError("insert into x", {}, Exception("server closed the connection"))

    with pytest.raises(OperationalError), refusing():
        raise lost
