"""Repairs that somebody has accepted: bars that are judged and published in place of the source's.

The source is never touched. A repair is open until it is revoked, or void because the source has
another bar now, of it or of those that are right or wrong together with it; rows are added
and resolved, never deleted.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from sql.audit import note
from sql.errors import RepairError, RepairTakenError
from sql.locks import REPAIRS, lock
from sql.statements import statement
from sql.terms import NUMBERS

Numbers = tuple[float | None, ...]  # open, high, low, close, volume
AUTOMATIC = "AUTO_REPAIR"  # who accepts what a setting allows


@dataclass(frozen=True)
class NewRepair:
    """What is accepted: `old` is the source's bar exactly, `new` None where a copy is to go."""

    symbol: str
    date: date
    rule: str
    evidence: str
    old: Numbers
    new: Numbers | None


@dataclass(frozen=True)
class Repair(NewRepair):
    """A repair as it is kept; `run_id` is the run that proposed it."""

    id: int
    run_id: str
    accepted_by: str
    accepted_at: datetime
    reason: str
    revoked_by: str | None = None
    revoked_at: datetime | None = None
    revoke_reason: str | None = None
    void_run: str | None = None
    void_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Does it hold?"""
        return self.revoked_by is None and self.void_run is None

    @property
    def block(self) -> tuple[object, ...]:
        """What it shares with those that are right or wrong together with it; a copy goes alone."""
        if self.new is None:
            return (self.id,)
        return (self.run_id, self.symbol, self.rule, self.evidence, self.accepted_at)

    @property
    def is_automatic(self) -> bool:
        """Did a setting accept it, and nobody?"""
        return self.accepted_by == AUTOMATIC


@dataclass(frozen=True)
class Automatic:
    """What of proposals is accepted by the setting now, and what is left because of a revocation.

    `accepted` are bars of this call, or of an earlier try of the same run. `revoked` are the
    revocations that stand against others.
    """

    accepted: tuple[NewRepair, ...] = ()
    revoked: tuple[Repair, ...] = ()


def accept_automatically(
    connection: Connection, lots: Sequence[Sequence[NewRepair]], *, run_id: str, reason: str
) -> Automatic:
    """Accept lots (bars that are right or wrong together) that the run proposed, without a person.

    A lot is left alone where any of its bars has an open repair, or has had one that somebody
    revoked: what a person took back, only a person makes again.
    """
    _require_table(connection)
    lock(connection, REPAIRS)
    known = every_repair(connection, sorted({one.symbol for lot in lots for one in lot}))
    open_ones = {(one.symbol, one.date, one.new is None): one for one in known if one.is_open}
    taken_back = {(one.symbol, one.date): one for one in known if one.revoked_by is not None}
    fresh, done, revoked = list[NewRepair](), list[NewRepair](), dict[int, Repair]()
    for lot in lots:
        there = [open_ones.get((one.symbol, one.date, one.new is None)) for one in lot]
        against = [found for one in lot if (found := taken_back.get((one.symbol, one.date)))]
        if all(one and one.is_automatic and one.run_id == run_id for one in there):
            done += lot
        elif against:
            revoked |= {one.id: one for one in against}
        elif not any(there):
            fresh += lot
    if fresh:
        accept(connection, fresh, run_id=run_id, by=AUTOMATIC, reason=reason)
    return Automatic((*done, *fresh), tuple(revoked.values()))


def accept(
    connection: Connection,
    repairs: Sequence[NewRepair],
    *,
    run_id: str,
    by: str,
    reason: str,
    more_copies: Collection[tuple[str, date]] = (),
) -> int:
    """Keep repairs that the run `run_id` proposed, and have the audit's list tell of each symbol.

    `more_copies` are bars of which another copy may go beside those that go already.
    Raises RepairError: no reason, no repairs; RepairTakenError, which tells of who was first.
    """
    _require(repairs, reason)
    _require_table(connection)
    lock(connection, REPAIRS)
    there = [one for one in repairs if one.new or (one.symbol, one.date) not in more_copies]
    _require_free(connection, there)
    for one in repairs:
        new = one.new or (None,) * len(NUMBERS)
        bound = {
            **{name: getattr(one, name) for name in ("symbol", "date", "rule", "evidence")},
            **{f"old_{name}": value for name, value in zip(NUMBERS, one.old, strict=True)},
            **{f"new_{name}": value for name, value in zip(NUMBERS, new, strict=True)},
            "dropped": one.new is None,
            "run_id": run_id,
            "by": by,
            "reason": reason,
        }
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(statement("queries/insert_repair"), bound)
        except IntegrityError:
            raise RepairError(
                f"the bar of {one.symbol} of {one.date} is to have two repairs; nothing was "
                "accepted. Accept one of them"
            ) from None
    for what in _told(repairs):
        note(connection, action="repair", who=by, what=what, why=reason, run_id=run_id)
    return len(repairs)


def revoke(connection: Connection, ids: Sequence[int], *, by: str, reason: str) -> list[Repair]:
    """Take open repairs back, and those of their blocks; return all that were open until now.

    The next run reads these bars as the source has them. What is right or wrong together goes
    together: half of a block would be a step in the prices that nobody made.

    Raises RepairError: no reason, or one of them is not there; RepairTakenError: one is not open
    any more.
    """
    _require(ids, reason)
    _require_table(connection)
    lock(connection, REPAIRS)
    every = _read(connection, every=True)
    _require_open(ids, every)
    chosen = {one.block for one in every if one.id in set(ids)}
    wanted = [one for one in every if one.is_open and one.block in chosen]
    bound = {"ids": [one.id for one in wanted], "by": by, "reason": reason}
    connection.exec_driver_sql(statement("queries/revoke_repairs"), bound)
    for what in _told(wanted):
        note(connection, action="revoke repair", who=by, what=what, why=reason)
    return wanted


def spans(repairs: Iterable[NewRepair]) -> dict[str, tuple[date, date]]:
    """Of each symbol the first and the last of these bars, in alphabetical order."""
    days: dict[str, list[date]] = {}
    for one in repairs:
        days.setdefault(one.symbol, []).append(one.date)
    return {symbol: (min(those), max(those)) for symbol, those in sorted(days.items())}


def open_repairs(
    engine: Engine,
    symbols: Sequence[str] | None = None,
    *,
    start: date | None = None,
    end: date | None = None,
    run_id: str | None = None,
) -> list[Repair]:
    """The open ones of symbols (None: any), in order of symbol and date.

    Also those that the run `run_id` itself has found void. Without the table there are none.
    """
    with engine.connect() as connection:
        return _read(connection, symbols=symbols, start=start, end=end, run_id=run_id)


def all_repairs(engine: Engine, symbols: Sequence[str] | None = None) -> list[Repair]:
    """Those that are revoked or void as well, of symbols (None: any)."""
    with engine.connect() as connection:
        return every_repair(connection, symbols)


def every_repair(connection: Connection, symbols: Sequence[str] | None = None) -> list[Repair]:
    """The same, in a transaction that is under way."""
    return _read(connection, symbols=symbols, every=True)


def mark_void(connection: Connection, ids: Sequence[int], *, run_id: str) -> int:
    """End open repairs of blocks of which the source has another bar now, as the run found."""
    bound = {"ids": list(ids), "run_id": run_id}
    return connection.exec_driver_sql(statement("queries/void_repairs"), bound).rowcount


def _read(
    connection: Connection,
    *,
    symbols: Sequence[str] | None = None,
    start: date | None = None,
    end: date | None = None,
    run_id: str | None = None,
    every: bool = False,
) -> list[Repair]:
    if not _is_there(connection):
        return []
    bound = {
        "symbols": None if symbols is None else list(symbols),
        "start": start,
        "end": end,
        "run_id": run_id,
        "every": every,
    }
    found = connection.exec_driver_sql(statement("queries/repairs"), bound).mappings()
    return [_repair(dict(row)) for row in found]


def _repair(row: dict[Any, Any]) -> Repair:
    numbers = {which: tuple(row[f"{which}_{name}"] for name in NUMBERS) for which in ("old", "new")}
    plain = {name: row[name] for name in Repair.__dataclass_fields__ if name not in numbers}
    return Repair(**plain, old=numbers["old"], new=None if row["dropped"] else numbers["new"])


def _is_there(connection: Connection) -> bool:
    there = "select to_regclass('stock_data_repairs') is not null"
    return bool(connection.exec_driver_sql(there).scalar_one())


def _require_table(connection: Connection) -> None:
    if not _is_there(connection):
        raise RepairError("there is no table stock_data_repairs: the dataset's next run makes it")


def _require(chosen: Sequence[object], reason: str) -> None:
    if not chosen:
        raise RepairError("no repair is chosen")
    if not any(one.isalnum() for one in reason):
        raise RepairError("say why: a reason is kept with each repair")


def _require_free(connection: Connection, repairs: Sequence[NewRepair]) -> None:
    """Raise RepairTakenError for what has an open repair; beside another bar a copy may go."""
    wanted = {(one.symbol, one.date, one.new is None) for one in repairs}
    open_ones = _read(connection, symbols=sorted({one.symbol for one in repairs}))
    there = [one for one in open_ones if (one.symbol, one.date, one.new is None) in wanted]
    if not there:
        return
    first, more = there[0], len(there) - 1
    raise RepairTakenError(
        f"the bar of {first.symbol} of {first.date} has an accepted repair already ({first.rule}, "
        f"by {first.accepted_by}, {_minute(first.accepted_at)}: {first.reason})"
        f"{f', and {more:,} more have' if more else ''}; nothing was accepted. Look at the "
        "accepted ones, and revoke that one first"
    )


def _require_open(ids: Sequence[int], every: Sequence[Repair]) -> None:
    wanted = [one for one in every if one.id in set(ids)]
    missing = len(set(ids)) - sum(one.is_open for one in wanted)
    if not missing:
        return
    ended = next((one for one in wanted if not one.is_open), None)
    raise (RepairTakenError if ended else RepairError)(
        f"{missing} of {len(set(ids))} repairs are not open (any more)"
        f"{f' ({_end(ended)})' if ended else ''}; nothing was revoked. Look at what is "
        "accepted now"
    )


def _end(one: Repair) -> str:
    """What became of a repair that is not open."""
    what = f"that of {one.symbol} of {one.date} was"
    if one.revoked_by is not None and one.revoked_at is not None:
        return f"{what} revoked by {one.revoked_by}, {_minute(one.revoked_at)}: {one.revoke_reason}"
    return f"{what} found void by the run {one.void_run}"


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _told(repairs: Sequence[NewRepair]) -> list[str]:
    """What the audit's list says they are, a line for each symbol and rule."""

    def kind(one: NewRepair) -> tuple[str, str]:
        return one.symbol, one.rule

    lines = []
    for (symbol, rule), group in groupby(sorted(repairs, key=kind), kind):
        days = sorted(one.date for one in group)
        between = f"{days[0]}" if len(days) == 1 else f"{days[0]} to {days[-1]}"
        lines.append(f"{symbol}: {len(days):,} bar{'s' * (len(days) > 1)} ({rule}), {between}")
    return lines
