"""Made-up bars for the tests of the market expectations."""

from typing import Any

import numpy as np
import pandas as pd

SESSIONS = pd.bdate_range("2024-01-02", "2024-12-31").difference(
    pd.to_datetime(
        ["2024-01-15", "2024-02-19", "2024-03-29", "2024-05-27", "2024-06-19", "2024-07-04",
         "2024-09-02", "2024-11-28", "2024-12-25"]
    )
)  # fmt: skip


def walk(
    symbol: str = "AAA",
    bars: int = 200,
    *,
    start: float = 50.0,
    daily: float = 0.01,
    tick: float = 0.01,
    seed: int = 0,
) -> pd.DataFrame:
    """A random walk on the sessions of XNYS in 2024, prices in whole ticks."""
    rng = np.random.default_rng([seed, *symbol.encode()])
    close = start * np.exp(np.cumsum(rng.normal(0, daily, bars)))
    opened = np.append(start, close[:-1]) * np.exp(rng.normal(0, daily / 3, bars))
    spread = np.exp(np.abs(rng.normal(0, daily / 3, (2, bars))) + daily / 10)
    prices = {
        "open": opened,
        "high": np.maximum(opened, close) * spread[0],
        "low": np.minimum(opened, close) / spread[1],
        "close": close,
    }
    rounded = {name: np.maximum(np.round(price / tick), 1) * tick for name, price in prices.items()}
    volume = np.round(np.exp(rng.normal(12, 0.3, bars)))
    return pd.DataFrame({"symbol": symbol, "date": SESSIONS[:bars], **rounded, "volume": volume})


def market(symbols: int = 3, bars: int = 200, **options: Any) -> pd.DataFrame:
    """Several random walks in one frame."""
    frames = [walk(f"S{number}", bars, **options) for number in range(symbols)]
    return pd.concat(frames, ignore_index=True)
