"""Files without a header: what each column is, where its numbers leave no doubt."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gx.errors import BarFileError
from gx.files.asked.format import Format
from gx.files.dates.stamps import Ints
from gx.files.dates.written import moments_of, with_times
from gx.files.layout.kinds import is_moment, is_number
from gx.files.meaning.columns import is_text, some_texts
from gx.files.meaning.symbols import LIKE_ONE

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
FEWEST = 10
SOME = 5_000
NEARER = 1.5
# In which order vendors have the prices: most; Coinbase; vendors in China.
ORDERS = (
    ("open", "high", "low", "close"),
    ("low", "high", "open", "close"),
    ("open", "close", "high", "low"),
)
# What stands behind the volume of Binance's candles.
_CANDLE = "close_time quote_volume count taker_buy_volume taker_buy_quote_volume ignore"
CANDLE = tuple(_CANDLE.split())
# Times are given in s, ms, µs or ns: of these years, or they are none of a bar.
ENOUGH, MANY = 6, 20
_EARLIEST, _LATEST = (np.datetime64(year, "us").astype(np.int64) for year in ("1980", "2100"))


def names_by_evidence(columns: Sequence[pa.ChunkedArray]) -> tuple[str, ...] | None:
    """Names for date, time and symbol (if any), four prices and volume, or None.

    Taken only when one price is the highest of every row and one the lowest, the opening is near
    the close before it, and the number behind the prices can be nothing but the volume. A column
    behind it has no name.
    """
    if not all(map(is_text, columns)) or not columns or len(columns[0]) < FEWEST:
        return None
    some = [cells.slice(0, SOME) for cells in columns]
    lead = _lead(some)
    numbers = [_floats(cells) for cells in some[len(lead) :]]
    found = [one for one in numbers if one is not None]
    if "date" not in lead or len(found) < 5 or len(found) < len(numbers):
        return None
    rows = _in_order(lead, some)
    if rows is None:
        return None
    order, follows = rows
    prices, more = [one[order] for one in found[:4]], [one[order] for one in found[4:]]
    names = _prices(prices, follows)
    if names is None:
        return None
    behind = _behind(dict(zip(names, prices, strict=True)), more)
    return None if behind is None else (*lead, *names, *behind)


def likely_names(columns: Sequence[pa.ChunkedArray]) -> tuple[str, ...]:
    """What a person may begin with in naming the columns by their place; none of very many."""
    if not ENOUGH <= len(columns) <= MANY:
        return ("date", *ORDERS[0], "volume")[: max(2, len(columns))]
    lead = _lead([cells.slice(0, SOME) for cells in columns]) or ["date"]
    names = (*lead, *ORDERS[0], "volume")
    return (*names, *["-"] * (len(columns) - len(names)))


def _lead(columns: Sequence[pa.ChunkedArray]) -> list[str]:
    """The names of the columns in front of the prices."""
    lead: list[str] = []
    for cells in columns[:3]:
        kind = _kind(some_texts(cells), dated="date" in lead)
        if kind in ("", *lead):
            break
        lead.append(kind)
    return lead


def _kind(texts: Sequence[str], *, dated: bool) -> str:
    if texts and all(is_moment(text) or _counts(text) for text in texts):
        if not dated:
            return "date"
        return "time" if all(":" in text for text in texts) else ""
    named = all(LIKE_ONE.fullmatch(text) and not is_number(text) for text in texts)
    return "symbol" if texts and named else ""


def _counts(text: str) -> bool:
    return text.isdigit() and 9 <= len(text) <= 19


def _in_order(lead: Sequence[str], columns: Sequence[pa.ChunkedArray]) -> tuple[Ints, Bools] | None:
    """Each symbol's rows from the oldest to the newest, and which of them follow one of its own.

    None where times cannot be read clearly, or one has two rows.
    """
    cells = dict(zip(lead, columns, strict=False))
    days = cells["date"]
    try:
        found = moments_of("", _joined(days, cells.get("time")), Format(), lambda *_: (0, 0))
    except BarFileError:
        return None
    times = found.stamps.written.cast(pa.int64()).fill_null(0).to_numpy()
    if len(found.stamps.bad) or not ((times > _EARLIEST) & (times < _LATEST)).all():
        return None
    owners = np.zeros(len(times), np.int64)
    if "symbol" in cells:
        owners = pd.factorize(cells["symbol"].to_pandas())[0].astype(np.int64)
    order = np.lexsort((times, owners))
    same = owners[order][1:] == owners[order][:-1]
    if (same & (times[order][1:] == times[order][:-1])).any() or same.sum() < FEWEST - 1:
        return None
    return order, same


def _joined(days: pa.ChunkedArray, times: pa.ChunkedArray | None) -> pa.ChunkedArray:
    return days if times is None else with_times(days, times)


def _prices(prices: Sequence[Floats], follows: Bools) -> tuple[str, ...] | None:
    """The order of vendors in which alone the four are the prices of bars."""
    fitting = [
        order for order in ORDERS if _are_prices(dict(zip(order, prices, strict=True)), follows)
    ]
    return fitting[0] if len(fitting) == 1 else None


def _are_prices(bars: dict[str, Floats], follows: Bools) -> bool:
    """In rows from the oldest to the newest: an opening is near the close before it."""
    open_, high, low, close = (bars[name] for name in ORDERS[0])
    inside = (high >= np.maximum(open_, close)).all() and (low <= np.minimum(open_, close)).all()
    if not inside or not (high > low).any():
        return False
    gaps, across = np.abs(open_[1:] - close[:-1]), np.abs(close[1:] - open_[:-1])
    return bool(gaps[follows].mean() * NEARER < across[follows].mean())


def _behind(bars: dict[str, Floats], more: Sequence[Floats]) -> tuple[str, ...] | None:
    """The names of what is behind the prices, where the first is the volume without a doubt."""
    volume, *others = more
    if not (volume >= 0).all():
        return None
    if len(others) == len(CANDLE) and _is_candle(bars, volume, others):
        return ("volume", *CANDLE)
    whole = bool((volume == np.floor(volume)).all())
    if not whole and _like_prices(bars, volume):
        return None
    if not others:
        return ("volume",)
    if len(others) > 1:
        return None
    (other,) = others
    trades = not whole and bool((other == np.floor(other)).all())
    return ("volume", "") if trades or not other.any() else None


def _is_candle(bars: dict[str, Floats], volume: Floats, others: Sequence[Floats]) -> bool:
    """The turnover is the volume at prices of the bar: so it is no volume in money."""
    traded = volume > 0
    mean = others[1][traded] / volume[traded]
    inside = (mean >= bars["low"][traded] * 0.999) & (mean <= bars["high"][traded] * 1.001)
    return bool(traded.any() and inside.mean() > 0.9)


def _like_prices(bars: dict[str, Floats], volume: Floats) -> bool:
    """Whether it may be one more price: an adjusted one, or an average."""
    near = (volume > bars["low"] / 4) & (volume < bars["high"] * 4)
    return bool(near.mean() > 0.5)


def _floats(cells: pa.ChunkedArray) -> Floats | None:
    try:
        numbers = pc.cast(cells, pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        return None
    return numbers if np.isfinite(numbers).all() else None
