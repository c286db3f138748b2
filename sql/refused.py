"""Which bar a table refuses by a rule or trigger of its owner's, and what it says."""

from collections.abc import Callable

import psycopg2
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError

from sql.statements import statement

CHECK_VIOLATION = "23514"


def taken(connection: Connection, store: Callable[[], None]) -> DBAPIError | None:
    """Store something, or nothing of it and return why not; a lost connection is raised."""
    try:
        with connection.begin_nested():
            store()
    except OperationalError:
        raise
    except DBAPIError as error:
        return error
    return None


def first_refused(
    connection: Connection, store: Callable[[int, int], None], count: int
) -> tuple[int, DBAPIError | None]:
    """The first of ``count`` rows that cannot be stored after those before it, and why.

    ``store`` takes the rows from one to another, which is not included. What can be is stored
    meanwhile: each row once or twice.
    """
    first, end, why = 0, count, None
    while end - first > 1 or why is None:
        middle = max((first + end) // 2, first + 1)
        refusal = taken(connection, lambda a=first, b=middle: store(a, b))  # type: ignore[misc]
        if refusal is None:
            first = middle
            if first >= count:
                break
        else:
            end, why = middle, refusal
    return first, why


def said(connection: Connection, error: DBAPIError) -> str:
    """What PostgreSQL says, in one line, with the rule that says so."""
    cause = error.orig
    if not isinstance(cause, psycopg2.Error) or cause.diag.message_primary is None:
        return _line(str(cause))
    words = _line(cause.diag.message_primary)
    if cause.pgcode == CHECK_VIOLATION and cause.diag.constraint_name:
        bound = {"name": cause.diag.constraint_name}
        rule = connection.exec_driver_sql(statement("queries/rule"), bound).scalar()
        return f"{words}, {rule}" if rule else words
    detail = cause.diag.message_detail or ""
    return words if not detail or detail.startswith("Failing row") else f"{words}: {_line(detail)}"


def _line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
