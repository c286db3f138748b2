"""One symbol: what is missing is asked for, compared with what is stored, and stored."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import pandas as pd
from sqlalchemy import Connection, Engine

from dags.fetch.asks import Ask, as_utc, asks
from dags.fetch.closed import Clock
from dags.fetch.faults import FetchFault
from dags.fetch.gateway import Gateway
from dags.fetch.overlap import compare
from dags.fetch.turns import Turns
from gx.dataset.fetch import Contract, Fetch
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
    take_again,
)
from sql.fetched.tables import Table

if TYPE_CHECKING:
    from ib_async import Contract as IbContract

# So many sessions are asked for again each time, and compared.
OVERLAP_SESSIONS = 5
_OVERLAP_DAYS = timedelta(days=14)  # at least as long, over any holidays
# How often a missing session is asked for again, and how many gaps at once.
HOLE_TRIES, _HOLES_AT_ONCE = 3, 10
_TRIES = 3
T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """What came of a symbol: ``fault`` says why it is behind; ``notes`` what else is to be said.

    ``newest`` is the date of its newest stored bar, in UTC.
    """

    symbol: str
    stored: Stored = field(default_factory=Stored)
    newest: datetime | None = None
    notes: tuple[str, ...] = ()
    fault: str | None = None

    @property
    def came(self) -> bool:
        """Is it up to date?"""
        return self.fault is None


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

    async def run(self) -> Outcome:
        """Bring the symbol up to date; a fault is told, not raised."""
        fault = None
        try:
            await self._up_to_date()
        except FetchFault as error:
            fault = str(error)
        return Outcome(self.symbol, self.stored, self._newest(), tuple(self.notes), fault)

    @property
    def symbol(self) -> str:
        """As it is stored."""
        return self.contract.symbol

    async def _up_to_date(self) -> None:
        known = await self._patiently(lambda: self.gateway.contract(self.contract))
        with self.engine.connect() as connection:
            series = series_of(connection, self.table, self.symbol)
        if series is None:
            series = await self._begun(known)
        elif series.con_id != known.conId:
            raise FetchFault(
                "ambiguous",
                f"IB's contract {known.conId} is not the one that was fetched before "
                f"({series.con_id}): name its con_id in the dataset's file, or fetch it as another "
                "symbol",
            )
        if series.again_from is not None:
            series = await self._again(known, series)
        if self.since < series.asked_from:
            for ask in self._asks(self.since, series.asked_from):
                self._keep(series, self.clock.final(await self._ask(known, ask)))
            series = self._keep(replace(series, asked_from=self.since))
        await self._forward(known, series)
        await self._holes(known)

    async def _begun(self, known: "IbContract") -> Series:
        """Where a symbol begins that was never asked for."""
        first = self.since
        if not self.clock.is_daily:  # years of nothing would be asked for, week by week
            head = await self._patiently(lambda: self._head(known))
            first = max(first, head) if head else first
        return Series(known.conId, self.since, first)

    async def _head(self, known: "IbContract") -> datetime | None:
        async with self.turns.turn(str(known.conId), f"head {known.conId} {self.fetch.what}"):
            return await self.gateway.head(known, self.fetch)

    async def _forward(self, known: "IbContract", series: Series) -> None:
        with self.engine.connect() as connection:
            old = stored_bars(connection, self.table, self.symbol, self._recent())
        first = self._overlap_from(old, series.asked_to)
        came = 0
        for ask in self._asks(first, self.clock.now):
            bars = self.clock.final(await self._ask(known, ask))
            came += len(bars)
            factor = compare(old, bars).factor
            if factor is not None:
                begun = replace(series, again_from=series.asked_from, again_to=series.asked_from)
                self.notes.append(
                    f"all prices of before are multiplied by {factor:.6g} now (a split or a "
                    "dividend): the whole history was asked for again"
                )
                await self._again(known, self._keep(begun))
                return
            series = self._keep(replace(series, asked_to=self._asked_to(ask)), bars)
        if not came and (len(old) or self._newest() is None):
            raise FetchFault("no data", self._none_came(old))

    async def _again(self, known: "IbContract", series: Series) -> Series:
        """Ask for the whole history once more; it replaces the stored one all at once."""
        assert series.again_to is not None
        for ask in self._asks(series.again_to, self.clock.now):
            bars = self.clock.final(await self._ask(known, ask))
            series = replace(series, again_to=ask.last)
            with self.engine.begin() as connection:
                keep_again(connection, self.table, self.symbol, bars)
                keep_series(connection, self.table, self.symbol, series)
            asked_to = self._asked_to(ask)
        series = replace(series, asked_to=asked_to, again_from=None, again_to=None)
        with self.engine.begin() as connection:
            bars = take_again(connection, self.table, self.symbol)
            had = stored_dates(connection, self.table, self.symbol)
            self._store(connection, bars, "adjusted")
            keep_series(connection, self.table, self.symbol, series)
        left = len(had.difference(pd.DatetimeIndex(bars.index)))
        if left:
            self.notes.append(
                f"{left:,} bars that IB does not give any more are kept as they were, not adjusted"
            )
        return series

    async def _holes(self, known: "IbContract") -> None:
        """Ask for sessions that are missing inside the history; a bounded number of times."""
        if not self.clock.is_daily:
            return
        with self.engine.connect() as connection:
            days = stored_dates(connection, self.table, self.symbol)
            asked = holes_asked(connection, self.table, self.symbol)
            archived = archived_to(connection, self.table.quoted, self.symbol)
        # What lies before the end of the archive is there, though not in the table.
        missing = self.clock.missing(days[days > pd.Timestamp(archived)] if archived else days)
        gaps = [one for one in missing if asked.get(one.date(), 0) < HOLE_TRIES]
        for first, last in list(_spans(gaps))[:_HOLES_AT_ONCE]:
            span = self._asks(as_utc(first), as_utc(last) + timedelta(days=1))
            found = [await self._ask(known, ask) for ask in span]
            given = pd.DatetimeIndex([]).append([pd.DatetimeIndex(one.index) for one in found])
            with self.engine.begin() as connection:
                for bars in found:
                    self._store(connection, self.clock.final(bars), "restated")
                still = [one.date() for one in gaps if first <= one <= last and one not in given]
                note_holes(connection, self.table, self.symbol, still)
        none = [one for one in missing if asked.get(one.date(), 0) >= HOLE_TRIES]
        if none:
            self.notes.append(
                f"IB has none of {len(none):,} sessions inside the history, the first on "
                f"{none[0].date()}: asked {HOLE_TRIES} times"
            )

    async def _ask(self, known: "IbContract", ask: Ask) -> pd.DataFrame:
        """The bars of one request, from its first moment on."""

        async def once() -> pd.DataFrame:
            said = f"{known.conId} {ask.end} {ask.duration} {self.bar} {self.fetch}"
            async with self.turns.turn(str(known.conId), said, small=not self.clock.is_daily):
                return await self.gateway.bars(known, ask, self.bar, self.fetch)

        bars = await self._patiently(once)
        # IB counts its days back from the end, and gives what lies before the first as well.
        return bars[bars.index >= pd.Timestamp(ask.first).tz_convert(UTC).tz_localize(None)]

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
        return asks(self.clock.minutes, self.fetch.what, first, last, self.clock.now)

    def _recent(self) -> datetime:
        return self.clock.now - 2 * _OVERLAP_DAYS

    def _overlap_from(self, old: pd.DataFrame, asked_to: datetime) -> datetime:
        """The first moment to ask for: the overlap's, or where the last time ended."""
        sessions = pd.DatetimeIndex(old.index).normalize().unique()
        if sessions.empty:
            return asked_to
        first = as_utc(sessions[-OVERLAP_SESSIONS:][0])
        return max(first, min(asked_to, self.clock.now) - _OVERLAP_DAYS)

    def _asked_to(self, ask: Ask) -> datetime:
        """Up to when this request has brought everything: not beyond what is final."""
        if self.clock.is_daily:
            final = as_utc(self.clock.last_closed())
            return min(as_utc(ask.last), final + timedelta(days=1))
        return min(as_utc(ask.last), self.clock.now - timedelta(minutes=self.clock.minutes))

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


def _spans(days: list[pd.Timestamp]) -> Iterator[tuple[pd.Timestamp, pd.Timestamp]]:
    """The first and last of days that lie within a week of each other."""
    start = 0
    for at in range(1, len(days) + 1):
        if at == len(days) or days[at] - days[at - 1] > timedelta(days=7):
            yield days[start], days[at - 1]
            start = at
