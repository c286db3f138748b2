"""Take what is waived out of what failed; it stays in the report, and blocks nobody."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gx.gate.outcomes import NO_ROWS, Rows, examples_of
from gx.gate.verdicts import failing_rows_of
from gx.report.by_symbol import together
from gx.report.labels import date_label
from gx.report.model import Outcome
from gx.report.waived import State, WaiverUse, named
from gx.suite.waivers import Waiver, unacceptable
from gx.terms import BAR_COLUMNS

Mask = NDArray[np.bool_]
_NUMBERS = BAR_COLUMNS[2:]


@dataclass(frozen=True)
class Waived:
    """The outcomes that are left, and what each waiver was good for."""

    outcomes: tuple[Outcome, ...]
    uses: tuple[WaiverUse, ...]


@dataclass(frozen=True)
class _Covered:
    """What of an outcome a waiver accepts: positions among its rows, symbols behind, sessions."""

    rows: Mask
    behind: frozenset[str] = frozenset()
    sessions: frozenset[str] = frozenset()

    @property
    def count(self) -> int:
        return int(self.rows.sum()) + len(self.behind) + len(self.sessions)

    def __or__(self, other: "_Covered") -> "_Covered":
        return _Covered(
            self.rows | other.rows, self.behind | other.behind, self.sessions | other.sessions
        )


@dataclass
class _Use:
    """What one waiver was good for, so far.

    ``refused`` bars it names and cannot accept; those of ``changed`` are not as it has them.
    """

    failures: int = 0
    refused: int = 0
    changed: set[str] = field(default_factory=set)
    symbols: list[str] = field(default_factory=list)
    days: list[str] = field(default_factory=list)

    def add(self, covered: _Covered, failing: pd.DataFrame) -> None:
        bars = failing[covered.rows]
        self.failures += covered.count
        self._name(bars)
        self.symbols += sorted(covered.behind)
        self.days += sorted(covered.sessions)

    def add_changed(self, bars: pd.DataFrame) -> None:
        self.changed |= set(self._name(bars))  # a bar may fail critically and as a warning

    def _name(self, bars: pd.DataFrame) -> list[str]:
        days = [str(date_label(day)) for day in bars["date"]]
        self.symbols += map(str, bars["symbol"].dropna().unique())
        self.days += days
        return days


def waive(
    outcomes: Sequence[Outcome],
    bars: pd.DataFrame,
    waivers: Sequence[Waiver],
    *,
    today: date,
    last_date: str | None,
) -> Waived:
    """Apply the waivers that have not expired.

    ``bars`` hold at least the failing rows, by their positions, and where waivers name bars those
    before them. A failing bar without a date, a check that crashed or never ran, what belongs to no
    row, no symbol and no session (a missing column), and a bar that is `unstorable` cannot be
    waived. ``last_date`` is the newest day of the batch, on which a symbol that lacks sessions
    behind its last bar is late.
    """
    if not waivers:
        return Waived(tuple(outcomes), ())
    uses = {one.id: _Use() for one in waivers}
    rows = failing_rows_of(outcomes)
    barred = frozenset(rows[unstorable(bars.loc[pd.Index(rows)])].tolist())
    judging = _Judging(bars, waivers, uses, today, last_date, barred)
    left = [_without(outcome, judging) for outcome in outcomes]
    known = {outcome.name for outcome in outcomes}
    found = [_use(one, uses[one.id], known, today) for one in waivers]
    return Waived(tuple(left), tuple(one for one in found if one is not None))


def unstorable(bars: pd.DataFrame) -> Mask:
    """Which bars can be published by nobody, whoever accepts them.

    Those without a symbol, date, price or volume, or with an infinite one, and those of a symbol
    and date of which there is more than one.
    """
    there = [name for name in BAR_COLUMNS if name in bars.columns]
    barred = bars[there].isna().any(axis=1).to_numpy(dtype=bool, copy=True)
    for name in (one for one in _NUMBERS if one in there):
        barred |= np.isinf(pd.to_numeric(bars[name], errors="coerce").to_numpy(dtype=float))
    if {"symbol", "date"} <= set(there):
        barred |= bars.duplicated(["symbol", "date"], keep=False).to_numpy(dtype=bool)
    return barred


@dataclass(frozen=True)
class _Judging:
    """What the waivers are applied to: see `waive`. ``barred`` rows no waiver can accept."""

    bars: pd.DataFrame
    waivers: Sequence[Waiver]
    uses: Mapping[str, _Use]
    today: date
    last_date: str | None
    barred: frozenset[int]


def _without(outcome: Outcome, judging: _Judging) -> Outcome:
    if outcome.exceptions:
        rows = [
            replace(one, outcome=_without(one.outcome, judging)) if one.outcome else one
            for one in outcome.exceptions
        ]
        return together(outcome, rows)
    mine = [one for one in judging.waivers if one.expectation == outcome.name]
    if outcome.status != "failed" or not mine:
        return outcome
    failing = judging.bars.reindex(columns=list(BAR_COLUMNS)).loc[pd.Index(outcome.rows)]
    barred = np.isin(outcome.rows, list(judging.barred))
    covered = _Covered(np.zeros(len(failing), dtype=bool))
    for one in mine:
        use, meant = judging.uses[one.id], _rows_meant(one, failing)
        as_they_were = _as_named(one, failing, meant) & _same_hole(one, failing, judging.bars)
        its = _covered_by(one, outcome, as_they_were & ~barred, judging.last_date)
        use.add(its, failing)
        if not one.expired(judging.today):
            use.refused += int((as_they_were & barred).sum())
            use.add_changed(failing[meant & ~as_they_were & ~barred])
            covered |= its
    return _remaining(outcome, failing, covered) if covered.count else outcome


def _covered_by(waiver: Waiver, outcome: Outcome, rows: Mask, last_date: str | None) -> _Covered:
    if waiver.bars:  # these and no others
        return _Covered(rows)
    late = last_date is not None and _spans(waiver, last_date[:10])
    behind = [one for one in outcome.behind if late and waiver.symbol in (None, one)]
    sessions = [one for one in outcome.sessions if waiver.symbol is None and _spans(waiver, one)]
    return _Covered(rows, frozenset(behind), frozenset(sessions))


def _spans(waiver: Waiver, day: str) -> bool:
    last = waiver.last_date or date.max
    return waiver.first_date.isoformat() <= day <= last.isoformat()


def _rows_meant(waiver: Waiver, failing: pd.DataFrame) -> Mask:
    """Rows of its symbol and days; of a waiver of single bars, of their dates."""
    days = pd.to_datetime(failing["date"], errors="coerce", utc=True).dt.tz_convert(None)
    meant = (days >= pd.Timestamp(waiver.first_date)).to_numpy(dtype=bool, copy=True)
    if waiver.last_date is not None:
        end = pd.Timestamp(waiver.last_date + timedelta(days=1))
        meant &= (days < end).to_numpy(dtype=bool)
    if waiver.symbol is not None:
        meant &= (failing["symbol"] == waiver.symbol).fillna(False).to_numpy(dtype=bool)
    if waiver.bars:
        named_dates = {one.date for one in waiver.bars}
        for at in np.flatnonzero(meant):
            meant[at] = str(date_label(failing["date"].iloc[at])) in named_dates
    return meant


def _as_named(waiver: Waiver, failing: pd.DataFrame, meant: Mask) -> Mask:
    """Those of ``meant`` that have the numbers with which the waiver names them, if any."""
    same = meant.copy()
    accepted = {one.date: one.numbers() for one in waiver.bars}
    for at in np.flatnonzero(meant) if accepted else ():
        bar = failing.iloc[at]
        same[at] = accepted[str(date_label(bar["date"]))] == _numbers_of(bar)
    return same


def _same_hole(waiver: Waiver, failing: pd.DataFrame, bars: pd.DataFrame) -> Mask:
    """Where the hole before a bar that is accepted began as it did; or nobody knows where."""
    same = np.ones(len(failing), dtype=bool)
    began = {one.date: one.after for one in waiver.bars if one.after is not None}
    for at, row in enumerate(failing.index if began else ()):
        after = began.get(str(date_label(failing["date"].iloc[at])))
        if after is None or row - 1 not in bars.index:
            continue
        before = bars.loc[row - 1]
        if before["symbol"] == failing["symbol"].iloc[at]:
            same[at] = str(date_label(before["date"])) == after
    return same


def _numbers_of(bar: "pd.Series[float]") -> tuple[float | None, ...]:
    """A bar's prices and volume as a waiver keeps them: an unknown one is None."""
    return tuple(None if pd.isna(bar[name]) else float(bar[name]) for name in _NUMBERS)


