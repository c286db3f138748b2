"""Commands for a test's server as a whole, and how a run is told of a database of it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import psycopg2
import pytest

from sql.connection import ConnectionSettings
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


def named_in(settings: ConnectionSettings) -> dict[str, str]:
    """The environment that names the database of the bars."""
    return {
        "POSTGRES_HOST": settings.host,
        "POSTGRES_PORT": str(settings.port),
        "POSTGRES_DB": settings.database,
        "POSTGRES_USER": settings.user,
    }


def let_commands_use(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, *modules: ModuleType
) -> None:
    """Have the commands of these modules use services that are there already."""

    @contextmanager
    def there(var: Path) -> Iterator[Any]:
        yield SimpleNamespace(environment=environment)

    for module in modules:
        monkeypatch.setattr(module, "services", there)
