"""Tables in a terminal: columns never touch, nothing is cut off, whatever the width is."""

import io
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

GAP = 2
# A column of sentences is worth having from this width on; below it they go under their row.
SENTENCE = 24
UNBOUNDED = 100_000


@dataclass(frozen=True)
class TextColumn:
    """A column of a table: numbers stand at its right, and sentences are wrapped."""

    name: str
    numbers: bool = False
    sentences: bool = False


def room() -> int:
    """How wide a line may be: COLUMNS, the terminal, or without one as wide as it is."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns):
        return int(columns)
    return os.get_terminal_size(sys.stdout.fileno()).columns if sys.stdout.isatty() else UNBOUNDED


def table_lines(
    columns: Sequence[TextColumn], rows: Sequence[Sequence[str]], width: int, indent: str = "  "
) -> Iterator[str]:
    """The rows under their names, as there is room.

    Their sentences stand beside or below them, or each row is in lines of its own. The first
    column names a row, and only the last may have sentences.
    """
    inside = max(width - len(indent), 1)
    shown = [[printable(cell) for cell in row] for row in rows]
    needed = [
        GAP + max(cell_len(text) for text in (column.name, *cells))
        for column, cells in zip(columns, zip(*shown, strict=True), strict=True)
    ]
    plain = sum(size for size, column in zip(needed, columns, strict=True) if not column.sentences)
    beside = plain + min(sum(needed) - plain, GAP + SENTENCE)
    lay_out = _table if beside - GAP <= inside else _below if plain - GAP <= inside else _records
    yield from (f"{indent}{line}".rstrip() for line in lay_out(columns, shown, inside))


def printable(text: str) -> str:
    """The text without what a terminal would obey or not show; padded, it stands in quotes."""
    plain = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
    return f'"{plain}"' if plain != plain.strip() or not plain else plain


def _table(
    columns: Sequence[TextColumn], rows: Sequence[Sequence[str]], width: int
) -> Iterator[str]:
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False)
    for column in columns:
        table.add_column(
            column.name,
            justify="right" if column.numbers else "left",
            no_wrap=not column.sentences,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*map(Text, row))
    sink = io.StringIO()
    Console(file=sink, width=width, color_system=None, force_terminal=False).print(table)
    yield from sink.getvalue().splitlines()


def _below(
    columns: Sequence[TextColumn], rows: Sequence[Sequence[str]], width: int
) -> Iterator[str]:
    """A table of what is no sentence; the sentences below their rows."""
    names, *lines = _table(columns[:-1], [row[:-1] for row in rows], width)
    yield names
    for line, row in zip(lines, rows, strict=True):
        yield line
        yield from (" " * GAP + part for part in _folded(row[-1], max(width - GAP, 1)))


def _records(
    columns: Sequence[TextColumn], rows: Sequence[Sequence[str]], width: int
) -> Iterator[str]:
    """A row's name, then its cells with their names, as many a line as there is room for."""
    for row in rows:
        yield from _folded(row[0], width)
        pieces = [
            f"{column.name} {cell}"
            for column, cell in zip(columns[1:], row[1:], strict=True)
            if not column.sentences
        ]
        for line in _filled(pieces, max(width - GAP, 1)):
            yield from (" " * GAP + part for part in _folded(line, max(width - GAP, 1)))
        for column, cell in zip(columns, row, strict=True):
            if column.sentences:
                yield from (" " * GAP + part for part in _folded(cell, max(width - GAP, 1)))


def _filled(pieces: Sequence[str], width: int) -> Iterator[str]:
    line = ""
    for piece in pieces:
        longer = f"{line}{' ' * GAP}{piece}" if line else piece
        if line and cell_len(longer) > width:
            yield line
            line = piece
        else:
            line = longer
    if line:
        yield line


def _folded(text: str, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    return [line.plain.rstrip() for line in Text(text).wrap(console, width, overflow="fold")]
