"""Rows of any table as a file of Parquet, and the digest by which they are known again."""

import hashlib
import io
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from sql.copy_stream import HashingReader, csv_options
from sql.errors import ArchiveError

ROWS_TOGETHER = 100_000


def from_copy(stream: HashingReader, columns: Sequence[str]) -> pa.Table:
    """The rows of a COPY as CSV, every value a text as the server writes it; NULL stays NULL."""
    schema = pa.schema([(name, pa.string()) for name in columns])
    read = pa.csv.ReadOptions(column_names=list(columns))
    with pa.csv.open_csv(
        pa.PythonFile(stream, mode="r"), read_options=read, **csv_options(schema)
    ) as reader:
        return reader.read_all()


def packed(rows: pa.Table, about: Mapping[str, str]) -> bytes:
    """The rows as Parquet; ``about`` tells whoever finds the file what it is."""
    sink = io.BytesIO()
    told = rows.replace_schema_metadata(dict(about))
    pq.write_table(told, sink, compression="zstd", row_group_size=ROWS_TOGETHER)
    return sink.getvalue()


def unpacked(raw: bytes, digest: str, where: str) -> pa.Table:
    """The rows of a file; raises ArchiveError for any others than those of this digest."""
    try:
        rows = pq.read_table(pa.BufferReader(raw)).replace_schema_metadata(None)
    except pa.ArrowException as error:
        why = str(error).strip().partition("\n")[0]
        raise ArchiveError(f"{where} is no Parquet file ({why}): {_ALTERED}") from None
    found = digest_of(rows)
    if found != digest:
        raise ArchiveError(
            f"{where} does not hold the bars that were archived (their digest is {found[:12]}…, it "
            f"was {digest[:12]}…): {_ALTERED}"
        )
    return rows


_ALTERED = (
    "somebody altered or replaced it. Put the file back from a backup; until then nothing is "
    "judged without its bars"
)


def digest_of(rows: pa.Table) -> str:
    """SHA-256 of the columns' names and of every value's length and letters, in their order."""
    sha256 = hashlib.sha256()
    for name in rows.column_names:
        column = rows[name].combine_chunks().cast(pa.large_binary())
        lengths = pc.fill_null(pc.binary_length(column), -1).to_numpy(zero_copy_only=False)
        sha256.update(f"{len(name.encode())}:{name}:{len(column)}:".encode())
        sha256.update(lengths.astype("<i8").tobytes())
        sha256.update(_letters(column))
    return sha256.hexdigest()


def of_symbols(rows: pa.Table, column: str, symbols: Sequence[str]) -> pa.Table:
    """The rows of these symbols; a text of fixed length has blanks behind it."""
    wanted = pa.array(sorted({one.rstrip() for one in symbols}), pa.string())
    return rows.filter(pc.is_in(pc.utf8_rtrim(rows[column], " "), wanted))


def _letters(column: pa.Array) -> memoryview:
    """The letters of all values, one behind the other."""
    plain = pa.concat_arrays([pc.fill_null(column, b"")])
    _, offsets, letters = plain.buffers()
    if letters is None:
        return memoryview(b"")
    ends = np.frombuffer(offsets, "<i8")[plain.offset : plain.offset + len(plain) + 1]
    return memoryview(letters)[ends[0] : ends[-1]] if len(plain) else memoryview(b"")
