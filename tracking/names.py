"""Text that MLflow accepts: names of metrics, parameters and tags, and values within its limits."""

import hashlib
import re

MAX_NAME = 250
MAX_PARAM = 6000
MAX_TAG = 8000
MAX_DESCRIPTION = 8000

# The second half: an underscore that would read as the beginning of an escape.
_ILLEGAL = re.compile(r"[^A-Za-z0-9_\-. /]|_(?=x(?![G-Za-z\-. ]))")
_DIGEST = 16


def metric_name(name: str) -> str:
    """A legal MLflow name for any text, always the same and never shared by two texts.

    Letters, digits, ``_ - . space /`` stay; any other character becomes ``_xHEX_`` (its code
    point), so that ``rows/^GSPC`` becomes ``rows/_x5E_GSPC`` and can be read back. A slash stays
    (MLflow groups charts by it) unless the part before or after it is empty, ``.`` or ``..``.
    Over 250 characters the end is replaced by a digest, which cannot be read back.
    """
    legal = "/".join(_legal_part(part) for part in name.split("/"))
    if len(legal) <= MAX_NAME:
        return legal
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    return f"{legal[: MAX_NAME - _DIGEST - 3]}_-_{digest}"


def cut(text: str, limit: int) -> str:
    """The text, or its beginning and a mark that says how long it was, in `limit` characters."""
    stored = _storable(text)
    if len(stored) <= limit:
        return stored
    mark = f" [cut: {len(stored):,} characters]"
    return stored[: limit - len(mark)] + mark


def cut_markdown(text: str) -> str:
    """The text, or as many of its whole lines as a run's description holds, and a note."""
    stored = _storable(text)
    if len(stored) <= MAX_DESCRIPTION:
        return stored
    note = f"\n\n*Cut: {len(stored):,} characters. The whole report is among the artifacts.*"
    room = MAX_DESCRIPTION - len(note)
    last_line_end = stored.rfind("\n", 0, room)
    return stored[: last_line_end if last_line_end > 0 else room] + note


def _legal_part(part: str) -> str:
    if part == "":
        return "_x_"
    if part in (".", ".."):
        return part.replace(".", "_x2E_")
    return _ILLEGAL.sub(lambda found: f"_x{ord(found[0]):X}_", part)


def _storable(text: str) -> str:
    # PostgreSQL refuses NUL in text, and UTF-8 refuses half a surrogate pair.
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
