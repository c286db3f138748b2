"""Who did what to bars and verdicts, why and when: rows are added, never changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import InternalError, ProgrammingError

from sql.errors import AuditError
from sql.locks import SCHEMA, lock
from sql.own_tables import AUDIT
from sql.schema import OWN_TABLES
from sql.statements import statement

# As many entries as nobody has.
EVERY = 2**31
Action = Literal[
    "waive",
    "withdraw",
    "discard",
    "release",
    "judge again",
    "repair",
    "revoke repair",
    "decide",
    "comment",
    "judge by",
    "archive",
    "restore",
]


@dataclass(frozen=True)
class AuditEntry:
    """One thing that somebody did; `run_id` is the run that it was about, if any."""

    at: datetime
    who: str
    action: str
    what: str
    why: str
    run_id: str | None


def note(
    connection: Connection,
    *,
    action: Action,
    who: str,
    what: str,
    why: str,
    run_id: str | None = None,
) -> None:
    """Tell that somebody did something, in the transaction that does it.

    `what` says in words what it was done to: symbols, days, how many bars. The list is made where
    a dataset has none yet; raises AuditError where this user may not.
    """
    if not _is_there(connection):
        _make(connection)
    bound = {"action": action, "who": who, "what": what, "why": why, "run_id": run_id}
    connection.exec_driver_sql(statement("queries/insert_audit"), bound)


def is_audited(engine: Engine) -> bool:
    """Is there a list? Before a dataset's first run there is none."""
    with engine.connect() as connection:
        return _is_there(connection)


def audit_entries(
    engine: Engine, *, since: datetime | None = None, limit: int = 1000
) -> list[AuditEntry]:
    """What was done since a moment (None: ever), the newest first, `limit` entries at most."""
    bound = {"since": since, "limit": limit}
    with engine.connect() as connection:
        found = connection.exec_driver_sql(statement("queries/audit_entries"), bound).mappings()
        return [AuditEntry(**one) for one in found]


def _is_there(connection: Connection) -> bool:
    there = "select to_regclass('stock_data_audit') is not null"
    return bool(connection.exec_driver_sql(there).scalar_one())


def _make(connection: Connection) -> None:
    """Make the list, in the transaction that needs it."""
    lock(connection, SCHEMA)
    try:
        with connection.begin_nested():
            for name in OWN_TABLES[AUDIT]:
                connection.exec_driver_sql(statement(f"schema/{name}"))
    except (ProgrammingError, InternalError) as error:
        why = str(error.orig).strip().partition("\n")[0]
        raise AuditError(
            f"nothing was done, since nobody would be told: there is no table {AUDIT}, and it "
            f"cannot be made ({why}). A run of the dataset makes it, or says who has to"
        ) from None
