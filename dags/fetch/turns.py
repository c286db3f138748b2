"""The turns of this process among all that ask Interactive Brokers."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import Engine

from dags.fetch.faults import Kind
from sql.fetched.pacing import Pace, ended, take_turn

# Seconds before what time mends is asked again.
_RESTS: dict[str, float] = {"pacing": 60.0, "farm": 20.0}
_REST = 1.0


@dataclass
class Turns:
    """Waits for turns, and counts how long; ``waited`` is in seconds, over all that wait."""

    engine: Engine
    pace: Pace = field(default_factory=Pace)
    requests: int = 0
    waiting: int = 0
    waited: float = 0.0

    @asynccontextmanager
    async def turn(
        self, contract: str, request: str, *, small: bool = False
    ) -> AsyncIterator[None]:
        """Hold a place among the open requests, once IB can be asked."""
        number = None
        begun = time.monotonic()
        self.waiting += 1
        try:
            while number is None:
                wait, number = take_turn(
                    self.engine, contract, request, small=small, pace=self.pace
                )
                if number is None:
                    await asyncio.sleep(min(wait, 5.0))
        finally:
            self.waiting -= 1
            self.waited += time.monotonic() - begun
        self.requests += 1
        try:
            yield
        finally:
            ended(self.engine, number)

    async def rest(self, kind: Kind) -> None:
        """Wait before what failed is asked again."""
        await asyncio.sleep(_RESTS.get(kind, _REST) * self.pace.small_window / 600)
