"""Patterns of symbols that keep one calendar: `*.L`, `BTC-*`."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

# What stands between an instrument and its exchange, or between two currencies.
_BETWEEN = r"[.\-:/=_ ]"
_LAST, _FIRST = (
    re.compile(rf"^.+?({_BETWEEN}[^.\-:/=_ ]+)$"),
    re.compile(rf"^([^.\-:/=_ ]+{_BETWEEN}).+$"),
)
FEWEST = 2


def calendar_patterns(own: Mapping[str, str], usual: str) -> dict[str, str]:
    """Calendars by pattern for those symbols whose calendar is not the ``usual`` one.

    ``own`` has every symbol's. A pattern stands for two symbols at least, and for none of another
    calendar; symbols without one are named themselves. What covers most comes first.
    """
    left = {symbol: name for symbol, name in own.items() if name != usual}
    found: dict[str, str] = {}
    counted = Counter(pattern for symbol in left for pattern in _patterns(symbol))
    for pattern, count in counted.most_common():
        alike = [symbol for symbol in own if pattern in set(_patterns(symbol))]
        names = {own[symbol] for symbol in alike}
        rest = [symbol for symbol in alike if symbol in left]
        if count >= FEWEST and len(names) == 1 and rest:
            found[pattern] = names.pop()
            left = {symbol: name for symbol, name in left.items() if symbol not in rest}
    return found | {_literally(symbol): name for symbol, name in left.items()}


def _patterns(symbol: str) -> Iterator[str]:
    if ending := _LAST.fullmatch(symbol):
        yield f"*{_literally(ending[1])}"
    if beginning := _FIRST.fullmatch(symbol):
        yield f"{_literally(beginning[1])}*"


def _literally(text: str) -> str:
    """A text as a pattern that fits it alone."""
    return re.sub(r"([*?\[])", r"[\1]", text)
