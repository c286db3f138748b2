"""What would keep a run from its end, asked before anything runs: all of it at once.

| Found | Then |
|---|---|
| no `stock_data`, or not to be read; a column that is missing or of no use | fault |
| a table of the gate's own is missing or of an older version | made by whoever may; else fault |
| rights that are missing, a read-only server, a replica, a database that lacks letters | fault |
| a column of the gate's own that would not hold what is written to it, or hides rows | fault |
| `stock_data` is a view, hides rows, or has no `created_at`; no digests can be kept | remark |
| something else has the name of the view of what is published | fault |
| a trigger that keeps rows as they are is missing | made by the table's owner; else remark |

A server that does not answer is no such fault: that is raised as it is, to be tried again.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, NotSupportedError, OperationalError, ProgrammingError

from sql.errors import BarStoreError, PreflightError
from sql.locks import SCHEMA, lock
from sql.own_tables import ADDED, NOT_OF_A_RUN, PLAIN, RIGHTS, Layout, column_faults
from sql.schema import GUARDS, create_bars, create_own_tables
from sql.session import Session, letter_faults, session_faults, session_of
from sql.source import OWN, Source, opened
from sql.statements import statement
from sql.terms import BAR, TABLES, VIEWS
from sql.view import keep_view, view_faults

SOURCE = "stock_data"
# What a server says that refuses a connection for good, and what to do. Its words are English
# unless its lc_messages says otherwise; then it is taken for one that does not answer.
_REFUSALS: tuple[tuple[str, str], ...] = (
    (
        r"password authentication failed|no password supplied|role \".*\" does not exist"
        r"|authentication failed|is not permitted to log in",
        "correct POSTGRES_USER and POSTGRES_PASSWORD",
    ),
    (
        r"database \".*\" does not exist|permission denied for database",
        "correct POSTGRES_DB, or have the user let in: grant connect on database … to …",
    ),
    (
        r"no pg_hba\.conf entry|pg_hba\.conf rejects",
        "the server lets nobody in from here in this way: have its pg_hba.conf changed, or set "
        "PGSSLMODE to what it wants",
    ),
    (
        r"does not support SSL|sslmode|SSL error|certificate|sslrootcert|sslcert",
        "set PGSSLMODE (disable, prefer, require, verify-full) and the certificates to what the "
        "server has",
    ),
    (r"invalid (port|integer)|invalid connection option", "correct POSTGRES_HOST, POSTGRES_PORT"),
)


def make_ready(
    engine: Engine,
    reading: Engine | None = None,
    source: Source = OWN,
    *,
    schema: str | None = None,
    view: str | None = None,
    indicators: Sequence[str] = (),
) -> list[str]:
    """Make what is missing of the gate's own tables; returns remarks, a sentence each.

    They are in ``schema``, which is made where it is missing; None is where the server looks.
    A ``view`` of that name beside them is made of what is published, and kept true.
    ``indicators`` are columns that what is published has beside those of every dataset.
    ``reading`` reaches the ``source``, where that is not the table beside them.

    Raises PreflightError that tells all faults, each with what to do, and OperationalError when the
    server does not answer.
    """
    faults, layout = list[str](), PLAIN
    if not source.is_own:
        assert reading is not None
        with _refusals_told(reading), reading.connect() as connection:
            faults, layout = _of_mapped(connection, source)
    layout = replace(layout, indicators=tuple(indicators))
    with _refusals_told(engine), engine.connect() as connection:
        faults += [] if schema is None else list(_of_schema(connection, schema))
        more, remarks, lacking = _look(connection, source, schema, layout)
        faults += more
        faults += [] if view is None else list(view_faults(connection, view))
    if faults:
        raise PreflightError(faults)
    if lacking:
        with _making(", ".join(lacking)):
            create_own_tables(engine, lacking, layout)
        remarks.append(f"made or brought up to date: {', '.join(lacking)}")
    if view is not None and keep_view(engine, view):
        remarks.append(f"the view {view} was made or brought up to date")
    return remarks


def make_bars(engine: Engine, schema: str) -> None:
    """Make a table ``stock_data`` in ``schema``, in which the engine looks, where there is none.

    Raises PreflightError that says what to do, and OperationalError as `make_ready` does.
    """
    with _refusals_told(engine), engine.connect() as connection:
        faults = list(_of_schema(connection, schema))
    if faults:
        raise PreflightError(faults)
    with _making(f"{schema}.stock_data"):
        create_bars(engine)


@contextmanager
def _making(what: str) -> Iterator[None]:
    try:
        yield
    except (ProgrammingError, NotSupportedError) as error:  # a view keeps a column's type
        why = " ".join(str(error.orig).split())
        raise PreflightError([f"{what} could not be made ({why})"]) from None


@contextmanager
def _refusals_told(engine: Engine) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        refusal = _refusal(engine, error)
        if refusal is None:
            raise
        raise PreflightError([refusal]) from None


def _of_schema(connection: Connection, schema: str) -> Iterator[str]:
    """Make the schema of a dataset where it is missing; what keeps us from that."""
    query = statement("queries/schema_there")
    found = connection.exec_driver_sql(query, {"schema": schema}).one()
    if found.there:
        return
    if not found.may_create:
        yield (
            f"there is no schema {schema}, and {found.role} may not make it: have the owner of "
            f"database {found.database} run: create schema {schema} authorization {found.role}"
        )
        return
    lock(connection, SCHEMA)
    connection.exec_driver_sql(f'create schema if not exists "{schema}"')
    connection.commit()


def _of_mapped(connection: Connection, source: Source) -> tuple[list[str], Layout]:
    """What keeps a source of somebody else's from being read, and what is to be kept of it."""
    try:
        bars = opened(connection, source)
        bars.bars_types()
    except BarStoreError as error:
        return [str(error)], Layout(source.daily)
    except OperationalError:
        raise
    except DBAPIError as error:
        why = str(error.orig).strip().partition("\n")[0]
        fault = f"{source.shown} cannot be read as the dataset says ({why}): correct the dataset"
        return [fault], Layout(source.daily)
    return [], Layout(source.daily, bars.carried_types(), bars.decimal_columns())


