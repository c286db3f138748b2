"""What is held, for people who have to decide on it: by symbol, and bar by bar."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from sql.errors import StaleError
from sql.locks import HELD, lock
from sql.quarantine import REPAIRED_AS, name_of, with_since
from sql.repairs import every_repair
from sql.statements import statement
from sql.terms import NUMBERS

_TOLD = 3


@dataclass(frozen=True)
class HeldSymbol:
    """What is held of a symbol (None: rows without one) and open.

    `run_id` held some of it last, and `runs` is how many did; `undated` bars have no date;
    `reasons` are why, with the number of bars. `since` is when the longest held of them was held
    first, whatever runs have held it anew since. `seen` is another text as soon as anything of this
    is another, or somebody has acted on it.
    """

    symbol: str | None
    bars: int
    undated: int
    first_date: date | None
    last_date: date | None
    since: datetime
    run_id: str
    runs: int
    seen: str
    reasons: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class HeldBar:
    """A held bar as it was extracted, and what is published of its symbol and date, if anything.

    `numbers` and `published` are open, high, low, close and volume; `carried` is what went along,
    and of a repaired bar what the source has (`source_bar`) and by which repair (`repair_id`).
    """

    run_id: str
    row_number: int
    symbol: str | None
    date: date | None
    numbers: tuple[float | None, ...]
    reasons: tuple[str, ...]
    since: datetime
    carried: dict[str, Any]
    published_by: str | None
    published: tuple[float, ...] | None


@dataclass(frozen=True)
class Discard:
    """How many bars of a symbol somebody has discarded at once, of which dates, and why."""

    by: str
    at: datetime
    reason: str
    bars: int
    first_date: date | None
    last_date: date | None


def held_symbols(connection: Connection) -> list[HeldSymbol]:
    """What is held and open, the longest held first; reasons and `seen` are for `with_reasons`.

    Of a dataset that never had a run nothing is.
    """
    return _grouped(connection, every=True)


def with_reasons(connection: Connection, found: Sequence[HeldSymbol]) -> list[HeldSymbol]:
    """These symbols with why their bars are held, most bars first, and all of `seen`."""
    reasons: dict[str, list[tuple[str, int]]] = {}
    bound = {"symbols": [one.symbol or "" for one in found]}
    for row in connection.exec_driver_sql(statement("queries/held_reasons"), bound):
        reasons.setdefault(row.symbol, []).append((row.reason, row.bars))
    names = {"names": [name_of(one.symbol) for one in found]}
    rows = connection.exec_driver_sql(statement("queries/held_noted"), names)
    noted = {row.name: row.newest for row in rows}
    return [
        replace(
            one,
            reasons=tuple(reasons.get(one.symbol or "", ())),
            seen=f"{one.seen}.{noted.get(name_of(one.symbol), 0)}",
        )
        for one in found
    ]


def held_symbol(connection: Connection, symbol: str | None) -> HeldSymbol | None:
    """What is held of one; None when nothing is."""
    found = _grouped(connection, every=False, symbol=symbol)
    return with_reasons(connection, found)[0] if found else None


def held_bars(
    connection: Connection,
    symbol: str | None,
    *,
    start: date | None = None,
    end: date | None = None,
    along: str = "",
    limit: int | None = None,
    offset: int = 0,
) -> list[HeldBar]:
    """The open bars of a symbol (None: those without one) from `start` to `end` (None: open).

    Those held for no more than the reason `along` come last; each part is in order of dates.
    """
    bound = {
        "every": False,
        "symbol": symbol or None,
        "start": start,
        "end": end,
        "along": [along],
        "limit": limit,
        "offset": offset,
    }
    rows = connection.exec_driver_sql(with_since("held_bars"), bound)
    return _with_source(connection, [_bar(row) for row in rows])


def discards(connection: Connection, symbol: str | None, *, limit: int) -> list[Discard]:
    """What was discarded of a symbol (None: of rows without one), the newest first."""
    if not _is_there(connection):
        return []
    bound = {"symbol": symbol or None, "limit": limit}
    rows = connection.exec_driver_sql(statement("queries/held_discards"), bound).mappings()
    return [Discard(**row) for row in rows]


def require_unchanged(connection: Connection, symbol: str | None, seen: str) -> HeldSymbol:
    """What is held of a symbol, if it is what somebody saw; nobody else acts until the commit.

    Raises StaleError that tells what happened meanwhile.
    """
    lock(connection, HELD)
    now = held_symbol(connection, symbol)
    if now is None or now.seen != seen:
        raise StaleError(
            f"what is held of {name_of(symbol)} is not what you saw; nothing was done. "
            f"Lately: {'; '.join(_events(connection, symbol)) or 'nothing was ever held of it'}. "
            "Reload the page to see what is held now."
        )
    return now


def _events(connection: Connection, symbol: str | None) -> list[str]:
    """What happened to the held bars of a symbol, in sentences, the newest first."""
    bound = {"symbol": symbol or None, "limit": _TOLD}
    rows = connection.exec_driver_sql(statement("queries/held_events"), bound)
    events = [(row.at, _event(row)) for row in rows]
    bound = {"name": name_of(symbol), "limit": _TOLD}
    notes = connection.exec_driver_sql(statement("queries/held_notes"), bound)
    events += [(row.at, f"{row.who}: {row.action} ({row.why})") for row in notes]
    newest = sorted(events, key=lambda event: event[0], reverse=True)[:_TOLD]
    return [f"{at:%Y-%m-%d %H:%M} {said}" for at, said in newest]


def _event(row: Any) -> str:
    bars = f"{row.bars:,} bar{'' if row.bars == 1 else 's'}"
    if row.kind == "discarded":
        return f"{row.by} discarded {bars} ({row.why})"
    if row.kind == "superseded":
        return f"the run {row.by} read {bars} anew"
    return f"the run {row.by} {'published' if row.kind == 'released' else 'held'} {bars}"


def _grouped(connection: Connection, *, every: bool, symbol: str | None = None) -> list[HeldSymbol]:
    if not _is_there(connection):
        return []
    bound = {"every": every, "symbol": symbol or None}
    rows = connection.exec_driver_sql(with_since("held_symbols"), bound).mappings()
    return [_symbol(dict(row)) for row in rows]


def _is_there(connection: Connection) -> bool:
    there = "select to_regclass('stock_data_quarantine') is not null"
    return bool(connection.exec_driver_sql(there).scalar_one())


def _symbol(row: dict[str, Any]) -> HeldSymbol:
    newest = row.pop("newest")
    return HeldSymbol(**row, seen=f"{row['bars']}.{newest}")


def _with_source(connection: Connection, bars: list[HeldBar]) -> list[HeldBar]:
    """Repaired bars with the numbers that the source has: repairs are kept for good."""
    repaired = {bar.symbol for bar in bars if any(REPAIRED_AS in one for one in bar.reasons)}
    symbols = sorted(one for one in repaired if one is not None)
    if not symbols:
        return bars
    known = {(one.symbol, one.date, one.new): one for one in every_repair(connection, symbols)}
    found = []
    for bar in bars:
        one = known.get((bar.symbol or "", bar.date or date.min, bar.numbers))
        told = one and {"repair_id": one.id, "source_bar": [_plain(was) for was in one.old]}
        found.append(replace(bar, carried={**bar.carried, **told}) if told else bar)
    return found


def _plain(value: float | None) -> float | str | None:
    """A number; what JSON has not, as text."""
    return value if value is None or value - value == 0 else str(value)


def _bar(row: Any) -> HeldBar:
    published = tuple(getattr(row, f"published_{name}") for name in NUMBERS)
    return HeldBar(
        run_id=row.run_id,
        row_number=row.row_number,
        symbol=row.symbol,
        date=row.date,
        numbers=tuple(getattr(row, name) for name in NUMBERS),
        reasons=tuple(row.reasons),
        since=row.since,
        carried=row.carried or {},
        published_by=row.published_by,
        published=published if row.published_by else None,
    )
