"""Fetches of the tests: a dataset, the gateway they ask, and what is stored then."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from dags.fetch.gateway import Address
from dags.fetch.work import Fetched, fetch
from gx.dataset.model import Dataset
from sql.fetched.pacing import Pace
from tests.ib_gateway import HOST, Bars, Running, demo_bars, gateway

EVENING = datetime(2024, 6, 28, 21, 30, tzinfo=UTC)  # a Friday: New York has closed
MORNING = datetime(2024, 7, 1, 14, 0, tzinfo=UTC)  # the Monday after: New York is open
WEEK_LATER = datetime(2024, 7, 5, 22, 0, tzinfo=UTC)
# Nobody's limits: what is not about pacing waits for nothing.
FREE = Pace(
    small_most=10**6, small_window=0.01, same=0, contract_most=10**6, open_most=10**6, lost=1
)
NAMES = ("AAA", "BBB", "CCC")


def dataset(*symbols: str, **more: Any) -> Dataset:
    asked = {
        "since": "2024-01-01",
        "contracts": [{"symbol": one} for one in symbols or NAMES],
        **more.pop("fetch", {}),
    }
    given = {"source": {"schema": "feed", "table": "bars"}, "bar": "1 day", "calendar": "XNYS"}
    return Dataset.model_validate(
        {"name": "feed", "suite": "stock_data", "publish": "fed", **given, **more, "fetch": asked}
    )


def served(
    *symbols: str, until: datetime = EVENING, bars: Bars | None = None, **how: Any
) -> AbstractContextManager[Running]:
    """A gateway at a moment, with the demo's bars until long after it, or with ``bars``."""
    late = datetime(2024, 12, 31, tzinfo=UTC)
    return gateway(bars or demo_bars(symbols or NAMES, until=late), now=until, **how)


def fetched(
    engine: Engine,
    running: Running,
    of: Dataset | None = None,
    *symbols: str,
    now: datetime = EVENING,
    seconds: float = 0.5,
    **more: Any,
) -> Fetched:
    where = Address(HOST, running.port, 7, answer_seconds=seconds, return_seconds=5)
    return fetch(
        of or dataset(), symbols, engine=engine, address=where, run_id="test", now=now,
        pace=more.pop("pace", FREE), **more,
    )  # fmt: skip


def stored(engine: Engine, symbol: str = "AAA") -> list[tuple[Any, ...]]:
    """Its bars, with floats."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "select date, open::float8, high::float8, low::float8, close::float8, volume::float8 "
            "from feed.bars where symbol = %s order by date",
            (symbol,),
        )
        return [tuple(row) for row in rows]


def count(engine: Engine, query: str) -> int:
    with engine.connect() as connection:
        return int(connection.exec_driver_sql(query).scalar_one())
