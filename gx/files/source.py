"""A file understood: its cells under a bar's meanings, and how that was decided.

Whoever judges bars and whoever stores them reads the same thing: texts, as the file has them.
"""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gx.errors import BarFileError
from gx.files.dates.day_fit import by_calendar, sessions_around
from gx.files.dates.forms import Form
from gx.files.dates.stamps import Ints
from gx.files.dates.written import Moments, Sessions, in_utc, moments_of, with_times
from gx.files.format import Format
from gx.files.layout.kinds import is_number
from gx.files.layout.long import Long, made_long
from gx.files.meaning.columns import (
    Meanings,
    holds_moments,
    is_text,
    meanings_of,
    shown_name,
    some_texts,
)
from gx.files.meaning.headerless import names_by_evidence
from gx.files.meaning.missing import NO_DATE
from gx.files.meaning.names import COLUMNS, NUMBERS, names_utc, plain
from gx.files.meaning.numbers import (
    POINT,
    Convention,
    as_floats,
    convention_of,
    numbers_as_text,
    plain_numbers,
    scaled,
)
from gx.files.meaning.symbols import could_be_symbols
from gx.files.opening.containers import Content, contents
from gx.files.opening.encodings import decoded
from gx.files.opening.parquet import plain_cells, read_parquet
from gx.files.opening.raw import Raw
from gx.files.opening.sheets import read_sheet
from gx.files.opening.text import read_text
from gx.suite.calendars import Calendars
from gx.symbols import symbol_fault

AS_IT_IS = Format()
# Databento's files: prices are whole numbers of 1e-9, and this one says that there is none.
DATABENTO = {"rtype", "publisherid", "instrumentid", "tsevent"}
NO_PRICE, LEAST = 2**63 - 1, 1_000_000
SOME = 20_000
# A file's name is only guessed to be a symbol: of what may be one it is what looks like one.
_NAME_LIKE = re.compile(r"[A-Za-z0-9.^=/\-]{1,15}")
DOUBTED = 0.05
NAME, NAMES = 60, 30  # as much of names is shown
# What a column of Parquet may hold: any, and where a moment is wanted.
_CELLS = (
    *(pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_floating),
    *(pa.types.is_decimal, pa.types.is_null),
)
_MOMENTS = (pa.types.is_date, pa.types.is_timestamp)
_WANTED = {"symbol": "symbol", "date": "date", "created_at": "time", "time": "time"}
_WANTED |= dict.fromkeys(NUMBERS, "number")


