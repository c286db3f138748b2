"""Published bars that runs vouch for, and the refusal of all others.

What is vouched for was published by a run of the gate, and is to the last bit what it published:
`stock_data_publications`, of which nothing is ever deleted or changed, names the run with symbol
and dates, and the bar has the digest that it was published with. That tells a row that somebody
changed, or put there, by hand. It is no signature: who may write to the table and takes the trouble
to compute a digest can forge one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine

from sql.errors import NoBarsError, UnvouchedError
from sql.indicators import read_bars
from sql.own_tables import ENRICHED
from sql.statements import statement
from sql.terms import DERIVED, NUMBERS
from sql.trained.digest import PUBLISHED

_SAID = {
    "undigested": "were published before bars had digests",
    "altered": "are not what their run published: somebody changed them",
    "unpublished": "name a run that published no such bars",
}
_SHOWN = 5


@dataclass(frozen=True)
class VouchingRun:
    """A run of the gate, how many of the bars are its, and what it said when it published them."""

    run_id: str
    bars: int
    verdict: str
    extract_digest: str
    published_at: datetime


@dataclass(frozen=True)
class VouchedBars:
    """Published bars, sorted by symbol and date, the runs that vouch for them, and their digest.

    `bars` has symbol, date (a day, or a moment in UTC), run_id, open, high, low, close, volume,
    daily_return, price_range, price_range_pct (float64).
    """

    bars: pd.DataFrame
    runs: tuple[VouchingRun, ...]
    digest: str


def vouched_bars(engine: Engine, symbols: Sequence[str] | None = None) -> VouchedBars:
    """All that is published of these symbols (None: of all), as of one moment.

    Raises UnvouchedError when a single bar is vouched for by no run, NoBarsError when nothing is
    published.
    """
    bound = {"symbols": None if symbols is None else list(symbols)}
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        _require_table(connection)
        _refuse_unvouched(connection, bound)
        runs = connection.exec_driver_sql(statement("queries/vouching_runs"), bound).all()
        digest = connection.exec_driver_sql(statement("queries/vouched_digest"), bound).scalar_one()
        connection.exec_driver_sql("set local extra_float_digits = 1")  # to the last bit
        query = statement("queries/vouched_bars")
        bars = read_bars(connection, query, bound, (*NUMBERS, *DERIVED), ("run_id",))
    if bars.empty:
        raise NoBarsError("no bars are published: run the gate first (gate run)")
    return VouchedBars(bars, tuple(VouchingRun(*one) for one in runs), digest)


def _require_table(connection: Connection) -> None:
    there = "select to_regclass(%s) is not null"
    if not connection.exec_driver_sql(there, (ENRICHED,)).scalar_one():
        raise NoBarsError("no bars are published: run the gate first (gate run)")
    has_digest = (
        "select count(*) = 1 from pg_attribute where attrelid = %s::regclass "
        "and attname = 'digest' and not attisdropped"
    )
    if not connection.exec_driver_sql(has_digest, (ENRICHED,)).scalar_one():
        raise UnvouchedError(
            f"the bars in {ENRICHED} {_SAID['undigested']}: publish them again (gate run)"
        )


def _refuse_unvouched(connection: Connection, bound: dict[str, list[str] | None]) -> None:
    query = statement("queries/unvouched_bars").replace("{digest}", PUBLISHED)
    found = connection.exec_driver_sql(query, bound).all()
    if not found:
        return
    faults = "; ".join(
        _sentence(fault, [one for one in found if one.fault == fault])
        for fault in _SAID
        if any(one.fault == fault for one in found)
    )
    names = ",".join(dict.fromkeys(one.symbol for one in found[:_SHOWN]))
    raise UnvouchedError(
        f"no run vouches for {sum(one.bars for one in found):,} published bars. {faults}. Publish "
        f"them again: gate run --symbols '{names}', over all of their dates"
    )


def _sentence(fault: str, symbols: Sequence[Any]) -> str:
    named = ", ".join(
        f"{one.symbol} ({one.bars:,} from {one.first_date:%Y-%m-%d} to {one.last_date:%Y-%m-%d})"
        for one in symbols[:_SHOWN]
    )
    more = f" and {len(symbols) - _SHOWN:,} more symbols" if len(symbols) > _SHOWN else ""
    return f"{named}{more} {_SAID[fault]}"
