"""A wide file's columns made long: its rows once for each symbol."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gx.files.dates.stamps import Ints
from gx.files.layout.wide import Pair

SYMBOL = "Ticker"


@dataclass(frozen=True)
class Long:
    """Columns by name, and of each row which of the wide file's rows it was."""

    names: tuple[str, ...]
    columns: list[pa.ChunkedArray]
    rows: Ints
    left_out: int = 0


def made_long(
    names: Sequence[str], columns: Sequence[pa.ChunkedArray], pairs: Sequence[Pair | None]
) -> Long:
    """The columns with one for the symbol in front.

    Where there are several symbols, one that has nothing at all on a row has no bar there.
    """
    beside = [place for place, pair in enumerate(pairs) if pair is None]
    found = {pair: place for place, pair in enumerate(pairs) if pair is not None}
    fields = tuple(dict.fromkeys(pair.field for pair in found))
    symbols = tuple(dict.fromkeys(pair.symbol for pair in found))
    count = len(columns[0])
    parts: list[pa.Table] = []
    rows: list[Ints] = []
    for symbol in symbols:
        mine = {
            field: columns[found[Pair(field, symbol)]] if Pair(field, symbol) in found else None
            for field in fields
        }
        there = np.arange(count)
        if len(symbols) > 1:
            there = np.flatnonzero(_any([cells for cells in mine.values() if cells is not None]))
        taken = pa.array(there)
        made = [pa.array([symbol] * len(there), pa.string())]
        made += [columns[place].take(taken) for place in beside]
        made += [
            pa.nulls(len(there), pa.string()) if cells is None else cells.take(taken)
            for cells in mine.values()
        ]
        parts.append(pa.table(made, names=[str(place) for place in range(len(made))]))
        rows.append(there)
    table = pa.concat_tables(parts, promote_options="permissive")
    whole = np.concatenate(rows)
    all_names = (SYMBOL, *(names[place] for place in beside), *fields)
    return Long(all_names, table.columns, whole, count * len(symbols) - len(whole))


def _any(columns: Sequence[pa.ChunkedArray]) -> np.ndarray:
    """Where a column holds something."""
    result = np.zeros(len(columns[0]), bool)
    for cells in columns:
        valid = pc.is_valid(cells)
        if pa.types.is_string(cells.type):
            valid = pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(cells), ""), False)
        elif pa.types.is_floating(cells.type):
            valid = pc.fill_null(pc.invert(pc.is_nan(cells)), False)
        result |= valid.to_numpy()
    return result
