"""Bars as frames, and what a file of them has to be read as."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import exchange_calendars
import numpy as np
import pandas as pd

from gx.files.asked.format import Format
from gx.files.check import Bars, read_files
from gx.files.read import read_bars
from gx.files.rows import read_rows

NUMBERS = ("open", "high", "low", "close", "volume")


def sessions(count: int = 30, first: str = "2025-09-02") -> pd.DatetimeIndex:
    """Sessions of New York."""
    days = exchange_calendars.get_calendar("XNYS").sessions
    return days[days.searchsorted(pd.Timestamp(first)) :][:count]


def bars(count: int = 30, *, price: float = 191.0, seed: int = 1) -> pd.DataFrame:
    """Bars of one symbol by date: columns Open, High, Low, Close (two digits), Volume (whole)."""
    random = np.random.default_rng(seed)
    close = np.round(price * np.cumprod(1 + random.normal(0, 0.01, count)), 2)
    before = np.concatenate([[price], close[:-1]])
    open_ = np.round(before * (1 + random.normal(0, 0.002, count)), 2)
    return pd.DataFrame(
        {
            "Open": open_,
            "High": np.round(np.maximum(open_, close) * 1.004 + 0.01, 2),
            "Low": np.round(np.minimum(open_, close) * 0.996 - 0.01, 2),
            "Close": close,
            "Volume": random.integers(1_000_000, 9_000_000, count),
        },
        index=pd.DatetimeIndex(sessions(count), name="Date"),
    )


def days_of(frame: pd.DataFrame) -> pd.DatetimeIndex:
    """The dates of bars."""
    return pd.DatetimeIndex(frame.index)


def expected(frame: pd.DataFrame, symbol: str = "AAPX") -> list[tuple[object, ...]]:
    """Symbol, date and the numbers of each bar, in order of symbol and date."""
    return sorted(
        (symbol, stamp.date(), *(float(row[name.title()]) for name in NUMBERS))
        for stamp, (_, row) in zip(days_of(frame), frame.iterrows(), strict=True)
    )


def checked(path: Path, symbol: str | None = "AAPX", **asked: object) -> list[tuple[object, ...]]:
    """What is judged of a file, as ``expected`` has it."""
    table = read_bars(path, asked=Format.model_validate({"symbol": symbol, **asked}))
    return _in_order(table.select(["symbol", "date", *NUMBERS]).to_pylist())


def loaded(path: Path, symbol: str | None = "AAPX", **asked: object) -> list[tuple[object, ...]]:
    """What is stored of a file, as ``expected`` has it; no row has a fault."""
    table = read_rows(path, asked=Format.model_validate({"symbol": symbol, **asked}))
    assert table["fault"].null_count == table.num_rows, table["fault"].drop_null().to_pylist()[:3]
    rows = table.select(["symbol", "date", *NUMBERS]).to_pylist()
    for row in rows:
        row |= {name: float(Decimal(row[name])) for name in NUMBERS}
    return _in_order(rows)


def reads_as(path: Path, frame: pd.DataFrame, symbol: str | None = "AAPX", **asked: object) -> bool:
    """Whether judging and storing read exactly the bars of a frame."""
    given = expected(frame, symbol or "AAPX")
    assert checked(path, symbol, **asked) == given
    assert loaded(path, symbol, **asked) == given
    return True


def together(*paths: Path, **asked: object) -> Bars:
    """Files as `gate check` reads them."""
    return read_files(paths, Format.model_validate(asked))


def _in_order(rows: Sequence[dict[str, object]]) -> list[tuple[object, ...]]:
    def key(row: dict[str, object]) -> tuple[str, dt.date]:
        day = row["date"]
        assert isinstance(day, dt.date)
        return str(row["symbol"]), day

    return [tuple(row.values()) for row in sorted(rows, key=key)]
