"""Bars as Arrow tables of the types that PostgreSQL's text format has."""

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sql.terms import BAR, DERIVED

TYPES = dict.fromkeys((*BAR, *DERIVED), pa.float64()) | {
    "symbol": pa.string(),
    "date": pa.date32(),
    "created_at": pa.timestamp("us"),
}


def as_table(
    bars: pa.Table | pd.DataFrame, columns: Sequence[str], carried: Sequence[str] = ()
) -> pa.Table:
    """The columns of `bars`, those of a bar in their types; a frame's NaN becomes NULL.

    Dates with a zone stay moments: these are bars within the day.
    """
    names = [*columns, *carried]
    if isinstance(bars, pd.DataFrame):
        bars = pa.Table.from_pandas(bars[names], preserve_index=False)
    bars = bars.select(names)
    types = TYPES | {name: bars.schema.field(name).type for name in carried}
    dates = bars.schema.field("date").type
    if pa.types.is_timestamp(dates) and dates.tz is not None:
        types["date"] = pa.timestamp("us", "UTC")
    return bars.cast(pa.schema([(name, types[name]) for name in names]))


def without_nan(table: pa.Table, indicators: Sequence[str] = ()) -> pa.Table:
    """NULL for NaN in the derived columns, of which ``indicators`` are further ones."""
    for position, name in enumerate(table.column_names):
        if name in (*DERIVED, *indicators):
            values = table[name]
            known = pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values)
            table = table.set_column(position, name, known)
    return table


def text_array(items: Sequence[str]) -> str:
    """A text[] as PostgreSQL reads it."""
    quoted = ('"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in items)
    return "{" + ",".join(quoted) + "}"
