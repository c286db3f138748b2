"""Made-up bars for a demo: a random walk on the sessions of XNYS, the same each time.

No price here was ever paid. The symbols are chosen so that nobody takes them for real ones.
"""

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from tests.ib_gateway.bars import Bars
from tests.ib_gateway.contracts import Listing, sessions

SYMBOLS = tuple(letter * 3 for letter in "ABCDEFGHIJKLMNOPQRST")
YEARS = 10
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
