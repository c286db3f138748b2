"""Which line of a CSV file each of its rows begins on."""

import csv
import io
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def first_lines(path: Path, rows: int | None = None) -> NDArray[np.int64]:
    """The first line (from 1, the header's) of every row behind the header.

    A blank line is a row; a quoted cell may go over several lines. ``rows``, where it is known,
    saves reading the file cell by cell: it has as many lines, unless there are such cells.
    """
    data = path.read_bytes()
    if b'"' not in data:
        return np.arange(2, 2 + (len(lines_of(data)) - 1 if rows is None else rows))
    reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    starts, line = [], 1
    for _ in reader:
        starts.append(line)
        line = reader.line_num + 1
    return np.array(starts[1:], np.int64)


def lines_of(data: bytes) -> list[str]:
    """The lines of a file as CSV knows them: other separators are text."""
    return re.split(r"\r\n|\n|\r", data.decode("utf-8-sig"))
