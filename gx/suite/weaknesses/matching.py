"""Come by a text that a pattern finds, to learn whether there is any."""

import re
from collections.abc import Iterable, Iterator, Sequence
from re import _constants as codes  # type: ignore[attr-defined]  # nothing else reads a pattern
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_CANDIDATES = "A1 a-.\t_Ω\n\x00" + "".join(map(chr, range(33, 127)))
_OF_CATEGORY = {
    codes.CATEGORY_DIGIT: r"\d", codes.CATEGORY_NOT_DIGIT: r"\D",
    codes.CATEGORY_SPACE: r"\s", codes.CATEGORY_NOT_SPACE: r"\S",
    codes.CATEGORY_WORD: r"\w", codes.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip
_MOST = 64  # texts of a pattern that are tried


def found_by(pattern: str, others: Iterable[str] = ()) -> str | None:
    """A text in which the pattern is found; None when none was found.

    The texts are spelled out of the pattern itself, one for each of its first branches; ``others``
    are tried first. Raises re.error for what is no pattern.
    """
    found = re.compile(pattern).search
    spelled = (text for _, text in zip(range(_MOST), _texts(parser.parse(pattern)), strict=False))
    return next((text for text in (*others, *spelled) if found(text)), None)


def _texts(parts: Sequence[Any]) -> Iterator[str]:
    """Texts that the parts of a pattern stand for, in a row."""
    if not parts:
        yield ""
        return
    for first in _of(*parts[0]):
        for rest in _texts(parts[1:]):
            yield first + rest


def _of(code: object, given: Any) -> Iterator[str]:
    if code is codes.LITERAL:
        yield chr(given)
    elif code is codes.NOT_LITERAL:
        yield next(one for one in _CANDIDATES if one != chr(given))
    elif code is codes.ANY:
        yield "A"
    elif code is codes.IN:
        yield from [one for one in (*_CANDIDATES, *_named(given)) if _within(one, given)][:1]
    elif code is codes.BRANCH:
        for branch in given[1]:
            yield from _texts(branch)
    elif code is codes.SUBPATTERN:
        yield from _texts(given[-1])
    elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
        least, most, inner = given
        for text in _texts(inner):
            yield text * (least or min(1, most))
    else:  # a place, a look around, a group again: they are met or not
        yield ""


def _named(choices: Sequence[Any]) -> Iterator[str]:
    for code, given in choices:
        if code is codes.LITERAL:
            yield chr(given)
        elif code is codes.RANGE:
            yield chr(given[0])


def _within(one: str, choices: Sequence[Any]) -> bool:
    negated = any(code is codes.NEGATE for code, _ in choices)
    return negated != any(_meets(one, code, given) for code, given in choices)


def _meets(one: str, code: object, given: Any) -> bool:
    if code is codes.LITERAL:
        return bool(ord(one) == given)
    if code is codes.RANGE:
        return bool(given[0] <= ord(one) <= given[1])
    return bool(code is codes.CATEGORY and re.match(_OF_CATEGORY[given], one))
