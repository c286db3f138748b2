"""TWS or IB Gateway, asked for bars: an answer, or a fault that says what is wrong."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from dags.fetch.asks import Ask, as_utc
from dags.fetch.faults import (
    FARM,
    FARM_BACK,
    FARM_LOST,
    LOST,
    RESTORED,
    FetchFault,
    fault,
)
from gx.dataset.fetch import Contract, Fetch
from sql.fetched.bars import frame

if TYPE_CHECKING:
    from ib_async import IB, ContractDetails
    from ib_async import Contract as IbContract

log = logging.getLogger(__name__)
T = TypeVar("T")
# What the client takes for mere warnings and leaves the request open.
_UNANSWERED = frozenset({165, 321})
# Between two tries to connect; a gateway that restarts at night takes some minutes.
_BETWEEN_TRIES = 5.0
# The client's own patience is over before ours.
_LATER = 1.0
_SILENCE = "IB did not answer within {:g} s: whether it has such bars is not known"


@dataclass(frozen=True)
class Address:
    """Where the gateway is, and how long it may take: seconds for an answer, and to come back.

    ``first_seconds``: how long it may take to be there at all; None is as long as to come back.
    """

    host: str
    port: int
    client_id: int
    answer_seconds: float = 60
    return_seconds: float = 900
    first_seconds: float | None = None

    @property
    def shown(self) -> str:
        """How people write it."""
        return f"{self.host}:{self.port}"


class Gateway:
    """A connection that is made when it is needed, and made again when it is lost."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._ib: IB | None = None
        self._connecting = asyncio.Lock()
        self._was_there = False
        self._gone: FetchFault | None = None  # waited for in vain: nobody waits for it again
        self._refused: dict[int, FetchFault] = {}  # by the id() of a contract that is asked for
        self._told: asyncio.Event = asyncio.Event()
        self._last_fault: FetchFault | None = None
        self._turned_away = asyncio.Event()
        self._lost = False
        self._farms: dict[str, str] = {}  # those that are broken, and what was said of them
        self._restored = asyncio.Event()  # of a lost connection, or of its end

    async def contract(self, one: Contract) -> "ContractDetails":
        """What IB says of the one contract that is meant; FetchFault for none and for several."""
        from ib_async import Contract as IbContract

        asked = IbContract(
            secType=one.type,
            conId=one.con_id,
            symbol="" if one.con_id else (one.ib_symbol or one.symbol),
            exchange=one.exchange,
            primaryExchange=one.primary_exchange,
            currency=one.currency,
        )
        ib = await self.connected()
        found = await self._answered(asked, lambda: ib.reqContractDetailsAsync(asked))
        details = [said for said in found if said.contract]
        contracts = [said.contract for said in details if said.contract]
        if not contracts:
            raise fault(200, "no security definition has been found for the request")
        if len({each.conId for each in contracts}) > 1:
            named = ", ".join(
                f"{each.conId} ({each.primaryExchange or each.exchange} {each.currency})"
                for each in contracts[:5]
            )
            raise fault(200, f"ambiguous contract: {named}")
        contracts[0].exchange = one.exchange
        return details[0]

    async def head(self, contract: "IbContract", fetch: Fetch) -> datetime | None:
        """When its bars begin, in UTC; None where IB does not say."""
        ib = await self.connected()
        try:
            said = await self._answered(
                contract,
                lambda: ib.reqHeadTimeStampAsync(contract, fetch.what, fetch.regular_hours, 2),
            )
        except FetchFault as error:
            if error.passes:
                raise
            return None
        return as_utc(said) if isinstance(said, datetime) else None

    async def bars(self, contract: "IbContract", ask: Ask, bar: str, fetch: Fetch) -> pd.DataFrame:
        """The bars of one request by `date` (UTC, without a zone); empty where IB has none.

        Raises FetchFault. Silence is one: the client's empty list after it would say that there are
        none, and so would an end without a bar, which IB does not give where it has none.
        """
        ib = await self.connected()
        patience = self.address.answer_seconds
        try:
            found = await self._answered(
                contract,
                lambda: ib.reqHistoricalDataAsync(
                    contract,
                    ask.end or "",
                    ask.duration,
                    bar,
                    fetch.what,
                    fetch.regular_hours,
                    formatDate=2,
                    timeout=patience,  # the client takes the request back then
                ),
            )
        except FetchFault as error:
            if error.kind == "no data":
                return frame([])
            raise
        if not found:
            raise self._silence(patience)
        return frame([_row(one, fetch.what) for one in found])

    async def connected(self) -> "IB":
        """The connection, made in `first_seconds`, again in `return_seconds`; raises FetchFault."""
        async with self._connecting:
            if self._ib is not None and self._ib.isConnected() and not self._lost:
                return self._ib
            if self._gone:
                raise self._gone
            loop = asyncio.get_running_loop()
            until, told = loop.time() + self._patience, ""
            while True:
                try:
                    return await self._connect(until)
                except FetchFault as error:
                    if not error.passes or loop.time() + self._pause > until:
                        self._gone = error
                        raise
                    if str(error) != told:
                        told = str(error)
                        log.warning("%s; trying again for %.0f s", told, until - loop.time())
                    await asyncio.sleep(self._pause)

    def close(self) -> None:
        """Give the connection up."""
        if self._ib is not None:
            self._ib.disconnect()
            self._ib = None

    @property
    def is_gone(self) -> bool:
        """Was it waited for in vain?"""
        return self._gone is not None

    @property
    def _patience(self) -> float:
        where = self.address
        if self._was_there or where.first_seconds is None:
            return where.return_seconds
        return where.first_seconds

    @property
    def _pause(self) -> float:
        return min(_BETWEEN_TRIES, max(self._patience / 20, 0.01))

    async def _connect(self, until: float) -> "IB":
        if self._ib is not None and self._ib.isConnected():
            # Connected to the gateway, which is not connected to IB: that comes back by itself.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._restored.wait()
            if not self._lost and self._ib.isConnected():
                return self._ib
        self.close()
        self._lost, self._last_fault = False, None
        self._farms.clear()
        ib = _client()
        ib.errorEvent += self._heard
        ib.disconnectedEvent += self._restored.set
        where = self.address
        asked = ib.connectAsync(
            where.host,
            where.port,
            where.client_id,
            timeout=max(min(10.0, where.answer_seconds), 1.0),
            readonly=True,
            fetchFields=_nothing(),
        )
        try:
            await self._unless_turned_away(asked)
        except (OSError, TimeoutError) as error:
            raise self._last_fault or FetchFault("disconnected", self._unreachable(error)) from None
        self._ib, self._was_there = ib, True
        return ib

    async def _unless_turned_away(self, asked: Awaitable[Any]) -> None:
        """Wait for a connection; the client does not notice that it is refused, until it gives up.

        Raises what the client raises, and FetchFault.
        """
        self._turned_away.clear()
        connecting = asyncio.ensure_future(asked)
        told = asyncio.ensure_future(self._turned_away.wait())
        try:
            waited: set[asyncio.Future[Any]] = {connecting, told}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if self._last_fault and not connecting.done():
                raise self._last_fault
            await connecting
        finally:
            told.cancel()
            connecting.cancel()
            await asyncio.wait({connecting})

    def _unreachable(self, error: Exception) -> str:
        why = "nobody listens there"
        if isinstance(error, socket.gaierror):
            why = "there is no such host"
        elif isinstance(error, TimeoutError):
            why = "what listens there does not answer as one does"
        return (
            f"no TWS or IB Gateway at {self.address.shown}: {why}. Start it, log in, and enable "
            "its API (Configure, API, Settings: Enable ActiveX and Socket Clients, Socket port); "
            "IB_HOST and IB_PORT say where it is"
        )

    async def _answered(self, contract: "IbContract", ask: Callable[[], Awaitable[T]]) -> T:
        """The answer to one request; raises FetchFault for a refusal, silence, a lost server."""
        from ib_async.wrapper import RequestError

        self._refused.pop(id(contract), None)
        answer: asyncio.Future[T] = asyncio.ensure_future(ask())
        loop = asyncio.get_running_loop()
        until = loop.time() + self.address.answer_seconds + _LATER
        try:
            while not answer.done():
                self._told.clear()
                told: asyncio.Future[bool] = asyncio.ensure_future(self._told.wait())
                waited: set[asyncio.Future[Any]] = {answer, told}
                left = max(until - loop.time(), 0)
                await asyncio.wait(waited, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                told.cancel()
                if answer.done():
                    break
                if refused := self._refused.pop(id(contract), None):
                    raise refused
                if loop.time() >= until:
                    raise self._silence(self.address.answer_seconds)
            return answer.result()
        except RequestError as error:
            raise fault(error.code, error.message) from None
        except (ConnectionError, OSError) as error:
            raise FetchFault(
                "disconnected", f"the connection to the gateway broke off ({error})"
            ) from None
        finally:
            if not answer.done():
                answer.cancel()

    def _silence(self, seconds: float) -> FetchFault:
        """Nothing was said; of farms that are broken it was."""
        if not self._farms:
            return FetchFault("silence", _SILENCE.format(seconds))
        said = "; ".join(self._farms.values())
        return FetchFault("farm", f"{FARM}, and gave no answer within {seconds:g} s ({said})")

    def _heard(self, _request: int, code: int, text: str, contract: Any) -> None:
        """The gateway says something: about a request, or about its own connections."""
        if code in LOST:
            self._lost = True
            self._restored.clear()
            log.warning("the gateway has lost its connection to IB: %s", text)
        elif code in RESTORED:
            self._lost = False
            self._restored.set()
        elif code in FARM_LOST:
            self._farms[_farm(text)] = f"IB {code}: {text[:200]}"
        elif code in FARM_BACK:
            self._farms.pop(_farm(text), None)
        elif code in _UNANSWERED and contract is not None:
            self._refused[id(contract)] = fault(code, text)
            self._told.set()
        elif contract is None and not 2100 <= code < 2200:
            self._last_fault = fault(code, text)
            if self._last_fault.kind == "client id":
                self._turned_away.set()


def _farm(text: str) -> str:
    return text.rpartition(":")[2].strip()


def _row(bar: Any, what: str) -> tuple[Any, ...]:
    day = bar.date
    moment = datetime(day.year, day.month, day.day) if type(day) is date else as_utc(day)  # noqa: DTZ001  # a day of the exchange
    # -1 stands for what is not known.
    volume = None if what == "MIDPOINT" or float(bar.volume) < 0 else float(bar.volume)
    return (moment, bar.open, bar.high, bar.low, bar.close, volume)


def _client() -> "IB":
    from ib_async import IB

    # It tells of each fault as well, in words of its own.
    logging.getLogger("ib_async").setLevel(logging.CRITICAL)
    ib = IB()
    ib.RaiseRequestErrors = True
    return ib


def _nothing() -> Any:
    from ib_async.ib import StartupFetchNONE

    return StartupFetchNONE