@dataclass(frozen=True)
class Source:
    """A file's cells under the names of a bar's columns, and where each row stands in the file.

    ``name`` is what messages call it; ``names`` are the file's own columns. ``rows`` says of each
    row which of the file's whole rows it was. ``notes`` are what has to be said of it.
    """

    name: str
    content: Content
    raw: Raw
    asked: Format
    names: tuple[str, ...]
    columns: tuple[pa.ChunkedArray, ...]
    meanings: Meanings
    cells: pa.Table
    rows: Ints
    notes: tuple[str, ...] = field(default=())

    @property
    def place_name(self) -> str:
        """What rows are counted by: line or row."""
        return self.raw.place

    @functools.cached_property
    def lines(self) -> Ints:
        """The line, or for Parquet and Excel the row, of each row."""
        return np.asarray(self.raw.lines()[self.rows])

    def place(self, row: int) -> str:
        """Where the ``row``-th row is in the file, in words."""
        return f"{self.raw.place} {self.lines[row]}"

    def column(self, meaning: str) -> str:
        """What messages call a column: by its meaning, and by its own name if it differs."""
        place = self.meanings.used.get(meaning)
        own = "" if place is None else self.names[place].strip()
        return meaning if plain(own) in ("", plain(meaning)) else f"{meaning} ({own})"

    @property
    def filled(self) -> pa.ChunkedArray:
        """Where a row is no blank line."""
        valid = (pc.is_valid(without_blanks(cells, [""])) for cells in self.cells.columns)
        return functools.reduce(pc.or_, valid)

    @functools.cached_property
    def numbers(self) -> dict[str, pa.ChunkedArray]:
        """The columns of numbers: as plain texts (null: no value), or as they are typed."""
        typed = {name: self.cells[name] for name in NUMBERS if name in self.cells.column_names}
        plain_ones = {
            name: cells
            if self.plain_floats(name) is not None
            else plain_numbers(cells, self.convention)
            for name, cells in self._texts.items()
        }
        return typed | plain_ones

    @functools.cached_property
    def floats(self) -> dict[str, pa.ChunkedArray | None]:
        """The columns of texts that are plain numbers one and all, as float64."""
        return {name: as_floats(cells) for name, cells in self._texts.items()}

    @functools.cached_property
    def _texts(self) -> dict[str, pa.ChunkedArray]:
        names = [name for name in NUMBERS if name in self.cells.column_names]
        return {
            name: numbers_as_text(self.cells[name]) for name in names if is_text(self.cells[name])
        }

    @functools.cached_property
    def convention(self) -> Convention:
        """How the file's numbers are written."""
        how = self.raw.how
        sure = self.raw.place == "row" and how.container.startswith("Parquet")
        sure = sure or (how.delimiter == "comma" and not how.quoted)
        used = {*self.meanings.used.values()}
        others = [
            cells
            for place, cells in enumerate(self.columns)
            if place not in used and is_text(cells)
        ]
        return convention_of(
            self.name,
            self._texts,
            others,
            {name for name, found in self.floats.items() if found is None},
            decimal=self.asked.decimal,
            point_is_sure=sure,
        )

    def plain_floats(self, name: str) -> pa.ChunkedArray | None:
        """A column of texts as float64, where all of them are numbers in the plain way."""
        return self.floats.get(name) if self.convention.decimal == POINT else None

    def moments(self, calendars: Calendars) -> Moments:
        """The dates of the file's rows; they are read once."""
        kept = self.__dict__.get("_moments")
        if kept is None or kept[0] != calendars:
            kept = self.__dict__["_moments"] = (calendars, self._read_moments(calendars))
        found: Moments = kept[1]
        return found

    def said(self, calendars: Calendars) -> list[str]:
        """All that has to be said of how the file was read."""
        note = self.moments(calendars).note if "date" in self.cells.column_names else ""
        return [*self.notes, *[note] * bool(note), *self.doubts]

    def _read_moments(self, calendars: Calendars) -> Moments:
        cells = without_blanks(self.cells["date"], NO_DATE)
        found = moments_of(self.name, cells, self.asked, self._sessions(calendars))
        if names_utc(self.names[self.meanings.used["date"]]):
            found = in_utc(self.name, found)
        return self._finest(found, calendars)

    def _sessions(self, calendars: Calendars) -> Sessions:
        def count(form: Form, rows: Ints) -> tuple[int, int]:
            symbols: Sequence[str | None] = [None] * len(self.cells)
            if "symbol" in self.cells.column_names:
                symbols = symbols_in(self.cells["symbol"]).to_pylist()
            dates = on = 0
            for calendar, _, _, mine in by_calendar(symbols, calendars):
                which = np.unique(rows[mine])
                which = which[which >= 0]
                days = np.unique(form.days[which[~form.bad[which]]])
                if len(days):
                    dates += len(days)
                    on += int(np.isin(days, sessions_around(calendar, days).days).sum())
            return dates, on

        return count

    def _finest(self, found: Moments, calendars: Calendars) -> Moments:
        """Of several columns of dates, which have to say the same days, one that has times."""
        for place in self.meanings.rivals.get("date", ()):
            cells = without_blanks(plain_cells(self.name, "date", self.columns[place]), NO_DATE)
            other = moments_of(self.name, cells, AS_IT_IS, self._sessions(calendars))
            same = pc.all(pc.equal(other.stamps.days, found.stamps.days)).as_py() is not False
            if not same or len(other.stamps.bad):
                raise self._two_dates(place)
            if found.stamps.are_dates and not other.stamps.are_dates:
                found = other
        return found

    def _two_dates(self, place: int) -> BarFileError:
        names = [shown_name(self.names, one) for one in (self.meanings.used["date"], place)]
        return BarFileError(
            f"{self.name}: has two columns of dates that differ, {names[0]} and {names[1]}; "
            f"choose: --columns 'date={names[0]}' or --columns 'date={names[1]}'"
        )

    def require_columns(self) -> None:
        """Raise BarFileError when a column of a bar is not there."""
        missing = [name for name in COLUMNS if name not in self.cells.column_names]
        if missing:
            raise self.lacking(missing)

    def require_bars(self) -> None:
        """Raise BarFileError when a column of a bar, other than the symbol, is not there."""
        missing = [name for name in COLUMNS[1:] if name not in self.cells.column_names]
        if missing:
            raise self.lacking(missing)

    def lacking(self, missing: Sequence[str]) -> BarFileError:
        """What to say of columns that are not there."""
        hint, symbol = self.hint(missing), list(missing) == ["symbol"]
        return BarFileError(
            f"{self.name}: lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}"
            f"{hint if symbol else ''}; the file has: {listed(self.names)}"
            f"{'' if symbol else hint}"
        )

    def hint(self, missing: Sequence[str]) -> str:
        """How a person can name a column that is not there; empty where it is plainly not."""
        if list(missing) == ["symbol"]:
            return "; name it with SYMBOL= (--symbol)"
        first = next((one for one in missing if one != "symbol"), "")
        if first == "close" and (adjusted := self._adjusted()):
            return adjusted
        like = [place for place, why in self.meanings.unused.items() if not why]
        fitting = [place for place in like if _could_hold(first, self.columns[place])]
        if not fitting:
            return ""
        return f"; --columns {first}=NAME names the column that is meant"

    def _adjusted(self) -> str:
        adjusted = [place for place in self.meanings.unused if "adj" in plain(self.names[place])]
        if not adjusted:
            return ""
        return f"; --columns 'close={self.names[adjusted[0]].strip()}' takes the adjusted one"

    @functools.cached_property
    def doubts(self) -> tuple[str, ...]:
        """What the numbers say against the meanings of their columns."""
        told = self.convention
        sign = {".": "point", ",": "comma"}[told.decimal]
        indirect = f"its numbers are read with a decimal {sign}: {told.because}"
        doubts = (*_doubt_of_prices(self.numbers), *_doubt_of_volume(self))
        return doubts if told.sure else (indirect, *doubts)


