"""COPY … FROM STDIN of an Arrow table."""

import io
from typing import BinaryIO, cast

import psycopg2
import psycopg2.sql
import pyarrow as pa
import pyarrow.csv
from sqlalchemy import Connection

from sql.connection import driver_connection

# About 10 MB of CSV: memory stays small however large the table is.
CHUNK_ROWS = 100_000
READ_BYTES = 1 << 20


def copy_in(connection: Connection, target: str, table: pa.Table) -> int:
    """Append the rows to table `target`, columns by name, and return their number.

    Raises psycopg2.Error; where the connection broke off, it is not used again.
    """
    names = psycopg2.sql.SQL(", ").join(map(psycopg2.sql.Identifier, table.column_names))
    command = psycopg2.sql.SQL("copy {} ({}) from stdin (format csv)").format(
        psycopg2.sql.Identifier(target), names
    )
    raw = driver_connection(connection)
    try:
        with raw.cursor() as cursor:
            cursor.copy_expert(command, cast("BinaryIO", _CsvOf(table)), READ_BYTES)
            return int(cursor.rowcount)
    except psycopg2.Error:
        if raw.closed:  # SQLAlchemy did not see it, and its rollback would fail in its place
            connection.invalidate()
        raise


class _CsvOf:
    """A table as a CSV file to read from, written chunk by chunk. NULL is an empty field."""

    def __init__(self, table: pa.Table) -> None:
        self._batches = iter(table.to_batches(CHUNK_ROWS))
        self._chunk = io.BytesIO()

    def read(self, size: int) -> bytes:
        block = self._chunk.read(size)
        while not block:
            batch = next(self._batches, None)
            if batch is None:
                return b""
            self._chunk = io.BytesIO(_csv(batch))
            block = self._chunk.read(size)
        return block


def _csv(batch: pa.RecordBatch) -> bytes:
    out = io.BytesIO()
    pa.csv.write_csv(batch, out, pa.csv.WriteOptions(include_header=False))
    return out.getvalue()
