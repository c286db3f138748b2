"""Who we are in a database, and what keeps us from writing there."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from sql.statements import statement

# SQL_ASCII keeps whatever bytes it is given.
_ENCODINGS = ("UTF8", "SQL_ASCII")


@dataclass(frozen=True)
class Session:
    """Who we are, where, and what we may do there."""

    database: str
    role: str
    is_replica: bool
    read_only: bool
    encoding: str
    may_stage: bool
    schema: str | None
    may_create: bool


def session_of(connection: Connection) -> Session:
    """The session of a connection."""
    return Session(*connection.exec_driver_sql(statement("queries/preflight_session")).one())


def session_faults(session: Session) -> Iterator[str]:
    """What keeps this user from writing here at all, each with what to do."""
    if session.is_replica:
        yield "the server is a replica, where nothing can be written: name the primary"
    elif session.read_only:
        yield (
            f"this user's sessions are read-only: alter role {session.role} set "
            "default_transaction_read_only = off (or the same for the database or the server)"
        )
    if not session.may_stage:
        yield (
            "no temporary tables may be made: "
            f"grant temporary on database {session.database} to {session.role}"
        )


def letter_faults(session: Session) -> Iterator[str]:
    """Whether the database can keep any symbol and reason."""
    if session.encoding not in _ENCODINGS:
        yield (
            f"database {session.database} keeps texts as {session.encoding}, which lacks letters "
            "of symbols and of reasons: create database … template template0 encoding 'UTF8', "
            "and move the tables there"
        )
