"""Which line of a text each of its rows begins on."""

import csv
import io
import re

import numpy as np
from numpy.typing import NDArray

_LINE_END = re.compile(rb"\r\n|\n|\r")


def offset_of(data: bytes, line: int) -> int:
    """Where in a text its ``line`` (from 1) begins."""
    offset = 0
    for _ in range(line - 1):
        end = _LINE_END.search(data, offset)
        if end is None:
            return len(data)
        offset = end.end()
    return offset


def first_lines(data: bytes, rows: int | None = None) -> NDArray[np.int64]:
    """The first line (from 1) of every row of a text.

    A blank line is a row; a quoted cell may go over several lines. ``rows``, where it is known,
    saves reading the text cell by cell: it has as many lines, unless there are such cells.
    """
    if b'"' not in data:
        return np.arange(1, 1 + (len(lines_of(data)) if rows is None else rows))
    reader = csv.reader(io.StringIO(data.decode("utf-8"), newline=""))
    starts, line = [], 1
    for _ in reader:
        starts.append(line)
        line = reader.line_num + 1
    return np.array(starts, np.int64)


def lines_of(data: bytes) -> list[str]:
    """The lines of a text as CSV knows them: other separators are part of it."""
    return re.split(r"\r\n|\n|\r", data.decode("utf-8"))
