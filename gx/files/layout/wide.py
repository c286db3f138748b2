"""Wide files: a column for each price of each symbol, as yfinance's and pandas' frames have."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from gx.files.meaning.names import is_known, meaning_of, plain

_TOPS = {"price", "ticker", "attributes", "symbols", "tickers", "symbol", "prices", ""}
_TUPLE = re.compile(r"""\(\s*(['"])(.*?)\1\s*,\s*(['"])(.*?)\3\s*,?\)""")
_PRICES = {"open", "high", "low", "close"}
_JOINTS = "_. :|/-"
_CAPITALS = re.compile(r"[A-Z0-9.^=/\-]*[A-Z][A-Z0-9.^=/\-]*")
# What stands beside the name of a price and is no symbol.
_BESIDE = (
    "bid ask mid adj adjusted raw unadj price prices px prev previous last avg average best mark "
    "index trade day daily session stock usd usdt eur gbp jpy btc"
)
_NO_SYMBOLS = frozenset(_BESIDE.split())
FEWEST, LONGEST = 4, 80


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
    if not any(found):
        return _flat_pairs(names)
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


def _flat_pairs(names: Sequence[str]) -> tuple[Pair | None, ...] | None:
    """What names joined by one sign say: ``Close_AAPL``, or ``AAPL.Close``.

    Only of symbols in capitals that have all four prices each, and where no other column is one.
    """
    for sign in _JOINTS:
        if sum(sign in name for name in names) < FEWEST:
            continue
        for split in (_field_first, _field_last):
            pairs = tuple(split(name.strip(), sign) for name in names)
            if _are_flat([pair for pair in pairs if pair]) and not any(
                meaning_of(name) in _PRICES
                for name, pair in zip(names, pairs, strict=True)
                if pair is None
            ):
                return pairs
    return None


def _field_first(name: str, sign: str) -> Pair | None:
    places = [place for place, one in enumerate(name[:LONGEST]) if one == sign]
    ends = [place for place in places if is_known(name[:place])]
    return Pair(name[: ends[-1]], name[ends[-1] + 1 :]) if ends else None


def _field_last(name: str, sign: str) -> Pair | None:
    places = [place for place, one in enumerate(name[:LONGEST]) if one == sign]
    starts = [place for place in places if is_known(name[place + 1 :])]
    return Pair(name[starts[0] + 1 :], name[: starts[0]]) if starts else None


def _are_flat(pairs: Sequence[Pair]) -> bool:
    symbols = {pair.symbol for pair in pairs}
    if not symbols or len(set(pairs)) < len(pairs):
        return False
    if any(not _CAPITALS.fullmatch(one) or one.casefold() in _NO_SYMBOLS for one in symbols):
        return False
    return all(
        {meaning_of(pair.field) for pair in pairs if pair.symbol == one} >= _PRICES
        for one in symbols
    )


def index_name(name: str) -> str:
    """The name of a column beside the pairs: ``('Date', '')`` is Date."""
    match = _TUPLE.fullmatch(name.strip())
    return (match[2] or match[4]) if match else name