def open_file(path: Path, asked: Format = AS_IT_IS) -> list[Source]:
    """Understand a file, or each member of an archive; raises BarFileError for no bars."""
    return [understood(content, asked) for content in contents(path)]


def understood(content: Content, asked: Format = AS_IT_IS) -> Source:
    """Understand one file's content."""
    raw = _raw(content, asked)
    names, notes = _names(content.name, raw, asked)
    long = _long(names, raw)
    meanings = meanings_of(content.name, long.names, long.columns, _for_long(asked, raw))
    columns = _used(content.name, long, meanings)
    if not columns:
        raise BarFileError(
            f"{content.name}: holds no bars: its header names {listed(names)}. --columns says what "
            "they mean, as --columns date=NAME,open=NAME,…"
        )
    said = [*raw.notes, *notes]
    if long.left_out:
        said.append(f"{long.left_out:,} cells of the table without any value are no bars")
    rows, repeated = _without_repeated_headers(long, meanings, columns)
    if repeated is not None:
        lines = raw.lines()[np.setdiff1d(long.rows, rows)]
        some = ", ".join(map(str, lines[:5])) + " …" * (len(lines) > 5)
        said.append(f"{raw.place} {some} left out, where the header is repeated")
        columns = {name: cells.filter(repeated) for name, cells in columns.items()}
    columns = _timed(columns)
    if {plain(name) for name in long.names} >= DATABENTO:
        columns, scaled_ = _descaled(columns)
        said += ["its prices are whole numbers of 1e-9 (Databento)"] * scaled_
    source = Source(
        content.name, content, raw, asked, long.names, tuple(long.columns), meanings,
        pa.table(columns), rows, (*said, *_unused(long.names, meanings)),
    )  # fmt: skip
    return _with_symbol(source)


def _raw(content: Content, asked: Format) -> Raw:
    named = set((asked.columns or {}).values())

    def is_named(cell: str) -> bool:
        return cell.strip() in named

    if content.is_parquet:
        return read_parquet(content)
    if content.is_workbook:
        return read_sheet(content, asked.sheet, is_named)
    text = decoded(content.name, content.data, asked.encoding)
    return read_text(content, text, delimiter=asked.delimiter, named=is_named)


def _names(file: str, raw: Raw, asked: Format) -> tuple[tuple[str, ...], list[str]]:
    if raw.names is not None:
        return raw.names, []
    if asked.order is not None:
        return ("",) * len(raw.columns), []
    names = names_by_evidence(raw.columns)
    if names is None:
        first = ", ".join(str(cells[0].as_py()) for cells in raw.columns if len(cells))
        raise BarFileError(
            f"{file}: has no header that names columns; its first row is {first[:80]!r}. Name them "
            "by their place, as --columns date,open,high,low,close,volume (- for one that is not "
            "used)"
        )
    return names, [f"has no header: by what they hold its columns are {', '.join(names)}"]


