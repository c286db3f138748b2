"""Keeping what the gate held: rows are added and resolved, never deleted.

A row ends as released (a run published the bar, the same or corrected), superseded (held anew by a
later attempt or run, or published from a newer extract) or discarded with a reason (which
counts for what later runs hold of the very same bar, too); until then it is open.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, CursorResult, Engine

from sql.audit import note
from sql.bar_tables import as_table, text_array
from sql.copy_in import copy_in
from sql.errors import DiscardError
from sql.locks import PUBLISH, lock
from sql.nearest import did_you_mean, nearest_symbols
from sql.statements import statement
from sql.terms import BAR, EXTRACTED

# The reason of a bar that did not fail itself.
HELD_WITH_SYMBOL = "held with its symbol"
# One more of a bar that was judged, and is held, as it was repaired (see sql.held.HeldBar).
REPAIRED_AS = "these numbers are accepted, not the source's:"
_OF_JSON = (str, bool, int, type(None))
# Letters, by Unicode, of which nothing is seen.
_FILLERS = "\u115f\u1160\u3164\uffa0"


@dataclass(frozen=True)
class OpenBars:
    """What is held of a symbol (None: rows without one) and not resolved; `run_id` held it last.

    `since` is when the longest held of it was held first, without a break.
    """

    symbol: str | None
    bars: int
    first_date: date | None
    last_date: date | None
    since: datetime
    run_id: str


@dataclass(frozen=True)
class Release:
    """How many rows were released; `still_held` bars of the same symbols and dates were not.

    Their symbols passed the gate, but the source has no such bar any more.
    """

    released: int
    still_held: int


def quarantine_bars(
    connection: Connection,
    bars: pa.Table | pd.DataFrame,
    *,
    run_id: str,
    reasons: Sequence[Sequence[str]],
    row_numbers: Sequence[int],
    extracted_at: datetime | None = None,
    carried: Sequence[str] = (),
) -> int:
    """Hold `bars` in `stock_data_quarantine`; return how many there are.

    A row of the same read that this run holds in the same way already stays as it is. What this run
    held of the same bars otherwise or from another read, and what other runs hold of them, is
    superseded. `extracted_at` is the clock of the database when the bars were read (None: nobody
    knows): what is held or published of a later read supersedes these rows instead.

    `bars` has symbol, date, open, high, low, close, volume and, if known, created_at, as
    extracted: anything may be missing or infinite, and bars may repeat. Give an Arrow table to
    tell NULL from NaN: a frame's NaN is written as NULL. Its `carried` columns are kept as JSON, a
    number that JSON has not (NaN) as text. `reasons` and `row_numbers` (the
    position in the run's extract, from 0) go with the rows.
    """
    lock(connection, PUBLISH)
    names = bars.columns if isinstance(bars, pd.DataFrame) else bars.column_names
    table = as_table(bars, EXTRACTED if "created_at" in names else BAR)
    table = table.append_column("row_number", pa.array(row_numbers, pa.int64()))
    table = table.append_column("reasons", pa.array(map(text_array, reasons), pa.string()))
    table = table.append_column("run_id", pa.array([run_id] * table.num_rows, pa.string()))
    if carried:
        assert isinstance(bars, pa.Table)
        table = table.append_column("carried", _as_json(bars.select(carried)))
    connection.exec_driver_sql(statement("queries/stage_quarantine"))
    rows = copy_in(connection, "staged_quarantine", table)
    bound = {"run_id": run_id, "extracted_at": extracted_at, "along": [HELD_WITH_SYMBOL]}
    for step in (
        *("supersede_own_quarantined", "supersede_quarantined", "insert_quarantined"),
        *("supersede_outdated_quarantined", "supersede_late_quarantined", "keep_discarded"),
    ):
        text = statement(f"queries/{step}")
        for token, sql in (("{carried}", ", carried"), ("{staged}", ", staged.carried")):
            text = text.replace(token, sql if carried else "")
        connection.exec_driver_sql(text, bound)
    connection.exec_driver_sql("drop table staged_quarantine")
    return rows


def _as_json(columns: pa.Table) -> pa.Array:
    """Each row as a JSON object."""
    rows = (
        {name: value if _is_json(value) else str(value) for name, value in row.items()}
        for row in columns.to_pylist()
    )
    return pa.array((json.dumps(row, ensure_ascii=False) for row in rows), pa.string())


def _is_json(value: object) -> bool:
    return math.isfinite(value) if isinstance(value, float) else isinstance(value, _OF_JSON)


def release(
    connection: Connection,
    *,
    run_id: str,
    symbols: Sequence[str],
    start: date | None,
    end: date | None,
    extracted_at: datetime | None = None,
) -> Release:
    """Resolve what was held of the bars that this run has published, in the same transaction.

    A bar of `symbols` from `start` to `end` (None: open) that the run did not publish stays held,
    and so does one that another run has read after `extracted_at` (None: nobody knows).
    """
    lock(connection, PUBLISH)
    bound = {
        "run_id": run_id,
        "symbols": list(symbols),
        "start": start,
        "end": end,
        "extracted_at": extracted_at,
    }
    done = connection.exec_driver_sql(statement("queries/release_quarantined"), bound).rowcount
    left = connection.exec_driver_sql(statement("queries/count_open_quarantined"), bound)
    return Release(done, int(left.scalar_one()))


def open_bars(engine: Engine) -> list[OpenBars]:
    """What is held and not resolved, by symbol, the longest held first."""
    with engine.connect() as connection:
        found = _open(connection)
        return [OpenBars(**one._mapping) for one in found]


def with_since(query: str) -> str:
    """The text of a query about open rows that says since when each is held without a break."""
    return statement(f"queries/{query}").replace("{since}", statement("queries/held_since"))


def _open(connection: Connection) -> CursorResult[Any]:
    return connection.exec_driver_sql(with_since("open_quarantined"), {"every": True, "symbol": ""})


def discard(
    connection: Connection,
    *,
    symbol: str | None,
    start: date | None,
    end: date | None,
    by: str,
    reason: str,
) -> int:
    """Resolve the open rows of a symbol (None: those without one) as not wanted; return how many.

    The symbol is named as it is held, to the last space. The audit's list tells of it. Raises
    DiscardError when nobody or nothing is named, or no row is open.
    """
    if not _says_something(by) or not _says_something(reason):
        raise DiscardError("A discarded bar needs a reason and the name of who discards it.")
    bound = {"symbol": symbol, "start": start, "end": end, "by": by, "reason": reason}
    done = connection.exec_driver_sql(statement("queries/discard_quarantined"), bound).rowcount
    if not done:
        raise DiscardError(
            f"No bar of {symbol or 'no symbol'} from {start or 'the first'} to {end or 'the last'} "
            f"is held and open; nothing was discarded{_meant(connection, symbol)}"
        )
    what = f"{name_of(symbol)}: {done:,} held bar{'' if done == 1 else 's'}{_between(start, end)}"
    note(connection, action="discard", who=by, what=what, why=reason)
    return done


def name_of(symbol: str | None) -> str:
    """What the audit's entries about held bars of a symbol begin with, before a colon."""
    return symbol or "(no symbol)"


def _between(start: date | None, end: date | None) -> str:
    """Which of them, where not all are meant."""
    first = f" from {start:%Y-%m-%d}" if start else ""
    return f"{first} to {end:%Y-%m-%d}" if end else first


def _meant(connection: Connection, symbol: str | None) -> str:
    open_symbols = [one.symbol for one in _open(connection) if one.symbol]
    return did_you_mean(nearest_symbols([symbol], open_symbols) if symbol else {}) or "."


def _says_something(text: str) -> bool:
    """Has it a letter or digit that can be seen?"""
    return any(one.isalnum() and one not in _FILLERS for one in text)