def _look(
    connection: Connection, source: Source, schema: str | None, layout: Layout
) -> tuple[list[str], list[str], list[str]]:
    """Faults, remarks, and the tables that can be made or brought up to date here."""
    names = [SOURCE, *RIGHTS]
    session = session_of(connection)
    tables: dict[str, list[Any]] = {name: [] for name in names}
    bound = {"names": names}
    for row in connection.exec_driver_sql(statement("queries/preflight_tables"), bound):
        # In a schema of its own nothing of another dataset's is meant.
        if schema in (None, row.schema):
            tables[row.name].append(row)
    columns: dict[str, dict[str, object]] = {name: {} for name in names}
    for row in connection.exec_driver_sql(statement("queries/preflight_columns"), bound):
        columns[row.table][row.name] = row
    faults, remarks = [*session_faults(session), *letter_faults(session)], []
    if source.is_own:
        of_source = list(_of_source(session, tables[SOURCE], columns[SOURCE]))
        faults += of_source or list(_of_reading(connection))
        remarks = list(_remarks(tables[SOURCE], columns[SOURCE]))
    lacking: list[str] = []
    for name in RIGHTS:
        wrong, can_be_made = _of_own(session, name, tables[name], (columns[name], layout))
        unguarded = not wrong and not can_be_made and _unguarded(name, tables[name][0])
        if unguarded and not tables[name][0].owned:
            remarks.append(_whose_guard(name, tables[name][0]))
            unguarded = False
        if (can_be_made or unguarded) and not faults:
            lacking.append(name)
        (remarks if name in NOT_OF_A_RUN else faults).extend(wrong)
    return faults, remarks, lacking


def _of_source(session: Session, found: Sequence[Any], columns: Mapping[str, Any]) -> Iterator[str]:
    if not found or not found[0].visible:
        yield _out_of_reach(session, SOURCE, found)
        return
    lacking = [name for name in BAR if name not in columns]
    if lacking:
        yield (
            f"{SOURCE} has no column {', '.join(lacking)}, only {', '.join(columns) or 'none'}: "
            "add or rename it, or read a view that has it"
        )
    present = [columns[name] for name in (*BAR, "created_at") if name in columns]
    for column in present:
        if not column.readable:
            yield (
                f"{SOURCE}.{column.name} is {column.type}, of which no "
                f"{_wanted(column.name)} can be read: change its type"
            )
    closed = [column.name for column in present if not column.may_select]
    if closed:
        what = "" if len(closed) == len(present) else f" ({', '.join(closed)})"
        yield (
            f"{session.role} may not read {SOURCE}{what}: grant select on {SOURCE} to "
            f"{session.role}"
        )


def _of_reading(connection: Connection) -> Iterator[str]:
    """What only trying tells: a view may ask for rights to what is behind it, or be broken."""
    try:
        with connection.begin_nested():
            names = ", ".join(BAR)
            connection.exec_driver_sql(f"select {names} from {SOURCE} limit 0")  # noqa: S608  # ours
    except OperationalError:
        raise
    except DBAPIError as error:
        why = str(error.orig).strip().partition("\n")[0]
        yield f"{SOURCE} cannot be read ({why}): mend what is behind it, or the rights to that"


