"""A gateway for tests: it speaks TWS's and IB Gateway's wire protocol, and serves bars from a file.

    with gateway({"AAA": bars}, script=[Rule("silence", symbol="AAA")]) as running:
        await IB().connectAsync("127.0.0.1", running.port, clientId=1, readonly=True)

The real ib_async talks to it over a real socket. ``python -m tests.ib_gateway --demo`` starts it
alone.
"""

import asyncio
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.ib_gateway.bars import Bar, Bars
from tests.ib_gateway.contracts import Listing
from tests.ib_gateway.demo import demo_bars, demo_listings, demo_minutes
from tests.ib_gateway.pacing import Asked, Limits
from tests.ib_gateway.script import Rule, read_script
from tests.ib_gateway.server import HOST, Gateway

__all__ = [
    "HOST",
    "UNLIMITED",
    "Asked",
    "Bar",
    "Bars",
    "Limits",
    "Listing",
    "Rule",
    "Running",
    "demo_bars",
    "demo_listings",
    "demo_minutes",
    "gateway",
    "read_script",
]

# Of a test that is not about pacing.
UNLIMITED = Limits(
    identical_seconds=0, contract_requests=1_000_000, requests=1_000_000, open_requests=1_000_000
)
SECONDS = 10.0


@dataclass(frozen=True)
class Running:
    """A gateway that runs in a thread of its own."""

    gateway: Gateway
    loop: asyncio.AbstractEventLoop

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        return self.gateway.port

    @property
    def asked(self) -> list[Asked]:
        """All that it was asked so far, by any client."""
        return list(self.gateway.asked)

    def history(self, symbol: str = "") -> list[Asked]:
        """The requests for bars so far, of ``symbol`` or of all."""
        return [
            one for one in self.asked if one.request == "historical" and symbol in {"", one.symbol}
        ]

    @property
    def most_open(self) -> int:
        """How many requests for bars were open at once."""
        return self.gateway.most_open

    @property
    def now(self) -> datetime:
        """What time it is there."""
        return self.gateway.clock.now()

    def tell(self, rule: Rule) -> None:
        """Add a rule to its script; it holds when this returns."""
        asyncio.run_coroutine_threadsafe(self.gateway.tell(rule), self.loop).result(SECONDS)

    def forward(self, seconds: float) -> None:
        """Put its clock ahead."""
        self.gateway.clock.forward(seconds)

    def restart(self, seconds: float = 0.0) -> None:
        """End all connections, refuse new ones for ``seconds`` on its clock, and come back."""
        self.tell(Rule("restart", seconds=seconds))


@contextmanager
def gateway(
    bars: Bars | Path | Mapping[str, Iterable[Bar]],
    *,
    listings: Iterable[Listing] | None = None,
    script: Iterable[Rule] = (),
    limits: Limits | None = UNLIMITED,
    now: datetime | None = None,
    speed: float = 1.0,
    port: int = 0,
) -> Iterator[Running]:
    """A gateway with ``bars``, on any free port; without ``limits`` of its own it has no pacing."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="ib-gateway", daemon=True)
    thread.start()
    made = Gateway(_bars(bars), listings, script, limits=limits, now=now, speed=speed)
    try:
        asyncio.run_coroutine_threadsafe(made.start(port), loop).result(SECONDS)
        yield Running(made, loop)
    finally:
        asyncio.run_coroutine_threadsafe(made.stop(), loop).result(SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()


def _bars(bars: Bars | Path | Mapping[str, Iterable[Bar]]) -> Bars:
    if isinstance(bars, Bars):
        return bars
    return Bars.read(bars) if isinstance(bars, Path) else Bars.of(bars)
