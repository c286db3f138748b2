"""A fetch in a process of its own, which dies at a point of it as by ``kill -9``."""

import inspect
import multiprocessing
import os
import signal
from dataclasses import dataclass
from datetime import datetime
from pkgutil import resolve_name
from typing import Any

from sqlalchemy import Engine, create_engine

from dags.fetch.gateway import Address
from dags.fetch.work import fetch
from gx.dataset.model import Dataset
from sql.fetched.pacing import Pace
from tests.ib_gateway import HOST

_SYMBOL, _FETCH = "dags.fetch.symbol", "dags.fetch.symbol:SymbolFetch"
_GATEWAY = "dags.fetch.gateway:Gateway"


@dataclass(frozen=True)
class Point:
    """Before or after the n-th call of a function, maybe in the transaction it is called in."""

    where: str
    name: str
    after: bool = False
    call: int = 1


POINTS = {
    "connected": Point(_GATEWAY, "contract"),
    "the contract is known": Point(_GATEWAY, "contract", after=True),
    "the first request is counted": Point(_GATEWAY, "bars"),
    "a request is counted": Point(_GATEWAY, "bars", call=3),
    "the first answer is there": Point(_GATEWAY, "bars", after=True),
    "an answer is there": Point(_GATEWAY, "bars", after=True, call=3),
    "bars are written, not committed": Point(_SYMBOL, "store", after=True, call=3),
    "all is written, not committed": Point(_SYMBOL, "keep_series", after=True, call=3),
    "the first bars are committed": Point(_FETCH, "_keep", after=True),
    "bars are committed": Point(_FETCH, "_keep", after=True, call=3),
    "the newest are committed": Point(_FETCH, "_forward", after=True),
}
ANEW = {
    "a factor is found": Point(_FETCH, "_keep"),
    "it is remembered": Point(_FETCH, "_again"),
    "the first anew is asked for": Point(_GATEWAY, "bars", call=2),
    "the first anew is put aside, not committed": Point(_SYMBOL, "keep_again", after=True),
    "some anew is put aside": Point(_GATEWAY, "bars", call=4),
    "some anew is put aside, not committed": Point(_SYMBOL, "keep_again", after=True, call=3),
    "all anew is put aside": Point(_SYMBOL, "take_again"),
    "all anew is taken, not committed": Point(_SYMBOL, "take_again", after=True),
    "all is replaced, not committed": Point(_SYMBOL, "store", after=True),
    "all is replaced": Point(_FETCH, "_again", after=True),
}
HOLES = {
    "a hole is asked for": Point(_GATEWAY, "bars", call=5),
    "a hole is answered": Point(_GATEWAY, "bars", after=True, call=5),
    "a hole is noted, not committed": Point(_SYMBOL, "note_holes", after=True),
    "a hole is noted": Point(_FETCH, "_fill", after=True),
}


def kill_at(point: Point, engine: Engine, port: int, of: Dataset, now: datetime, pace: Pace) -> int:
    """Fetch until then in another process; how that ended."""
    apart = multiprocessing.get_context("forkserver")
    apart.set_forkserver_preload([__name__, "ib_async", "exchange_calendars"])
    url = engine.url.render_as_string(hide_password=False)
    process = apart.Process(target=_fetch, args=(point, url, port, of, now, pace))
    process.start()
    process.join(60)
    assert process.exitcode is not None
    return process.exitcode


def _fetch(point: Point, url: str, port: int, of: Dataset, now: datetime, pace: Pace) -> None:
    _arm(point)
    where = Address(HOST, port, 7, answer_seconds=5, return_seconds=5)
    engine = create_engine(url)
    fetch(of, (), engine=engine, address=where, run_id="killed", pace=pace, now=now)


def _arm(point: Point) -> None:
    """Let the process die there."""
    where = resolve_name(point.where)
    real, calls = getattr(where, point.name), 0

    def dies_before() -> bool:
        nonlocal calls
        calls += 1
        if calls == point.call and not point.after:
            os.kill(os.getpid(), signal.SIGKILL)
        return calls == point.call

    async def later(*given: Any, **named: Any) -> Any:
        dies = dies_before()
        found = await real(*given, **named)
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    def at_once(*given: Any, **named: Any) -> Any:
        dies = dies_before()
        found = real(*given, **named)
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(where, point.name, later if inspect.iscoroutinefunction(real) else at_once)
