"""Failing bars as a CSV file: read and written some thousand at a time, however many there are."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gx.report.labels import date_label
from gx.terms import BAR_COLUMNS
from gx.web.report.failing import View, in_order, positions
from gx.web.sources import RunFiles

COLUMNS = [*BAR_COLUMNS, "severity", "expectations", "reasons"]
INCOMPLETE = "THIS FILE IS NOT COMPLETE: its rows could not be read to the end; download it again"
SORTED_ROWS = 100_000  # 1,000,000 bars in another order are read ten times, which takes 2 s
_ROWS = 5_000
_KEYS = 50_000
# What a spreadsheet runs as a formula, also in the full width of a Japanese keyboard.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def opened(files: RunFiles) -> pq.ParquetFile | None:
    """The failing bars of a run, open to be read in parts; None when it has no verdict.

    Raises FileNotFoundError when they are not kept, and pa.ArrowInvalid for a damaged file.
    """
    source = files.open_failing()
    if source is None:
        return None
    try:
        return pq.ParquetFile(source)
    except BaseException:
        source.close()
        raise


def to_csv(file: pq.ParquetFile | None, view: View) -> Iterator[str]:
    """The rows of a view in its order, safe to open in a spreadsheet.

    In memory are some thousand rows at a time; with a ``sort`` 100,000 of them, and 30 bytes for
    each row of the view. One file is read all along, also when it is removed or another one takes
    its place. Of a file that is cut meanwhile the last line says so; then OSError or
    pa.ArrowInvalid is raised.
    """
    yield _lines([COLUMNS])
    if file is None:
        return
    try:
        for rows in _sorted(file, view) if view.sort else _in_file_order(file, view):
            yield _lines(zip(*map(_cells, rows.columns), strict=True))
    except Exception:  # whatever it was: Airflow ends what breaks off as if it were whole
        yield _lines([[INCOMPLETE]])
        raise


class CsvResponse(StreamingResponse):
    """Sends `to_csv`, made in threads, part by part as the reader takes it; closes the file."""

    def __init__(
        self, file: pq.ParquetFile | None, view: View, method: str, headers: Mapping[str, str]
    ) -> None:
        """A ``method`` of HEAD gets the headers, and no row is read for it."""
        lines = () if method == "HEAD" else to_csv(file, view)
        super().__init__(lines, media_type="text/csv", headers=headers)
        self.file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it to its end, or until the reader leaves."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self.file is not None:  # whoever leaves would keep it open until it is collected
                self.file.close(force=True)


def _in_file_order(file: pq.ParquetFile, view: View) -> Iterator[pa.Table]:
    for batch in file.iter_batches(_ROWS, columns=COLUMNS):
        rows = pa.Table.from_batches([batch]).select(COLUMNS)
        yield rows.take(positions(rows, view))


def _sorted(file: pq.ParquetFile, view: View) -> Iterator[pa.Table]:
    """The rows in the order of a column: where they are is sorted, and then they are fetched."""
    order = _order(file, view)
    for start in range(0, len(order), SORTED_ROWS):
        wanted = order[start : start + SORTED_ROWS]
        in_file_order = np.argsort(wanted)
        found = _rows_at(file, wanted[in_file_order])
        places = np.argsort(in_file_order)
        for first in range(0, len(places), _ROWS):
            yield found.take(pa.array(places[first : first + _ROWS]))


def _order(file: pq.ParquetFile, view: View) -> np.ndarray[Any, Any]:
    """Where the rows of a view are in the file (int64), in its order."""
    unsorted, before = replace(view, sort=""), 0
    values, places = (
        [pa.array([], file.schema_arrow.field(view.sort).type)],
        [np.empty(0, np.int64)],
    )
    for batch in file.iter_batches(_KEYS, columns=["symbol", "expectations", view.sort]):
        at = positions(pa.Table.from_batches([batch]), unsorted)
        values.append(batch.column(view.sort).take(at))
        places.append(at.to_numpy() + before)
        before += batch.num_rows
    at = pa.array(np.concatenate(places))
    found: np.ndarray[Any, Any] = in_order(pa.chunked_array(values), at, view).to_numpy()
    return found


def _rows_at(file: pq.ParquetFile, at: np.ndarray[Any, Any]) -> pa.Table:
    """The rows at these places of the file, which are in order."""
    before, parts = 0, []
    for batch in file.iter_batches(_ROWS, columns=COLUMNS):
        first, behind = np.searchsorted(at, [before, before + batch.num_rows])
        parts.append(batch.take(pa.array(at[first:behind] - before)))
        before += batch.num_rows
        if behind == len(at):
            break
    return pa.Table.from_batches(parts).select(COLUMNS).combine_chunks()


def _lines(rows: Any) -> str:
    sink = io.StringIO()
    csv.writer(sink).writerows(rows)
    return sink.getvalue()


def _cells(column: pa.ChunkedArray) -> list[object]:
    """A column's values for a spreadsheet: numbers as they are, an empty cell for what is none."""
    kind = column.type
    if pa.types.is_list(kind):
        return _each(pc.binary_join(column, "; "), _harmless)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _each(column, _harmless)
    if pa.types.is_temporal(kind):
        return _each(column, date_label)
    if pa.types.is_floating(kind):
        column = pc.if_else(pc.is_nan(column), None, column)
    return list(column.to_pylist())


def _each(column: pa.ChunkedArray, form: Callable[[Any], object]) -> list[object]:
    """What is told of each value; asked once for those that are the same."""
    coded = column.combine_chunks().dictionary_encode()
    said = [form(value) for value in coded.dictionary.to_pylist()]
    return [None if at is None else said[at] for at in coded.indices.to_pylist()]


def _harmless(text: str) -> str:
    """A text that a spreadsheet shows, and never runs."""
    runs = text.startswith(("\t", "\r", "\n")) or text.lstrip().startswith(_FORMULA)
    return f"'{text}" if runs else text
