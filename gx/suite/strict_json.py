"""Read JSON that a person or a browser wrote, and refuse what another reader would take otherwise.

Python's own reader takes NaN, keeps the last of two equal keys, and fails with RecursionError or a
bare ValueError on what nests deep or counts high.
"""

import json
from collections.abc import Iterator
from typing import Any

from gx.errors import JsonError

DEEPEST = 50  # a suite needs 6
LARGEST = 2**63  # whole numbers meet int64 columns


def read_json(raw: bytes | str) -> Any:
    """The value; raises JsonError, whose message continues a sentence ("is no JSON …")."""
    try:
        text = raw.decode() if isinstance(raw, bytes) else raw
        value = json.loads(
            text,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_countable,
            object_pairs_hook=_keys_once,
        )
    except UnicodeDecodeError as error:
        raise JsonError(f"is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    except json.JSONDecodeError as error:
        raise JsonError(
            f"is no JSON (line {error.lineno}, column {error.colno}: {error.msg})"
        ) from None
    except RecursionError:
        raise JsonError(f"is nested deeper than {DEEPEST} levels") from None
    for part, depth in _parts(value):
        if depth > DEEPEST:
            raise JsonError(f"is nested deeper than {DEEPEST} levels")
        if isinstance(part, str) and not is_unicode(part):
            raise JsonError(
                f"holds half of a character ({shown(part)}): a \\ud800 to \\udfff without its pair"
            )
    return value


def is_unicode(text: str) -> bool:
    """Can the text be written as UTF-8?  A lone surrogate cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown(value: object) -> str:
    """A value in a message, as ASCII, and not longer than a line."""
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:76]} …"


def _parts(value: object) -> Iterator[tuple[Any, int]]:
    """Every value and key within ``value``, with how deep it lies."""
    left = [(value, 0)]
    while left:
        part, depth = left.pop()
        yield part, depth
        if isinstance(part, dict):
            left += [(inner, depth + 1) for pair in part.items() for inner in pair]
        elif isinstance(part, list):
            left += [(inner, depth + 1) for inner in part]


def _no_constant(name: str) -> Any:
    raise JsonError(f"holds {name}, which is no number in JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise JsonError(f"holds {shown(text)[1:-1]}, which is too large for a number")
    return number


def _countable(text: str) -> int:
    # int() itself refuses 4,300 digits and more, and takes quadratic time below.
    if len(text) > 20 or not -LARGEST <= int(text) < LARGEST:
        raise JsonError(
            f"holds the whole number {shown(text)[1:-1]}, which has more than 64 bits; write it "
            "with an exponent (1e30)"
        )
    return int(text)


def _keys_once(pairs: list[tuple[str, Any]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise JsonError(f"names {shown(key)} twice in one object; only one of them would count")
        found[key] = value
    return found
