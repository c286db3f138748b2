"""Which sessions each symbol has, which it lacks, and until when more were expected of it.

What a part of the market says of it (`attendance`) is small and adds up, so that the parts can be
read one after the other and judged together (`roll_call`).
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from gx.plugins.expectations.errors import ExpectationInputError
from gx.plugins.expectations.kernels.bars import Bars, Flags, Ints
from gx.plugins.expectations.kernels.calendars import (
    SessionRows,
    Sessions,
    session_rows,
    sessions_from,
)
from gx.plugins.expectations.kernels.moments import Moment

EPOCH = dt.date(1970, 1, 1)
LISTED = 50  # missing sessions named one by one
NEVER = np.iinfo(np.int64).max
NOTHING: Ints = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Attendance:
    """What the bars of one exchange say; days are counted since 1970.

    For each symbol the days of its first and last bar on a session. For each bar behind missing
    sessions: its `row` in the frame, the place of its symbol in `symbols` (`code`), and the days
    of the first missing session (`begin`) and of its own (`end`).
    """

    calendar: str
    symbols: tuple[str, ...]
    first: Ints
    last: Ints
    row: Ints
    code: Ints
    begin: Ints
    end: Ints


ARRAYS = ("first", "last", "row", "code", "begin", "end")


@dataclass(frozen=True)
class Wanted:
    """What was asked for, by which the sessions are expected that no bar speaks of.

    Of a symbol in `symbols` without any bar all sessions of the range are expected. Sessions count
    from `first_date` on; they are expected until `last_date`, whoever has it, or else until the
    newest session that any symbol of the same calendar has, and never after the last one that has
    closed at `as_of`. `ended` gives the last day of symbols that trade no more. Dates are written
    as 2025-01-31.
    """

    calendar: str = "XNYS"
    calendars: Mapping[str, str] = field(default_factory=dict)
    symbols: Sequence[str] = ()
    first_date: str | None = None
    last_date: str | None = None
    as_of: str | None = None
    ended: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Roll:
    """The symbols of one exchange, as places in its sessions.

    `present` of the symbols have bars, from `first` to `last`; the others have none. Expected and
    not there are the sessions from `tail` to before `until` behind the last bar, and those from
    `begin` to before `end` of each hole. A hole has its `part`, its `row` there, and its `symbol`.
    Sessions before `since` are not judged.
    """

    sessions: Sessions
    symbols: tuple[str, ...]
    present: int
    first: Ints
    last: Ints
    tail: Ints
    until: Ints
    since: int
    part: Ints
    row: Ints
    symbol: Ints
    begin: Ints
    end: Ints


@dataclass(frozen=True)
class _Holes:
    """The holes of a roll."""

    part: Ints
    row: Ints
    symbol: Ints
    begin: Ints
    end: Ints

    def newest_before(self, closed: int, last: Ints) -> Ints:
        """Each symbol's newest session before the place `closed`; a bar to come proves nothing."""
        newest = np.minimum(last, closed - 1)
        across = (self.begin < closed) & (closed <= self.end)
        newest[self.symbol[across]] = self.begin[across] - 1
        return newest

    def due(self, until: Ints) -> "_Holes":
        """Without the sessions that nobody was to have: those before a bar that is to come."""
        end = np.minimum(self.end, until[self.symbol])
        kept = self.begin < end
        return _Holes(
            self.part[kept], self.row[kept], self.symbol[kept], self.begin[kept], end[kept]
        )


def attendance(
    bars: Bars, calendar: str, calendars: Mapping[str, str] | None
) -> tuple[Attendance, ...]:
    """Say what the bars have and lack, by calendar; of bars longer than a day nothing."""
    if bars.table.bar_size == "longer":
        return ()
    rows = session_rows(bars, calendar, calendars)
    return tuple(_attendance(bars, rows, number) for number in range(len(rows.sessions)))


def roll_call(parts: Sequence[Sequence[Attendance]], wanted: Wanted) -> list[Roll]:
    """Put the parts together, and say what else was expected; one roll a calendar."""
    seen = set(chain.from_iterable(one.symbols for part in parts for one in part))
    absent: dict[str, list[str]] = {}
    for symbol in wanted.symbols:
        if symbol not in seen:
            name = wanted.calendars.get(symbol, wanted.calendar)
            absent.setdefault(name, []).append(symbol)
    names = sorted({one.calendar for part in parts for one in part} | absent.keys())
    return [_roll(name, parts, absent.get(name, []), wanted) for name in names]


def last_days(ended: Mapping[str, str] | None, symbols: Sequence[str]) -> Ints:
    """The last day of each of the symbols that has ended, NEVER of the others.

    Raises ExpectationInputError for what is no date.
    """
    over = {symbol: day_number(date, f"ended: {symbol}") for symbol, date in (ended or {}).items()}
    return np.array([over.get(symbol, NEVER) for symbol in symbols], dtype=np.int64)


