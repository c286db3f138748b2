"""Bars within the day against the hours of their session."""

from collections.abc import Mapping
from typing import Final, Literal

import numpy as np
import pandas as pd

from gx.plugins.expectations.kernels.bars import (
    MICROSECONDS_PER_HOUR,
    NO_TIME,
    Bars,
    Flags,
    Ints,
)
from gx.plugins.expectations.kernels.calendars import SessionRows, Sessions, instants
from gx.plugins.expectations.kernels.steps import usual_steps

Hours = Literal["regular", "extended"]

MICROSECONDS_PER_MINUTE: Final = 60_000_000
# Minutes after the close in which these exchanges end their closing auctions.
CLOSING_AUCTIONS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("XLON", "XETR", "XPAR", "XAMS", "XBRU", "XLIS", "XMIL", "XMAD"), 5),
    "XHKG": 10,
    "XASX": 12,
}
REACH = 6 * MICROSECONDS_PER_HOUR  # New York's begin 5.5 hours before and end 4 hours after it
FEWEST = 20  # bars that tell whether a symbol's are of extended hours
OUTSIDE = 0.1  # share of bars outside the hours from which they are no mistakes
COVERED = 0.5  # share of sessions that bars of extended hours reach both ends of


def outside_hours(bars: Bars, rows: SessionRows, hours: Hours | None) -> Flags:
    """Flag the bars on a session's day that no part of the session falls into.

    A bar may be stamped by its start or by its end, and that of a closing auction comes after the
    close. Without `hours` a symbol's bars are of extended ones when more than a tenth of them are
    outside and half of its sessions have bars near both of their ends as well: hours that
    were moved (by a wrong time zone, say) do not reach both. Those reach six hours beyond the
    session. Of fewer than 20 bars nothing is said.
    """
    table = bars.table
    flags = np.zeros(len(table), dtype=bool)
    if hours == "extended":
        return flags
    steps = np.maximum(usual_steps(table), 1)
    extended, few = (np.zeros(table.symbol_count, dtype=bool) for _ in range(2))
    far = np.zeros(len(table), dtype=bool)
    for number, sessions in enumerate(rows.sessions):
        mine = np.flatnonzero((rows.calendar == number) & (rows.ordinal >= 0))
        code, ordinal, time = table.code[mine], rows.ordinal[mine], instants(bars, sessions)[mine]
        outside = _is_outside(time, ordinal, steps[code], sessions)
        flags[mine] = outside
        if hours is None and outside.any():
            extended |= _are_extended(code, ordinal, time, outside, sessions, table.symbol_count)
            far[mine] = time < sessions.opens[ordinal] - REACH
            far[mine] |= time > sessions.closes[ordinal] + REACH
            count = np.bincount(code, minlength=table.symbol_count)
            few |= (count > 0) & (count < FEWEST)
    if not flags.any():
        return flags
    flags &= ~few[table.code] & (far | ~extended[table.code])
    return flags


def _is_outside(time: Ints, ordinal: Ints, step: Ints, sessions: Sessions) -> Flags:
    auction = CLOSING_AUCTIONS.get(sessions.name, 0) * MICROSECONDS_PER_MINUTE
    after = np.maximum(step, auction + 1)
    pause, resume = sessions.pauses[ordinal], sessions.resumes[ordinal]
    outside = time <= sessions.opens[ordinal] - step
    outside |= time >= sessions.closes[ordinal] + after
    resting = (pause != NO_TIME) & (time - step >= pause) & (time + step <= resume)
    off: Flags = outside | resting
    return off


def _are_extended(
    code: Ints, ordinal: Ints, time: Ints, outside: Flags, sessions: Sessions, symbols: int
) -> Flags:
    """Say of each symbol whether its bars outside the hours are those of extended hours."""
    count = np.bincount(code, minlength=symbols)
    many = np.bincount(code, outside, minlength=symbols) > OUTSIDE * count
    quarter = (sessions.closes - sessions.opens)[ordinal] // 4
    since, left = time - sessions.opens[ordinal], sessions.closes[ordinal] - time
    held = [
        _sessions_held(code, ordinal, part, symbols)
        for part in (
            np.ones(len(code), dtype=bool),
            (since >= 0) & (since <= quarter),
            (left >= 0) & (left <= quarter),
        )
    ]
    covered = (held[1] >= COVERED * held[0]) & (held[2] >= COVERED * held[0])
    extended: Flags = many & covered & (held[0] > 0)
    return extended


def _sessions_held(code: Ints, ordinal: Ints, part: Flags, symbols: int) -> Ints:
    """Count each symbol's sessions among some of its bars."""
    code, ordinal = code[part], ordinal[part]
    if not len(code):
        return np.zeros(symbols, dtype=np.int64)
    width = int(ordinal.max()) + 1
    pairs = pd.unique(code.astype(np.int64) * width + ordinal)
    return np.bincount(pairs // width, minlength=symbols)
