"""What the numbers of a file say against the meanings of its columns."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gx.files.meaning.columns import Meanings
from gx.files.meaning.names import plain

SOME = 20_000
# A bar or two that are wrong say nothing of their columns.
DOUBTED, FEWEST = 0.05, 3
# No share has such a price in any currency, but for whole numbers of a part.
HUGE = 100_000_000
_UNADJUSTED = "closeunadj unadjclose unadjustedclose closeunadjusted rawclose closeraw"
UNADJUSTED = frozenset(_UNADJUSTED.split())
_TURNOVER = (
    "amount turnover value quotevolume quoteassetvolume tottrdval turnover(rs) totalturnover(rs) "
    "volumenotional tradedvalue tradingvalue notional umsatz 成交额 成交額 売買代金 거래대금"
)
TURNOVER = frozenset(map(plain, _TURNOVER.split()))


def doubt_of_prices(numbers: Mapping[str, pa.ChunkedArray]) -> list[str]:
    """Say it when a good part of the rows have a high that is none, or a low."""
    prices = ("open", "high", "low", "close")
    if not all(name in numbers for name in prices):
        return []
    try:
        open_, high, low, close = (
            pc.cast(numbers[name].slice(0, SOME), pa.float64()) for name in prices
        )
    except pa.ArrowInvalid:
        return []
    wrong = pc.or_(
        pc.less(high, pc.max_element_wise(open_, low, close)),
        pc.greater(low, pc.min_element_wise(open_, high, close)),
    )
    rows = pc.sum(pc.cast(wrong, pa.int64())).as_py() or 0
    share = pc.mean(pc.cast(wrong, pa.float64())).as_py() or 0.0
    if share <= DOUBTED or rows < FEWEST:
        return []
    return [
        f"in {share:.0%} of its rows the high is not the highest or the low not the lowest price: "
        "are these the right columns? (gate peek shows them, --columns names others)"
    ]


def doubt_of_points(numbers: Mapping[str, pa.ChunkedArray]) -> list[str]:
    """Say it when prices look like whole numbers of a small part, as of 1e-9."""
    prices = [
        _floats(numbers[name]) for name in ("open", "high", "low", "close") if name in numbers
    ]
    if not prices or any(one is None or not len(one) for one in prices):
        return []
    whole = all(
        bool((one == np.floor(one)).all() and (one >= HUGE).all())
        for one in prices
        if one is not None
    )
    if not whole:
        return []
    return [
        f"its prices are whole numbers of {HUGE:,} and more: if they are parts of 1e-9, or of a "
        "cent, write them as prices"
    ]


def doubt_of_unadjusted(names: Sequence[str], meanings: Meanings) -> list[str]:
    """Say it when an unadjusted close stands beside the close: that one may be adjusted."""
    said = [names[place].strip() for place in meanings.unused if plain(names[place]) in UNADJUSTED]
    if not said or "close" not in meanings.used:
        return []
    return [
        f"beside its close stands {said[0]}: the prices may be adjusted, as for splits; --columns "
        f"'close={said[0]}' takes the other close"
    ]


def doubt_of_turnover(
    names: Sequence[str],
    meanings: Meanings,
    numbers: Mapping[str, pa.ChunkedArray],
    columns: Sequence[pa.ChunkedArray],
) -> list[str]:
    """Say it when volume and close do not make the turnover: volume in lots, or in money."""
    places = [place for place in meanings.unused if plain(names[place]) in TURNOVER]
    used = [_floats(numbers[name]) if name in numbers else None for name in ("volume", "close")]
    money = _floats(columns[places[0]]) if len(places) == 1 else None
    volume, close = used
    if money is None or volume is None or close is None:
        return []
    traded = (volume > 0) & (money > 0) & (close > 0)
    if traded.sum() < FEWEST:
        return []
    name = names[places[0]].strip()
    if np.median(np.abs(money[traded] / volume[traded] - 1)) < 0.01:
        return [f"its volume is the same as {name}: in money, not in shares?"]
    times = float(np.median(money[traded] / (volume[traded] * close[traded])))
    if 0.5 < times < 2:
        return []
    return [
        f"its {name} is about {times:,.3g} times volume and close: is the volume in lots, or "
        f"{name} in thousands?"
    ]


def _floats(cells: pa.ChunkedArray) -> NDArray[np.float64] | None:
    try:
        return np.asarray(pc.cast(cells.slice(0, SOME), pa.float64()).to_pandas(), np.float64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def doubt_of_volume(
    names: Sequence[str], meanings: Meanings, numbers: Mapping[str, pa.ChunkedArray]
) -> list[str]:
    """Say it when only ticks were counted, as of currencies."""
    ticks = [
        place
        for place, why in meanings.unused.items()
        if plain(names[place]) in ("tickvol", "tickvolume")
    ]
    if not ticks or "volume" not in numbers:
        return []
    try:
        volume = pc.cast(numbers["volume"].slice(0, SOME), pa.float64())
    except pa.ArrowInvalid:
        return []
    if pc.any(pc.not_equal(volume, 0)).as_py() is not False:
        return []
    name = names[ticks[0]]
    return [f"its volume is 0 throughout; the number of ticks is in --columns 'volume={name}'"]
