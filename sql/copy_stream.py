"""A COPY … TO STDOUT as a file to read from, in constant memory."""

import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

import psycopg2
import pyarrow as pa
import pyarrow.csv
from psycopg2.extensions import connection as DriverConnection
from sqlalchemy import Connection

from sql.connection import driver_connection

BUFFER_BYTES = 1 << 20


class HashingReader:
    """A binary file that hashes what is read from it. The hash ignores how it was cut up."""

    def __init__(self, source: BinaryIO) -> None:
        """Read from `source`, which stays the caller's to close."""
        self._source = source
        self._sha256 = hashlib.sha256()
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; fewer only at the end."""
        block = self._source.read(size)
        self._sha256.update(block)
        return block

    def hexdigest(self) -> str:
        """The SHA-256 of everything read so far."""
        return self._sha256.hexdigest()


def csv_options(types: Mapping[str, pa.DataType] | pa.Schema) -> dict[str, Any]:
    """How Arrow reads a COPY in CSV form, with columns of these types.

    Only an empty field is NULL; Arrow's own list would take the symbol "NA" for one.
    """
    return {
        "parse_options": pa.csv.ParseOptions(newlines_in_values=True),
        "convert_options": pa.csv.ConvertOptions(
            column_types=types,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    }


@contextmanager
def copy_out(connection: Connection, copy_statement: str) -> Iterator[HashingReader]:
    """Run a COPY in a thread and give its output as a file.

    An error of the COPY is raised as itself (`psycopg2.Error`), also when the truncated output
    made the reader fail first. When the reader fails the COPY is cancelled. After a failure the
    connection is not used again.
    """
    raw = driver_connection(connection)
    read_end, write_end = _wide_pipe()
    source = os.fdopen(read_end, "rb", BUFFER_BYTES)
    failures: list[BaseException] = []
    copying = (raw, copy_statement, write_end, failures)
    thread = threading.Thread(target=_copy_into, args=copying, name="copy-out", daemon=True)
    thread.start()
    try:
        yield HashingReader(source)
    except BaseException as reader_failure:
        # The end of the pipe shows only after a failure of the COPY was noted, so one that is
        # here now came first, and the reader merely met its truncated output.
        first = failures[0] if failures else reader_failure
        _abandon(raw, source, thread)
        connection.invalidate()
        raise first from None
    source.close()
    thread.join()
    if failures:
        connection.invalidate()
        raise failures[0]


def _wide_pipe() -> tuple[int, int]:
    """A pipe that takes what the server sends while a block is parsed: 64 KB would hold it up."""
    read_end, write_end = os.pipe()
    with suppress(AttributeError, OSError):  # Linux alone has it, and may allow less
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, BUFFER_BYTES)
    return read_end, write_end


def _copy_into(
    raw: DriverConnection, copy_statement: str, write_end: int, failures: list[BaseException]
) -> None:
    with suppress(BrokenPipeError), os.fdopen(write_end, "wb", BUFFER_BYTES) as out:
        try:
            with raw.cursor() as cursor:
                cursor.copy_expert(copy_statement, out, BUFFER_BYTES)
            out.flush()
        except BaseException as failure:
            failures.append(failure)


def _abandon(raw: DriverConnection, source: BinaryIO, thread: threading.Thread) -> None:
    """Make both ends let go: the server by a cancel, a full pipe by closing it."""
    with suppress(psycopg2.Error):
        raw.cancel()
    source.close()
    thread.join()
