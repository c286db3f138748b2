"""How a file was understood, and what in it is uncertain."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gx.errors import BarFileError
from gx.files.dates.written import Moments
from gx.files.meaning.columns import is_text, shown_name
from gx.files.meaning.names import NUMBERS
from gx.files.read import bars_in, is_daily
from gx.files.source import Source
from gx.files.understand import with_symbol_of_name
from gx.suite.calendars import Calendars

SHOWN = 3
LONG = 5  # so many days lie between no two daily bars
_MINUTE = 60_000_000
_SIZES = {1: "1 minute", 5: "5 minutes", 15: "15 minutes", 30: "30 minutes", 60: "1 hour"}


@dataclass(frozen=True)
class Column:
    """A column of the file: what it means, or why it is not used, and a cell of it."""

    name: str
    meaning: str | None
    example: str
    why: str = ""


@dataclass
class Peek:
    """What there is to say of one file; ``fault`` is what keeps it from being read."""

    file: str
    container: str
    encoding: str | None
    delimiter: str | None
    header: str
    before: tuple[str, ...]
    columns: list[Column]
    rows: int
    torn: int
    decimal: str | None = None
    decimal_because: str = ""
    dates: str | None = None
    dates_because: str = ""
    zone: str | None = None
    symbols: list[str] = field(default_factory=list)
    symbol_count: int = 0
    symbol_from: str = ""
    bar_size: str | None = None
    first: list[dict[str, object]] = field(default_factory=list)
    last: list[dict[str, object]] = field(default_factory=list)
    uncertain: list[str] = field(default_factory=list)
    fault: str | None = None

    def lines(self) -> Iterator[str]:
        """The same for a person."""
        yield self.file
        yield from (f"  {name:<10} {said}" for name, said in self._said() if said)
        yield "  columns"
        width = max((len(column.name) for column in self.columns), default=0)
        for column in self.columns:
            meant = column.meaning or f"not used{f': {column.why}' if column.why else ''}"
            yield f"    {column.name:<{width}}  {meant:<12} {column.example}".rstrip()
        for said, bars in (("first bars", self.first), ("last bars", self.last)):
            if bars:
                yield f"  {said}"
                yield from ("    " + " ".join(map(_shown, bar.values())) for bar in bars)
        yield from (f"  uncertain  {one}" for one in self.uncertain)
        if self.fault:
            yield f"  cannot be read: {self.fault}"

    def _said(self) -> Iterator[tuple[str, str]]:
        yield "file", self.container + (f", {self.encoding}" if self.encoding else "")
        yield "delimiter", self.delimiter or ""
        yield "header", self.header
        yield "before it", "; ".join(self.before)
        yield "decimal", _because(self.decimal or "", self.decimal_because)
        yield "dates", _because(self.dates or "", self.dates_because)
        yield "zone", self.zone or ""
        more = f" and {self.symbol_count - len(self.symbols)} more"
        some = ", ".join(self.symbols) + (more if self.symbol_count > len(self.symbols) else "")
        yield "symbol", _because(some, self.symbol_from)
        yield "bars", self.bar_size or ""
        torn = f", and {self.torn:,} with too many cells or too few" if self.torn else ""
        yield "rows", f"{self.rows:,}{torn}"


def peek_at(source: Source, calendars: Calendars) -> Peek:
    """Look at a file that was understood; what it cannot be read for is told as its fault."""
    how = source.raw.how
    seen = Peek(
        source.name, how.container, how.encoding, how.delimiter, how.header, how.before,
        list(_columns(source)), len(source.cells), len(source.raw.torn),
    )  # fmt: skip
    for look in (_look_at_numbers, _look_at_dates, _look_at_bars):
        try:
            look(seen, source, calendars)
        except BarFileError as error:
            seen.fault = str(error).removeprefix(source.name).lstrip(":, ")
            break
    notes = [note for note in source.notes if not note.startswith("not used")]
    seen.uncertain += [*notes, *source.doubts] if seen.fault is None else notes
    return seen


def _columns(source: Source) -> Iterator[Column]:
    means = {place: meaning for meaning, place in source.meanings.used.items()}
    rivals = {place for places in source.meanings.rivals.values() for place in places}
    for place, cells in enumerate(source.columns):
        why = "the date again" if place in rivals else source.meanings.unused.get(place, "")
        yield Column(shown_name(source.names, place), means.get(place), _example(cells), why)


def _example(cells: pa.ChunkedArray) -> str:
    head = cells.slice(0, 100).to_pylist()
    first = next((str(cell) for cell in head if cell is not None and str(cell).strip()), "")
    return first if len(first) <= 40 else first[:39] + "…"


def _look_at_numbers(seen: Peek, source: Source, _calendars: Calendars) -> None:
    texts = [name for name in NUMBERS if name in source.cells.column_names]
    if any(is_text(source.cells[name]) for name in texts):
        seen.decimal = {".": "point", ",": "comma"}.get(source.convention.decimal)
        seen.decimal_because = source.convention.because


def _look_at_dates(seen: Peek, source: Source, calendars: Calendars) -> None:
    if "date" not in source.cells.column_names:
        raise source.lacking(["date"])
    found = source.moments(calendars)
    seen.dates, seen.dates_because = found.form, found.because
    seen.zone = _zone_of(source, found)
    seen.uncertain += [found.note] * bool(found.note)


def _zone_of(source: Source, found: Moments) -> str:
    if source.asked.zone:
        return f"{source.asked.zone} (--zone)"
    if found.stamps.instant is None:
        return "none" if found.stamps.are_dates else "none (--zone names one)"
    return "as the cells say" if "since 1970" not in found.form else "UTC"


def _look_at_bars(seen: Peek, source: Source, calendars: Calendars) -> None:
    own = "symbol" in source.cells.column_names
    named = with_symbol_of_name(source)
    _note_symbol(seen, source, named, own=own)
    table = bars_in(named, calendars=calendars)
    seen.bar_size = _bar_size(table)
    shown = [table.slice(0, SHOWN), table.slice(max(SHOWN, len(table) - SHOWN))]
    seen.first, seen.last = (part.to_pylist() for part in shown)


def _note_symbol(seen: Peek, source: Source, named: Source, *, own: bool) -> None:
    distinct = pc.unique(named.cells["symbol"]).drop_null()
    seen.symbol_count = len(distinct)
    seen.symbols = [str(one) for one in distinct.slice(0, 5).to_pylist()]
    place = source.meanings.used.get("symbol")
    if not own:
        seen.symbol_from = "the file's name"
        seen.uncertain.append(named.notes[-1])
    elif place is None:
        seen.symbol_from = "--symbol"
    else:
        wide = "the header" if source.raw.pairs else f"column {shown_name(source.names, place)}"
        seen.symbol_from = wide


def _bar_size(table: pa.Table) -> str:
    """Daily, or how far apart most bars within the day are."""
    first = table.filter(pc.equal(table["symbol"], table["symbol"][0])) if len(table) else table
    stamps = first["date"].drop_null().cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    steps = np.diff(np.sort(stamps))
    steps = steps[steps > 0]
    if is_daily(table):
        days = np.median(steps) / (24 * 60 * _MINUTE) if len(steps) else 1
        return "daily" if days < LONG else f"one in {days:g} days"
    if not len(steps):
        return "within the day"
    values, counts = np.unique(steps, return_counts=True)
    size = int(values[counts.argmax()])
    minutes = size / _MINUTE
    if minutes >= 24 * 60:
        return "daily, with a time of day"
    usual = _SIZES.get(int(minutes), f"{minutes:g} minutes")
    return usual if minutes >= 1 else f"{size / 1_000_000:g} seconds"


def _because(said: str, why: str) -> str:
    return f"{said} ({why})" if said and why else said


def _shown(value: object) -> str:
    return (
        "-"
        if value is None
        else f"{value:g}"
        if isinstance(value, float) and abs(value) < 1e5
        else str(value)
    )
