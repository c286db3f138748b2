"""What the database does not take, as whoever publishes is told it."""

import pytest
from sqlalchemy.exc import IntegrityError

from sql.errors import PublishError
from sql.publish import refusing


def test_what_the_database_does_not_take_is_told_without_the_statement():
    said = Exception('null value in column "close" violates a constraint\nDETAIL: row (1, 2)')

    with pytest.raises(PublishError) as told, refusing():
        raise IntegrityError("insert into stock_data_enriched", {}, said)

    assert 'null value in column "close" violates a constraint' in str(told.value)
    assert "insert" not in str(told.value) and "\n" not in str(told.value)
    assert told.value.__cause__ is None and told.value.__suppress_context__
