"""A file understood: its cells under a bar's meanings, and how that was decided.

Whoever judges bars and whoever stores them reads the same thing: texts, as the file has them.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gx.errors import BarFileError
from gx.files.asked.format import Format
from gx.files.dates.day_fit import by_calendar, sessions_around
from gx.files.dates.forms import Form
from gx.files.dates.stamps import Ints
from gx.files.dates.written import Moments, Sessions, in_utc, moments_of
from gx.files.layout.kinds import is_number
from gx.files.meaning.columns import (
    Meanings,
    holds_moments,
    is_text,
    shown_name,
    some_texts,
)
from gx.files.meaning.doubts import (
    doubt_of_points,
    doubt_of_prices,
    doubt_of_turnover,
    doubt_of_unadjusted,
    doubt_of_volume,
)
from gx.files.meaning.missing import NO_DATE
from gx.files.meaning.names import COLUMNS, NUMBERS, names_utc, plain
from gx.files.meaning.numbers import (
    POINT,
    Convention,
    as_floats,
    convention_of,
    numbers_as_text,
    plain_numbers,
)
from gx.files.opening.containers import Content
from gx.files.opening.parquet import plain_cells
from gx.files.opening.raw import Raw
from gx.suite.calendars import Calendars

AS_IT_IS = Format()
NAME, NAMES = 60, 30  # as much of names is shown


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
            dates=self.cells["date"] if "date" in self.cells.column_names else None,
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
        doubts = (
            *doubt_of_prices(self.numbers),
            *doubt_of_points(self.numbers),
            *doubt_of_unadjusted(self.names, self.meanings),
            *doubt_of_volume(self.names, self.meanings, self.numbers),
            *doubt_of_turnover(self.names, self.meanings, self.numbers, self.columns),
        )
        return doubts if told.sure else (indirect, *doubts)


def _could_hold(meaning: str, cells: pa.ChunkedArray) -> bool:
    """Whether a column holds dates, or numbers, as a bar's column of that meaning does."""
    if meaning in ("date", "time", "created_at"):
        return holds_moments(cells)
    if not is_text(cells):
        return bool(meaning) and not pa.types.is_temporal(cells.type)
    texts = some_texts(cells)
    return bool(texts) and all(is_number(text) for text in texts)


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
