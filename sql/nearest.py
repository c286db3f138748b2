"""Which symbol of the table was meant by one that it does not hold."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

SUGGESTED = 10  # symbols in a line
# Every further one takes as long as the first: 0.1 s among 10,000 symbols.
MOST = 20


def nearest_symbols(wanted: Sequence[str], held: Iterable[str]) -> dict[str, str]:
    """The nearest symbol that the table holds, by what was asked for; none is made up.

    The same but for letter case, spaces and signs is nearer than any other. What the table holds,
    and what is like nothing there, is left out; so is what comes after twenty others.
    """
    by_letters: dict[str, str] = {}
    known = set()
    for symbol in held:
        known.add(symbol)
        by_letters.setdefault(_letters(symbol), symbol)
    unknown = [symbol for symbol in wanted if symbol not in known][:MOST]
    found = {symbol: _nearest(_letters(symbol), by_letters) for symbol in unknown}
    return {symbol: near for symbol, near in found.items() if near}


def most_like(wanted: Sequence[str], held: Sequence[str]) -> list[str]:
    """Of what the table holds, ten symbols at most: what was asked for, then what is like it."""
    if len(held) <= SUGGESTED:
        return list(held)
    own = set(held).intersection(wanted)
    like = (one for name in wanted[:MOST] for one in get_close_matches(name, held, n=SUGGESTED))
    return list(dict.fromkeys([*sorted(own), *like, *held]))[:SUGGESTED]


def did_you_mean(nearest: Mapping[str, str]) -> str:
    """The same as words to end a sentence with; empty when nothing is near."""
    if not nearest:
        return ""
    hints = [f"{near!r}" if len(nearest) == 1 else f"{near!r} for {symbol!r}"
            for symbol, near in nearest.items()]  # fmt: skip
    return f"; did you mean {', '.join(hints)}?"


def _nearest(letters: str, by_letters: Mapping[str, str]) -> str | None:
    if letters in by_letters:
        return by_letters[letters]
    close = get_close_matches(letters, by_letters, n=1)
    return by_letters[close[0]] if close else None


def _letters(symbol: str) -> str:
    return "".join(one for one in symbol.casefold() if one.isalnum()) or symbol