def _remaining(outcome: Outcome, failing: pd.DataFrame, covered: _Covered) -> Outcome:
    rows: Rows = outcome.rows[~covered.rows]
    behind = {s: last for s, last in outcome.behind.items() if s not in covered.behind}
    owners = failing["symbol"]
    nobodys = int(owners.isna().sum())
    markets = outcome.ownerless - nobodys - len(covered.sessions)
    ownerless = int(owners[~covered.rows].isna().sum()) + markets
    fails = bool(behind) or ownerless > 0 or not _met(outcome, len(rows))
    rows = rows if fails else NO_ROWS
    count = len(rows)
    share = outcome.unexpected_share * count / len(failing) if len(failing) else 0.0
    still = {*map(str, owners.loc[pd.Index(rows)].dropna()), *behind}
    return replace(
        outcome,
        status="failed" if fails else "waived",
        rows=rows,
        behind=behind,
        sessions=tuple(one for one in outcome.sessions if one not in covered.sessions),
        ownerless=ownerless,
        symbols=tuple(one for one in outcome.symbols if one in still),
        unexpected_count=count,
        unexpected_share=share,
        examples=examples_of(failing, rows),
        waived_count=covered.count,
        waived_rows=outcome.rows[covered.rows],
        waived_by_symbol=Counter([*map(str, owners[covered.rows].dropna()), *covered.behind]),
    )


def _met(outcome: Outcome, failing: int) -> bool:
    """Would it be met with so many failing rows?"""
    mostly = outcome.kwargs.get("mostly", 1.0)
    if not failing or not isinstance(mostly, int | float) or not outcome.looked_at:
        return not failing
    return (outcome.looked_at - failing) / outcome.looked_at >= mostly


def _use(waiver: Waiver, use: _Use, known: set[str], today: date) -> WaiverUse | None:
    """None of a waiver of which nothing has to be said."""
    state: State = "applied"
    if waiver.expectation not in known:
        state = "unknown"
    elif unacceptable(waiver.expectation):
        state = "impossible"
    elif not use.failures:
        if not use.refused and not use.changed:
            return None
        state = "impossible" if use.refused else "changed"
    elif waiver.expired(today):
        state = "expired"
    elif waiver.expires_soon(today):
        state = "expires_soon"
    return WaiverUse(
        id=waiver.id,
        expectation=waiver.expectation,
        symbol=waiver.symbol,
        first_date=waiver.first_date.isoformat(),
        last_date=None if waiver.last_date is None else waiver.last_date.isoformat(),
        reason=waiver.reason,
        author=waiver.author,
        expires=waiver.expires.isoformat(),
        state=state,
        failures=use.failures,
        refused=use.refused,
        changed=len(use.changed),
        symbols=named(use.symbols),
        days=named(use.days),
    )
