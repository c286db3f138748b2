"""Rows of a file that are no bars and do not pretend to be: headers again, totals, remarks."""

import functools
import re
from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gx.files.dates.stamps import Ints
from gx.files.layout.kinds import is_moment
from gx.files.meaning.columns import is_text
from gx.files.meaning.names import plain

REPEATED = "where the header is repeated"
COMMENT = "#"
WORDS = 3  # as many make a sentence, which is no bar that was cut off
LAST = 10  # so many of the last rows may be no bars
_PAYMENT = re.compile(
    r"[\d.:/,\s$€£-]*(cash )?(dividends?|(stock )?splits?|capital gains?)", re.IGNORECASE
)
_ROWS = re.compile(r"[\d,.]+ (rows?|records?|bars?|lines?|results?)\.?", re.IGNORECASE)
_SUMS = (
    "total totals sum average avg mean median min minimum max maximum count std stdev summe gesamt "
    "durchschnitt mittelwert somme moyenne totale media promedio suma итого"
)
SUMS = frozenset(_SUMS.split())


def rows_without_bars(
    columns: Mapping[str, pa.ChunkedArray], names: Mapping[str, str]
) -> dict[int, str]:
    """Which rows are no bars, and why; ``names`` has the file's name of each meaning's column.

    Files that were put together hold their header again: rows that are it, word for word.
    """
    found = dict.fromkeys(_repeated(columns, names), REPEATED)
    if "date" in columns and is_text(columns["date"]):
        found |= dict(_remarks(columns["date"]))
        found |= dict(_payments(columns))
        found |= dict(_ending(columns, found))
    return found


def is_payment(text: str) -> bool:
    """Whether a cell tells of a dividend or a split, as Yahoo's pages do among the bars."""
    return bool(_PAYMENT.fullmatch(text.strip()))


def is_remark(text: str) -> bool:
    """Whether the text of a row is a sentence, or counts the rows."""
    text = text.strip().strip('",;')
    if _ROWS.fullmatch(text):
        return True
    return len(text.split()) >= WORDS and not text[:1].isdigit() and not is_moment(text)


def _repeated(columns: Mapping[str, pa.ChunkedArray], names: Mapping[str, str]) -> Ints:
    checked = [(columns[one], names[one]) for one in ("date", "close") if one in columns]
    if len(checked) < 2 or not all(is_text(cells) and name for cells, name in checked):
        return np.zeros(0, np.int64)
    same = functools.reduce(pc.and_, (pc.equal(cells, name) for cells, name in checked))
    return _true(same)


def _remarks(dates: pa.ChunkedArray) -> Iterator[tuple[int, str]]:
    for row in _true(pc.starts_with(pc.utf8_ltrim_whitespace(dates), COMMENT)):
        yield int(row), f"a remark: {dates[int(row)].as_py()[:80]!r}"


def _payments(columns: Mapping[str, pa.ChunkedArray]) -> Iterator[tuple[int, str]]:
    """A dividend or a split in the place of the opening, and no price beside it."""
    cells = columns.get("open")
    if cells is None or not is_text(cells):
        return
    told = pc.match_substring_regex(cells, r"(?i)dividend|split|capital gain")
    for row in map(int, _true(told)):
        others = [str(columns[one][row]) for one in ("high", "low", "close") if one in columns]
        if is_payment(cells[row].as_py()) and not any(map(_is_price, others)):
            yield row, f"no bar: {cells[row].as_py().strip()!r}"


def _ending(
    columns: Mapping[str, pa.ChunkedArray], found: Mapping[int, str]
) -> Iterator[tuple[int, str]]:
    """Totals and sentences behind the last bar."""
    count = len(columns["date"])
    for row in range(count - 1, max(0, count - LAST) - 1, -1):
        cells = {name: _text(cells[row]) for name, cells in columns.items()}
        if row in found or not any(cells.values()):
            continue
        head = cells["date"]
        alone = not any(cell for name, cell in cells.items() if name != "date")
        if plain(head).rstrip(":") in SUMS:
            yield row, f"no bar but a sum: {head!r}"
        elif alone and _says_something(head):
            yield row, f"a remark: {head[:80]!r}"
        else:
            return


def _says_something(text: str) -> bool:
    return is_remark(text) or bool(re.match(r"[^\W\d]+:\s", text))


def _is_price(text: str) -> bool:
    return any(sign.isdigit() for sign in text) and not is_payment(text)


def _text(cell: pa.Scalar) -> str:
    return "" if cell.as_py() is None else str(cell.as_py()).strip()


def _true(mask: pa.ChunkedArray) -> Ints:
    return np.flatnonzero(pc.fill_null(mask, False)).astype(np.int64)
