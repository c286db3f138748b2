"""When Interactive Brokers may be asked next: it counts the requests of all processes together.

Source: TWS API, "Historical Data Limitations".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine

from sql.locks import IB, lock


@dataclass(frozen=True)
class Pace:
    """How much IB takes; seconds.

    `small_most` requests for bars within the day in `small_window`, none that is the same as one of
    the last `same`, `contract_most` of a contract in `contract_window`, `open_most` at once. A
    request that never ended (its process was killed) counts as open for `lost`.
    """

    small_most: int = 60
    small_window: float = 600
    same: float = 15
    contract_most: int = 5
    contract_window: float = 2
    open_most: int = 50
    lost: float = 180


@dataclass(frozen=True)
class Asked:
    """A request of the last minutes: how many seconds ago, of what, and whether it is open."""

    ago: float
    contract: str
    request: str
    small: bool
    is_open: bool


def wait_for(
    asked: Sequence[Asked], contract: str, request: str, *, small: bool, pace: Pace
) -> float:
    """Seconds until this request may be made; 0 for at once."""
    waits = [0.0]
    waits += [pace.same - one.ago for one in asked if one.request == request]
    of_contract = [one.ago for one in asked if one.contract == contract]
    waits.append(_room(of_contract, pace.contract_most, pace.contract_window))
    if small:
        smalls = [one.ago for one in asked if one.small]
        waits.append(_room(smalls, pace.small_most, pace.small_window))
    opened = [one for one in asked if one.is_open and one.ago < pace.lost]
    if len(opened) >= pace.open_most:
        waits.append(1.0)
    return max(waits)


def take_turn(
    engine: Engine,
    contract: str,
    request: str,
    *,
    small: bool,
    pace: Pace,
    now: datetime | None = None,
) -> tuple[float, int | None]:
    """Seconds to wait and None; or 0 and the number of the request, which counts from now on.

    ``now`` is the database's time, unless told.
    """
    with engine.begin() as connection:
        lock(connection, IB)
        now = now or connection.exec_driver_sql("select clock_timestamp()").scalar_one()
        asked = _asked(connection, now, pace, (contract, request, small))
        wait = wait_for(asked, contract, request, small=small, pace=pace)
        if wait > 0:
            return wait, None
        number = connection.exec_driver_sql(
            "insert into ib_requests (asked_at, contract, request, small) "
            "values (%s, %s, %s, %s) returning id",
            (now, contract, request, small),
        ).scalar_one()
        return 0.0, int(number)


def ended(engine: Engine, number: int) -> None:
    """The request was answered, or given up."""
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "update ib_requests set ended_at = clock_timestamp() where id = %s", (number,)
        )


def _asked(
    connection: Connection, now: datetime, pace: Pace, like: tuple[str, str, bool]
) -> list[Asked]:
    """What counts for a request like this: of hundreds that are days, hardly any."""
    oldest = max(pace.small_window, pace.same, pace.contract_window, pace.lost)
    since = now - timedelta(seconds=oldest)
    connection.exec_driver_sql("delete from ib_requests where asked_at < %s", (since,))
    rows = connection.exec_driver_sql(
        "select asked_at, contract, request, small, ended_at is null as is_open from ib_requests "
        "where contract = %s or request = %s or ended_at is null or (small and %s)",
        like,
    ).all()
    return [
        Asked(
            (now - row.asked_at).total_seconds(), row.contract, row.request, row.small, row.is_open
        )
        for row in rows
    ]


def _room(agos: Sequence[float], most: int, window: float) -> float:
    """Seconds until fewer than `most` of these lie within the window."""
    within = sorted((ago for ago in agos if ago < window), reverse=True)
    if len(within) < most:
        return 0.0
    return window - within[len(within) - most]
