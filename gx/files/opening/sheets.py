"""Workbooks of Excel and its like: a sheet's cells, each with the type that it has there."""

import datetime as dt
import io
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from gx.errors import BarFileError
from gx.files.layout.delimiter import LOOKED_AT, Row
from gx.files.layout.header import find_header
from gx.files.meaning.names import is_known
from gx.files.opening.containers import Content
from gx.files.opening.raw import How, Raw, counted
from gx.nearest import nearest

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

Cell = object


def read_sheet(content: Content, sheet: str | None, named: Callable[[str], bool]) -> Raw:
    """The cells of a workbook's only sheet, or of the one that ``sheet`` names."""
    from python_calamine import CalamineError, load_workbook

    try:
        workbook = load_workbook(io.BytesIO(content.data))
        name = _chosen(content.name, _filled(workbook), sheet)
        found = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
        rows: list[list[Cell]] = [[*row] for row in found]
    except (CalamineError, OSError) as error:
        raise BarFileError(f"{content.name}: is no workbook that can be read ({error})") from None
    if not any(cell != "" for row in rows for cell in row):
        raise BarFileError(f"{content.name}: its sheet {name!r} is empty")
    head = [
        Row(number, tuple(map(_as_text, row))) for number, row in enumerate(rows[:LOOKED_AT], 1)
    ]
    header = find_header(_unmerged(head), named)
    data = rows[header.first_line - 1 :]
    width = len(rows[0])
    columns = [_column([row[place] for row in data]) for place in range(width)]
    how = How(
        " in ".join(["Excel", *reversed(content.packed)]),
        header=f"row {', '.join(map(str, header.lines))} of sheet {name!r}",
        before=header.before,
    )
    lines = counted(len(data), header.first_line)
    return Raw(columns, header.names, "row", lines, how, (), header.pairs)


def _unmerged(head: Sequence[Row]) -> list[Row]:
    """Rows of names in which a merged cell stands for each column below it."""
    rows = list(head)
    for place, below in enumerate(rows[1:]):
        row = rows[place]
        if _are_merged(row.cells[1:], below.cells[1:]):
            rows[place] = Row(row.line, (row.cells[0], *_repeated(row.cells[1:])))
    return rows


def _are_merged(above: Sequence[str], below: Sequence[str]) -> bool:
    """Symbols over the names of their columns, or such names over symbols."""
    filled = [cell for cell in above if cell]
    if not filled or not above[0]:
        return False
    over = len(filled) < len(above) and all(below) and all(map(is_known, filled))
    return over or all(map(is_known, below))


def _repeated(cells: Sequence[str]) -> Iterator[str]:
    """Each cell, and in the place of a blank one the one before it."""
    last = ""
    for cell in cells:
        last = cell or last
        yield last


def _filled(workbook: "CalamineWorkbook") -> list[str]:
    """The sheets that hold something; all, where none does."""
    names = workbook.sheet_names
    filled = [name for name in names if workbook.get_sheet_by_name(name).start is not None]
    return filled or names


def _chosen(file: str, names: Sequence[str], wanted: str | None) -> str:
    if wanted is not None:
        if wanted not in names:
            raise BarFileError(f"{file}: has no sheet {wanted!r}{nearest(wanted, names)}")
        return wanted
    if len(names) > 1:
        raise BarFileError(
            f"{file}: has {len(names)} sheets; choose one with --sheet: {', '.join(names)}"
        )
    return names[0]


def _column(cells: Sequence[Cell]) -> pa.ChunkedArray:
    """Numbers and moments where all cells are such, or nothing; else texts."""
    filled = [None if cell == "" else cell for cell in cells]
    kinds = {type(cell) for cell in filled if cell is not None}
    if kinds and kinds <= {float, int}:
        whole = all(cell is None or float(str(cell)).is_integer() for cell in filled)
        exact = pa.int64() if whole and _small(filled) else pa.float64()
        numbers = [None if cell is None else float(str(cell)) for cell in filled]
        return pa.chunked_array([pa.array(numbers, pa.float64()).cast(exact)])
    if kinds and kinds <= {dt.date, dt.datetime}:
        moments = [
            None if cell is None else dt.datetime.fromisoformat(str(cell)) for cell in filled
        ]
        return pa.chunked_array([pa.array(moments, pa.timestamp("us"))])
    return pa.chunked_array([pa.array(list(map(_as_text, cells)), pa.string())])


def _small(cells: Sequence[Cell]) -> bool:
    return all(cell is None or abs(float(str(cell))) < 2**53 for cell in cells)


def _as_text(cell: Cell) -> str:
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, dt.datetime):
        return str(cell).removesuffix(" 00:00:00")
    return "" if cell is None else str(cell)
