"""Bars that are missing within the sessions that a symbol has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gx.plugins.expectations.kernels.attendance import LISTED, day_number
from gx.plugins.expectations.kernels.bars import Bars, Flags, Ints, Judgement
from gx.plugins.expectations.kernels.calendars import local_days, session_rows
from gx.plugins.expectations.kernels.hours import MICROSECONDS_PER_MINUTE
from gx.plugins.expectations.kernels.moments import Moment
from gx.plugins.expectations.kernels.slots import Slots, fill_slots

USUAL = 0.5  # share of a symbol's sessions from which the same gap is its own break
FEWEST_SESSIONS = 3  # a gap of one session, or of two, is no habit


@dataclass(frozen=True)
class Gaps:
    """What the symbols of one exchange lack.

    behind: places in `slots` of the bars behind gaps. ends: those of the symbols' last bars, where
    bars are missing until their session's close. usual: places of the first of each gap that a
    symbol has in most sessions. sparse: the codes of symbols that trade too seldom, share: how many
    of a symbol's bars have one in the next slot (NaN: it has one bar).
    """

    slots: Slots
    behind: Ints
    ends: Ints
    usual: Ints
    sparse: Ints
    share: np.ndarray[tuple[int], np.dtype[np.float64]]


def missing_bars(
    bars: Bars,
    *,
    calendar: str = "XNYS",
    calendars: Mapping[str, str] | None = None,
    minutes: int | None = None,
    habit: float = 0.9,
    first_date: str | None = None,
    as_of: str | None = None,
) -> Judgement:
    """Flag the bar behind missing ones, in the sessions of which a symbol has any bar.

    A session's slots begin at its opening and after its break, every `minutes` (None: the commonest
    distance of the symbol's bars). Expected are those from its first bar on, in sessions that had
    closed at `as_of`. Where none follows the symbol's last bar is flagged. The same gap inside half
    of a symbol's sessions is its habit (`usual_gaps` in the details). A symbol in which fewer than
    `habit` of the bars have one in the next slot trades too seldom: it is named (`sparse`), and
    nothing of it is flagged. `gaps` are the missing ones from `first_date` on. Bars that are not
    within the day are not judged.
    """
    table = bars.table
    if table.bar_size != "intraday":
        return bars.nothing()
    now, since = Moment.of(as_of), None
    if first_date is not None:
        since = day_number(first_date, "first_date")
    rows = session_rows(bars, calendar, calendars)
    found = [
        _gaps(fill_slots(bars, rows, number, minutes, now), habit)
        for number in range(len(rows.sessions))
    ]
    flags = np.zeros(len(table), dtype=bool)
    for one in found:
        flags[one.slots.row[one.behind]] = True
        flags[one.slots.row[one.ends]] = True
    judged = sum(int(np.isfinite(one.share).sum()) - len(one.sparse) for one in found)
    return bars.judge(flags, table.symbol_count - judged, _details(bars, found, since))


def _gaps(slots: Slots, habit: float) -> Gaps:
    symbols = len(slots.grid.step)
    usual = _usual(slots)
    lacking = (slots.missing > 0) & ~usual
    follows = ~slots.begins
    pairs = np.bincount(slots.code[follows], minlength=symbols)
    direct = np.bincount(slots.code[follows & ~lacking], minlength=symbols)
    share = np.where(pairs > 0, direct / np.maximum(pairs, 1), np.nan)
    sparse = share < habit
    dense = ~sparse[slots.code]
    last = np.append(slots.begins[1:], True)[: len(slots.row)]
    return Gaps(
        slots=slots,
        behind=np.flatnonzero(lacking & dense),
        ends=np.flatnonzero(last & dense & (slots.left > 0)),
        usual=_first_of_each_symbol(slots, np.flatnonzero(usual & dense)),
        sparse=np.flatnonzero(sparse),
        share=share,
    )


def _usual(slots: Slots) -> Flags:
    """Say behind which bars is a gap that half of the symbol's sessions have as well.

    It has its place and its length in common, and is inside the session: what is missing at an end
    of it never is a habit.
    """
    usual = np.zeros(len(slots.row), dtype=bool)
    same_half = slots.same_session & (np.diff(slots.half, prepend=-1) == 0)
    at = np.flatnonzero(same_half & (slots.missing > 0))
    if not len(at):
        return usual
    keys = pd.DataFrame(
        {"code": slots.code[at], "half": slots.half[at], "slot": slots.slot[at]}
    ).assign(bars=slots.missing[at])
    times = keys.groupby(["code", "half", "slot", "bars"])["code"].transform("size").to_numpy()
    sessions = np.bincount(slots.code[~slots.same_session], minlength=len(slots.grid.step))
    often = (times >= FEWEST_SESSIONS) & (times >= USUAL * sessions[slots.code[at]])
    usual[at[often]] = True
    return usual


def _first_of_each_symbol(slots: Slots, at: Ints) -> Ints:
    _, first = np.unique(slots.code[at], return_index=True)
    return at[first]


def _details(bars: Bars, found: Sequence[Gaps], since: int | None) -> dict[str, object]:
    """What is told of the gaps, in the order of the symbols."""
    symbols = bars.table.symbols
    told: list[tuple[int, Gaps, int, bool]] = []
    missing = 0
    for one in found:
        for places, at_end in ((one.behind, False), (one.ends, True)):
            kept = _since(bars, one, places, since)
            counts = one.slots.left if at_end else one.slots.missing
            missing += int(counts[kept].sum())
            told += [(int(one.slots.row[at]), one, int(at), at_end) for at in kept]
    told.sort(key=lambda each: (each[0], each[3]))
    details: dict[str, object] = {}
    if told:
        details["gaps"] = [_said(bars, one, at, at_end) for _, one, at, at_end in told[:LISTED]]
        details |= {"gap_count": len(told), "missing_bars": missing}
    usual = [(int(one.slots.code[at]), one, int(at)) for one in found for at in one.usual]
    if usual:
        details["usual_gaps"] = [
            _said(bars, one, at, False) for _, one, at in sorted(usual, key=lambda each: each[0])
        ][:LISTED]
    sparse = sorted((int(code), one.share[code]) for one in found for code in one.sparse)
    if sparse:
        details["sparse"] = [
            {"symbol": str(symbols[code]), "percent": round(100 * float(share), 1)}
            for code, share in sparse[:LISTED]
        ]
        details["sparse_count"] = len(sparse)
    return details


def _since(bars: Bars, found: Gaps, places: Ints, since: int | None) -> Ints:
    if since is None:
        return places
    days = local_days(bars, found.slots.grid.sessions)
    return places[days[found.slots.row[places]] >= since]


def _said(bars: Bars, found: Gaps, at: int, at_end: bool) -> dict[str, Any]:
    """One gap: the symbol, how many bars of how many minutes, and when (UTC)."""
    slots, table = found.slots, bars.table
    code = int(slots.code[at])
    before, after = (at, None) if at_end else (at - 1, at)
    step = slots.grid.step[code] / MICROSECONDS_PER_MINUTE
    return {
        "symbol": str(table.symbols[code]),
        "bars": int(slots.left[at] if at_end else slots.missing[at]),
        "minutes": round(float(step), 2),
        "from": _stamp(_after(slots, before, after)),
        "to": _stamp(_before(slots, before, after)),
    }


def _after(slots: Slots, before: int, after: int | None) -> int:
    """The stamp of the first slot behind a bar that is not there."""
    code, ordinal = int(slots.code[before]), int(slots.ordinal[before])
    half, slot = int(slots.half[before]), int(slots.slot[before]) + 1
    if slot < slots.size[before, half]:
        return slots.grid.time(code, ordinal, half, slot)
    if half == 0 and slots.size[before, 1] > 0:
        return slots.grid.time(code, ordinal, 1, 0)
    return slots.grid.time(code, int(slots.ordinal[before if after is None else after]), 0, 0)


def _before(slots: Slots, before: int, after: int | None) -> int:
    """The stamp of the last slot that is not there: before a bar, or a session's last."""
    code = int(slots.code[before])
    if after is not None:
        ordinal, half, slot = (int(v[after]) for v in (slots.ordinal, slots.half, slots.slot))
        if slot > 0:
            return slots.grid.time(code, ordinal, half, slot - 1)
        if half == 1:
            return slots.grid.time(code, ordinal, 0, int(slots.size[after, 0]) - 1)
    half = int(slots.size[before, 1] > 0)
    size = int(slots.size[before, half])
    return slots.grid.time(code, int(slots.ordinal[before]), half, size - 1)


def _stamp(time: int) -> str:
    return str(np.datetime64(time, "us").astype("datetime64[s]"))
