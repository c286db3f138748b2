"""Whether bars can be taken out of a table, and put back, by whom we are there."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine

from sql.archived.listed import LIST, Place, make_list, place_in
from sql.errors import ArchiveError
from sql.source import OpenSource, Source, opened, quoted
from sql.statements import statement
from sql.terms import TABLES, VIEWS


@dataclass(frozen=True)
class Archivable:
    """A table whose bars can be moved; `views` of others read it, and lose what is archived."""

    place: Place
    columns: tuple[str, ...]
    generated: tuple[str, ...]
    views: tuple[str, ...]

    @property
    def selected(self) -> str:
        """All its columns, as SQL has them."""
        return ", ".join(f"given.{quoted(one)}" for one in self.columns)

    @property
    def stored(self) -> str:
        """Those that a row is put back by; the others are computed."""
        return ", ".join(quoted(one) for one in self.columns if one not in self.generated)


@dataclass(frozen=True)
class Span:
    """Bars of these symbols from `first` to before `end`."""

    symbols: tuple[str, ...]
    first: date
    end: date

    @property
    def bound(self) -> dict[str, object]:
        """As a query takes it."""
        return {"symbols": list(self.symbols), "first": self.first, "end": self.end}


def require_archivable(
    engine: Engine, source: Source, *, back: bool = False, only_look: bool = False
) -> Archivable:
    """The table of a source, and the list beside it, which is made where it is missing.

    ``back``: bars are to be put back into it. ``only_look``: nothing is made. Raises ArchiveError
    that tells all that is in the way, and what `opened` does.
    """
    with engine.begin() as connection:
        bars = opened(connection, source)
        place = place_in(bars)
        if place is None:
            raise ArchiveError(
                f"{source.shown} is a query: nothing can be taken out of it. Archive the table "
                "that it reads, as a dataset of its own"
            )
        bound = {"table": place.quoted}
        found = connection.exec_driver_sql(statement("queries/archive_table"), bound).one()
        faults = list(_faults(found, place, back=back))
        if faults:
            raise ArchiveError("; ".join(faults))
        if not place.listed and not only_look:
            make_list(connection, place)
            place = replace(place, listed=True)
    return Archivable(
        place,
        tuple(found.columns),
        tuple(found.generated),
        tuple(found.views),
    )


def _faults(found: Any, place: Place, *, back: bool) -> Iterator[str]:
    if found.kind not in TABLES:
        kind = VIEWS.get(found.kind, "no table")
        yield (
            f"{place.shown} is {kind}: bars are taken out of tables alone. Archive the table "
            "behind it, as a dataset of its own"
        )
        return
    if found.heir is not None:
        yield (
            f"{found.heir} inherits from {place.shown}, and its rows would lose the columns that "
            "are its own: make it a partition, or archive it by itself"
        )
    if found.follows is not None and not back:
        yield (
            f"deleting from {place.shown} deletes or changes rows of {found.follows}, too (its "
            "foreign key): let that key restrict instead"
        )
    yield from _rights(found, place, back=back)


def _rights(found: Any, place: Place, *, back: bool) -> Iterator[str]:
    wanted = ("select", "insert") if back else ("select", "delete")
    refused = [one for one in wanted if not getattr(found, f"may_{one}")]
    if refused:
        rights = ", ".join(refused)
        yield (
            f"{found.role} may not {rights} in {place.shown}: grant {rights} on {place.quoted} to "
            f"{found.role}, or name another user"
        )
    if not found.may_stage:
        yield f"{found.role} may make no temporary tables: grant temporary on the database"
    if not place.listed and not found.may_create:
        yield (
            f"there is no list {place.schema}.{LIST}, and {found.role} may not make it: grant "
            f"create on schema {quoted(place.schema)} to {found.role}"
        )


def adapted(name: str, bars: OpenSource, of: Archivable) -> str:
    """A query of the archive about this table, to be asked with bound values."""
    symbol, moment = bars.row()
    text = statement(f"queries/{name}")
    for key, value in (
        ("table", of.place.quoted),
        ("columns", of.selected),
        ("symbol", symbol),
        ("moment", moment),
    ):
        text = text.replace(f"{{{key}}}", value)
    return text


def texts_as_they_are(connection: Connection) -> None:
    """Have every value written in a way that brings back the same value."""
    connection.exec_driver_sql("set local extra_float_digits = 3")
    connection.exec_driver_sql("set local bytea_output = 'hex'")
    connection.exec_driver_sql("set local intervalstyle = 'postgres'")


def reader_fault(engine: Engine, of: Source, other: Source, place: Place) -> str | None:
    """Why another source would lose bars that are archived of this table; None if it would not."""
    with engine.connect() as connection:
        bars = opened(connection, other)
        there = place_in(bars)
        if there == place:
            same = _meaning(of) == _meaning(other)
            return None if same else "by other columns of symbols and dates"
        kind = None
        if there is not None:
            bound = {"table": there.quoted}
            kind = connection.exec_driver_sql(statement("queries/archive_table"), bound).one().kind
        if kind in TABLES:
            return None
        return "through a query or a view" if _reads(connection, bars, place) else None


def _meaning(of: Source) -> tuple[object, ...]:
    """What a bar's symbol and moment are made of, by which archived ones are found again."""
    return of.column("symbol"), of.column("date"), of.symbol, of.zone, of.unit, of.daily


def _reads(connection: Connection, bars: OpenSource, place: Place) -> bool:
    explain = f"explain (verbose, format json) select * from {bars.place} as given"  # noqa: S608  # quoted
    plan = connection.exec_driver_sql(explain, {"none": None}).scalar_one()
    bound = {"table": place.quoted}
    parts = connection.exec_driver_sql(statement("queries/archive_parts"), bound)
    return not set(_tables(plan)).isdisjoint(tuple(one) for one in parts)


def _tables(plan: Any) -> Iterator[tuple[str, str]]:
    """The tables that a plan reads."""
    if isinstance(plan, list):
        for one in plan:
            yield from _tables(one)
    elif isinstance(plan, dict):
        if "Relation Name" in plan:
            yield plan["Schema"], plan["Relation Name"]
        for one in plan.values():
            yield from _tables(one)
