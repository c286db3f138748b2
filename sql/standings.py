"""What is known of each symbol: published, held, or refused by a closed gate."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection

from sql.own_tables import ENRICHED, QUARANTINE, REFUSALS
from sql.statements import statement


@dataclass(frozen=True)
class Refusal:
    """A symbol that failed where the gate closed for all, and the days on which it did."""

    symbol: str
    first_date: date | None
    last_date: date | None
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Standing:
    """A symbol's newest published bar up to a day, and what is open against it.

    `last_bar` is a day, or an instant within the day, of the day `session`; None where nothing is
    published. `notes` are the expectations that this bar is known to miss.
    """

    symbol: str
    last_bar: date | None
    session: date | None
    run_id: str | None
    published_at: datetime | None
    notes: tuple[str, ...] = field(default=())
    held_bars: int = 0
    refused_by: str | None = None
    refused_for: tuple[str, ...] = ()


def lacking(connection: Connection) -> list[str]:
    """The tables that `standings` reads and a dataset has not yet: its next run makes them."""
    needed = ENRICHED, QUARANTINE, "stock_data_publications", REFUSALS
    missing = "select name from unnest(%s::text[]) as name where to_regclass(name) is null"
    return list(connection.exec_driver_sql(missing, (list(needed),)).scalars())


def refuse(
    connection: Connection, refusals: Sequence[Refusal], *, run_id: str, extracted_at: datetime
) -> None:
    """Tell what a closed gate said; `extracted_at` is when its bars were read."""
    text = statement("queries/insert_refusals")
    for one in refusals:
        bound = {
            "run_id": run_id,
            "symbol": one.symbol,
            "first_date": one.first_date,
            "last_date": one.last_date,
            "reasons": list(one.reasons),
            "extracted_at": extracted_at,
        }
        connection.exec_driver_sql(text, bound)


def standings(
    connection: Connection,
    *,
    until: date | None,
    symbols: Sequence[str] | None = None,
    daily: bool = True,
) -> list[Standing]:
    """Where each symbol, or each of `symbols` that is known, stands up to and with a moment.

    `until` is a day, or an instant of bars that are not `daily`; None is all there is.
    """
    text = statement("queries/standings").replace(
        "{session}", "bar.date" if daily else "bar.session"
    )
    bound = {
        "until": until or "infinity",
        "symbols": None if symbols is None else list(symbols),
    }
    return [
        Standing(
            symbol=row.symbol,
            last_bar=row.last_bar,
            session=row.session,
            run_id=row.run_id,
            published_at=row.published_at,
            notes=tuple(dict.fromkeys([*(row.remarks or ()), *(row.doubts or ())])),
            held_bars=row.held_bars,
            refused_by=row.refused_by,
            refused_for=tuple(row.refused_for or ()),
        )
        for row in connection.exec_driver_sql(text, bound)
    ]