def _long(names: tuple[str, ...], raw: Raw) -> Long:
    if raw.pairs is None:
        return Long(names, raw.columns, np.arange(raw.rows))
    return made_long(names, raw.columns, raw.pairs)


def _for_long(asked: Format, raw: Raw) -> Format:
    return asked if raw.pairs is None else replace_order(asked)


def replace_order(asked: Format) -> Format:
    """A wide file's columns have names, and no order of their own."""
    return asked.model_copy(update={"order": None})


def _used(file: str, long: Long, meanings: Meanings) -> dict[str, pa.ChunkedArray]:
    ordered = [one for one in (*COLUMNS, "time", "created_at") if one in meanings.used]
    columns = {}
    for meaning in ordered:
        cells = plain_cells(file, meaning, long.columns[meanings.used[meaning]])
        _require_kind(file, meaning, cells)
        columns[meaning] = cells
    return columns


def _require_kind(file: str, meaning: str, cells: pa.ChunkedArray) -> None:
    """Arrow would make a number of a truth value or a span of time."""
    more = {"date": _MOMENTS, "created_at": _MOMENTS, "time": (pa.types.is_time,)}
    if not any(is_kind(cells.type) for is_kind in (*_CELLS, *more.get(meaning, ()))):
        raise BarFileError(
            f"{file}, column {meaning}: holds {cells.type}, of which no {_WANTED[meaning]} is read"
        )


def _without_repeated_headers(
    long: Long, meanings: Meanings, columns: dict[str, pa.ChunkedArray]
) -> tuple[Ints, pa.ChunkedArray | None]:
    """Files that were put together hold their header again: rows that are it, word for word."""
    checked = [
        (columns[meaning], long.names[meanings.used[meaning]])
        for meaning in ("date", "close")
        if meaning in columns
    ]
    if len(checked) < 2 or not all(is_text(cells) and name for cells, name in checked):
        return long.rows, None
    same = functools.reduce(pc.and_, (pc.equal(cells, name) for cells, name in checked))
    if not pc.any(same).as_py():
        return long.rows, None
    kept = pc.invert(pc.fill_null(same, False))
    return long.rows[kept.to_numpy()], kept


def _timed(columns: dict[str, pa.ChunkedArray]) -> dict[str, pa.ChunkedArray]:
    """Date and time of two columns in one."""
    if "time" not in columns:
        return columns
    time = columns.pop("time")
    if "date" in columns:
        columns["date"] = with_times(columns["date"], time)
    return columns


def _descaled(
    columns: dict[str, pa.ChunkedArray],
) -> tuple[dict[str, pa.ChunkedArray], bool]:
    prices = [name for name in ("open", "high", "low", "close") if name in columns]
    try:
        whole = {name: pc.cast(columns[name], pa.int64()) for name in prices}
    except pa.ArrowInvalid:
        return columns, False
    if not all(pc.all(pc.greater(abs_, LEAST)).as_py() for abs_ in map(pc.abs, whole.values())):
        return columns, False
    for name, cells in whole.items():
        known = pc.if_else(pc.equal(cells, NO_PRICE), pa.scalar(None, pa.int64()), cells)
        columns[name] = scaled(known, 9)
    return columns, True


def _unused(names: Sequence[str], meanings: Meanings) -> list[str]:
    """One line that names what is not used, but for columns without name or content."""
    said = [
        shown_name(names, place) + (f" ({why})" if why else "")
        for place, why in sorted(meanings.unused.items())
        if why != "blank"
    ]
    rivals = [shown_name(names, place) for places in meanings.rivals.values() for place in places]
    said += [f"{name} (the date again)" for name in rivals]
    return [f"not used: {', '.join(said)}"] if said else []


def _with_symbol(source: Source) -> Source:
    """The symbol that a person names, for every row that is no blank line.

    It stands for the one that the file shows; never for several.
    """
    symbol = source.asked.symbol
    own = "symbol" in source.cells.column_names
    if symbol is None:
        if not own:
            _refuse_other_places(source)
        return source
    named = pc.if_else(source.filled, pa.scalar(symbol), pa.scalar(None, pa.string()))
    if not own:
        return replace(source, cells=source.cells.add_column(0, "symbol", named))
    shown = pc.unique(symbols_in(source.cells["symbol"])).drop_null().to_pylist()
    if len(shown) > 1:
        raise BarFileError(
            f"{source.name}: has a symbol column already, with {len(shown)} symbols; leave "
            "--symbol out"
        )
    notes = (*source.notes, *(f"{symbol} (--symbol) in place of its {one}" for one in shown))
    place = source.cells.column_names.index("symbol")
    return replace(source, cells=source.cells.set_column(place, "symbol", named), notes=notes)


