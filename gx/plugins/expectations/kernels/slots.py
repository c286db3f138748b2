"""The slots of a session that a symbol's bars within the day fill, one every so many minutes."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from gx.plugins.expectations.kernels.bars import NO_TIME, Bars, Flags, Ints
from gx.plugins.expectations.kernels.calendars import SessionRows, Sessions, instants
from gx.plugins.expectations.kernels.hours import MICROSECONDS_PER_MINUTE
from gx.plugins.expectations.kernels.moments import Moment
from gx.plugins.expectations.kernels.steps import commonest, usual_steps

HALVES = 2  # before the break, and after it; a session without a break has only the first


@dataclass(frozen=True)
class Grid:
    """How the bars of one exchange's symbols lie in its sessions; an entry for each symbol's code.

    step: microseconds from slot to slot. ended: the bars are stamped by their end. shift: how far
    the first slot of each half begins after the half does (0, or below: bars by the clock).
    """

    sessions: Sessions
    step: Ints
    ended: Flags
    shift: Ints

    def bounds(self, ordinal: Ints, half: Ints) -> tuple[Ints, Ints]:
        """When a half of a session begins and ends; a half that there is not is empty."""
        pause, resume = self.sessions.pauses[ordinal], self.sessions.resumes[ordinal]
        opens, closes = self.sessions.opens[ordinal], self.sessions.closes[ordinal]
        broken = pause != NO_TIME
        begin = np.where(half == 0, opens, np.where(broken, resume, closes))
        return begin, np.where((half == 0) & broken, pause, closes)

    def sizes(self, code: Ints, ordinal: Ints, half: Ints) -> Ints:
        """How many slots a half of a session has."""
        begin, end = self.bounds(ordinal, half)
        length = end - begin
        slots: Ints = -(-(length - self.shift[code, half]) // self.step[code])
        return np.where(length > 0, slots, 0)

    def time(self, code: int, ordinal: int, half: int, slot: int) -> int:
        """The stamp that a slot's bar has, in microseconds since 1970."""
        begin = self.bounds(np.array([ordinal]), np.array([half]))[0][0]
        past = slot + int(self.ended[code])
        return int(begin + self.shift[code, half] + past * self.step[code])


@dataclass(frozen=True)
class Slots:
    """The bars that fill a slot, in order of symbol and time; each slot is there once.

    row: sorted position. size: slots of both halves of its session, by column. skipped: slots of
    the sessions before, since the symbol's last bar, of which all bars are in none.
    """

    grid: Grid
    row: Ints
    code: Ints
    ordinal: Ints
    half: Ints
    slot: Ints
    size: Ints
    skipped: Ints

    @cached_property
    def begins(self) -> Flags:
        """True on the first bar of each symbol."""
        begins: Flags = np.diff(self.code, prepend=-1) != 0
        return begins

    @cached_property
    def same_session(self) -> Flags:
        """True where a bar is in the session of the bar before."""
        same: Flags = ~self.begins & (np.diff(self.ordinal, prepend=-1) == 0)
        return same

    @cached_property
    def left(self) -> Ints:
        """Slots of the session that come after each bar."""
        later = np.where(self.half == 0, self.size[:, 1], 0)
        left: Ints = self.size[np.arange(len(self.row)), self.half] - 1 - self.slot + later
        return left

    @cached_property
    def past(self) -> Ints:
        """Slots of the session that come before each bar."""
        past: Ints = self.slot + np.where(self.half == 1, self.size[:, 0], 0)
        return past

    @cached_property
    def missing(self) -> Ints:
        """Slots without a bar between each bar and the one before, in sessions that have bars."""
        between = np.roll(self.left, 1) + self.past
        whole = self.size.sum(axis=1)
        found = np.where(self.same_session, between - whole, between + self.skipped)
        return np.where(self.begins, 0, found)


def fill_slots(
    bars: Bars, rows: SessionRows, number: int, minutes: int | None, now: Moment
) -> Slots:
    """Find the slot of each bar of the calendar with this number, in sessions that had closed.

    Of a symbol of which the distance of its bars isn't known nothing is found.
    """
    table, sessions = bars.table, rows.sessions[number]
    step = usual_steps(table)
    if minutes is not None:
        step = np.full(table.symbol_count, minutes * MICROSECONDS_PER_MINUTE, dtype=np.int64)
    mine = np.flatnonzero((rows.calendar == number) & (table.code >= 0) & (rows.ordinal >= 0))
    mine = mine[step[table.code[mine]] > 0]
    code, time = table.code[mine].astype(np.int64), instants(bars, sessions)[mine]
    ended = _are_stamped_by_their_end(code, time, rows.ordinal[mine], step, sessions)
    begin = time - np.where(ended, step, 0)[code]
    grid = Grid(sessions, step, ended, np.zeros((len(step), HALVES), dtype=np.int64))
    ordinal, half = _halves(sessions, begin, step[code])
    since, until = grid.bounds(ordinal, half)
    inside = (ordinal >= 0) & (ordinal < now.closed(sessions)) & (begin < until)
    slots = _on(grid, *(v[inside] for v in (mine, code, ordinal, half, begin - since)))
    own = rows.ordinal[mine]
    closed = own < now.closed(sessions)
    return replace(slots, skipped=_skipped(slots, code[closed], own[closed]))


