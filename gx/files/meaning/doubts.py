"""What the numbers of a file say against the meanings of its columns."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from gx.files.meaning.columns import Meanings
from gx.files.meaning.names import plain

SOME = 20_000
# A bar or two that are wrong say nothing of their columns.
DOUBTED, FEWEST = 0.05, 3


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
