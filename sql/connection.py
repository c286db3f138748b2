"""From connection settings to a pooled engine."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from psycopg2.extensions import connection as DriverConnection
from sqlalchemy import URL, Connection, Engine, create_engine

CONNECT_TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class ConnectionSettings:
    """Where the bars are. A host that starts with "/" is the folder of a Unix socket.

    The password shows in neither repr nor str, also not in those of `url()`.
    """

    host: str
    port: int
    database: str
    user: str
    password: str = field(default="", repr=False)

    def url(self) -> URL:
        """The SQLAlchemy URL. It names the driver: a bare postgresql:// would pick psycopg 3."""
        name = "postgresql+psycopg2"
        password = self.password or None
        if not self.host.startswith("/"):
            return URL.create(name, self.user, password, self.host, self.port, self.database)
        # The port is part of a socket's file name. Left out, PGPORT would decide.
        socket = {"host": self.host, "port": str(self.port)}
        return URL.create(name, self.user, password, database=self.database, query=socket)


def make_engine(settings: ConnectionSettings, *, application: str = "market-data-gate") -> Engine:
    """A pooled engine that checks a connection before it hands it out.

    Nothing is connected yet: a wrong address shows on first use, as
    `sqlalchemy.exc.OperationalError`, after at most 10 s.
    """
    return create_engine(
        settings.url(),
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "application_name": application,
        },
        # A statement's parameters are rows of the user's data: they stay out of messages and logs.
        hide_parameters=True,
    )


def driver_connection(connection: Connection) -> DriverConnection:
    """The psycopg2 connection below, for COPY, in the same transaction."""
    return cast(DriverConnection, connection.connection.driver_connection)


@contextmanager
def connected(settings: ConnectionSettings) -> Iterator[Engine]:
    """An engine whose connections are all given up at the end."""
    engine = make_engine(settings)
    try:
        yield engine
    finally:
        engine.dispose()
