"""Made-up bars within the day: as an exchange's calendar has them, and nothing wrong with them."""

import warnings
from functools import cache
from typing import Any

import exchange_calendars
import numpy as np
import pandas as pd

# Globex stops for an hour before each whole session's end, which the calendar does not say.
LAST_HOUR_OFF = ("CMES",)


@cache
def schedule_of(calendar: str) -> pd.DataFrame:
    """Openings, breaks and closes of 2024 and 2025."""
    with warnings.catch_warnings():  # the library still calls what pandas 4 will drop
        warnings.simplefilter("ignore", category=pd.errors.Pandas4Warning)
        known = exchange_calendars.get_calendar(calendar, start="2024-01-01", end="2025-12-31")
    return known.schedule


def times_of(
    calendar: str, first: str, last: str, minutes: int, *, ended: bool = False
) -> pd.DatetimeIndex:
    """The stamps (UTC) of all bars of some sessions, by their start, or by their end."""
    step = pd.Timedelta(minutes=minutes)
    found: list[pd.DatetimeIndex] = []
    session: Any
    for session in schedule_of(calendar).loc[first:last].itertuples():
        close = session.close
        if calendar in LAST_HOUR_OFF and close - session.open == pd.Timedelta(days=1):
            close -= pd.Timedelta(hours=1)
        halves = [(session.open, close)]
        if not pd.isna(session.break_start):
            halves = [(session.open, session.break_start), (session.break_end, close)]
        found += [pd.date_range(a, b, freq=step, inclusive="left") for a, b in halves]
    later = step if ended else pd.Timedelta(0)
    return pd.DatetimeIndex([time + later for times in found for time in times])


def walk_within(
    times: pd.DatetimeIndex, symbol: str = "AAA", *, move: float = 1e-3, seed: int = 0
) -> pd.DataFrame:
    """A random walk at these times; between sessions it moves ten times as far."""
    rng = np.random.default_rng([seed, *symbol.encode()])
    overnight = np.diff(times.to_numpy(), prepend=times.to_numpy()[:1]) > np.timedelta64(4, "h")
    opening = rng.normal(0, np.where(overnight, 10 * move, move / 5))
    change = rng.normal(0, move, len(times))
    close = 100 * np.exp(np.cumsum(opening + change))
    opened = close / np.exp(change)
    spread = np.exp(np.abs(rng.normal(0, move / 2, (2, len(times)))))
    prices = {
        "open": opened,
        "high": np.maximum(opened, close) * spread[0],
        "low": np.minimum(opened, close) / spread[1],
        "close": close,
    }
    rounded = {name: np.round(price, 3) for name, price in prices.items()}
    volume = np.round(np.exp(rng.normal(10, 0.3, len(times))))
    return pd.DataFrame({"symbol": symbol, "date": times, **rounded, "volume": volume})
