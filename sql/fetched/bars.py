"""Fetched bars in their table, and how far each symbol was asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from sql.archived.listed import archived_to
from sql.fetched.tables import Table
from sql.statements import statement
from sql.terms import NUMBERS


@dataclass(frozen=True)
class Series:
    """How far a symbol was asked for; `again_from` to `again_to` of a history asked for anew.

    `kind` is what was asked for; None where it was not remembered.
    """

    con_id: int
    asked_from: datetime
    asked_to: datetime
    again_from: datetime | None = None
    again_to: datetime | None = None
    kind: str | None = None


@dataclass(frozen=True)
class Stored:
    """How many bars were new, and how many had other numbers before."""

    new: int = 0
    restated: int = 0

    def __add__(self, other: "Stored") -> "Stored":
        """Both together."""
        return Stored(self.new + other.new, self.restated + other.restated)


def series_of(connection: Connection, table: Table, symbol: str) -> Series | None:
    """How far it was asked for; None before the first time."""
    found = connection.exec_driver_sql(
        "select con_id, asked_from, asked_to, again_from, again_to, kind from fetch_series "
        "where source = %(source)s and symbol = %(symbol)s",
        {"source": table.shown, "symbol": symbol},
    ).first()
    return None if found is None else Series(*found)


def keep_series(connection: Connection, table: Table, symbol: str, series: Series) -> None:
    """Remember how far it was asked for."""
    bound = {"source": table.shown, "symbol": symbol, **vars(series)}
    connection.exec_driver_sql(
        "insert into fetch_series (source, symbol, con_id, asked_from, asked_to, again_from, "
        "again_to, kind) values (%(source)s, %(symbol)s, %(con_id)s, %(asked_from)s, %(asked_to)s, "
        "%(again_from)s, %(again_to)s, %(kind)s) on conflict (source, symbol) do update set "
        "con_id = excluded.con_id, asked_from = excluded.asked_from, "
        "asked_to = excluded.asked_to, again_from = excluded.again_from, "
        "again_to = excluded.again_to, "
        "kind = excluded.kind",
        bound,
    )


def stored_bars(connection: Connection, table: Table, symbol: str, since: datetime) -> pd.DataFrame:
    """A symbol's bars from a moment on by `date` (UTC, without a zone): open … volume (float64)."""
    query = statement("queries/fetched_bars").replace("{table}", table.quoted)
    rows = connection.exec_driver_sql(query, {"symbol": symbol, "since": since}).all()
    return frame([tuple(row) for row in rows])


def stored_dates(connection: Connection, table: Table, symbol: str) -> pd.DatetimeIndex:
    """The dates of all bars of a symbol, in order; without a zone, UTC."""
    query = statement("queries/fetched_dates").replace("{table}", table.quoted)
    rows = connection.exec_driver_sql(query, {"symbol": symbol}).scalars().all()
    return _dates(rows)


def stored_pauses(
    connection: Connection,
    table: Table,
    symbol: str,
    minutes: int,
    between: tuple[datetime, datetime] | None = None,
) -> list[tuple[datetime, datetime]]:
    """Bars (of so many minutes) and the next ones, where these begin later than they could."""
    since, until = between or (None, None)
    query = statement("queries/fetched_pauses").replace("{table}", table.quoted)
    bound = {"symbol": symbol, "minutes": minutes, "since": since, "until": until}
    rows = connection.exec_driver_sql(query, bound).all()
    return [(row.date, row.next_date) for row in rows]


def newest_date(connection: Connection, table: Table, symbol: str) -> datetime | None:
    """The date of a symbol's newest bar, in UTC; None where it has none. Archived ones count."""
    query = statement("queries/fetched_newest").replace("{table}", table.quoted)
    found = connection.exec_driver_sql(query, {"symbol": symbol}).scalar_one()
    there = [] if found is None else [_dates([found])[0].to_pydatetime()]
    archived = archived_to(connection, table.quoted, symbol)
    newest = max([*there, *([archived] if archived else [])], default=None)
    return newest and newest.replace(tzinfo=UTC)


