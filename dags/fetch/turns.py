"""The turns of this process among all that ask Interactive Brokers."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from dags.fetch.faults import Kind
from sql.fetched.pacing import Pace, ended, take_turn

# Seconds before what time mends is asked again.
_RESTS: dict[str, float] = {"pacing": 60.0, "farm": 20.0}
_REST = 1.0


class Time:
    """The world's time, by which turns are waited for."""

    def now(self) -> datetime | None:
        """What time it is for IB's limits; None is as the database says, which all ask."""
        return None

    def seconds(self) -> float:
        """Seconds since any moment."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


@dataclass
class Turns:
    """Waits for turns, and counts how long; ``waited`` is in seconds, over all that wait."""

    engine: Engine
    pace: Pace = field(default_factory=Pace)
    time: Time = field(default_factory=Time)
    requests: int = 0
    waiting: int = 0
    waited: float = 0.0
    _first: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def turn(
        self, contract: str, request: str, *, small: bool = False
    ) -> AsyncIterator[None]:
        """Hold a place among the open requests, once IB can be asked."""
        begun = self.time.seconds()
        self.waiting += 1
        try:
            # Of those that wait for the one limit the first alone asks when it may.
            async with self._first if small else nullcontext():
                number = await self._turn(contract, request, small=small)
        finally:
            self.waiting -= 1
            self.waited += self.time.seconds() - begun
        self.requests += 1
        try:
            yield
        finally:
            ended(self.engine, number)

    async def _turn(self, contract: str, request: str, *, small: bool) -> int:
        """The number of the request, once it may be made."""
        while True:
            wait, number = take_turn(
                self.engine,
                contract,
                request,
                small=small,
                pace=self.pace,
                now=self.time.now(),
            )
            if number is not None:
                return number
            await self.time.sleep(wait)

    async def rest(self, kind: Kind) -> None:
        """Wait before what failed is asked again."""
        await self.time.sleep(_RESTS.get(kind, _REST) * self.pace.small_window / 600)
