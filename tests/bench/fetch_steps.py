"""An increment of many symbols, for the bench: fetched, and asked for by ib_async alone."""

import asyncio
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from dags.fetch.gateway import Address
from dags.fetch.turns import Time
from dags.fetch.work import fetch
from gx.dataset.model import Dataset
from sql import embedded
from sql.connection import connected
from sql.fetched.pacing import Pace
from tests.ib_gateway import HOST, Asked, Bars, Limits, Running, demo_bars, demo_minutes, gateway

# A Thursday and the Friday after it, when New York has closed.
BEFORE, NOW = (datetime(2024, 6, day, 21, 30, tzinfo=UTC) for day in (27, 28))
SINCE = date(2024, 6, 17)
FREE = Pace(
    small_most=10**6, small_window=0.01, same=0, contract_most=10**6, open_most=10**6, lost=1
)


class Ahead(Time):
    """Time that is put forward where it would be waited for, at the gateway as well."""

    def __init__(self, running: Running) -> None:
        self._running, self._begun = running, datetime.now(UTC)
        self.skipped = 0.0

    def now(self) -> datetime:
        """The world's time, and what was skipped."""
        return self._begun + timedelta(seconds=self.seconds())

    def seconds(self) -> float:
        """Seconds since any moment."""
        return time.monotonic() + self.skipped

    async def sleep(self, seconds: float) -> None:
        """Put the time forward, unless somebody else has done so meanwhile."""
        until = self.seconds() + seconds
        await asyncio.sleep(0)
        left = until - self.seconds()
        if left > 0:
            self.skipped += left
            self._running.forward(left)


def increment(bar: str, symbols: int) -> Callable[[], dict[str, float]]:
    """What the increment of a day costs, own work and floor, and how long it would wait."""
    names = tuple(f"S{number:03d}" for number in range(symbols))
    bars = _bars(bar, names)
    dataset = _dataset(bar, names)

    def work() -> dict[str, float]:
        with tempfile.TemporaryDirectory(prefix="bench-fetch-") as folder:
            # As root PostgreSQL runs as another user, who has to enter.
            Path(folder).chmod(0o755)
            with embedded.start(Path(folder) / "pg") as server:
                server.ensure_database("bars")
                return _measured(server, dataset, bars)

    return work


def _measured(server: Any, dataset: Dataset, bars: Bars) -> dict[str, float]:
    with connected(server.settings("bars")) as engine:
        with gateway(bars, now=BEFORE) as running:
            told: dict[str, Any] = {"engine": engine, "run_id": "bench"}
            told["address"] = Address(HOST, running.port, 7)
            assert not fetch(dataset, (), **told, pace=FREE, now=BEFORE).behind
        with gateway(bars, now=NOW, limits=Limits()) as running:
            ahead = Ahead(running)
            told["address"] = Address(HOST, running.port, 7)
            begun = time.monotonic()
            done = fetch(dataset, (), **told, time=ahead, now=NOW)
            own = time.monotonic() - begun
            asked = running.history()
    assert not done.behind
    assert {one.answer.split()[-1] for one in asked} == {"bars"}  # nothing was asked too fast
    return {
        "own": own,
        "floor": _floor(bars, asked),
        "pacing": ahead.skipped,
        "requests": len(asked),
        "new": done.stored.new,
    }


def _floor(bars: Bars, asked: list[Asked]) -> float:
    """Seconds that ib_async takes for the same requests, six at a time, and for the contracts."""
    with gateway(bars, now=NOW) as running:
        begun = time.monotonic()
        asyncio.run(_ask(running.port, asked))
        return time.monotonic() - begun


async def _ask(port: int, asked: list[Asked]) -> None:
    from ib_async import IB, Contract
    from ib_async.ib import StartupFetchNONE

    ib = IB()
    await ib.connectAsync(HOST, port, 8, readonly=True, fetchFields=StartupFetchNONE)
    waiting, known = list(asked), set[int]()

    async def work() -> None:
        while waiting:
            one = waiting.pop()
            assert one.contract is not None
            contract = Contract(conId=one.contract.con_id, exchange="SMART")
            if contract.conId not in known:
                known.add(contract.conId)
                await ib.reqContractDetailsAsync(contract)
            given = (one.duration, one.bar_size, one.what, one.use_rth)
            assert await ib.reqHistoricalDataAsync(contract, one.end, *given, formatDate=2)

    await asyncio.gather(*(work() for _ in range(6)))
    ib.disconnect()


def _bars(bar: str, names: tuple[str, ...]) -> Bars:
    if bar == "1 day":
        return demo_bars(names, until=NOW)
    return demo_minutes(names, SINCE, NOW.date(), 5, extended=False)


def _dataset(bar: str, names: tuple[str, ...]) -> Dataset:
    since = SINCE.isoformat() if bar != "1 day" else "2023-06-28"
    return Dataset.model_validate(
        {
            "name": "feed",
            "suite": "stock_data",
            "publish": "fed",
            "source": {"schema": "feed", "table": "bars"},
            "bar": bar,
            "calendar": "XNYS",
            "fetch": {"since": since, "contracts": [{"symbol": name} for name in names]},
        }
    )
