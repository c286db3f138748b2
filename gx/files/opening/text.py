"""Texts with a delimiter between their cells: every cell as text, by its line."""

import csv as plain_csv
import re
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
from pyarrow import csv

from gx.errors import BarFileError
from gx.files.dates.stamps import Ints
from gx.files.layout.delimiter import DELIMITERS, Row, delimiter_of, rows_of
from gx.files.layout.header import Header, find_header
from gx.files.layout.lines import first_lines, offset_of
from gx.files.meaning.no_bars import COMMENT, is_payment, is_remark
from gx.files.opening.containers import Content
from gx.files.opening.encodings import Decoded
from gx.files.opening.raw import How, Raw, Torn

HEAD, HEAD_LINES = 1 << 22, 160
_MARKUP = re.compile(rb"\s*<(!doctype|html|\?xml|table|head|body|script)", re.IGNORECASE)
_JSON = re.compile(rb'\s*(\{\s*["}]|\[\s*[\[{\]"])')
_NEWLINES = rb"\r\n|\n|\r"


def read_text(
    content: Content,
    text: Decoded,
    *,
    delimiter: str | None,
    named: Callable[[str], bool],
) -> Raw:
    """The cells of a text; raises BarFileError for what is no table.

    ``named`` says which names a person has given a meaning.
    """
    _refuse_other_formats(content.name, text.data)
    head = _head(text.data)
    sign = delimiter or delimiter_of(head)
    try:
        rows = rows_of(head, sign)
    except plain_csv.Error as error:
        raise BarFileError(f"{content.name}: is no CSV file ({error})") from None
    header = find_header(rows, named)
    names, width = header.names, len(header.names or ())
    if names is None:
        width = _width_below(rows, header.first_line)
    body = memoryview(text.data)[offset_of(text.data, header.first_line) :]
    spaced = sign == " "
    columns, torn_rows = _cells(
        content.name, _with_tabs(bytes(body)) if spaced else body, "\t" if spaced else sign, width
    )
    lines = _Lines(body, header.first_line, len(columns[0]) + len(torn_rows), torn_rows)
    torn, left_out = _without_remarks(torn_rows, lines)
    how = How(
        " in ".join([_kind(sign), *reversed(content.packed)]),
        text.shown + ("" if text.certain else " (by its letters)"),
        DELIMITERS.get(sign, repr(sign)),
        _shown(header),
        header.before,
        quoted=b'"' in text.data,
    )
    notes = [] if text.certain else [f"its encoding is taken for {text.encoding}; --encoding"]
    notes += [f"line {line} is left out, {what}: {said!r}" for line, what, said in left_out]
    return Raw(columns, names, "line", lines.whole, how, tuple(torn), header.pairs, tuple(notes))


def _kind(sign: str) -> str:
    return "CSV" if sign == "," else "text"


def _shown(header: Header) -> str:
    if header.names is None:
        return "none"
    lines = ", ".join(map(str, header.lines))
    return f"line{'s' * (len(header.lines) > 1)} {lines}"


def _head(data: bytes) -> str:
    """The first lines; the last of them is left out where it may be cut."""
    end = offset_of(data[:HEAD], HEAD_LINES)
    if end == HEAD:
        end = max(data.rfind(b"\n", 0, HEAD), data.rfind(b"\r", 0, HEAD), 0) or HEAD
    return data[:end].decode("utf-8", "ignore")


def _refuse_other_formats(name: str, data: bytes) -> None:
    if _MARKUP.match(data):
        raise BarFileError(
            f"{name}: is a web page or XML, not a table: open it, and see what the server said "
            "in place of the file"
        )
    if _JSON.match(data):
        raise BarFileError(f"{name}: is JSON, which is not read; write it as CSV or Parquet")


def _width_below(rows: Sequence[Row], line: int) -> int:
    from gx.files.layout.delimiter import usual_width

    return usual_width([row for row in rows if row.line >= line])


def _with_tabs(body: bytes) -> bytes:
    lines = (re.sub(rb"[ \t]+", b"\t", line.strip(b" \t")) for line in re.split(_NEWLINES, body))
    return b"\n".join(lines)


def _cells(
    name: str, body: bytes | memoryview, sign: str, width: int
) -> tuple[list[pa.ChunkedArray], list[csv.InvalidRow]]:
    torn: list[csv.InvalidRow] = []

    def note(row: csv.InvalidRow) -> str:
        torn.append(row)
        return "skip"

    positions = [str(position) for position in range(width)]
    if not len(body) or not width:
        return [pa.chunked_array([], pa.string()) for _ in positions], torn
    try:
        table = csv.read_csv(
            pa.BufferReader(body),
            read_options=csv.ReadOptions(use_threads=False, column_names=positions),
            parse_options=csv.ParseOptions(
                delimiter=sign,
                ignore_empty_lines=False,
                newlines_in_values=True,
                invalid_row_handler=note,
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(positions, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowException as error:
        raise BarFileError(f"{name}: is no CSV file ({error})") from None
    return table.columns, torn


class _Lines:
    """The lines of a text's rows, counted when they are asked for."""

    def __init__(
        self, body: memoryview, first: int, rows: int, torn: Sequence[csv.InvalidRow]
    ) -> None:
        self.body, self.first, self.rows = body, first, rows
        self.torn = np.array([row.number - 1 for row in torn], np.int64)

    def all(self) -> Ints:
        return first_lines(bytes(self.body), self.rows)[: self.rows] + (self.first - 1)

    def whole(self) -> Ints:
        return np.delete(self.all(), self.torn)


def _without_remarks(
    rows: Sequence[csv.InvalidRow], lines: _Lines
) -> tuple[list[Torn], list[tuple[int, str, str]]]:
    """The torn rows, and apart from them what is no bar that was torn.

    Comments, dividends between the bars, and the sentences that some vendors end a file with.
    """
    if not rows:
        return [], []
    places = lines.all()
    ending = _ending(rows, lines.rows)
    torn: list[Torn] = []
    left_out: list[tuple[int, str, str]] = []
    for row in rows:
        line = int(places[row.number - 1])
        if row.number in ending or _is_no_bar(row.text):
            what = "no bar" if _is_no_bar(row.text) else "a sentence"
            left_out.append((line, what, row.text[:80]))
        else:
            said = f"has {row.actual_columns} cells, not {row.expected_columns}: {row.text[:80]!r}"
            torn.append(Torn(line, said))
    return torn, left_out


def _ending(rows: Sequence[csv.InvalidRow], last: int) -> set[int]:
    """The numbers of the rows at the end that are sentences."""
    ending: set[int] = set()
    for row in reversed(rows):
        if row.number != last - len(ending) or not (is_remark(row.text) or _is_no_bar(row.text)):
            break
        ending.add(row.number)
    return ending


def _is_no_bar(text: str) -> bool:
    """A comment, or a date and a dividend or a split."""
    if text.lstrip().startswith(COMMENT):
        return True
    return is_payment(re.split(r"[\t;|]|\s{2,}|,(?=[^\s])", text.strip(" \t,;|"))[-1])
