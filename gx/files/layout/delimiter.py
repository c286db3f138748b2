"""Which sign stands between a text's cells."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gx.files.layout.kinds import is_missing, is_value

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "spaces"}
LOOKED_AT = 150


@dataclass(frozen=True)
class Row:
    """The cells of one row of a text, and the first of its lines (from 1)."""

    line: int
    cells: tuple[str, ...]

    @property
    def is_blank(self) -> bool:
        """Whether it holds nothing."""
        return not any(cell.strip() for cell in self.cells)


def rows_of(head: str, delimiter: str) -> list[Row]:
    """The first rows of a text, blank ones included; raises csv.Error for what is none."""
    lines = [f"{line}\n" for line in re.split(r"\r\n|\n|\r", head)]
    if delimiter == " ":
        lines = [re.sub(r"[ \t]+", "\t", line.strip()) + "\n" for line in lines]
    reader = csv.reader(lines, delimiter="\t" if delimiter == " " else delimiter)
    rows, line = [], 1
    for cells in reader:
        rows.append(Row(line, tuple(cells)))
        line = reader.line_num + 1
        if len(rows) == LOOKED_AT:
            break
    return rows


def delimiter_of(head: str) -> str:
    """The delimiter by which most rows have equally many cells, each of one value."""
    scored = [(_score(head, one), one) for one in DELIMITERS if one != " "]
    best, delimiter = max(scored, key=lambda pair: pair[0])
    if best > (0.0, 0):
        return delimiter
    return " " if _score(head, " ") > (0.0, 0) else ","


def usual_width(rows: Sequence[Row]) -> int:
    """How many cells most rows have."""
    widths = Counter(len(row.cells) for row in rows if not row.is_blank)
    return max(widths, key=lambda width: (widths[width], width), default=0)


def _score(head: str, delimiter: str) -> tuple[float, int]:
    try:
        rows = [row for row in rows_of(head, delimiter) if not row.is_blank]
    except csv.Error:
        return 0.0, 0
    width = usual_width(rows)
    if width < 2:
        return 0.0, 0
    alike = [row for row in rows if len(row.cells) == width]
    cells = [cell for row in alike for cell in row.cells]
    clean = sum(_is_clean(cell, delimiter) for cell in cells) / len(cells)
    return len(alike) / len(rows) * clean**2, width


def _is_clean(cell: str, delimiter: str) -> bool:
    """No other delimiter is left in it, but for the commas of a number or a date."""
    if is_missing(cell) or is_value(cell):
        return True
    return not any(other in cell for other in ",;\t|" if other != delimiter)
