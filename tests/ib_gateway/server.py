"""The gateway: it listens, knows who is connected, and what has happened to all of them."""

import asyncio
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Coroutine, Iterable
from datetime import UTC, datetime, timedelta

from tests.ib_gateway import errors
from tests.ib_gateway.bars import Bars
from tests.ib_gateway.contracts import Book, Listing, sessions
from tests.ib_gateway.errors import Said
from tests.ib_gateway.pacing import Asked, Limits, Pacing
from tests.ib_gateway.script import CODES, Rule, Script
from tests.ib_gateway.session import Session

HOST = "127.0.0.1"
HISTORY = {"historical", "head"}
# What breaks a link, and what mends it.
LINK = ({"lost"}, {"restored", "restored_data_lost"})
HMDS = ({"hmds_broken"}, {"hmds_ok"})


class Clock:
    """Time in UTC from ``start`` on, ``speed`` times as fast as outside."""

    def __init__(self, start: datetime | None = None, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError(f"speed is {speed}; a clock runs forward, so that it is above 0")
        if start is not None and start.tzinfo is None:
            raise ValueError(f"the clock's start {start} has no zone; give it one, as UTC")
        self.speed = speed
        self._start = (start or datetime.now(UTC)).astimezone(UTC)
        self._began, self._ahead = time.monotonic(), 0.0

    def seconds(self) -> float:
        """The seconds since the start, on this clock."""
        return self._ahead + (time.monotonic() - self._began) * self.speed

    def now(self) -> datetime:
        """What time it is, on this clock."""
        return self._start + timedelta(seconds=self.seconds())

    def forward(self, seconds: float) -> None:
        """Put the clock ahead; what waits already still takes its time."""
        self._ahead += seconds

    def outside(self, seconds: float) -> float:
        """How long ``seconds`` on this clock last in the world."""
        return seconds / self.speed


class Gateway:
    """A TWS or IB Gateway in a loop: ``bars`` of ``listings``, by ``script``."""

    def __init__(
        self,
        bars: Bars,
        listings: Iterable[Listing] | None = None,
        script: Iterable[Rule] = (),
        *,
        limits: Limits | None = None,
        now: datetime | None = None,
        speed: float = 1.0,
        account: str = "DU1234567",
    ) -> None:
        self.bars = bars
        known = [Listing(one) for one in bars.symbols] if listings is None else list(listings)
        for listing in known:
            sessions(listing.calendar)  # takes seconds, which no request should
        self.book = Book(known)
        self.script = Script(script)
        self.limits = limits or Limits()
        self.pacing = Pacing(self.limits)
        self.clock = Clock(now, speed)
        self.account = account
        self.asked: list[Asked] = []
        self.most_open = 0
        self.port = 0
        self._clients: dict[int, Session] = {}
        self._sessions: set[Session] = set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._link, self._hmds = asyncio.Event(), asyncio.Event()
        self._link.set()
        self._hmds.set()

    async def start(self, port: int = 0) -> None:
        """Listen on ``port``, or on any that is free; what the script says at once happens."""
        await self._listen(port)
        for rule in self.script.rules:
            if rule.at_once:
                self.happen(rule)

    async def stop(self) -> None:
        """End all connections and listen no more."""
        self._refuse()
        self._drop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def tell(self, rule: Rule) -> None:
        """Add a rule; what it does to everybody happens at once, unless it waits for a request."""
        self.script.rules.append(rule)
        if rule.at_once:
            self.happen(rule)
        if rule.do == "back":
            await self._come_back(0)

    def happen(self, rule: Rule) -> None:
        """What a rule does to everybody."""
        self._change_links(rule.do)
        if rule.do in {"restart", "refuse"}:
            self._refuse(rule.seconds)
        if rule.do in {"restart", "drop"}:
            self._drop()
        if rule.do in CODES:
            for session in self._sessions:
                session.say(Said(CODES[rule.do], rule.text))

    def _change_links(self, event: str) -> None:
        """What is lost and restored on the way to IB's servers."""
        if event == "restored_data_lost":
            for session in self._sessions:
                session.forget_waiting()
        for link, (broken, ok) in ((self._link, LINK), (self._hmds, HMDS)):
            if event in broken:
                link.clear()
            if event in ok:
                link.set()

    async def reached(self, request: str) -> None:
        """Wait until IB's servers can be reached for such a request."""
        while not self._is_reached(request):
            await self._link.wait()
            if request in HISTORY:
                await self._hmds.wait()

    @property
    def has_history(self) -> bool:
        """Is the farm of historical data there?"""
        return self._hmds.is_set()

    def _is_reached(self, request: str) -> bool:
        return self._link.is_set() and (request not in HISTORY or self._hmds.is_set())

    def register(self, client_id: int, session: Session) -> bool:
        """Whether the client may have its id, which nobody else has."""
        return self._clients.setdefault(client_id, session) is session

    def limit(self, asked: Asked) -> Said | None:
        """Count a request for bars as it comes; what is said if it breaks a limit."""
        breach = self.pacing.breach(asked)
        waiting = 1 + sum(session.open_history for session in self._sessions)
        self.most_open = max(self.most_open, waiting)
        if waiting > self.limits.open_requests:
            return errors.TOO_MANY_OPEN
        return errors.PACING if breach else None

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        session = Session(self, reader, writer)
        self._sessions.add(session)
        try:
            await session.run()
        finally:
            self._sessions.discard(session)
            if session.client_id is not None:
                self._clients.pop(session.client_id, None)

    async def _listen(self, port: int) -> None:
        self._server = await asyncio.start_server(self._serving, HOST, port)
        self.port = self._server.sockets[0].getsockname()[1]

    def _serving(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._spawn(self._serve(reader, writer))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _drop(self) -> None:
        for session in self._sessions:
            session.close()

    def _refuse(self, seconds: float | None = None) -> None:
        """Listen no more; again on the same port after ``seconds``, unless that is None."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if seconds is not None:
            self._spawn(self._come_back(seconds))

    async def _come_back(self, seconds: float) -> None:
        await asyncio.sleep(self.clock.outside(seconds))
        if self._server is None:
            await self._listen(self.port)
