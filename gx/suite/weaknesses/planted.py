"""A made-up market with a planted fault in most of its symbols, each of which is known."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# Sessions of New York, and of most other exchanges, without a holiday in between.
FIRST, LAST = "2025-07-07", "2025-08-29"
AS_OF = "2025-08-30T08:00:00+00:00"
CLEAN = 12  # symbols without a fault
DAYS = 40
_HOLE = 36  # the session that half of the market lacks
_AT = 26  # the bars before a fault tell what is ordinary
_SHOWN_OF_ODD = 3
_PRICES = ("open", "high", "low", "close")
# No price and no volume is that large, whatever the currency.
BEYOND = {**dict.fromkeys(_PRICES, 1e12), "volume": 1e17}
_ODD_SYMBOLS = (
    "", " ", " LEADING", "test", "TEST", "DUMMY", "N/A", "NULL", "nan", "None", "0", "-1", "A\tB",
    "Ω1", "a.b-c/d^e=f", "?!#$%&*()", "'\"\\", "X" * 40, "ZZZZZ", "BRK B", "BRKB", "SYM00 ",
)  # fmt: skip
Rows = NDArray[np.int64]
Columns = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class PlantedBars:
    """Bars (columns as an extract's), and what is wrong with them.

    ``clean`` are the positions of bars in symbols without a fault; ``gross`` gives by kind of gross
    fault the positions of the bars that have it, and ``absurd`` are those whose value is further
    off than any real fault: what is wrong beside other bars must be found before it is as wrong as
    that. ``faults`` is how many were planted.
    """

    bars: pd.DataFrame
    clean: Rows
    gross: Mapping[str, Rows]
    absurd: Rows
    faults: int

    @property
    def parameters(self) -> dict[str, object]:
        """What a run over these bars gives a suite."""
        symbols = sorted(self.bars["symbol"].dropna().unique())
        dates = {"as_of": AS_OF, "first_date": FIRST, "last_date": LAST}
        return {**dates, "symbols": symbols, "ended": {}}


class _Draft:
    """The bars as arrays, and which of them are in the market in the end."""

    def __init__(self, symbols: int) -> None:
        random = np.random.default_rng(11)
        size = (symbols, DAYS)
        days = pd.bdate_range(FIRST, periods=DAYS).to_numpy("datetime64[ms]")
        # By one percent a day, from a level of the symbol's own.
        close = 10 ** random.uniform(-1, 4, (symbols, 1)) * np.exp(
            np.cumsum(random.normal(0, 0.01, size), axis=1)
        )
        opened = np.roll(close, 1, axis=1)
        opened[:, 0] = close[:, 0]
        opened *= np.exp(random.normal(0, 0.002, size))
        wick = 1 + np.abs(random.normal(0, 0.004, (2, *size)))
        columns = {
            "symbol": np.repeat(np.array([f"SYM{n:02}" for n in range(symbols)], object), DAYS),
            "date": np.tile(days, symbols),
            "open": opened,
            "high": np.maximum(opened, close) * wick[0],
            "low": np.minimum(opened, close) / wick[1],
            "close": close,
            "volume": np.round(1e6 * np.exp(random.normal(0, 0.2, size))),
            "created_at": np.tile(days + np.timedelta64(22, "h"), symbols),
        }
        self.columns: Columns = {name: values.ravel() for name, values in columns.items()}
        self.times = np.ones(symbols * DAYS, dtype=np.int64)  # how often each bar is there


Change = Callable[[_Draft, int, int], None]  # of the symbol that begins here, in this bar


def _put(columns: Sequence[str], value: object, draft: _Draft, _: int, at: int) -> None:
    for column in columns:
        draft.columns[column][at] = value


def _scale(columns: Sequence[str], factor: float, draft: _Draft, _: int, at: int) -> None:
    for column in columns:
        draft.columns[column][at] *= factor


def _swap(draft: _Draft, _: int, at: int) -> None:
    high, low = draft.columns["high"], draft.columns["low"]
    high[at], low[at] = low[at], high[at]


def _repeat(draft: _Draft, _: int, at: int) -> None:
    draft.times[at] = 2


def _split(draft: _Draft, begin: int, at: int) -> None:
    for column in _PRICES:
        draft.columns[column][begin:at] *= 2


def _stand_still(draft: _Draft, _: int, at: int) -> None:
    for column in _PRICES:
        draft.columns[column][at - 12 : at + 1] = draft.columns["close"][at]


def _copy(draft: _Draft, begin: int, _: int) -> None:
    for column in _PRICES:
        values, before = draft.columns[column], begin - 2 * DAYS
        values[begin : begin + DAYS] = values[before : before + DAYS]


def _stop(draft: _Draft, begin: int, at: int) -> None:
    draft.times[at - 12 : begin + DAYS] = 0


def _move_without_volume(draft: _Draft, begin: int, at: int) -> None:
    _scale(_PRICES, 1.1, draft, begin, at)
    _put(["volume"], 0.0, draft, begin, at)


def _count_in_lots(draft: _Draft, begin: int, at: int) -> None:
    draft.columns["volume"][at : begin + DAYS] /= 100


def _trade_no_more(draft: _Draft, begin: int, at: int) -> None:
    later = slice(at - 12, begin + DAYS)
    for column in _PRICES:
        draft.columns[column][later] = draft.columns["close"][at - 12]
    draft.columns["volume"][later] = 0.0


def _write_early(draft: _Draft, begin: int, _: int) -> None:
    last = begin + DAYS - 1
    draft.columns["created_at"][last] = draft.columns["date"][last]


# Kinds of fault that no sound gate lets through.
GROSS: Mapping[str, Change] = {
    "a bar 25 times too high": partial(_scale, _PRICES, 25.0),
    "a bar 25 times too low": partial(_scale, _PRICES, 1 / 25),
    "prices of -1": partial(_put, _PRICES, -1.0),
    "a close that is no number": partial(_put, ["close"], np.nan),
    "a high below its low": _swap,
    "a bar twice": _repeat,
    "a bar dated in the future": partial(_put, ["date"], np.datetime64("2031-01-06")),
    "a negative volume": partial(_put, ["volume"], -1.0),
    "a bar without a symbol": partial(_put, ["symbol"], None),
}
# The columns that a kind of fault is in.
TOUCHED: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(GROSS, _PRICES),
    "a close that is no number": ("close",),
    "a high below its low": ("high", "low"),
    "a bar twice": ("symbol", "date"),
    "a bar dated in the future": ("date",),
    "a negative volume": ("volume",),
    "a bar without a symbol": ("symbol",),
}
MARKET_HOLE = "a session that half of the symbols lack"
# What some sound expectation looks for.
_OTHERS: Sequence[Change] = (
    *(partial(_put, [name], np.nan) for name in ("open", "high", "low", "volume")),
    *(partial(_put, [name], np.datetime64("NaT")) for name in ("date", "created_at")),
    *(partial(_put, _PRICES, value) for value in (0.0, -999.0, 999_999.0)),
    *(partial(_put, ["volume"], value) for value in (0.0, -999.0, 0.5)),
    partial(_put, ["date"], np.datetime64("2025-08-10")),  # a Sunday
    partial(_put, ["symbol"], ""),
    partial(_scale, _PRICES, 100.0),
    partial(_scale, _PRICES, 1.7),
    partial(_scale, ["volume"], 1000.0),
    _split,
    _stand_still,
    _copy,
    _stop,
    _move_without_volume,
    _count_in_lots,
    _trade_no_more,
    _write_early,
)


_ABSURD: Sequence[Change] = (
    *(partial(_put, [name], sign * BEYOND[name]) for name in BEYOND for sign in (1, -1)),
    *(partial(_put, [name], 1e-9) for name in _PRICES),
)


@cache
def planted_market() -> PlantedBars:
    """The market; it is the same every time, and not to be changed."""
    changes = [*GROSS.values(), *_OTHERS, *_ABSURD]
    draft = _Draft(CLEAN + len(changes) + len(_ODD_SYMBOLS))
    faulty = range(CLEAN, CLEAN + len(changes))
    places = [number * DAYS + _AT + number % 8 for number in faulty]
    for number, at in zip(faulty, places, strict=True):
        draft.times[number * DAYS + _HOLE] = int(number * DAYS + _HOLE == at)
    for number, at, change in zip(faulty, places, changes, strict=True):
        change(draft, number * DAYS, at)
    for number, symbol in enumerate(_ODD_SYMBOLS, faulty.stop):
        draft.columns["symbol"][number * DAYS : (number + 1) * DAYS] = symbol
        draft.times[number * DAYS : (number + 1) * DAYS - _SHOWN_OF_ODD] = 0
    drawn_row = np.repeat(np.arange(len(draft.times)), draft.times)
    bars = pd.DataFrame({name: values[drawn_row] for name, values in draft.columns.items()})
    bars["symbol"] = bars["symbol"].astype("str")
    return PlantedBars(
        bars=bars,
        clean=np.flatnonzero(drawn_row < CLEAN * DAYS),
        gross={k: np.flatnonzero(drawn_row == at) for k, at in zip(GROSS, places, strict=False)},
        absurd=np.flatnonzero(np.isin(drawn_row, places[-len(_ABSURD) :])),
        faults=len(changes) + len(_ODD_SYMBOLS) + 1,
    )
