"""Where a text's header is: lines before it, one row of names, two or three, or none."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gx.files.layout.delimiter import Row, usual_width
from gx.files.layout.kinds import is_moment, is_number, is_value
from gx.files.layout.wide import Pair, pairs_of_names, pairs_of_rows
from gx.files.meaning.names import is_known

FIRST = 100
PRICES = 4  # a bar has them, and a moment beside


@dataclass(frozen=True)
class Header:
    """The names of the columns, and the line on which the data begins.

    ``names`` is None where there is no header; ``pairs`` says of a wide file which bar's price, of
    which symbol, a column holds. ``before`` are the lines above it that are no header.
    """

    names: tuple[str, ...] | None
    first_line: int
    lines: tuple[int, ...] = ()
    pairs: tuple[Pair | None, ...] | None = None
    before: tuple[str, ...] = ()


def find_header(rows: Sequence[Row], named: Callable[[str], bool]) -> Header:
    """Find the header; ``named`` says which names a person has given a meaning."""
    width = usual_width(rows)
    head = [row for row in rows[:FIRST] if not row.is_blank]
    for place, row in enumerate(head):
        if stacked := _stacked(head, place):
            return stacked
        if _is_header(row, named):
            return _plain(rows, head, place)
    return _by_its_place(rows, head, width)


def _is_header(row: Row, named: Callable[[str], bool]) -> bool:
    if any(is_value(cell) for cell in row.cells):
        return any(named(cell) for cell in row.cells) and sum(map(_names, row.cells)) > 1
    known = sum(is_known(cell) for cell in row.cells)
    return known > 1 or any(named(cell) for cell in row.cells)


def _names(cell: str) -> bool:
    return not is_value(cell)


def _stacked(head: Sequence[Row], place: int) -> Header | None:
    """Two rows of names, as of yfinance's frames, and the row that names the index, if any."""
    top, *below = head[place : place + 3]
    if not below or len(top.cells) != len(below[0].cells):
        return None
    pairs = pairs_of_rows(top.cells, below[0].cells)
    if pairs is None:
        return None
    lines, names = [top, below[0]], list(top.cells)
    if len(below) > 1 and _names_index(below[1], len(top.cells)):
        lines.append(below[1])
        names[0] = below[1].cells[0]
    else:
        names[0] = ""
    numbers = tuple(row.line for row in lines)
    first = numbers[-1] + 1
    return Header(tuple(names), first, numbers, pairs, _before(head[:place]))


def _names_index(row: Row, width: int) -> bool:
    first, *others = row.cells
    return len(row.cells) in (1, width) and not any(others) and not is_value(first) and first != ""


def _plain(rows: Sequence[Row], head: Sequence[Row], place: int) -> Header:
    row = head[place]
    following = [other.line for other in rows if other.line > row.line]
    first = following[0] if following else row.line + 1
    names = tuple(name.strip() for name in row.cells)
    behind = head[place + 1].cells if place + 1 < len(head) else names
    if len(behind) == len(names) - 1 and not names[-1]:  # a delimiter too many, at its end alone
        names = names[:-1]
    if len(behind) == len(names) + 1:
        names = _with_index(names, head[place + 1 :])
    pairs = pairs_of_names(names)
    return Header(names, first, (row.line,), pairs, _before(head[:place]))


def _with_index(names: tuple[str, ...], data: Sequence[Row]) -> tuple[str, ...]:
    """A name too few: R leaves out that of the row's own; others end each row with a delimiter."""
    longer = [row for row in data if len(row.cells) == len(names) + 1]
    if len(longer) < len(data) / 2:
        return names
    if all(not row.cells[-1].strip() for row in longer):
        return (*names, "")
    firsts = [row.cells[0] for row in longer]
    if all(is_moment(cell) or is_number(cell) for cell in firsts):
        return ("", *names)
    return names


def _by_its_place(rows: Sequence[Row], head: Sequence[Row], width: int) -> Header:
    """Of names that nobody knows: the row above the first that holds a number and a date."""
    for place, row in enumerate(head):
        if not _is_data(row, width):
            continue
        above = head[place - 1] if place else None
        if above and len(above.cells) in (width, width - 1) and not any(map(is_value, above.cells)):
            return _plain(rows, head, place - 1)
        return Header(None, row.line, (), None, _before(head[:place]))
    if head and not any(is_value(cell) for row in head for cell in row.cells):
        return _plain(rows, head, 0)
    return Header(None, head[0].line if head else 1)


def _is_data(row: Row, width: int) -> bool:
    values = sum(is_value(cell) for cell in row.cells)
    if len(row.cells) != width or values < 2:
        return False
    return values >= PRICES or any(is_moment(cell) for cell in row.cells)


def _before(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(re.sub(r"\s+", " ", " ".join(row.cells)).strip() for row in rows)
