"""What was published before: what the source lost of it, and what is known of single bars."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine

from sql.statements import statement

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Gone:
    """Of a symbol's `published` bars in a range, `bars` are not in the source any more.

    `dates` are the first twenty of them.
    """

    symbol: str
    published: int
    bars: int
    first_date: date
    last_date: date
    dates: tuple[date, ...]


@dataclass(frozen=True)
class PublishedBar:
    """A published row: by which run and when, and the expectations that it is known to miss."""

    symbol: str
    date: date
    run_id: str
    published_at: datetime
    known: tuple[str, ...]


@dataclass(frozen=True)
class Doubted:
    """A bar as `run_id` published it at `published_at` (to the second), and what it now misses."""

    symbol: str
    date: date
    run_id: str
    published_at: datetime
    names: tuple[str, ...]


def published_symbols(engine: Engine, *, start: date | None, end: date | None) -> list[str]:
    """The symbols that are published in the range, in alphabetical order."""
    bound = {"start": start, "end": end}
    with engine.connect() as connection:
        found = connection.exec_driver_sql(statement("queries/published_symbols"), bound)
        return list(found.scalars())


def newest_read(engine: Engine) -> datetime | None:
    """When the newest of what is published was read; None when nothing was published."""
    with engine.connect() as connection:
        found: datetime | None = connection.exec_driver_sql(
            statement("queries/newest_read")
        ).scalar_one()
    return found


def bars_gone(
    engine: Engine,
    *,
    symbols: Sequence[str],
    start: date | None,
    end: date | None,
    extracted_at: datetime,
    bars: "pa.Table | None" = None,
) -> list[Gone]:
    """What was published of `symbols` in the range and is not in `stock_data` any more.

    Where the source is not in this database, `bars` has the symbols and dates of what was read.
    """
    bound = {
        "symbols": list(symbols),
        "start": start,
        "end": end,
        "extracted_at": extracted_at,
    }
    moment = "date"
    with engine.connect() as connection:
        if bars is not None:
            import pyarrow as pa  # what reads rows is no business of a DAG file

            from sql.copy_in import copy_in

            moment = "timestamptz" if pa.types.is_timestamp(bars["date"].type) else "date"
            stage = statement("queries/stage_keys").replace("{moment}", moment)
            connection.exec_driver_sql(stage)
            copy_in(connection, "stock_data", bars.select(["symbol", "date"]))
            connection.exec_driver_sql("analyze stock_data")
        query = statement("queries/bars_gone").replace("{moment}", f"bar.date::{moment}")
        found = connection.exec_driver_sql(query, bound)
        return [
            Gone(
                one.symbol, one.published, one.gone, one.first_date, one.last_date, tuple(one.dates)
            )
            for one in found
        ]


def published_bars(engine: Engine, keys: Sequence[tuple[str, date]]) -> list[PublishedBar]:
    """The published rows of the bars with these symbols and dates; the others have none."""
    bound = {"of_symbols": [s for s, _ in keys], "dates": [day for _, day in keys]}
    with engine.connect() as connection:
        found = connection.exec_driver_sql(statement("queries/published_bars"), bound)
        return [
            PublishedBar(one.symbol, one.date, one.run_id, one.published_at, tuple(one.known))
            for one in found
        ]


def note_doubts(connection: Connection, doubts: Sequence[Doubted]) -> int:
    """Write what published bars are now found to miss into `doubts`; how many are still those."""
    if not doubts:
        return 0
    bound = {
        "of_symbols": [one.symbol for one in doubts],
        "dates": [one.date for one in doubts],
        "run_ids": [one.run_id for one in doubts],
        "moments": [one.published_at.replace(microsecond=0) for one in doubts],
        "names": ["\n".join(one.names) for one in doubts],
    }
    return connection.exec_driver_sql(statement("queries/note_doubts"), bound).rowcount
