"""A fetch: every symbol of a dataset, some at a time; one that fails stops no other."""

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from dags.errors import RequestError
from dags.fetch.closed import Clock
from dags.fetch.gateway import Address, Gateway
from dags.fetch.symbol import Outcome, SymbolFetch
from dags.fetch.turns import Time, Turns
from gx.dataset.fetch import IB_BARS, Contract, Fetch
from gx.dataset.model import Dataset
from gx.nearest import nearest
from gx.suite.calendars import Calendars, suite_calendars
from gx.suite.named import suite_path
from sql.fetched.bars import Stored
from sql.fetched.pacing import Pace
from sql.fetched.tables import Table, prepare

# IB answers several requests at once; more of them only wait in its queue.
_AT_ONCE = 6
_YEARS = timedelta(days=3653)
_NAMED = 10


@dataclass(frozen=True)
class Fetched:
    """What came of each symbol; ``waited`` of the ``seconds`` every request waited for its turn."""

    dataset: str
    outcomes: tuple[Outcome, ...]
    requests: int
    seconds: float
    waited: float

    @property
    def behind(self) -> tuple[Outcome, ...]:
        """The symbols that are not up to date."""
        return tuple(one for one in self.outcomes if not one.came)

    @property
    def stored(self) -> Stored:
        """The bars of all symbols."""
        return sum((one.stored for one in self.outcomes), Stored())

    @property
    def nothing_came(self) -> bool:
        """Is no symbol up to date, and no bar new?"""
        return not any(one.came or one.stored.new for one in self.outcomes)

    @property
    def sentence(self) -> str:
        """What came, and which symbols are behind."""
        stored = self.stored
        bars = f"{stored.new:,} new bars and {stored.restated:,} restated"
        told = f"{bars} of {len(self.outcomes):,} symbols"
        if not self.behind:
            return f"{told}; all are up to date"
        named = ", ".join(one.symbol for one in self.behind[:_NAMED])
        more = f" and {len(self.behind) - _NAMED:,} more" if len(self.behind) > _NAMED else ""
        return f"{told}; behind: {named}{more}"

    @property
    def reasons(self) -> list[str]:
        """Why symbols are behind: each reason once, with the symbols that have it."""
        by_reason: dict[str, list[str]] = {}
        for one in self.behind:
            by_reason.setdefault(str(one.fault), []).append(one.symbol)
        told = [
            f"{', '.join(names[:_NAMED])}"
            f"{f' and {len(names) - _NAMED:,} more' if len(names) > _NAMED else ''}: {reason}"
            for reason, names in by_reason.items()
        ]
        more = [f"and {len(told) - _NAMED:,} more reasons"] if len(told) > _NAMED else []
        return [*told[:_NAMED], *more]


