"""One symbol: what is missing is asked for, compared with what is stored, and stored."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, IntegrityError

from dags.fetch.asks import Ask, as_utc, asks, days_at_once
from dags.fetch.closed import Clock, plain
from dags.fetch.faults import PASSING, FetchFault, Kind
from dags.fetch.gateway import Gateway
from dags.fetch.hours import open_day
from dags.fetch.overlap import PRICES, compare
from dags.fetch.turns import Turns
from gx.dataset.fetch import Contract, Fetch
from gx.report.sentences import counted
from sql.archived.listed import archived_to
from sql.fetched.bars import (
    Series,
    Stored,
    holes_asked,
    keep_again,
    keep_series,
    newest_date,
    note_holes,
    series_of,
    store,
    stored_bars,
    stored_dates,
    stored_pauses,
    take_again,
)
from sql.fetched.tables import Table

if TYPE_CHECKING:
    from ib_async import Contract as IbContract
    from ib_async import ContractDetails

# So many sessions are asked for again each time, and compared.
OVERLAP_SESSIONS = 5
_OVERLAP_DAYS = timedelta(days=14)  # at least as long, over any holidays
# How often a missing session is asked for again, and how many gaps at once.
HOLE_TRIES, _HOLES_AT_ONCE = 3, 10
_WEEK = timedelta(days=7)
# Bars so far before and after a hole tell that it is one.
_NEAR = timedelta(days=14)
# A history that begins so much later than it was asked for is compared with where IB's begins.
_SHORT = timedelta(days=14)
_TRIES = 3
T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """What came of a symbol: ``fault`` says why it is behind; ``notes`` what else is to be said.

    ``kind`` is the fault's; ``newest`` is the date of its newest stored bar, in UTC.
    """

    symbol: str
    stored: Stored = field(default_factory=Stored)
    newest: datetime | None = None
    notes: tuple[str, ...] = ()
    fault: str | None = None
    kind: Kind | None = None

    def __add__(self, later: "Outcome") -> "Outcome":
        """What came of both tries, the later one being the one that counts."""
        notes = tuple(dict.fromkeys((*self.notes, *later.notes)))
        return replace(later, stored=self.stored + later.stored, notes=notes)

    @property
    def came(self) -> bool:
        """Is it up to date?"""
        return self.fault is None

    @property
    def passes(self) -> bool:
        """Does it help to fetch it again?"""
        return self.kind in PASSING


@dataclass(frozen=True)
class _Overlap:
    """The days that were asked for before and again now: from ``begun`` to before ``ended``."""

    begun: date
    ended: date


@dataclass
class SymbolFetch:
    """One symbol's turn; what was stored before it failed stays stored."""

    contract: Contract
    fetch: Fetch
    bar: str
    clock: Clock
    since: datetime
    gateway: Gateway
    turns: Turns
    engine: Engine
    table: Table
    run_id: str
    stored: Stored = field(default_factory=Stored)
    notes: list[str] = field(default_factory=list)
    unpriced: set[pd.Timestamp] = field(default_factory=set)

    async def run(self) -> Outcome:
        """Bring the symbol up to date; a fault is told, not raised."""
        fault = None
        try:
            await self._up_to_date()
        except FetchFault as error:
            fault = error
        except (DataError, IntegrityError) as error:  # of this symbol's bars: no other one's matter
            said = str(error.orig).strip().partition("\n")[0]
            fault = FetchFault("other", f"{self.table.shown} does not take a bar of it: {said}")
        if self.unpriced:
            bars = counted(len(self.unpriced), "bar")
            self.notes.append(
                f"IB gave {bars} without a price, the first of {min(self.unpriced)}: left out"
            )
        return Outcome(
            self.symbol,
            self.stored,
            self._newest(),
            tuple(self.notes),
            str(fault) if fault else None,
            fault.kind if fault else None,
        )

    @property
    def symbol(self) -> str:
        """As it is stored."""
        return self.contract.symbol

    async def _up_to_date(self) -> None:
        details = await self._patiently(lambda: self.gateway.contract(self.contract))
        assert details.contract is not None
        known = details.contract
        self._wait_for_the_close(details)
        with self.engine.connect() as connection:
            series = series_of(connection, self.table, self.symbol)
        kind = self.fetch.kind
        if series is None:
            series = replace(await self._begun(known), kind=kind)
        elif series.con_id != known.conId:
            raise FetchFault(
                "ambiguous",
                f"IB's contract {known.conId} is not the one that was fetched before "
                f"({series.con_id}): name its con_id in the dataset's file, or fetch it as another "
                "symbol",
            )
        if series.kind not in (None, kind):
            series = self._changed(replace(series, kind=kind), str(series.kind))
        series = replace(series, kind=kind)
        if series.again_from is not None:
            series = await self._again(known, series)
        if self.since < series.asked_from:
            series = await self._backward(known, series)
        await self._holes(known, await self._forward(known, series))
        self._require_newest()

    def _changed(self, series: Series, was: str) -> Series:
        """The dataset's file asks for other bars than before: two kinds never stand together."""
        self.notes.append(
            f"its bars were {was}, and are {series.kind} from now on: the whole history was asked "
            "for again"
        )
        with self.engine.begin() as connection:
            take_again(connection, self.table, self.symbol)  # it may have been begun of the others
        return self._keep(replace(series, again_from=series.asked_from, again_to=series.asked_from))

    def _wait_for_the_close(self, details: "ContractDetails") -> None:
        """Take the day that is open by IB's own hours for open, whatever the calendar says."""
        hours = details.liquidHours if self.fetch.regular_hours else details.tradingHours
        still = open_day(hours, details.timeZoneId, self.clock.now)
        if still is None or not self.clock.is_daily:
            return
        closed = self.clock.last_closed().date()
        self.clock = replace(self.clock, unfinished=still.day)
        if closed >= still.day:
            self.notes.append(
                f"its calendar says that {still.day} has closed, and IB that it trades "
                f"{still.shown}: that bar waits. Is it the right calendar?"
            )

    def _require_newest(self) -> None:
        """Raise FetchFault while IB lacks sessions that have closed, and may have them later."""
        newest = self._newest()
        late = self.clock.closed_since(newest) if newest else []
        if not late:
            return
        more = f" and {counted(len(late) - 1, 'session')} more" if len(late) > 1 else ""
        with self.engine.begin() as connection:
            asked = holes_asked(connection, self.table, self.symbol)
            often = all(asked.get(day, 0) >= HOLE_TRIES for day in late)
            if not often:
                note_holes(connection, self.table, self.symbol, late)
        if often and len(late) > OVERLAP_SESSIONS:
            self.notes.append(f"IB has no bar of {late[0]}{more} since: it may trade no more")
            return
        raise FetchFault("late", f"IB has no bar yet of {late[0]}{more}, though they have closed")

    async def _begun(self, known: "IbContract") -> Series:
        """Where a symbol begins that was never asked for."""
        return Series(known.conId, self.since, await self._first(known))

    async def _first(self, known: "IbContract") -> datetime:
        """From when on to ask."""
        if self.clock.is_daily:
            return self.since
        # Years of nothing would be asked for, week by week.
        head = await self._patiently(lambda: self._head(known))
        return max(self.since, head) if head else self.since

    async def _head(self, known: "IbContract") -> datetime | None:
        async with self.turns.turn(str(known.conId), f"head {known.conId} {self.fetch.what}"):
            return await self.gateway.head(known, self.fetch)

    async def _backward(self, known: "IbContract", series: Series) -> Series:
        """What is before the first that was asked for; the newest first, to be gone on with."""
        first = min(await self._first(known), series.asked_from)
        for ask in reversed(list(self._asks(first, series.asked_from))):
            bars = self.clock.final(await self._ask(known, ask))
            series = self._keep(replace(series, asked_from=ask.first), bars)
        return self._keep(replace(series, asked_from=self.since))

    async def _forward(self, known: "IbContract", series: Series) -> "_Overlap | None":
        """What is new, and the overlap, which is returned; None where there was none."""
        begun = min(series.asked_to, self.clock.now)
        with self.engine.connect() as connection:
            old = stored_bars(connection, self.table, self.symbol, begun - 2 * _OVERLAP_DAYS)
        first = self._overlap_from(old, begun)
        came = 0
        for ask in self._asks(first, self.clock.now):
            bars = self.clock.final(await self._ask(known, ask))
            came += len(bars)
            factor = compare(old, bars, adjusted=self.fetch.what == "ADJUSTED_LAST").factor
            if factor is not None:
                anew = replace(series, again_from=series.asked_from, again_to=series.asked_from)
                self.notes.append(
                    f"all prices of before are multiplied by {factor:.6g} now (a split or a "
                    "dividend): the whole history was asked for again"
                )
                await self._again(known, self._keep(anew))
                return None
            series = self._keep(replace(series, asked_to=self._asked_to(ask)), bars)
        if not came and (len(old) or self._newest() is None):
            raise FetchFault("no data", self._none_came(old))
        if not len(old):
            await self._begin_later(known, series)
        return _Overlap(self._day(first), self._day(begun)) if len(old) else None

    async def _begin_later(self, known: "IbContract", series: Series) -> None:
        """Have what IB left out at the beginning asked for the next time; of days it tells none."""
        with self.engine.connect() as connection:
            dates = stored_dates(connection, self.table, self.symbol)
        if not self.clock.is_daily or dates.empty:
            return
        begun = as_utc(dates[0])
        if begun - series.asked_from < _SHORT:
            return
        head = await self._patiently(lambda: self._head(known))
        if head is not None and begun - max(head, series.asked_from) >= _SHORT:
            self._keep(replace(series, asked_from=begun))
            self.notes.append(
                f"IB gave no bar of before {begun.date()}, though it has some since "
                f"{head.date()}: the next fetch asks for them"
            )

    async def _again(self, known: "IbContract", series: Series) -> Series:
        """Ask for the whole history once more; it replaces the stored one all at once."""
        assert series.again_to is not None
        for ask in self._asks(series.again_to, self.clock.now):
            bars = self.clock.final(await self._ask(known, ask))
            series = replace(series, again_to=self._asked_to(ask))
            with self.engine.begin() as connection:
                keep_again(connection, self.table, self.symbol, bars)
                keep_series(connection, self.table, self.symbol, series)
        assert series.again_to is not None
        asked_to = max(series.again_to, series.asked_to)
        series = replace(series, asked_to=asked_to, again_from=None, again_to=None)
        with self.engine.begin() as connection:
            bars = take_again(connection, self.table, self.symbol)
            had = stored_dates(connection, self.table, self.symbol)
            self._store(connection, bars, "adjusted")
            keep_series(connection, self.table, self.symbol, series)
        left = len(had.difference(pd.DatetimeIndex(bars.index)))
        if left and not bars.empty:  # another fetch may have stored them
            self.notes.append(
                f"{left:,} bars that IB does not give any more are kept as they were, not adjusted"
            )
        return series

    async def _holes(self, known: "IbContract", overlap: "_Overlap | None") -> None:
        """Ask for sessions that are missing inside the history; a bounded number of times.

        What the overlap has just asked for again is not asked for once more.
        """
        with self.engine.begin() as connection:
            missing = self._missing(connection)
            asked = holes_asked(connection, self.table, self.symbol)
            gaps = [day for day in missing if asked.get(day, 0) < HOLE_TRIES]
            if overlap:
                again = [day for day in gaps if overlap.begun <= day < overlap.ended]
                note_holes(connection, self.table, self.symbol, again)
                gaps = [day for day in gaps if day < overlap.begun]
        at_once = None if self.clock.is_daily else days_at_once(self.clock.minutes)
        for days in list(_spans(gaps, at_once))[:_HOLES_AT_ONCE]:
            await self._fill(known, days)
        none = [day for day in missing if asked.get(day, 0) >= HOLE_TRIES]
        if none:
            what = "none" if self.clock.is_daily else "not all bars"
            self.notes.append(
                f"IB has {what} of {len(none):,} sessions inside the history, the first on "
                f"{none[0]}: asked {HOLE_TRIES} times"
            )

    async def _fill(self, known: "IbContract", days: list[date]) -> None:
        """Ask for these days again, and remember which of them are still missing."""
        begun, ended = self.clock.begins(days[0]), self.clock.begins(days[-1] + timedelta(days=1))
        found = [await self._ask(known, ask) for ask in self._asks(begun, ended)]
        with self.engine.begin() as connection:
            for bars in found:
                self._store(connection, self.clock.final(bars), "restated")
            missing = set(self._missing(connection, (begun - _NEAR, ended + _NEAR)))
            still = [day for day in days if day in missing]
            note_holes(connection, self.table, self.symbol, still)

    def _missing(
        self, connection: Connection, near: tuple[datetime, datetime] | None = None
    ) -> list[date]:
        """The days of sessions inside the history, or near some, of which bars are missing."""
        archived = archived_to(connection, self.table.quoted, self.symbol)
        # What lies before the end of the archive is there, though not in the table.
        if self.clock.is_daily:
            days = stored_dates(connection, self.table, self.symbol)
            return self.clock.missing(days[days > pd.Timestamp(archived)] if archived else days)
        pauses = stored_pauses(connection, self.table, self.symbol, self.clock.minutes, near)
        kept = [one for one in pauses if not archived or plain(one[0]) > pd.Timestamp(archived)]
        return self.clock.missing_within(kept)

    async def _ask(self, known: "IbContract", ask: Ask) -> pd.DataFrame:
        """The bars of one request, from its first moment on."""

        async def once() -> pd.DataFrame:
            of = f"{self.bar} {self.fetch.what} {self.fetch.regular_hours}"
            said = f"{known.conId} {ask.end} {ask.duration} {of}"
            async with self.turns.turn(str(known.conId), said, small=not self.clock.is_daily):
                return await self.gateway.bars(known, ask, self.bar, self.fetch)

        bars = await self._patiently(once)
        priced = np.isfinite(bars[PRICES].to_numpy()).all(axis=1)
        self.unpriced.update(bars.index[~priced])
        # IB counts its days back from the end, and gives what lies before the first as well.
        found: pd.DataFrame = bars.loc[priced & (bars.index >= plain(ask.first))]
        return found

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask again what time mends."""
        for left in reversed(range(_TRIES)):
            try:
                return await ask()
            except FetchFault as error:
                if not error.passes or not left:
                    raise
                await self.turns.rest(error.kind)
        raise AssertionError("the last try raises")

    def _asks(self, first: datetime, last: datetime) -> Iterator[Ask]:
        return asks(self.clock, self.fetch.what, first, last)

    def _overlap_from(self, old: pd.DataFrame, asked_to: datetime) -> datetime:
        """The first moment to ask for: the overlap's, or where the last time ended."""
        before = pd.DatetimeIndex(old.index[old.index < plain(asked_to)])
        days = self.clock.days_of(before)
        if not days:
            return asked_to
        begun = self.clock.begins(days[-OVERLAP_SESSIONS:][0])
        # Of bars within the day a symbol that has not traded for long would cost many requests.
        return begun if self.clock.is_daily else max(begun, asked_to - _OVERLAP_DAYS)

    def _day(self, moment: datetime) -> date:
        return moment.date() if self.clock.is_daily else self.clock.day_of(moment)

    def _asked_to(self, ask: Ask) -> datetime:
        """Up to when this request has brought everything: not beyond what is final."""
        if self.clock.is_daily:
            final = as_utc(self.clock.last_closed())
            return min(as_utc(ask.last), final + timedelta(days=1))
        return min(as_utc(ask.last), self.clock.final_until())

    def _keep(self, series: Series, bars: pd.DataFrame | None = None) -> Series:
        """Remember how far it was asked for, in the transaction that stores what came."""
        with self.engine.begin() as connection:
            if bars is not None:
                self._store(connection, bars, "restated")
            keep_series(connection, self.table, self.symbol, series)
        return series

    def _store(self, connection: Connection, bars: pd.DataFrame, cause: str) -> None:
        self.stored += store(
            connection, self.table, self.symbol, bars, run_id=self.run_id, cause=cause
        )

    def _newest(self) -> datetime | None:
        with self.engine.connect() as connection:
            return newest_date(connection, self.table, self.symbol)

    def _none_came(self, old: pd.DataFrame) -> str:
        if old.empty:
            return f"IB has no bars of it since {self.since.date()}"
        return (
            "IB gives none of the bars that it gave before: whether there are new ones is not known"
        )


def _spans(days: list[date], most: int | None) -> Iterator[list[date]]:
    """Days that lie within a week of each other, and all of them within ``most`` days."""
    span: list[date] = []
    for day in days:
        if span and (day - span[-1] > _WEEK or (most and (day - span[0]).days >= most)):
            yield span
            span = []
        span.append(day)
    if span:
        yield span
