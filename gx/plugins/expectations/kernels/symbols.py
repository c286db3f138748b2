"""Symbols that are no names, or two spellings of one.

What a part of the market says of it is how many rows each of its symbols has, so that the parts can
be read one after the other and judged together (`judge_symbols`).
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gx.plugins.expectations.kernels.bars import Bars, Judgement
from gx.symbols import INVISIBLE, symbol_fault

CLEARLY = 2  # times as many rows as any other spelling has the right one
LISTED = 50
Spellings = Mapping[str, int]  # the rows of each symbol


@dataclass(frozen=True)
class AmbiguousSymbols:
    """The symbols at fault, and what to say of them."""

    wrong: frozenset[str]
    details: Mapping[str, object] = field(default_factory=dict)

    def of(self, bars: Bars) -> Judgement:
        """Flag the rows of these symbols."""
        table = bars.table
        wrong = [code for code, symbol in enumerate(table.symbols) if str(symbol) in self.wrong]
        return Judgement(table.restore(np.isin(table.named, wrong)), details=self.details)


def ambiguous_symbols(bars: Bars) -> Judgement:
    """Flag the rows whose symbol is no name, or another spelling of a symbol with more rows.

    No name: what `symbol_fault` finds one at. Another spelling: the same but for letter case,
    surrounding spaces, invisible characters and Unicode's compatible forms (NFKC). The spelling
    with at least twice the rows of any other is taken for the right one; without such a one all are
    wrong. Rows without a symbol are not judged.
    """
    return judge_symbols([count_symbols(bars)]).of(bars)


def spaced_symbols(bars: Bars) -> Judgement:
    """Flag the rows whose symbol is that of more rows but for the spaces within.

    The right one is chosen as by `ambiguous_symbols`, and what that finds is left to it.
    """
    return judge_spaces([count_symbols(bars)]).of(bars)


def count_symbols(bars: Bars) -> Spellings:
    """Count the rows of each symbol."""
    table = bars.table
    rows = np.bincount(table.named[table.named >= 0], minlength=table.symbol_count)
    counts: Counter[str] = Counter()
    for symbol, count in zip(table.symbols, rows.tolist(), strict=True):
        counts[str(symbol)] += count
    return dict(counts)


def judge_symbols(parts: Sequence[Spellings]) -> AmbiguousSymbols:
    """Find the symbols at fault among those of all parts."""
    counts = _added(parts)
    malformed = sorted(symbol for symbol in counts if symbol_fault(symbol))
    found = _variants(_grouped(counts, _spoken), counts)
    if not malformed:
        return found
    details = {"malformed": malformed[:LISTED], "malformed_count": len(malformed)}
    return AmbiguousSymbols(found.wrong | {*malformed}, {**details, **found.details})


def judge_spaces(parts: Sequence[Spellings]) -> AmbiguousSymbols:
    """Find the symbols of all parts that differ from another by the spaces within alone."""
    counts = _added(parts)
    # Of what is one symbol already the first stands for all.
    heard = {names[0]: names for names in _grouped(counts, _spoken)}
    together = {name: sum(counts[one] for one in names) for name, names in heard.items()}
    return _variants(_grouped(together, lambda name: "".join(_spoken(name).split())), together)


def _added(parts: Sequence[Spellings]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(part)
    return counts


def _grouped(counts: Mapping[str, int], key: Callable[[str], str]) -> list[list[str]]:
    """The symbols that have a key in common, the one with most rows first."""
    groups: dict[str, list[str]] = defaultdict(list)
    for symbol in sorted(counts, key=lambda one: (-counts[one], one)):
        groups[key(symbol)].append(symbol)
    return [group for _, group in sorted(groups.items())]


def _variants(groups: Sequence[Sequence[str]], counts: Mapping[str, int]) -> AmbiguousSymbols:
    several = [group for group in groups if len(group) > 1]
    wrong = frozenset[str]().union(*(_wrong_spellings(group, counts) for group in several))
    if not several:
        return AmbiguousSymbols(wrong)
    named = [{name: counts[name] for name in sorted(group)} for group in several[:LISTED]]
    return AmbiguousSymbols(wrong, {"variants": named, "variant_count": len(several)})


def _wrong_spellings(group: Sequence[str], counts: Mapping[str, int]) -> set[str]:
    most, next_most = group[:2]
    clear = counts[most] >= CLEARLY * counts[next_most]
    return {*group} - {most} if clear else {*group}


def _spoken(symbol: str) -> str:
    """What all spellings of a symbol have in common."""
    if symbol.isascii() and symbol.isalnum():
        return symbol.casefold()
    folded = unicodedata.normalize("NFKC", symbol).casefold()
    seen = "".join(one for one in folded if unicodedata.category(one) not in INVISIBLE)
    return unicodedata.normalize("NFKC", seen.strip())
