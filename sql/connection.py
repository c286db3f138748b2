"""From connection settings to a pooled engine."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

import psycopg2
from psycopg2.extensions import connection as DriverConnection
from sqlalchemy import URL, Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError

from sql.errors import DatabaseLostError

CONNECT_TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class ConnectionSettings:
    """Where the bars are. A host that starts with "/" is the folder of a Unix socket.

    The password shows in neither repr nor str, also not in those of `url()`. `schema` is where
    tables are looked for and made, and nowhere else; None leaves that to the server. `options` are
    libpq's own (sslmode, sslrootcert …). `told_by` is what a person corrects.
    """

    host: str
    port: int
    database: str
    user: str
    password: str = field(default="", repr=False)
    schema: str | None = None
    options: Mapping[str, str] = field(default_factory=dict, hash=False)
    told_by: str = "POSTGRES_HOST, POSTGRES_PORT and POSTGRES_DB name"

    def url(self) -> URL:
        """The SQLAlchemy URL. It names the driver: a bare postgresql:// would pick psycopg 3."""
        name = "postgresql+psycopg2"
        password = self.password or None
        query = dict(self.options)
        if not self.host.startswith("/"):
            return URL.create(name, self.user, password, self.host, self.port, self.database, query)
        # The port is part of a socket's file name. Left out, PGPORT would decide.
        query |= {"host": self.host, "port": str(self.port)}
        return URL.create(name, self.user, password, database=self.database, query=query)


def make_engine(settings: ConnectionSettings, *, application: str = "market-data-gate") -> Engine:
    """A pooled engine that checks a connection before it hands it out.

    Nothing is connected yet: a wrong address shows on first use, as
    `sqlalchemy.exc.OperationalError`, after at most 10 s.
    """
    # Only this one: in another schema lies another dataset's table of the same name.
    # And in UTC, as which a moment is compared with one that is written without a zone.
    options = f"-csearch_path={settings.schema} -ctimezone=UTC"
    looked_into = {"options": options} if settings.schema else {}
    return create_engine(
        settings.url(),
        pool_pre_ping=True,
        connect_args={
            **looked_into,
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "application_name": application,
            # COPY takes and gives bytes: the database's own encoding, or PGCLIENTENCODING, would
            # make other letters of them in silence.
            "client_encoding": "UTF8",
        },
        # A statement's parameters are rows of the user's data: they stay out of messages and logs.
        hide_parameters=True,
    )


def driver_connection(connection: Connection) -> DriverConnection:
    """The psycopg2 connection below, for COPY, in the same transaction."""
    return cast("DriverConnection", connection.connection.driver_connection)


def clock(engine: Engine) -> datetime:
    """What time it is, as the database says."""
    with engine.connect() as connection:
        now: datetime = connection.exec_driver_sql("select now()").scalar_one()
    return now


@contextmanager
def connected(settings: ConnectionSettings) -> Iterator[Engine]:
    """An engine whose connections are all given up at the end.

    Raises DatabaseLostError for whatever the driver makes of a server that does not answer, breaks
    off, or has no room; other errors stay what they are.
    """
    engine = make_engine(settings)
    try:
        yield engine
    except (psycopg2.Error, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if not _is_loss(cause):
            raise
        raise DatabaseLostError(_loss_message(settings, cause)) from error
    finally:
        engine.dispose()


def _is_loss(cause: BaseException | None) -> bool:
    """Whether time may mend it: a connection, a shutdown, a deadlock, a full disk."""
    if isinstance(cause, psycopg2.OperationalError | psycopg2.InterfaceError):
        return True
    # A COPY that breaks off is a bare DatabaseError without a code, which any word of the server
    # has.
    return type(cause) is psycopg2.DatabaseError and cause.pgcode is None


def _loss_message(settings: ConnectionSettings, cause: BaseException | None) -> str:
    reason = str(cause).strip().partition("\n")[0]
    return (
        f"the database {settings.database!r} on {settings.host}:{settings.port} cannot be used now "
        f"({reason}); see that it runs, has room, and is what {settings.told_by}; a retry goes on "
        "from there"
    )