def _remarks(found: Sequence[Any], columns: Mapping[str, object]) -> Iterator[str]:
    if not found or not found[0].visible:
        return
    if found[0].kind in VIEWS:
        kind = VIEWS[found[0].kind]
        yield f"{SOURCE} is {kind}: it is read as a table is, nothing can be loaded"
    if found[0].filtered:
        yield (
            f"{SOURCE} shows this user only what its row security policies let through: the gate "
            "cannot miss what they hide"
        )
    if "created_at" not in columns:
        yield (
            f"{SOURCE} has no column created_at: whether a newest bar holds its whole day cannot "
            f"be judged. alter table {SOURCE} add created_at timestamp default now()"
        )


def _of_own(
    session: Session, name: str, found: Sequence[Any], has: tuple[Mapping[str, Any], Layout]
) -> tuple[list[str], bool]:
    """What is wrong with a table of the gate's own, and whether it can be mended here."""
    if not found:
        faults = list(_why_it_cannot_be_made(session, name))
        return faults, not faults
    table, (columns, layout) = found[0], has
    lacking = [column for column in layout.columns(name) if column not in columns]
    addable = ADDED.get(name, set()).union(layout.more(name))
    old = bool(lacking) and set(lacking) <= addable
    faults = []
    if not table.visible:
        faults = [_out_of_reach(session, name, found)]
    elif table.kind not in TABLES:
        faults = [f"{name} is {VIEWS[table.kind]}, and bars are written to it: rename it"]
    elif lacking and not (old and table.owned):
        of_before = f"let its owner, {table.owner}, bring it up to date" if old else "add it"
        faults = [f"{name} has no column {', '.join(lacking)}: {of_before}"]
    elif table.filtered:
        faults = [
            f"row security policies of {name} may hide rows from {session.role}: alter table "
            f"{name} disable row level security, or alter role {session.role} bypassrls"
        ]
    else:
        of_columns = [] if old else list(column_faults(name, columns, layout))
        faults = of_columns or list(_rights_refused(session, name, table))
    return faults, old and not faults


def _why_it_cannot_be_made(session: Session, name: str) -> Iterator[str]:
    if session.read_only or not session.may_create:
        yield (
            f"there is no table {name}, and {session.role} may not make it: have the owner run "
            f"sql/schema/{name}.sql, or grant create on schema {session.schema or 'public'} to "
            f"{session.role}"
        )


def _rights_refused(session: Session, name: str, table: Any) -> Iterator[str]:
    refused = [right for right in RIGHTS[name] if not getattr(table, f"may_{right}")]
    if refused:
        role, rights = session.role, ", ".join(refused)
        yield f"{role} may not {rights} in {name}: grant {rights} on {name} to {role}"


def _unguarded(name: str, table: Any) -> bool:
    """Does it lack a trigger that keeps its rows as they are?"""
    return not set(GUARDS.get(name, ())) <= set(table.triggers)


def _whose_guard(name: str, table: Any) -> str:
    lacking = ", ".join(one for one in GUARDS[name] if one not in table.triggers)
    return (
        f"rows of {name} could be changed (no trigger {lacking}): let its owner, {table.owner}, "
        "bring it up to date"
    )


def _out_of_reach(session: Session, name: str, found: Sequence[Any]) -> str:
    """There is no such table, or none that an unqualified name reaches."""
    if not found:
        return (
            f"there is no table {name} in database {session.database}: create it "
            f"(sql/schema/{name}.sql), or name the database that has it in POSTGRES_DB"
        )
    schema = found[0].schema
    return (
        f"{name} is in schema {schema}, which {session.role} does not look into: grant usage on "
        f"schema {schema} to {session.role}; alter role {session.role} set search_path = {schema}"
    )


def _wanted(column: str) -> str:
    return {"date": "date", "created_at": "time"}.get(column, "number")


def _refusal(engine: Engine, error: OperationalError) -> str | None:
    """What to do about a connection that is refused for good; None for one that may come back."""
    said = str(error.orig).strip()
    for pattern, advice in _REFUSALS:
        if re.search(pattern, said):
            url = engine.url
            where = url.host or url.query.get("host")
            line = said.splitlines()[0].rpartition("FATAL:")[2].strip()
            return f"the database {url.database!r} on {where} lets nobody in ({line}): {advice}"
    return None
