"""The accounts of a deployment: one role for each database, each with what it needs and no more.

| Role | May |
|---|---|
| an owner (bars_owner, airflow, mlflow) | everything in its own database, nothing in the others |
| the gate's own user | read `stock_data`; write the other tables `stock_data_…` |

Everything can be done again: what is there stays, passwords become the ones that are handed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Session
from psycopg2.extensions import cursor as Cursor
from psycopg2.extensions import encrypt_password

from sql.connection import CONNECT_TIMEOUT_SECONDS, ConnectionSettings
from sql.statements import statement


@dataclass(frozen=True)
class Account:
    """A role that may log in, and the database that it owns (none for a mere user)."""

    name: str
    password: str = field(repr=False)
    owns: str | None = None


def ensure_accounts(superuser: ConnectionSettings, accounts: Sequence[Account]) -> None:
    """Make each role and its database, or set its password anew; others may not connect there.

    Raises psycopg2.OperationalError when the server does not answer or refuses the superuser.
    """
    session = _connect(superuser)
    session.autocommit = True  # a database cannot be made within a transaction
    try:
        with session.cursor() as cursor:
            for account in accounts:
                _ensure_role(session, cursor, account)
                if account.owns:
                    _ensure_database(cursor, account.owns, account.name)
    finally:
        session.close()


def grant_gate(owner: ConnectionSettings, user: str) -> None:
    """Give ``user`` what a run needs in the owner's database; the tables must be there."""
    session = _connect(owner)
    try:
        with session, session.cursor() as cursor:
            names = {"database": sql.Identifier(owner.database), "user": sql.Identifier(user)}
            cursor.execute(sql.SQL(statement("deploy/grant_gate")).format(**names))
    finally:
        session.close()


def grant_fetch(owner: ConnectionSettings, user: str) -> None:
    """Give ``user`` what a fetch needs of what is remembered; the tables must be there."""
    _grant(owner, user, "grant_fetch")


def grant_signals(owner: ConnectionSettings, user: str) -> None:
    """Give ``user`` what scoring writes beside published bars; the table must be there."""
    _grant(owner, user, "grant_signals")


def grant_archive(owner: ConnectionSettings, user: str) -> None:
    """Give ``user`` what archiving writes beside the bars; the table must be there."""
    _grant(owner, user, "grant_archive")


def _grant(owner: ConnectionSettings, user: str, what: str) -> None:
    session = _connect(owner)
    try:
        with session, session.cursor() as cursor:
            names = {"user": sql.Identifier(user)}
            cursor.execute(sql.SQL(statement(f"deploy/{what}")).format(**names))
    finally:
        session.close()


def grant_schema(owner: ConnectionSettings, user: str, schema: str) -> None:
    """Make a schema in the owner's database where it is missing; ``user`` may make tables there."""
    session = _connect(owner)
    try:
        with session, session.cursor() as cursor:
            names = {"schema": sql.Identifier(schema), "user": sql.Identifier(user)}
            cursor.execute(sql.SQL(statement("deploy/grant_schema")).format(**names))
    finally:
        session.close()


def _connect(settings: ConnectionSettings) -> Session:
    return psycopg2.connect(
        host=settings.host,
        port=settings.port,
        dbname=settings.database,
        user=settings.user,
        password=settings.password,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
    )


def _ensure_role(session: Session, cursor: Cursor, account: Account) -> None:
    name = sql.Identifier(account.name)
    cursor.execute("select exists (select from pg_roles where rolname = %s)", (account.name,))
    if not cursor.fetchone()[0]:  # type: ignore[index]
        cursor.execute(sql.SQL("create role {} login").format(name))
    # Hashed here: a password in clear would show in the server's log of statements.
    hashed = encrypt_password(account.password, account.name, session, "scram-sha-256")
    cursor.execute(
        sql.SQL("alter role {} password {}").format(name, sql.Literal(hashed)),
    )


def _ensure_database(cursor: Cursor, database: str, owner: str) -> None:
    cursor.execute("select exists (select from pg_database where datname = %s)", (database,))
    names = {"database": sql.Identifier(database), "owner": sql.Identifier(owner)}
    if not cursor.fetchone()[0]:  # type: ignore[index]
        cursor.execute(sql.SQL("create database {database} owner {owner}").format(**names))
    cursor.execute(sql.SQL("revoke all on database {database} from public").format(**names))
