"""Parquet: columns as they are typed there, with pandas' index under its name."""

import json

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gx.errors import BarFileError
from gx.files.layout.wide import index_name, pairs_of_names
from gx.files.opening.containers import Content
from gx.files.opening.raw import How, Raw, counted


def read_parquet(content: Content) -> Raw:
    """The columns of a Parquet file; raises BarFileError for what is none."""
    try:
        table = pq.read_table(pa.BufferReader(content.data))
    except (pa.ArrowException, OSError) as error:
        raise BarFileError(f"{content.name}: is no Parquet file ({error})") from None
    nameless = _nameless_index(table.schema)
    names = tuple("" if name in nameless else name for name in table.column_names)
    pairs = pairs_of_names(names)
    how = How(" in ".join(["Parquet", *reversed(content.packed)]), header="its schema")
    names = tuple(map(index_name, names)) if pairs else names
    return Raw(table.columns, names, "row", counted(table.num_rows), how, (), pairs)


def _nameless_index(schema: pa.Schema) -> set[str]:
    """How pandas calls an index without a name."""
    columns = _pandas(schema).get("index_columns", [])
    named = [name for name in columns if isinstance(name, str)]
    return {name for name in named if name.startswith("__index_level_") or name == "index"}


def _pandas(schema: pa.Schema) -> dict[str, list[object]]:
    raw = (schema.metadata or {}).get(b"pandas")
    try:
        found = json.loads(raw) if raw else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def plain_cells(file: str, name: str, cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column without dictionary or bytes; raises BarFileError where they are no text."""
    kind = cells.type
    try:
        if pa.types.is_dictionary(kind):
            cells = pc.cast(cells, kind.value_type)
        if _is_bytes(cells.type) or pa.types.is_string_view(cells.type):
            cells = pc.cast(cells, pa.string())
    except pa.ArrowInvalid:
        raise BarFileError(f"{file}, column {name}: is not UTF-8 text") from None
    return cells


def _is_bytes(kind: pa.DataType) -> bool:
    kinds = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    return any(is_kind(kind) for is_kind in kinds)