def day_number(date: str, what: str) -> int:
    """Read 2025-10-05 as a day since 1970; raises ExpectationInputError, which names ``what``."""
    try:
        return (dt.date.fromisoformat(date[:10]) - EPOCH).days
    except (ValueError, TypeError) as error:
        raise ExpectationInputError(
            f"{what} {date!r} is not a date; write it as 2025-01-31"
        ) from error


def day_label(day: int | np.int64) -> str:
    """Write a day since 1970 as 2025-10-05."""
    return str(np.datetime64(int(day), "D"))


def _attendance(bars: Bars, rows: SessionRows, number: int) -> Attendance:
    table, sessions = bars.table, rows.sessions[number]
    placed: Flags = (rows.ordinal >= 0) & (rows.calendar == number) & (table.code >= 0)
    at = np.flatnonzero(placed)
    code, ordinal = table.code[at], rows.ordinal[at]
    new = np.diff(code, prepend=-1) != 0
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], len(code)) - 1 if len(code) else starts
    missing = np.diff(ordinal, prepend=-1) - 1
    hole = ~new & (missing > 0)
    row = at[hole] if table.order is None else table.order[at[hole]]
    return Attendance(
        calendar=sessions.name,
        symbols=tuple(str(table.symbols[c]) for c in code[starts]),
        first=sessions.days[ordinal[starts]],
        last=sessions.days[ordinal[ends]],
        row=row.astype(np.int64),
        code=(np.cumsum(new) - 1)[hole].astype(np.int64),
        begin=sessions.days[(ordinal - missing)[hole]],
        end=sessions.days[ordinal[hole]],
    )


def _roll(
    name: str, parts: Sequence[Sequence[Attendance]], absent: Sequence[str], wanted: Wanted
) -> Roll:
    mine = [(n, one) for n, part in enumerate(parts) for one in part if one.calendar == name]
    first_day = None if wanted.first_date is None else day_number(wanted.first_date, "first_date")
    days = _joined(one.first for _, one in mine)
    earliest = min([*days.tolist(), *([] if first_day is None else [first_day])], default=0)
    sessions = sessions_from(name, int(day_label(earliest)[:4]))
    symbols = (*chain.from_iterable(one.symbols for _, one in mine), *absent)

    def places(days: Iterator[Ints]) -> Ints:
        return np.searchsorted(sessions.days, _joined(days)).astype(np.int64)

    first, last = places(one.first for _, one in mine), places(one.last for _, one in mine)
    offsets = np.cumsum([0, *(len(one.symbols) for _, one in mine)])
    holes = _Holes(
        part=_joined(np.full(len(one.row), n, dtype=np.int64) for n, one in mine),
        row=_joined(one.row for _, one in mine),
        symbol=_joined(one.code + o for (_, one), o in zip(mine, offsets, strict=False)),
        begin=places(one.begin for _, one in mine),
        end=places(one.end for _, one in mine),
    )
    since = 0 if first_day is None else int(np.searchsorted(sessions.days, first_day))
    until = _expected_until(sessions, last, holes, symbols, wanted)
    holes = holes.due(until)
    # Where the range is open nobody knows when a symbol without bars should have begun; with the
    # first of the market at the latest.
    begun = since if first_day is not None or not len(first) else int(first.min())
    tail = np.concatenate([np.maximum(last + 1, since), np.full(len(absent), begun)])
    return Roll(
        sessions=sessions,
        symbols=symbols,
        present=len(first),
        first=first,
        last=last,
        tail=tail,
        until=np.maximum(until, tail),
        since=since,
        **vars(holes),
    )


def _expected_until(
    sessions: Sessions, last: Ints, holes: _Holes, symbols: Sequence[str], wanted: Wanted
) -> Ints:
    """The place behind the last session that is expected of each symbol."""
    closed = Moment.of(wanted.as_of).closed(sessions)
    if wanted.last_date is not None:
        day = day_number(wanted.last_date, "last_date")
        everyone = min(closed, int(np.searchsorted(sessions.days, day, side="right")))
    else:
        everyone = int(holes.newest_before(closed, last).max(initial=-1)) + 1
    ends = np.searchsorted(sessions.days, last_days(wanted.ended, symbols), side="right")
    goes_on = np.zeros(len(symbols), dtype=bool)
    goes_on[: len(last)] = last >= ends[: len(last)]  # a bar after the end says that it was none
    return np.where(goes_on, everyone, np.minimum(everyone, ends)).astype(np.int64)


def _joined(arrays: Iterator[Ints]) -> Ints:
    return np.concatenate([NOTHING, *arrays])
