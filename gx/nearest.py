"""The name that was probably meant by one that nobody knows."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: object, known: Iterable[str]) -> str:
    """A question that names the nearest of the known names; empty without a near one."""
    by_letters = {one.casefold(): one for one in known}
    matches = get_close_matches(str(name).casefold(), list(by_letters), n=1)
    return f"; did you mean {by_letters[matches[0]]!r}?" if matches else ""
