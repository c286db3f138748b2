"""Made-up bars for a demo: a random walk on the sessions of XNYS, the same each time.

No price here was ever paid. The symbols are chosen so that nobody takes them for real ones.
"""

from dataclasses import astuple
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from tests.ib_gateway.bars import Bars
from tests.ib_gateway.contracts import Listing, sessions

SYMBOLS = tuple(letter * 3 for letter in "ABCDEFGHIJKLMNOPQRST")
YEARS = 10
NEW_YORK = ZoneInfo("America/New_York")
SESSIONS_A_YEAR = 252
# The walk always begins here, so that tomorrow's history is today's and a bar more.
ORIGIN = datetime(2012, 1, 3, tzinfo=UTC).date()
NOTICE = "every bar is made up: a random walk, no price was ever paid"


def demo_listings(symbols: tuple[str, ...] = SYMBOLS) -> list[Listing]:
    """The contracts of these symbols, whose names say that they are made up."""
    return [Listing(symbol, name=f"{symbol}, made up") for symbol in symbols]


def demo_bars(
    symbols: tuple[str, ...] = SYMBOLS, years: int = YEARS, until: datetime | None = None
) -> Bars:
    """Daily bars of ``symbols``, of the last ``years`` until the last session that has begun."""
    until = until or datetime.now(UTC)
    days = [
        day for day, session in sessions("XNYS").items() if day >= ORIGIN and session.opens < until
    ]
    bars, starts = Bars(), pd.DatetimeIndex(days)
    for number, symbol in enumerate(symbols):
        walk = _walk(number, starts)
        bars.add(symbol, walk.tail(years * SESSIONS_A_YEAR), daily=True)
    return bars


def demo_minutes(
    symbols: tuple[str, ...], first: date, last: date, minutes: int = 5, *, extended: bool = True
) -> Bars:
    """Bars within the day of the sessions from ``first`` to ``last``, as IB begins them.

    A bar begins at a multiple of its length, or with the session. ``extended``: from 4 to 20
    o'clock in New York, which is before and after the session as well.
    """
    starts: list[datetime] = []
    for day, session in sessions("XNYS").items():
        if first <= day <= last:
            four = session.opens.astimezone(NEW_YORK).replace(hour=4, minute=0)
            begun, ended = (four, four.replace(hour=20)) if extended else astuple(session)
            step = timedelta(minutes=minutes)
            begun, ended = begun.astimezone(UTC), ended.astimezone(UTC)
            even = begun - timedelta(seconds=begun.timestamp() % step.total_seconds())
            every = {max(even + at * step, begun) for at in range((ended - even) // step + 1)}
            every = {*every, session.opens}
            starts += sorted(one for one in every if one < ended)
    bars, index = Bars(), pd.DatetimeIndex(starts)
    for number, symbol in enumerate(symbols):
        bars.add(symbol, _walk(number, index), daily=False)
    return bars


def _walk(seed: int, days: pd.DatetimeIndex) -> pd.DataFrame:
    chance = np.random.default_rng(seed).standard_normal((len(days), 5))
    close = (20 + 15 * (seed % 10)) * np.exp(np.cumsum(0.0002 + 0.013 * chance[:, 0]))
    opens = np.concatenate([close[:1], close[:-1]]) * np.exp(0.003 * chance[:, 1])
    high = np.maximum(opens, close) * np.exp(0.004 * np.abs(chance[:, 2]))
    low = np.minimum(opens, close) * np.exp(-0.004 * np.abs(chance[:, 3]))
    prices = np.round(np.column_stack([opens, high, low, close]), 2)
    volume = np.round(np.exp(14 + 0.25 * chance[:, 4]))
    return pd.DataFrame(prices, columns=["open", "high", "low", "close"]).assign(
        start=days,
        volume=volume,
        wap=np.round(prices.mean(axis=1), 4),
        trades=np.round(volume / 120),
    )
