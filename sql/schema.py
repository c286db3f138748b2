"""Making the tables, and filling an empty one with the sample."""

from collections.abc import Iterable, Sequence
from importlib.resources import files

import psycopg2
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import NotSupportedError

from sql.connection import driver_connection
from sql.locks import LOAD, SCHEMA, lock
from sql.own_tables import ENRICHED, PLAIN, Layout
from sql.source import quoted
from sql.statements import statement

WIDEN = "upgrade_stock_data"
CARRIED = "carried_quarantine"
WITHIN_THE_DAY = ("within_the_day", "stock_data_quarantine_no_change")
# In this order: tables of an older version get the columns that an index behind them asks for.
OWN_TABLES = {
    "stock_data_enriched": ("stock_data_enriched", "upgrade_enriched"),
    "stock_data_publications": (
        "stock_data_publications",
        "upgrade_publications",
        "stock_data_publications_newest",
        "stock_data_publications_keep",
        "stock_data_publications_no_change",
    ),
    "stock_data_quarantine": (
        "stock_data_quarantine",
        "upgrade_quarantine",
        "stock_data_quarantine_open",
        "stock_data_quarantine_keep",
        "stock_data_quarantine_no_delete",
        "stock_data_quarantine_no_truncate",
        "stock_data_quarantine_no_change",
        "stock_data_quarantine_resolved",
        "stock_data_quarantine_resolve_once",
    ),
    "stock_data_evidence": (
        "stock_data_evidence",
        "upgrade_evidence",
        "stock_data_evidence_keep",
        "stock_data_evidence_no_change",
    ),
    "stock_data_audit": (
        "stock_data_audit",
        "stock_data_audit_keep",
        "stock_data_audit_no_change",
    ),
    "stock_data_repairs": (
        "stock_data_repairs",
        "stock_data_repairs_open",
        "stock_data_repairs_keep",
        "stock_data_repairs_no_change",
        "stock_data_repairs_no_delete",
    ),
    "stock_data_refusals": (
        "stock_data_refusals",
        "stock_data_refusals_symbol",
        "stock_data_refusals_keep",
        "stock_data_refusals_no_change",
    ),
}
# The triggers that keep rows as they are, by table.
GUARDS = {
    "stock_data_publications": ("stock_data_publications_no_change",),
    "stock_data_quarantine": (
        "stock_data_quarantine_no_delete",
        "stock_data_quarantine_no_truncate",
        "stock_data_quarantine_no_change",
        "stock_data_quarantine_resolve_once",
    ),
    "stock_data_evidence": ("stock_data_evidence_no_change",),
    "stock_data_audit": ("stock_data_audit_no_change",),
    "stock_data_repairs": ("stock_data_repairs_no_change", "stock_data_repairs_no_delete"),
    "stock_data_refusals": ("stock_data_refusals_no_change",),
}
STATEMENTS = ("stock_data", WIDEN, *(name for names in OWN_TABLES.values() for name in names))


def create_schema(engine: Engine) -> list[str]:
    """Create what is missing, and bring tables of an older version up to date; no row is lost.

    All in one transaction. Returns what was changed in a table with rows, or could not be, a line
    each.
    """
    return _run(engine, STATEMENTS)


def create_bars(engine: Engine) -> None:
    """Create the table of bars alone, where it is missing."""
    _run(engine, ("stock_data",))


def create_own_tables(engine: Engine, names: Iterable[str], layout: Layout = PLAIN) -> None:
    """The same for some of the tables that a run writes; the bars' own is its owner's to make."""
    steps = [step for name in names for step in OWN_TABLES[name]]
    _run(engine, steps if layout.daily else [*steps, *WITHIN_THE_DAY], layout)


def _run(engine: Engine, names: Sequence[str], layout: Layout = PLAIN) -> list[str]:
    changes: list[str] = []
    with engine.begin() as connection:
        lock(connection, SCHEMA)  # "if not exists" alone fails when two do it at once
        for name in names:
            if name == WIDEN:
                changes += _widen(connection)
            else:
                connection.exec_driver_sql(layout.made(name, statement(f"schema/{name}")))
        for column, kind in layout.added.items():
            connection.exec_driver_sql(
                f"alter table {ENRICHED} add column if not exists {quoted(column)} {kind}"
            )
        if layout.carried:
            connection.exec_driver_sql(statement(f"schema/{CARRIED}"))
    return changes


def _widen(connection: Connection) -> list[str]:
    """Let a `stock_data` of an earlier version hold what people have; a view on it may prevent it.

    A table of somebody else's is left as it is: what it can't hold is refused when it is loaded.
    """
    if _made_by_us(connection)[0] != "before":
        return []
    before = _types(connection)
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(statement(f"schema/{WIDEN}"))
    except NotSupportedError as error:
        why = error.orig.diag.message_detail if isinstance(error.orig, psycopg2.Error) else None
        return [
            f"stock_data keeps its narrow columns: {why or error.orig}. What they cannot hold is "
            "not loaded. Drop what depends on them, start again, and make it anew."
        ]
    after = _types(connection)
    names = [name for name in after if before[name] != after[name]]
    changed = ", ".join(f"{name} from {before[name]} to {after[name]}" for name in names)
    return [f"stock_data was widened: {changed}"] if changed else []


def _types(connection: Connection) -> dict[str, str]:
    found = connection.exec_driver_sql(statement("queries/target_columns"))
    return {row.name: row.shown for row in found}


def load_sample(engine: Engine) -> int:
    """Put the sample into `stock_data` when it is ours and new; return the number of bars put in.

    A table of somebody else's, and one that has had rows before, stays empty. The sample is 46
    made-up bars of TSLA and NVDA (see sample/README.md).
    """
    with engine.begin() as connection:
        lock(connection, LOAD)
        if _made_by_us(connection) != ("now", True) or not _is_empty(connection):
            return 0
        with (
            files("sql").joinpath("sample/stock_data.csv").open("rb") as sample,
            driver_connection(connection).cursor() as cursor,
        ):
            cursor.copy_expert(statement("queries/copy_sample"), sample)
            return int(cursor.rowcount)


def _made_by_us(connection: Connection) -> tuple[str | None, bool]:
    """Which version made `stock_data` (now, before, None: somebody else); never filled so far?"""
    found = connection.exec_driver_sql(statement("queries/made_by_us")).first()
    return (None, False) if found is None else (found.made, found.unused)


def _is_empty(connection: Connection) -> bool:
    return not connection.exec_driver_sql("select exists (select from stock_data)").scalar_one()
