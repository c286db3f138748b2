"""A file's cells as they stand in it, before anybody says what they mean."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from gx.files.dates.stamps import Ints
from gx.files.layout.wide import Pair


@dataclass(frozen=True)
class Torn:
    """A row that has too many cells or too few, and the line on which it begins."""

    line: int
    said: str


@dataclass(frozen=True)
class How:
    """How the cells were got out of the file, for a person to see."""

    container: str
    encoding: str | None = None
    delimiter: str | None = None
    header: str = ""
    before: tuple[str, ...] = ()
    quoted: bool = False


@dataclass(frozen=True)
class Raw:
    """The columns of a file by position, and where each of its rows stands.

    ``names`` are the file's own, empty for a column without one; None where it has no header.
    ``place`` says what rows are counted by: line or row. ``lines`` gives that of each row, torn
    ones left out. ``notes`` is what has to be said of the file, whoever reads it.
    """

    columns: list[pa.ChunkedArray]
    names: tuple[str, ...] | None
    place: str
    lines: Callable[[], Ints]
    how: How
    torn: tuple[Torn, ...] = ()
    pairs: tuple[Pair | None, ...] | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def rows(self) -> int:
        """How many rows there are, torn ones left out."""
        return len(self.columns[0]) if self.columns else 0


def counted(rows: int, first: int = 1) -> Callable[[], Ints]:
    """Rows that stand one below the other."""
    return lambda: np.arange(first, first + rows)
