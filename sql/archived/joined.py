"""Reading bars of a table as if those that were archived were still there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sql.archived.listed import Filed, Place, files_of, place_in
from sql.archived.rows import of_symbols, unpacked
from sql.copy_in import copy_in
from sql.errors import ArchiveError
from sql.source import OpenSource, quoted
from sql.statements import statement
from sql.terms import BAR

# Gives what is in a file, as it lies in the store.
Fetch = Callable[[Filed], bytes]
_ROWS, _FILE = "archived_rows", "archived in file"


@dataclass(frozen=True)
class Asked:
    """Which bars are wanted: of these symbols, between two moments (None: open).

    `newest`: of each symbol so many, the last ones; None for all.
    """

    symbols: Sequence[str]
    start: date | None = None
    end: date | None = None
    newest: int | None = None


def with_archived(bars: OpenSource, asked: Asked, fetch: Fetch | None) -> OpenSource:
    """The source with the archived bars that are asked for; itself where none are.

    Raises ArchiveError when there are some and they cannot be read: bars are never judged without
    them.
    """
    place = place_in(bars)
    if place is None or not place.listed:
        return bars
    files = files_of(bars.connection, place, asked.symbols, (asked.start, asked.end))
    if not files:
        return bars
    if fetch is None:
        raise ArchiveError(
            f"{len(files):,} files hold archived bars of {place.shown}, and whoever reads it here "
            "does not read them: gate archive --restore puts them back"
        )
    reading = _Reading(bars, place, asked, fetch)
    if asked.newest is None:
        for file in files:
            reading.load(file)
    else:
        reading.load_newest(files, asked.newest)
    return reading.joined()


def archived_symbols(bars: OpenSource) -> set[str]:
    """The symbols of which bars are archived; no file is read for it."""
    place = place_in(bars)
    if place is None:
        return set()
    return {symbol for file in files_of(bars.connection, place) for symbol in file.symbols}


class _Reading:
    def __init__(self, bars: OpenSource, place: Place, asked: Asked, fetch: Fetch) -> None:
        self._bars, self._place, self._asked, self._fetch = bars, place, asked, fetch
        self._loaded = False

    def joined(self) -> OpenSource:
        """The source as it is with what was loaded."""
        return replace(self._bars, joined=_union(self._bars)) if self._loaded else self._bars

    def load(self, file: Filed) -> None:
        """Put the bars of a file beside the table."""
        raw = self._fetch(file)
        rows = unpacked(raw, file.digest, file.file)
        source = self._bars.source
        lacking = [
            source.column(one)
            for one in BAR
            if source.column(one) not in rows.column_names
            and not (one == "symbol" and source.symbol is not None)
        ]
        if lacking:
            raise ArchiveError(
                f"{file.file} has no column {', '.join(lacking)}, only "
                f"{', '.join(rows.column_names)}: {self._place.shown} had other columns when its "
                "bars were archived. Give the columns their names of then"
            )
        if source.symbol is None:
            wanted = set(self._asked.symbols) & set(file.symbols)
            rows = of_symbols(rows, source.column("symbol"), sorted(wanted))
        if not self._loaded:
            self._stage()
        known = [name for name in rows.column_names if name in self._bars.types]
        rows = rows.select(known)
        number = [str(file.id)] * rows.num_rows
        copy_in(self._bars.connection, _ROWS, rows.append_column(_FILE, [number]))

    def load_newest(self, files: Sequence[Filed], newest: int) -> None:
        """Load files, the newest first, until none can hold one of each symbol's last bars."""
        deep = self._deep(newest)
        for file in sorted(files, key=lambda one: one.last_moment, reverse=True):
            wanted = set(file.symbols) & set(self._asked.symbols)
            if any(one not in deep or file.last_moment >= deep[one] for one in wanted):
                self.load(file)
                deep = self._deep(newest)

    def _stage(self) -> None:
        """A table as theirs, which is gone at the end of the transaction."""
        columns = ", ".join(f"given.{quoted(one)}" for one in self._bars.types)
        columns += f", null::bigint as {quoted(_FILE)}"
        stage = statement("queries/archive_stage").format(columns=columns, table=self._place.quoted)
        self._bars.connection.exec_driver_sql(stage, {})
        self._loaded = True

    def _deep(self, newest: int) -> Mapping[str, datetime]:
        bars, asked = self.joined(), self._asked
        day = "date" if bars.source.daily else "timestamptz"
        query = statement("queries/archive_deep").replace("{moment}", f"bar.date::{day}")
        bound = {"symbols": list(asked.symbols), "end": asked.end, "newest": newest}
        found = bars.connection.exec_driver_sql(bars.text(query), bound)
        return {one.symbol: one.moment for one in found}


def _union(bars: OpenSource) -> str:
    """The rows of the table and those of the files, in SQL.

    Where the table holds no bar twice, one that came again takes the place of its archived form, as
    it would have taken that of its stored one.
    """
    columns = ", ".join(quoted(one) for one in bars.types)
    both = f"select {columns} from {bars.place}\nunion all\nselect {columns} from"  # noqa: S608
    if not bars.has_key():
        return f"(\n{both} {_ROWS}\n)"
    kept = statement("queries/archive_kept").replace("{table}", bars.place)
    for meaning in ("symbol", "date"):
        kept = kept.replace(f"{{{meaning}}}", quoted(bars.source.column(meaning)))
    return f"(\n{both} (\n{kept}\n) as kept\n)"
