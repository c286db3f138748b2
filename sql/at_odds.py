"""Published bars that are not as repairs say, because nobody has published them since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from sql.own_tables import ENRICHED, REPAIRS
from sql.repairs import Numbers
from sql.statements import statement
from sql.terms import NUMBERS

_ANY_REPAIR = """
select exists(
    select from stock_data_repairs
    where %(symbols)s::text[] is null or symbol = any(%(symbols)s::text[])
)
"""


@dataclass(frozen=True)
class BarAtOdds:
    """A bar as it is published; it lacks an open repair (``is_open``), or has one that ended."""

    symbol: str
    date: date
    is_open: bool
    numbers: Numbers


def bars_at_odds(connection: Connection, symbols: Sequence[str] | None = None) -> list[BarAtOdds]:
    """Those of symbols (None: any), in order of symbol and date.

    One whose repair has ended may be what the source has by now. Without the tables there are none;
    without a repair the published bars are not asked for, which somebody may have locked.
    """
    there = "select count(to_regclass(name)) from unnest(%s::text[]) as name"
    if connection.exec_driver_sql(there, ([ENRICHED, REPAIRS],)).scalar_one() < 2:
        return []
    bound = {"symbols": None if symbols is None else list(symbols)}
    if not connection.exec_driver_sql(_ANY_REPAIR, bound).scalar_one():
        return []
    found = connection.exec_driver_sql(statement("queries/bars_at_odds"), bound)
    return [
        BarAtOdds(one.symbol, one.date, one.is_open, tuple(getattr(one, n) for n in NUMBERS))
        for one in found
    ]


def dates_beside(
    connection: Connection,
    symbols: Sequence[str],
    *,
    start: date | None,
    end: date | None,
    bars: int,
) -> set[tuple[str, date]]:
    """Symbol and date of the last ``bars`` published before a range, and of the first behind it."""
    bound = {"symbols": list(symbols), "start": start, "end": end, "bars": bars}
    found = connection.exec_driver_sql(statement("queries/dates_beside"), bound)
    return {(one.symbol, one.date) for one in found}
