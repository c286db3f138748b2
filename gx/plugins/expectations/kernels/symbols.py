"""Symbols that are no names, or two spellings of one.

What a part of the market says of it is how many rows each of its symbols has, so that the parts can
be read one after the other and judged together (`judge_symbols`).
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gx.plugins.expectations.kernels.bars import Bars, Judgement

CLEARLY = 2  # times as many rows as any other spelling has the right one
LISTED = 50
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # Unicode's categories of what nobody sees


@dataclass(frozen=True)
class AmbiguousSymbols:
    """The symbols at fault, and what to say of them."""

    wrong: frozenset[str]
    details: Mapping[str, Any] = field(default_factory=dict)


def ambiguous_symbols(bars: Bars) -> Judgement:
    """Flag the rows whose symbol is no name, or another spelling of a symbol with more rows.

    No name: empty, with spaces around it, or with characters that nobody sees. Another spelling:
    the same but for letter case, surrounding spaces, invisible characters and Unicode's
    compatible forms (NFKC). The spelling with at least twice the rows of any other is taken for the
    right one; without such a one all are wrong. Rows without a symbol are not judged.
    """
    found = judge_symbols([count_symbols(bars)])
    table = bars.table
    wrong = [code for code, symbol in enumerate(table.symbols) if str(symbol) in found.wrong]
    return Judgement(table.restore(np.isin(table.named, wrong)), details=found.details)


def count_symbols(bars: Bars) -> dict[str, int]:
    """Count the rows of each symbol."""
    table = bars.table
    rows = np.bincount(table.named[table.named >= 0], minlength=table.symbol_count)
    counts: Counter[str] = Counter()
    for symbol, count in zip(table.symbols, rows.tolist(), strict=True):
        counts[str(symbol)] += count
    return dict(counts)


def judge_symbols(parts: Sequence[Mapping[str, int]]) -> AmbiguousSymbols:
    """Find the symbols at fault among those of all parts."""
    counts: Counter[str] = Counter()
    spellings: dict[str, set[str]] = defaultdict(set)
    for part in parts:
        counts.update(part)
        for symbol in part:
            spellings[_spoken(symbol)].add(symbol)
    malformed = sorted(symbol for symbol in counts if _is_malformed(symbol))
    variants = [sorted(group) for _, group in sorted(spellings.items()) if len(group) > 1]
    wrong = {*malformed}.union(*(_wrong_spellings(group, counts) for group in variants))
    details: dict[str, Any] = {}
    if malformed:
        details |= {"malformed": malformed[:LISTED], "malformed_count": len(malformed)}
    if variants:
        named = [{name: counts[name] for name in group} for group in variants[:LISTED]]
        details |= {"variants": named, "variant_count": len(variants)}
    return AmbiguousSymbols(frozenset(wrong), details)


def _wrong_spellings(group: Sequence[str], counts: Mapping[str, int]) -> set[str]:
    most, next_most = sorted(group, key=lambda symbol: -counts[symbol])[:2]
    clear = counts[most] >= CLEARLY * counts[next_most]
    return {*group} - {most} if clear else {*group}


def _spoken(symbol: str) -> str:
    """What all spellings of a symbol have in common."""
    if symbol.isascii() and symbol.isalnum():
        return symbol.casefold()
    folded = unicodedata.normalize("NFKC", symbol).casefold()
    seen = "".join(one for one in folded if unicodedata.category(one) not in INVISIBLE)
    return unicodedata.normalize("NFKC", seen.strip())


def _is_malformed(symbol: str) -> bool:
    if symbol.isascii() and symbol.isalnum():
        return False
    unseen = any(unicodedata.category(one) in INVISIBLE for one in symbol)
    return unseen or not symbol or symbol != symbol.strip()