def with_symbol_of_name(source: Source) -> Source:
    """A file that shows no symbol has its own name as its symbol, which is said.

    Raises BarFileError for a name that looks like none.
    """
    if "symbol" in source.cells.column_names:
        return source
    name = source.content.stem.upper()
    if not _NAME_LIKE.fullmatch(name) or symbol_fault(name):
        raise BarFileError(
            f"{source.name}: has no symbol column, and its name is no symbol; name it with --symbol"
        )
    named = _with_symbol(replace(source, asked=source.asked.over(Format(symbol=name))))
    said = f"its symbol is taken from its name: {name} (--symbol names another)"
    return replace(named, notes=(*named.notes, said))


def _could_hold(meaning: str, cells: pa.ChunkedArray) -> bool:
    """Whether a column holds dates, or numbers, as a bar's column of that meaning does."""
    if meaning in ("date", "time", "created_at"):
        return holds_moments(cells)
    if not is_text(cells):
        return bool(meaning) and not pa.types.is_temporal(cells.type)
    texts = some_texts(cells)
    return bool(texts) and all(is_number(text) for text in texts)


def _refuse_other_places(source: Source) -> None:
    places = could_be_symbols(source.names, source.columns, source.meanings.unused)
    if places:
        names = [shown_name(source.names, place) for place in places]
        said = " or ".join(f"--columns 'symbol={name}'" for name in names)
        raise BarFileError(
            f"{source.name}: its column {' or '.join(names)} could hold the symbol; say {said}, or "
            "name the symbol with --symbol"
        )


def _doubt_of_prices(numbers: dict[str, pa.ChunkedArray]) -> list[str]:
    prices = ("open", "high", "low", "close")
    if not all(name in numbers for name in prices):
        return []
    try:
        open_, high, low, close = (
            pc.cast(numbers[name].slice(0, SOME), pa.float64()) for name in prices
        )
    except pa.ArrowInvalid:
        return []
    wrong = pc.or_(
        pc.less(high, pc.max_element_wise(open_, low, close)),
        pc.greater(low, pc.min_element_wise(open_, high, close)),
    )
    share = pc.mean(pc.cast(wrong, pa.float64())).as_py() or 0.0
    if share <= DOUBTED:
        return []
    return [
        f"in {share:.0%} of its rows the high is not the highest or the low not the lowest price: "
        "are these the right columns? (gate peek shows them, --columns names others)"
    ]


def _doubt_of_volume(source: Source) -> list[str]:
    ticks = [
        place
        for place, why in source.meanings.unused.items()
        if plain(source.names[place]) in ("tickvol", "tickvolume")
    ]
    if not ticks or "volume" not in source.numbers:
        return []
    try:
        volume = pc.cast(source.numbers["volume"].slice(0, SOME), pa.float64())
    except pa.ArrowInvalid:
        return []
    if pc.any(pc.not_equal(volume, 0)).as_py() is not False:
        return []
    name = source.names[ticks[0]]
    return [f"its volume is 0 throughout; the number of ticks is in --columns 'volume={name}'"]


def listed(names: Sequence[str]) -> str:
    """A file's columns for a message; one without a name by its place."""
    shown = [shown_name(names, place)[:NAME] for place in range(min(len(names), NAMES))]
    return ", ".join(shown) + (f" and {len(names) - NAMES} more" if len(names) > NAMES else "")


def symbols_in(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Only a blank cell is no symbol: NA is one. Spaces around one are for the gate to judge."""
    texts = pc.cast(cells, pa.string())
    blank = pc.equal(pc.utf8_trim_whitespace(texts), "")
    return pc.if_else(blank, pa.scalar(None, pa.string()), texts)


def without_blanks(cells: pa.ChunkedArray, blank: Sequence[str]) -> pa.ChunkedArray:
    """Texts without the spaces around them, null where they say that there is no value."""
    if not is_text(cells):
        return cells
    texts = pc.utf8_trim_whitespace(pc.cast(cells, pa.string()))
    return pc.if_else(pc.is_in(texts, pa.array(blank)), pa.scalar(None, pa.string()), texts)