def _skipped(slots: Slots, code: Ints, ordinal: Ints) -> Ints:
    """Count the slots of sessions in which a symbol has bars (`ordinal`), but none in a slot.

    They are no whole sessions that are missing, so they are told here: a bar that ends the day
    before at midnight, or one before the hours.
    """
    skipped = np.zeros(len(slots.row), dtype=np.int64)
    width = int(ordinal.max(initial=0)) + 1
    filled = slots.code * width + slots.ordinal
    empty = np.setdiff1d(pd.unique(code * width + ordinal), pd.unique(filled))
    at = np.searchsorted(filled, empty)
    at, empty = at[at < len(filled)], empty[at < len(filled)]
    behind = (slots.code[at] == empty // width) & ~slots.begins[at]
    at, owner, session = at[behind], empty[behind] // width, empty[behind] % width
    for half in range(HALVES):
        np.add.at(skipped, at, slots.grid.sizes(owner, session, np.full(len(at), half)))
    return skipped


def _halves(sessions: Sessions, begin: Ints, step: Ints) -> tuple[Ints, Ints]:
    """The session, and the half of it, that bars from `begin` on last reach into (-1: none)."""
    ordinal = np.searchsorted(sessions.opens, begin + step - 1, side="right") - 1
    resume = sessions.resumes[ordinal]
    broken = (resume != NO_TIME) & (resume != sessions.closes[ordinal])  # no last hour off
    return ordinal, (broken & (begin + step > resume)).astype(np.int64)


def _on(grid: Grid, row: Ints, code: Ints, ordinal: Ints, half: Ints, offset: Ints) -> Slots:
    """Put bars on the grid, which begins as the commonest of them do; each slot is filled once."""
    step = grid.step
    phase = commonest(code * HALVES + half, offset % step[code], len(step) * HALVES)
    phase = phase.reshape(-1, HALVES)
    shift = np.where(phase > 0, phase - step[:, None], 0)
    grid = replace(grid, shift=shift)
    slot = (offset - shift[code, half]) // step[code]
    new = _is_new(code, ordinal, half, slot)
    row, code, ordinal, half, slot = (v[new] for v in (row, code, ordinal, half, slot))
    sizes = [grid.sizes(code, ordinal, np.full(len(code), h)) for h in range(HALVES)]
    none = np.zeros(len(row), dtype=np.int64)
    return Slots(grid, row, code, ordinal, half, slot, np.stack(sizes, axis=1), none)


def _are_stamped_by_their_end(
    code: Ints, time: Ints, ordinal: Ints, step: Ints, sessions: Sessions
) -> Flags:
    """Say of which symbols more bars are just behind a close than just before an opening.

    Where one session begins as another ends that tells nothing; where none of a symbol's sessions
    says more, its last bar being at a session's begin and its first not does.
    """
    symbols, mine = len(step), step[code]
    rest = sessions.resumes == sessions.closes
    closes = np.where(rest, sessions.pauses, sessions.closes)
    meets = np.append(closes[:-1] == sessions.opens[1:], False)[: len(closes)]
    met = np.append(False, meets[:-1])[: len(closes)]
    opened, closed = sessions.opens[ordinal], closes[ordinal]
    at_open = (time > opened - mine) & (time <= opened) & ~met[ordinal]
    at_close = (time >= closed) & (time < closed + mine) & ~meets[ordinal]
    starts = np.bincount(code, at_open, minlength=symbols)
    ends = np.bincount(code, at_close, minlength=symbols)
    new = np.diff(code, prepend=-1) != 0
    last = np.append(new[1:], True)[: len(code)]
    first_on, last_on = (
        np.bincount(code, edge & (time == opened), minlength=symbols) > 0 for edge in (new, last)
    )
    ended: Flags = (ends > starts) | ((ends == starts) & last_on & ~first_on)
    return ended


def _is_new(*keys: Ints) -> Flags:
    """Say where any of the keys differs from the row before."""
    new = np.zeros(len(keys[0]), dtype=bool)
    for key in keys:
        new |= np.diff(key, prepend=-1) != 0
    new[:1] = True
    return new
