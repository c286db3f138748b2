"""Wide files: a column for each price of each symbol, as yfinance's and pandas' frames have."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from gx.files.meaning.names import is_known, meaning_of, plain

_TOPS = {"price", "ticker", "attributes", "symbols", "tickers", "symbol", "prices", ""}
_TUPLE = re.compile(r"""\(\s*(['"])(.*?)\1\s*,\s*(['"])(.*?)\3\s*,?\)""")
FEWEST = 4


class Pair(NamedTuple):
    """Which column of bars a column is, and whose."""

    field: str
    symbol: str


def pairs_of_rows(top: Sequence[str], below: Sequence[str]) -> tuple[Pair | None, ...] | None:
    """What two rows of names say together; None where they are no such rows.

    One of them names prices, and begins with ``Price`` or nothing; the other one names symbols.
    """
    if not {plain(top[0]), plain(below[0])} <= _TOPS or len(top) < FEWEST + 1:
        return None
    for fields, symbols in ((top, below), (below, top)):
        if _are_pairs(fields[1:], symbols[1:]):
            pairs = zip(fields[1:], symbols[1:], strict=True)
            return (None, *(Pair(field.strip(), symbol.strip()) for field, symbol in pairs))
    return None


def _are_pairs(fields: Sequence[str], symbols: Sequence[str]) -> bool:
    """Each symbol with each of its columns once; pandas never leaves a name out."""
    prices = {meaning_of(field) for field in fields}
    return (
        all(is_known(field) for field in fields)
        and {"open", "high", "low", "close"} <= prices
        and all(symbol.strip() for symbol in symbols)
        and len({*zip(fields, symbols, strict=True)}) == len(fields)
    )


def pairs_of_names(names: Sequence[str]) -> tuple[Pair | None, ...] | None:
    """What the names of pandas' flattened columns say: ``('Close', 'AAPL')``."""
    found = [_TUPLE.fullmatch(name.strip()) for name in names]
    words = [match and (match[2], match[4]) for match in found]
    known = [pair for pair in words if pair and pair[1].strip() and pair[0].strip()]
    if len(known) < FEWEST:
        return None
    for field in (0, 1):
        if _are_pairs([pair[field] for pair in known], [pair[1 - field] for pair in known]):
            return tuple(
                Pair(pair[field], pair[1 - field]) if pair in known else None for pair in words
            )
    return None


def index_name(name: str) -> str:
    """The name of a column beside the pairs: ``('Date', '')`` is Date."""
    match = _TUPLE.fullmatch(name.strip())
    return (match[2] or match[4]) if match else name
