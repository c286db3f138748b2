"""Sessions without a bar: of single symbols, and of much of the market."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gx.plugins.expectations.kernels.attendance import (
    LISTED,
    NOTHING,
    Attendance,
    Roll,
    Wanted,
    attendance,
    day_label,
    roll_call,
)
from gx.plugins.expectations.kernels.bars import Bars, Flags, Ints, Judgement, MarketJudgement

Behind = dict[str, dict[str, int | str | None]]
NAMED = 10  # symbols named for each session that the market lacks


def missing_sessions(bars: Bars, *, allowed: int = 0, **wanted: Any) -> Judgement:
    """Flag the first bar after sessions without a bar, in symbols that lack more than `allowed`.

    `wanted` is as in `Wanted`: what is expected of a symbol behind its last bar. There no bar
    follows; `details` names the missing sessions, and in `behind` every symbol that lacks sessions
    behind its last bar: how many, and the date of that bar (None without any).
    """
    asked = Wanted(**wanted)
    said = [attendance(bars, asked.calendar, asked.calendars)]
    return _judgement(bars, judge_missing(said, asked, allowed=allowed))


def market_holes(bars: Bars, *, percent: float = 20.0, **wanted: Any) -> Judgement:
    """Flag the next bar of every symbol that lacks a session which the market lacks.

    A session is a hole when more than `percent` of the symbols of which it is expected, and at
    least two, lack a bar: the feed failed, not the symbol. `wanted` is as in `Wanted`. `details`
    names the sessions, the share of symbols that lack them, and some of these.
    """
    asked = Wanted(**wanted)
    said = [attendance(bars, asked.calendar, asked.calendars)]
    return _judgement(bars, judge_holes(said, asked, percent=percent))


def judge_missing(
    parts: Sequence[Sequence[Attendance]], wanted: Wanted, *, allowed: int
) -> MarketJudgement:
    """Judge the symbols of all parts one by one.

    What has not come is no row: it `fails` when sessions are missing that no bar follows.
    """
    failing: list[list[Ints]] = [[] for _ in parts]
    listed: list[dict[str, str]] = []
    count, behind = 0, Behind()
    for roll in roll_call(parts, wanted):
        tails, inside = roll.until - roll.tail, roll.end - roll.begin
        lacking = tails + np.bincount(roll.symbol, inside, minlength=len(roll.symbols))
        over = lacking > allowed
        holes = np.flatnonzero(over[roll.symbol])
        for number, rows in enumerate(failing):
            rows.append(roll.row[holes[roll.part[holes] == number]])
        ends = np.flatnonzero(over & (tails > 0))
        behind |= _behind(roll, ends, tails[ends])
        count += int(inside[holes].sum() + tails[ends].sum())
        listed += _named(roll, holes, ends, LISTED - len(listed))
    details: dict[str, object] = {"missing": listed, "missing_count": count} if count else {}
    return MarketJudgement(
        [_sorted(rows) for rows in failing],
        details | ({"behind": behind} if behind else {}),
        bool(behind),
    )


def judge_holes(
    parts: Sequence[Sequence[Attendance]], wanted: Wanted, *, percent: float
) -> MarketJudgement:
    """Judge the sessions of each exchange by all of its symbols; any hole `fails`."""
    failing: list[list[Ints]] = [[] for _ in parts]
    listed: list[dict[str, object]] = []
    count, behind = 0, Behind()
    for roll in roll_call(parts, wanted):
        length = len(roll.sessions.days)
        tails = _covering(roll.tail, roll.until, length)
        lacking = tails + _covering(roll.begin, roll.end, length)
        active = tails + _covering(roll.first, roll.last + 1, length)
        hole = (lacking * 100 > percent * active) & (lacking >= 2)
        upto = np.concatenate(([0], np.cumsum(hole)))
        # Of a bar in the range only what the range itself lacks counts; of one before it, all.
        begin = np.where(roll.end >= roll.since, np.maximum(roll.begin, roll.since), roll.begin)
        at = np.flatnonzero(upto[roll.end] > upto[begin])
        for number, rows in enumerate(failing):
            rows.append(roll.row[at[roll.part[at] == number]])
        ends = np.flatnonzero(upto[roll.until] > upto[roll.tail])
        behind |= _behind(roll, ends, upto[roll.until[ends]] - upto[roll.tail[ends]])
        places = np.flatnonzero(hole[roll.since :]) + roll.since
        count += len(places)
        for place in places[: LISTED - len(listed)]:
            share = round(100 * int(lacking[place]) / int(active[place]), 1)
            session = day_label(roll.sessions.days[place])
            names = _lacking(roll, place)
            listed.append({"session": session, "percent_missing": share, "symbols": names})
    details = {"sessions": listed, "session_count": count} if count else {}
    return MarketJudgement(
        [_sorted(rows) for rows in failing],
        details | ({"behind": behind} if behind else {}),
        bool(count),
    )


def _judgement(bars: Bars, found: MarketJudgement) -> Judgement:
    if bars.table.bar_size == "longer":
        return bars.nothing()
    flags: Flags = np.zeros(len(bars.table), dtype=bool)
    flags[found.rows[0]] = True
    return Judgement(flags, details=found.details, fails=found.fails)


def _behind(roll: Roll, ends: Ints, sessions: Ints) -> Behind:
    return {
        roll.symbols[place]: {
            "sessions": int(count),
            "last": day_label(roll.sessions.days[roll.last[place]])
            if place < roll.present
            else None,
        }
        for place, count in zip(ends, sessions, strict=True)
    }


def _named(roll: Roll, holes: Ints, ends: Ints, most: int) -> list[dict[str, str]]:
    """Name missing sessions one by one, those behind the last bars first: they are the news."""
    behind = sorted((roll.symbols[p], roll.tail[p], roll.until[p]) for p in ends)
    inside = sorted((roll.symbols[roll.symbol[h]], roll.begin[h], roll.end[h]) for h in holes)
    listed: list[dict[str, str]] = []
    for symbol, begin, end in [*behind[:most], *inside[:most]]:
        days = roll.sessions.days[begin:end][: most - len(listed)]
        listed += [{"symbol": symbol, "date": day_label(day)} for day in days]
    return listed


def _lacking(roll: Roll, place: np.int64) -> list[str]:
    """The first of the symbols that lack a session."""
    inside = roll.symbol[(roll.begin <= place) & (place < roll.end)]
    behind = np.flatnonzero((roll.tail <= place) & (place < roll.until))
    return sorted(roll.symbols[symbol] for symbol in np.union1d(inside, behind))[:NAMED]


def _sorted(rows: Sequence[Ints]) -> Ints:
    return np.sort(np.concatenate([NOTHING, *rows]))


def _covering(begin: Ints, end: Ints, length: int) -> Ints:
    """Count, for each of `length` places, the half-open spans that cover it."""
    edges = np.bincount(begin, minlength=length + 1) - np.bincount(end, minlength=length + 1)
    return np.cumsum(edges)[:length].astype(np.int64)