@dataclass(frozen=True)
class Progress:
    """How far a fetch is.

    ``left`` is an estimate in seconds; ``pacing``: IB's limits are what is waited for.
    """

    done: int
    total: int
    left: float
    pacing: bool

    @property
    def is_worth_telling(self) -> bool:
        """At each twentieth, and at the end."""
        return self.done == self.total or self.done % max(self.total // 20, 1) == 0

    @property
    def sentence(self) -> str:
        """For people."""
        why = ", most of it for IB's limits" if self.pacing else ""
        return f"{self.done:,} of {self.total:,} symbols, about {self.left:,.0f} s left{why}"


def require_contracts(
    dataset: Dataset, symbols: Sequence[str]
) -> tuple[Fetch, tuple[Contract, ...]]:
    """What its file says of these symbols (none: all); raises RequestError for what it lacks."""
    asked = dataset.fetch
    where = f"gx/datasets/{dataset.name}.yml"
    if asked is None:
        raise RequestError(
            f"dataset {dataset.name}: nothing says what its bars are at Interactive Brokers; add "
            f"to {where}: fetch: {{contracts: [{{symbol: TSLA, exchange: SMART, currency: USD}}]}}"
        )
    contracts, unknown = asked.of(symbols)
    if unknown:
        known = [one.symbol for one in asked.contracts]
        named = ", ".join(map(repr, unknown))
        meant = nearest(unknown[0], known) if len(unknown) == 1 else ""
        raise RequestError(
            f"dataset {dataset.name}: no contract of {named}{meant or ';'} add it to fetch, "
            f"contracts in {where}"
        )
    return asked, contracts


def fetch(
    dataset: Dataset,
    symbols: Sequence[str],
    *,
    engine: Engine,
    address: Address,
    run_id: str,
    pace: Pace | None = None,
    time: Time | None = None,
    now: datetime | None = None,
    told: Callable[[Progress], None] = lambda _: None,
) -> Fetched:
    """Bring the bars of these symbols (none: all of the dataset's) up to date.

    Raises RequestError for a dataset without ``fetch`` and for a symbol without a contract,
    FetchError for a table that bars cannot be written to, FetchFault when there is no gateway.
    """
    asked, contracts = require_contracts(dataset, symbols)
    source = dataset.source
    table = prepare(
        engine,
        Table(str(source.table), source.db_schema, dataset.is_daily),
        unknown_volume=asked.what == "MIDPOINT",
    )
    at = now or datetime.now(UTC)
    if asked.since and asked.since > at.date():
        raise RequestError(
            f"dataset {dataset.name}: fetch, since is {asked.since}, which is to come; correct it "
            f"in gx/datasets/{dataset.name}.yml"
        )
    everything = _Everything(
        dataset=dataset,
        fetch=asked,
        since=asked.since or (at - _YEARS).date(),
        calendars=dataset.calendars_for(one.symbol for one in contracts)
        or suite_calendars(suite_path(dataset.suite)),
        gateway=Gateway(address),
        turns=Turns(engine, pace or Pace(), time or Time()),
        table=table,
        run_id=run_id,
        now=at,
        told=told,
    )
    try:
        return asyncio.run(_stoppable(everything.run(contracts)))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _stoppable(work: Coroutine[Any, Any, Fetched]) -> Fetched:
    """Let Ctrl-C, once or more, end the requests that are open before it ends the fetch.

    An interrupt in the midst of the loop would leave them, and each would complain.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        return await work
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    loop.add_signal_handler(signal.SIGINT, task.cancel)
    try:
        return await work
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)


@dataclass
class _Everything:
    dataset: Dataset
    fetch: Fetch
    since: date
    calendars: Calendars
    gateway: Gateway
    turns: Turns
    table: Table
    run_id: str
    now: datetime
    told: Callable[[Progress], None]

    async def run(self, contracts: Sequence[Contract]) -> Fetched:
        """All symbols; raises FetchFault when there is no gateway at all."""
        begun = self.turns.time.seconds()
        outcomes: dict[str, Outcome] = {}
        waiting = list(reversed(contracts))

        async def work() -> None:
            while waiting:
                one = waiting.pop()
                outcomes[one.symbol] = await self._symbol(one)
                self._tell(len(outcomes), len(contracts), self.turns.time.seconds() - begun)

        try:
            await self.gateway.connected()
            await asyncio.gather(*(work() for _ in range(min(_AT_ONCE, len(contracts)))))
            # One that makes the connection break takes those along that are asked for beside it.
            broken = [one for one in contracts if outcomes[one.symbol].kind == "disconnected"]
            for one in broken if len(contracts) > 1 else ():
                if not self.gateway.is_gone:
                    outcomes[one.symbol] += await self._symbol(one)
        finally:
            self.gateway.close()
        return Fetched(
            self.dataset.name,
            tuple(outcomes[one.symbol] for one in contracts),
            self.turns.requests,
            self.turns.time.seconds() - begun,
            self.turns.waited,
        )

    async def _symbol(self, one: Contract) -> Outcome:
        calendar, minutes = self.calendars.of(one.symbol), self.dataset.minutes
        clock = Clock.of(calendar, minutes, self.since.year, self.now)
        return await SymbolFetch(
            contract=one,
            fetch=self.fetch,
            bar=IB_BARS[minutes],
            clock=clock,
            since=clock.begins(self.since),
            gateway=self.gateway,
            turns=self.turns,
            engine=self.turns.engine,
            table=self.table,
            run_id=self.run_id,
        ).run()

    def _tell(self, done: int, total: int, seconds: float) -> None:
        left = seconds / done * (total - done)
        self.told(Progress(done, total, left, self.turns.waiting > 0))
