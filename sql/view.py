"""The view under whose name a dataset's published bars can be read, beside the gate's own tables.

It is the whole table of what is published, and nobody writes to it. A comment says whose it is:
what has the name and not the comment is somebody else's, and stays as it is.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from sql.errors import PreflightError
from sql.locks import SCHEMA, lock
from sql.own_tables import ENRICHED
from sql.source import quoted
from sql.statements import statement
from sql.terms import TABLES, VIEWS

MARK = "Published bars of the market data gate: all of stock_data_enriched, which it keeps true."


def view_faults(connection: Connection, name: str) -> Iterator[str]:
    """What keeps the view from being made or kept true."""
    found = _there(connection, name)
    if found is None:
        return
    if found.kind != "v" or not found.ours:
        kind = "a table" if found.kind in TABLES else VIEWS.get(found.kind, "something")
        yield (
            f"publish: {name} is there already, {kind} that is not the gate's own view: rename it, "
            "or publish under another name"
        )
    elif not found.owned:
        yield (
            f"publish: the view {name} belongs to {found.owner}, who alone can keep it true: grant "
            f"{found.owner} to the gate's role, or drop the view"
        )


def keep_view(engine: Engine, name: str) -> bool:
    """Make the view, or bring it up to date with its table and its readers; was there need to?

    Raises PreflightError when the server refuses.
    """
    try:
        with engine.begin() as connection:
            lock(connection, SCHEMA)
            return _kept(connection, name)
    except OperationalError:
        raise
    except DBAPIError as error:
        why = str(error.orig).strip().partition("\n")[0]
        raise PreflightError([f"the view {name} could not be made ({why})"]) from None


def _kept(connection: Connection, name: str) -> bool:
    found = _there(connection, name)
    columns = list(_there(connection, ENRICHED).columns)
    changed = found is None or list(found.columns) != columns
    if changed:
        _make(connection, name, columns)
    bound = {"view": quoted(name)}
    readers = connection.exec_driver_sql(statement("queries/lacking_readers"), bound).scalars()
    for reader in readers.all():
        connection.exec_driver_sql(f"grant select on {quoted(name)} to {reader}")
        changed = True
    return changed


def _make(connection: Connection, name: str, columns: Sequence[str]) -> None:
    selected = ", ".join(quoted(column) for column in columns)
    connection.exec_driver_sql(
        f"create or replace view {quoted(name)} as select {selected} from {ENRICHED}"  # noqa: S608  # quoted
    )
    connection.exec_driver_sql(f"comment on view {quoted(name)} is '{MARK}'")


def _there(connection: Connection, name: str) -> Any:
    bound = {"mark": MARK, "name": name}
    return connection.exec_driver_sql(statement("queries/view_there"), bound).first()
