"""Messages as TWS and IB Gateway frame them: a length, then fields that each end in a zero byte."""

import struct
from asyncio import IncompleteReadError, StreamReader

GREETING = b"API\0"
# What the server speaks: the last version that ib_async 2.1.0 announces, still text throughout.
SERVER_VERSION = 178
LONGEST = 0xFFFFFF  # TWS's own limit of a message

Field = str | int | float | bool | None


class WireError(ValueError):
    """The other side does not speak the protocol."""


def frame(*fields: Field) -> bytes:
    """A message of ``fields``."""
    return prefixed("".join(f"{encoded(field)}\0" for field in fields).encode())


def prefixed(body: bytes) -> bytes:
    """``body`` behind its length, four bytes, the highest first."""
    return struct.pack(">I", len(body)) + body


def encoded(field: Field) -> str:
    """A field as text: flags are 1 and 0, nothing is empty, numbers lose no digit."""
    if isinstance(field, bool):
        return "1" if field else "0"
    return "" if field is None else str(field)


async def read_frame(reader: StreamReader) -> bytes | None:
    """The next message's bytes, or None at the end of the connection."""
    try:
        (length,) = struct.unpack(">I", await reader.readexactly(4))
        if length > LONGEST:
            raise WireError(f"a message of {length} bytes; at most {LONGEST} are allowed")
        return await reader.readexactly(length)
    except (IncompleteReadError, ConnectionError):
        return None


async def read_fields(reader: StreamReader) -> list[str] | None:
    """The next message's fields, or None at the end of the connection."""
    body = await read_frame(reader)
    return None if body is None else body.decode(errors="backslashreplace").split("\0")[:-1]


async def read_versions(reader: StreamReader) -> tuple[int, int] | None:
    """The versions that a client speaks, from ``API`` and ``v157..178``; None if it has gone."""
    try:
        greeting = await reader.readexactly(len(GREETING))
    except (IncompleteReadError, ConnectionError):
        return None
    body = await read_frame(reader)
    if body is None:
        return None
    text = body.decode(errors="backslashreplace").split(" ")[0]
    if greeting != GREETING or not text.startswith("v"):
        raise WireError(f"a client begins with API and its versions, not {greeting + body!r}")
    first, _, last = text[1:].partition("..")
    return int(first), int(last or first)


class Fields:
    """A message's fields, read one after another; a missing one is empty."""

    def __init__(self, fields: list[str]) -> None:
        self._rest = iter(fields)

    def text(self) -> str:
        """The next field as it is."""
        return next(self._rest, "")

    def number(self) -> int:
        """The next field as a whole number; an empty one is 0."""
        return int(self.text() or 0)

    def flag(self) -> bool:
        """The next field as a flag."""
        return self.text() == "1"