def frame(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """Rows of date, open, high, low, close, volume as bars by `date`; the last of equal dates."""
    dates = _dates([row[0] for row in rows])
    numbers = np.array([row[1:] for row in rows], dtype=float).reshape(len(rows), len(NUMBERS))
    bars = pd.DataFrame(numbers, index=dates, columns=list(NUMBERS))
    return bars[~bars.index.duplicated(keep="last")].sort_index()


def store(
    connection: Connection,
    table: Table,
    symbol: str,
    bars: pd.DataFrame,
    *,
    run_id: str,
    cause: str,
) -> Stored:
    """Insert bars, or update those of other numbers and tell of each in `bar_restatements`."""
    if bars.empty:
        return Stored()
    touched = ",\n        created_at = now()" if table.touched else ""
    query = statement("queries/fetched_store")
    for name, text in (("table", table.quoted), ("type", table.type), ("touched", touched)):
        query = query.replace(f"{{{name}}}", text)
    bound = {"symbol": symbol, "source": table.shown, "run_id": run_id, "cause": cause}
    connection.exec_driver_sql("set local timezone = 'UTC'")
    found = connection.exec_driver_sql(query, {**bound, **_arrays(bars, table)}).one()
    return Stored(*found)


def keep_again(connection: Connection, table: Table, symbol: str, bars: pd.DataFrame) -> None:
    """Put bars of a history that is asked for anew beside the stored ones."""
    if bars.empty:
        return
    rows = [
        (table.shown, symbol, moment.tz_localize(UTC), *_numbers(values))
        for moment, *values in bars.itertuples()
    ]
    connection.exec_driver_sql(
        "insert into fetch_again values (%s, %s, %s, %s, %s, %s, %s, %s) "
        "on conflict (source, symbol, date) do update set open = excluded.open, "
        "high = excluded.high, low = excluded.low, close = excluded.close, "
        "volume = excluded.volume",
        rows,
    )


def take_again(connection: Connection, table: Table, symbol: str) -> pd.DataFrame:
    """The whole history that was asked for anew; it is no longer beside the stored one then."""
    bound = {"source": table.shown, "symbol": symbol}
    rows = connection.exec_driver_sql(
        "delete from fetch_again where source = %(source)s and symbol = %(symbol)s "
        "returning date, open, high, low, close, volume",
        bound,
    ).all()
    return frame([tuple(row) for row in rows])


def holes_asked(connection: Connection, table: Table, symbol: str) -> dict[date, int]:
    """How often each missing session was asked for again."""
    rows = connection.exec_driver_sql(
        "select day, asked from fetch_holes where source = %(source)s and symbol = %(symbol)s",
        {"source": table.shown, "symbol": symbol},
    ).all()
    return {row.day: row.asked for row in rows}


def note_holes(connection: Connection, table: Table, symbol: str, days: Sequence[date]) -> None:
    """Remember that these sessions were asked for once more, and not given."""
    if days:
        connection.exec_driver_sql(
            "insert into fetch_holes as kept (source, symbol, day, asked) "
            "select %(source)s, %(symbol)s, day, 1 from unnest(%(days)s::date[]) as day "
            "on conflict (source, symbol, day) do update set asked = kept.asked + 1, "
            "asked_at = now()",
            {"source": table.shown, "symbol": symbol, "days": list(days)},
        )


def _dates(values: Sequence[date]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.to_datetime(values, utc=True).tz_localize(None), name="date")


def _arrays(bars: pd.DataFrame, table: Table) -> dict[str, list[Any]]:
    index = pd.DatetimeIndex(bars.index)
    dates = [one.date() if table.daily else one.tz_localize(UTC) for one in index]
    return {"dates": dates, **{name: _numbers(bars[name]) for name in NUMBERS}}


def _numbers(values: Any) -> list[str | None]:
    """Numbers as the shortest text that is them; what is none is unknown."""
    return [repr(float(one)) if np.isfinite(one) else None for one in values]
