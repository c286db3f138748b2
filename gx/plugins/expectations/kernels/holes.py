"""Sessions that much of the market lacks.

What a part of the market says of it (`find_holes`) is small and adds up, so that the parts can be
read one after the other and judged together (`judge_holes`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gx.plugins.expectations.kernels.bars import Bars, Flags, Ints, Judgement
from gx.plugins.expectations.kernels.calendars import SessionRows, moment, session_rows

LISTED = 50  # missing sessions named one by one


@dataclass(frozen=True)
class CalendarHoles:
    """What the bars of one exchange lack; days are counted since 1970.

    For each of its sessions (`days`): how many symbols `lack` a bar between their first and last,
    and how many are `active` then. For each bar behind missing sessions: its `row` in the frame,
    and the places in `days` of the first missing session (`begin`) and of its own (`end`).
    """

    calendar: str
    days: Ints
    lacking: Ints
    active: Ints
    row: Ints
    begin: Ints
    end: Ints


Holes = tuple[CalendarHoles, ...]


def market_holes(
    bars: Bars,
    *,
    calendar: str = "XNYS",
    calendars: Mapping[str, str] | None = None,
    percent: float = 20.0,
) -> Judgement:
    """Flag the next bar of every symbol that lacks a session which the market lacks.

    A session is a hole when more than `percent` of the symbols that have bars before and after
    it, and at least two of them, lack a bar: the feed failed, not the symbol. `details` names
    the sessions and the share of symbols that lack them.
    """
    if bars.table.bar_size == "longer":
        return bars.nothing()
    (rows,), details = judge_holes([find_holes(bars, calendar, calendars)], percent=percent)
    flags = np.zeros(len(bars.table), dtype=bool)
    flags[rows] = True
    return Judgement(flags, details=details)


def find_holes(bars: Bars, calendar: str, calendars: Mapping[str, str] | None) -> Holes:
    """Say what the bars lack, by calendar."""
    rows = session_rows(bars, calendar, calendars, moment(None))
    after, missing = holes_of(bars, rows)
    order = bars.table.order
    found = []
    for number, sessions in enumerate(rows.sessions):
        mine = rows.calendar[after] == number
        end = rows.ordinal[after[mine]]
        begin = end - missing[mine]
        length = len(sessions.days)
        first, last = _lives(bars, rows, number)
        found.append(
            CalendarHoles(
                calendar=sessions.name,
                days=sessions.days,
                lacking=_covering(begin, end, length),
                active=_covering(first, last + 1, length),
                row=after[mine] if order is None else order[after[mine]],
                begin=begin,
                end=end,
            )
        )
    return tuple(found)


def judge_holes(parts: Sequence[Holes], *, percent: float) -> tuple[list[Ints], Mapping[str, Any]]:
    """Return each part's failing rows, as it numbers them, and the details of all of them."""
    failing: list[list[Ints]] = [[] for _ in parts]
    listed: list[dict[str, object]] = []
    for name in sorted({one.calendar for part in parts for one in part}):
        mine = [(n, one) for n, part in enumerate(parts) for one in part if one.calendar == name]
        days = np.unique(np.concatenate([one.days for _, one in mine]))
        lacking, active = (np.zeros(len(days), dtype=np.int64) for _ in range(2))
        for _, one in mine:
            at = np.searchsorted(days, one.days)
            lacking[at] += one.lacking
            active[at] += one.active
        hole = (lacking * 100 > percent * active) & (lacking >= 2)
        for number, one in mine:
            upto = np.concatenate(([0], np.cumsum(hole[np.searchsorted(days, one.days)])))
            failing[number].append(one.row[upto[one.end] > upto[one.begin]])
        shares = 100 * lacking[hole] / active[hole]
        listed += [
            {"session": day_label(day), "percent_missing": round(float(share), 1)}
            for day, share in zip(days[hole], shares, strict=True)
        ]
    details = {"sessions": listed[:LISTED], "session_count": len(listed)} if listed else {}
    nothing = [np.zeros(0, dtype=np.int64)]
    return [np.concatenate(rows or nothing).astype(np.int64) for rows in failing], details


def holes_of(bars: Bars, rows: SessionRows) -> tuple[Ints, Ints]:
    """Return the bars that follow missing sessions, and how many are missing before each."""
    placed = np.flatnonzero((rows.ordinal >= 0) & (bars.table.code >= 0))
    code, ordinal = bars.table.code[placed], rows.ordinal[placed]
    missing = np.diff(ordinal) - 1
    hole = (code[1:] == code[:-1]) & (missing > 0)
    return placed[1:][hole], missing[hole]


def day_label(day: int | np.int64) -> str:
    """Write a day since 1970 as 2025-10-05."""
    return str(np.datetime64(int(day), "D"))


def _lives(bars: Bars, rows: SessionRows, number: int) -> tuple[Ints, Ints]:
    """Return the first and last session of each symbol of one calendar."""
    placed: Flags = (rows.ordinal >= 0) & (rows.calendar == number) & (bars.table.code >= 0)
    code, ordinal = bars.table.code[placed], rows.ordinal[placed]
    starts = np.flatnonzero(np.diff(code, prepend=-1))
    ends = np.append(starts[1:], len(code)) - 1 if len(code) else starts
    return ordinal[starts], ordinal[ends]


def _covering(begin: Ints, end: Ints, length: int) -> NDArray[np.int64]:
    """Count, for each of `length` places, the half-open spans that cover it."""
    edges = np.bincount(begin, minlength=length + 1) - np.bincount(end, minlength=length + 1)
    return np.cumsum(edges)[:length]
