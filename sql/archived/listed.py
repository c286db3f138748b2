"""The list of files that hold a table's archived bars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from sql.errors import ArchiveError
from sql.locks import SCHEMA, lock
from sql.source import OWN, OpenSource, opened, quoted
from sql.statements import statement

LIST = "archived_bars"


@dataclass(frozen=True)
class Place:
    """A table as PostgreSQL knows it, and whether there is a list of archived bars beside it."""

    schema: str
    name: str
    listed: bool

    @property
    def shown(self) -> str:
        """How people write it."""
        return f"{self.schema}.{self.name}"

    @property
    def quoted(self) -> str:
        """How SQL writes it."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"


@dataclass(frozen=True)
class Filed:
    """A file of `rows` bars of `symbols`.

    It is at `place`, None for where the settings say; moments are in UTC, of days at midnight.
    """

    id: int
    place: str | None
    file: str
    digest: str
    bytes: int
    rows: int
    symbols: tuple[str, ...]
    first_moment: datetime
    last_moment: datetime
    archived_at: datetime
    archived_by: str

    @property
    def year(self) -> int:
        """The year of its bars."""
        return self.first_moment.year


def place_in(bars: OpenSource) -> Place | None:
    """Which table a source is; None for a query, of which nothing is ever archived."""
    if bars.source.query is not None:
        return None
    bound = {"table": bars.table}
    found = bars.connection.exec_driver_sql(statement("queries/archive_look"), bound).first()
    return None if found is None else Place(*found)


def files_of(
    connection: Connection,
    place: Place,
    symbols: Sequence[str] | None = None,
    between: tuple[date | None, date | None] = (None, None),
) -> list[Filed]:
    """The files that may hold bars of these symbols (None: all) between these moments, in order."""
    if not place.listed:
        return []
    query = statement("queries/archive_files").replace("{schema}", quoted(place.schema))
    start, end = between
    bound = {
        "source": place.name,
        "symbols": None if symbols is None else list(symbols),
        "start": start,
        "end": end,
    }
    try:
        found = connection.exec_driver_sql(query, bound).mappings().all()
    except OperationalError:
        raise
    except DBAPIError as error:
        why = str(error.orig).strip().partition("\n")[0]
        raise ArchiveError(
            f"which bars of {place.shown} are archived cannot be read ({why}): grant select on "
            f"{place.schema}.{LIST} to {connection.engine.url.username}"
        ) from None
    return [Filed(**{**one, "symbols": tuple(one["symbols"])}) for one in found]


def archived_to(connection: Connection, table: str, symbol: str) -> datetime | None:
    """Up to which moment, in UTC, bars of a symbol were archived out of a table; None for none."""
    found = connection.exec_driver_sql(statement("queries/archive_look"), {"table": table}).first()
    if found is None:
        return None
    files = files_of(connection, Place(*found), [symbol])
    return max((one.last_moment for one in files), default=None)


def list_file(connection: Connection, place: Place, what: Mapping[str, Any]) -> None:
    """Write that a file holds bars, in the transaction that deletes them."""
    query = statement("queries/archive_list").replace("{schema}", quoted(place.schema))
    connection.exec_driver_sql(query, {"source": place.name, **what})


def ensure_list(engine: Engine) -> None:
    """Make the list beside `stock_data` where it is missing: who archives may have no right to."""
    with engine.begin() as connection:
        place = place_in(opened(connection, OWN))
        if place is not None and not place.listed:
            make_list(connection, place)


def make_list(connection: Connection, place: Place) -> None:
    """Make the list beside a table; whoever may read the one may read the other."""
    lock(connection, SCHEMA)
    text = statement("schema/archived_bars").replace("{schema}", quoted(place.schema))
    connection.exec_driver_sql(text)
    listed = f"{quoted(place.schema)}.{LIST}"
    bound = {"table": place.quoted, "list": listed}
    readers = connection.exec_driver_sql(statement("queries/archive_readers"), bound).scalars()
    for reader in readers.all():
        connection.exec_driver_sql(f"grant select on {listed} to {reader}")
