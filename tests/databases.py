"""Commands for a test's server as a whole: databases come and go outside a transaction."""

from contextlib import closing
from typing import Any

import psycopg2

from sql.embedded import EmbeddedServer


def administer(server: EmbeddedServer, command: str) -> list[tuple[Any, ...]]:
    """Run one command on the server, outside a transaction; the rows that it answers."""
    settings = server.settings("postgres")
    connection = psycopg2.connect(
        host=settings.host, port=settings.port, user=settings.user, dbname=settings.database
    )
    connection.autocommit = True
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(command)
        return cursor.fetchall() if cursor.description else []
