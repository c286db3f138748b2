"""Files that are written once and read only as they were written.

What is judged must be what is published: each step says by which bytes it went, and signs that;
the next one refuses others.
"""

import hashlib
import hmac
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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


@dataclass(frozen=True)
class Signer:
    """Signs the records of one run with a key that is never where they are kept.

    The first of ``keys`` signs; what an older one of them has signed fits too. ``whose`` are the
    ids of DAG and run, and a partition's folder: no other's record fits here.
    """

    keys: tuple[bytes, ...] = field(repr=False)
    whose: tuple[str, ...]

    def below(self, path: str) -> "Signer":
        """The one for a folder below."""
        return replace(self, whose=(*self.whose, path))

    def sign(self, step: str, record: Mapping[str, object]) -> str:
        """The HMAC-SHA256 of what a step says, which is as JSON gives it back; in hex."""
        return self._signatures(step, record)[0]

    def has_signed(self, step: str, record: Mapping[str, object], signature: str) -> bool:
        """Is this the signature of such a record?"""
        return any(
            hmac.compare_digest(own.encode(), signature.encode())
            for own in self._signatures(step, record)
        )

    def _signatures(self, step: str, record: Mapping[str, object]) -> list[str]:
        said = json.dumps([self.whose, step, record], sort_keys=True).encode()
        return [hmac.new(key, said, hashlib.sha256).hexdigest() for key in self.keys]
