"""How a text is encoded: by its mark, strictly as UTF-8, or by what its letters look like."""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass

from gx.errors import BarFileError
from gx.files.meaning.names import is_known

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT = 1 << 16
# Of a text in UTF-16 without a mark every other byte is zero: nearly all are ASCII.
_ZEROS = 0.4
_WORD = re.compile(rb"[\x80-\xff]{3}")
# In which headers of other languages are written, beside UTF-8.
_NAMES = "cp1252 cp1250 cp1251 cp1254 shift_jis euc_jp gb18030 big5 euc_kr"
_ELSEWHERE = _NAMES.split()
HEAD_LINES = 20
_SHOWN = {"utf-8-sig": "UTF-8 with a mark", "utf-8": "UTF-8", "utf-16": "UTF-16 with a mark"}


@dataclass(frozen=True)
class Decoded:
    """A text as UTF-8 without a mark; ``certain`` unless the encoding was told by its letters."""

    data: bytes
    encoding: str
    certain: bool = True

    @property
    def shown(self) -> str:
        """The encoding as a person calls it."""
        return _SHOWN.get(self.encoding, self.encoding)


def decoded(name: str, data: bytes, encoding: str | None) -> Decoded:
    """Decode a text; raises BarFileError when it is none, or not in the ``encoding`` asked for."""
    if encoding is not None:
        return _asked_for(name, data, encoding)
    for mark, found in _MARKS:
        if data.startswith(mark):
            return _asked_for(name, data, found)
    if b"\0" in data[:_LOOKED_AT]:
        return _asked_for(name, data, _without_mark(name, data))
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return _by_letters(name, data)
    _refuse_zeros(name, data)
    return Decoded(data, "utf-8")


def _asked_for(name: str, data: bytes, encoding: str) -> Decoded:
    try:
        text = data.decode(encoding)
    except LookupError:
        raise BarFileError(f"{name}: there is no encoding {encoding!r}") from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BarFileError(
            f"{name}, line {line}: is not {encoding} text ({error.reason})"
        ) from None
    plain = text.removeprefix("\ufeff").encode("utf-8", "surrogatepass")
    _refuse_zeros(name, plain)
    return Decoded(plain, encoding)


def _refuse_zeros(name: str, data: bytes) -> None:
    position = data.find(b"\0")
    if position >= 0:
        line = data.count(b"\n", 0, position) + 1
        raise BarFileError(
            f"{name}, line {line}: holds NUL bytes, which no text has; was it cut off while it "
            "was written?"
        )


def _without_mark(name: str, data: bytes) -> str:
    looked_at = data[:_LOOKED_AT]
    half = max(1, len(looked_at) // 2)
    even, odd = (looked_at[first::2].count(0) / half for first in (0, 1))
    if odd > _ZEROS and even < odd / 4:
        return "utf-16-le"
    if even > _ZEROS and odd < even / 4:
        return "utf-16-be"
    _refuse_zeros(name, data)
    raise AssertionError  # it has one


def _likely(data: bytes) -> str:
    """Single letters among ASCII are Western; of whole words in other letters a library tells."""
    from charset_normalizer import from_bytes

    if known := _by_header(data[:_LOOKED_AT]):
        return known
    if _WORD.search(data) is None:
        return "cp1252"
    lines = [line for line in data.splitlines() if not line.isascii()]
    best = from_bytes(b"\n".join(lines)[:_LOOKED_AT]).best()
    return best.encoding if best else "cp1252"


def _by_header(data: bytes) -> str:
    """The encoding in which the header has the most names of bars' columns, and two at least."""
    lines = data.splitlines()[:HEAD_LINES]
    found = {encoding: _known_names(lines, encoding) for encoding in _ELSEWHERE}
    best = max(found, key=lambda encoding: found[encoding])
    return best if found[best] > 1 else ""


def _known_names(lines: Sequence[bytes], encoding: str) -> int:
    counts = [0]
    for line in lines:
        if line.isascii():
            continue
        try:
            cells = re.split(r"[,;\t|]", line.decode(encoding))
        except UnicodeDecodeError:
            continue
        counts.append(sum(is_known(cell) for cell in cells if not cell.isascii()))
    return max(counts)


def _by_letters(name: str, data: bytes) -> Decoded:
    """Names and symbols may be read wrongly so; dates and numbers are ASCII in any of these."""
    for encoding in (_likely(data), "cp1252", "latin-1"):
        try:
            text = data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\0" not in text:
            plain = text.encode("utf-8")
            _refuse_zeros(name, plain)
            return Decoded(plain, encoding, certain=False)
    raise BarFileError(f"{name}: is no text in any encoding that is known")
