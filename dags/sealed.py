"""Files that are written once and read only as they were written.

What is judged must be what is published: each step says by which bytes it went, and the next one
refuses others.
"""

import hashlib
import io
from typing import IO

from typing_extensions import Buffer

from dags.errors import AlteredError


class SealingSink(io.RawIOBase):
    """A binary file that hashes what is written to it."""

    def __init__(self, sink: IO[bytes]) -> None:
        """Write to `sink`, which stays the caller's to close."""
        self._sink = sink
        self._sha256 = hashlib.sha256()

    def writable(self) -> bool:
        """It is there for nothing else."""
        return True

    def write(self, block: Buffer, /) -> int:
        """Write a block; returns its length in bytes."""
        self._sha256.update(block)
        self._sink.write(block)
        return memoryview(block).nbytes

    def seal(self) -> str:
        """The SHA-256 of everything written so far, in hex."""
        return self._sha256.hexdigest()


def seal_of(content: bytes) -> str:
    """The SHA-256 of a file's content, in hex."""
    return hashlib.sha256(content).hexdigest()


def unseal(content: bytes, seal: str, where: str) -> None:
    """Raise AlteredError unless `content` is what was sealed."""
    found = seal_of(content)
    if found != seal:
        raise AlteredError(
            f"{where} is not what was written there (SHA-256 {found[:12]}…, it was {seal[:12]}…): "
            "somebody altered it between two steps. Nothing was published; clear "
            "extract_stock_data and everything after it to read the bars anew."
        )
