"""Bars as a market makes them: as many as wanted, and nothing wrong with them."""

import itertools
import string

import numpy as np
import pandas as pd

LAST_DAY = "2025-11-04"
# A price wanders off by about 1.5 % a day and is drawn back slowly, so that none ends at a cent.
DAILY_VOLATILITY = (0.008, 0.025)
PULL = 0.002


def generate_bars(
    symbols: int, sessions: int, *, seed: int = 1, days: pd.DatetimeIndex | None = None
) -> pd.DataFrame:
    """Daily bars of `symbols` × `sessions`, by symbol and date, on a RangeIndex.

    symbol str; date datetime64 on sessions of the New York exchange up to 2025-11-04 (`days` when
    given); open, high, low, close in cents and volume in whole shares, float64, with
    low ≤ open, close ≤ high.
    """
    random = np.random.default_rng(seed)
    days = exchange_sessions(sessions) if days is None else days
    volatility = random.uniform(*DAILY_VOLATILITY, (symbols, 1))
    level = np.log(random.uniform(20, 400, (symbols, 1)))
    close = np.exp(level + _wander(volatility * random.standard_normal((symbols, sessions))))
    before = np.hstack([np.exp(level), close[:, :-1]])
    open_ = before * np.exp(0.3 * volatility * random.standard_normal(close.shape))
    reach = 0.4 * volatility * np.abs(random.standard_normal((2, *close.shape)))
    bars = {
        "open": open_,
        "high": np.maximum(open_, close) * np.exp(reach[0]),
        "low": np.minimum(open_, close) * np.exp(-reach[1]),
        "close": close,
    }
    busy = random.uniform(12, 17, (symbols, 1))
    volume = np.exp(busy + 0.35 * random.standard_normal(close.shape))
    return pd.DataFrame(
        {
            "symbol": np.repeat(symbol_names(symbols), sessions),
            "date": np.tile(days.to_numpy("datetime64[s]"), symbols),
            **{name: values.ravel().round(2) for name, values in bars.items()},
            "volume": volume.ravel().round(),
        }
    ).astype({"symbol": "str"})


def exchange_sessions(sessions: int) -> pd.DatetimeIndex:
    """The last sessions of the New York exchange, about 21,800 at most (from 1940)."""
    import exchange_calendars

    calendar = exchange_calendars.get_calendar("XNYS", start="1940-01-01", end=LAST_DAY)
    if sessions > len(calendar.sessions):
        raise ValueError(
            f"The calendar has {len(calendar.sessions)} sessions, {sessions} are wanted; "
            "take more symbols, or give the days."
        )
    return calendar.sessions[-sessions:]


def symbol_names(number: int) -> list[str]:
    """AAAA, AAAB, AAAC, …"""
    letters = itertools.product(string.ascii_uppercase, repeat=4)
    return ["".join(name) for name in itertools.islice(letters, number)]


def _wander(steps: np.ndarray) -> np.ndarray:
    """The sums of the steps, each sum drawn back towards 0."""
    level = np.zeros(len(steps))
    path = np.empty_like(steps)
    for day in range(steps.shape[1]):
        level = (1 - PULL) * level + steps[:, day]
        path[:, day] = level
    return path
