"""Archiving: a file is written, read back and compared, and then its rows are deleted."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from sqlalchemy import Engine

from dags.archive.files import ArchiveFiles, fetcher, file_name, url_of
from dags.errors import RequestError
from dags.run.datasets import published_at, read_from, source_of
from dags.run.settings import Settings
from gx.dataset.model import Dataset
from gx.dataset.read import dataset_names, read_dataset
from gx.errors import GateError
from gx.report.sentences import counted
from sql.archived.listed import Filed, files_of, place_in
from sql.archived.move import NewFile, Old, divided, old_bars, put_back, rows_in, take_out
from sql.archived.rows import digest_of, packed, unpacked
from sql.archived.table import Archivable, Span, reader_fault, require_archivable
from sql.audit import Action, note
from sql.connection import connected
from sql.errors import ArchiveError, BarStoreError
from sql.source import Source, opened

# A file of so many bars takes some 10 MB, and a reader of it some 100 MB for a moment.
MOST_ROWS = 250_000
# How often the rows of a file are read again when somebody changes them meanwhile.
_TRIES = 3


@dataclass(frozen=True)
class Archived:
    """What was archived, or would be: `bytes` in the files, `table_bytes` in the table.

    `views` read the table, and have lost these bars.
    """

    dataset: str
    before: date
    bars: int
    symbols: int
    years: tuple[int, ...]
    files: int
    bytes: int
    table_bytes: int
    place: str
    views: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class Restored:
    """What was put back; `newer` bars of the files were in the table already, and stayed."""

    dataset: str
    bars: int
    newer: int
    files: int
    seconds: float


@dataclass(frozen=True)
class Progress:
    """How many files are done, of how many, and their bars."""

    files: int
    of: int
    bars: int
    name: str

    @property
    def sentence(self) -> str:
        """For people."""
        files, bars = counted(self.of, "file"), counted(self.bars, "bar")
        return f"{self.files:,} of {files}, {bars}: {self.name}"


Told = Callable[[Progress], None]


@dataclass(frozen=True)
class Part:
    """What a file is to hold: symbols one behind the other, in a year, and how many bars."""

    year: int
    symbols: tuple[str, ...]
    rows: int

    @property
    def files(self) -> int:
        """One, but for a symbol that has more bars in the year than a file is to have."""
        return -(-self.rows // MOST_ROWS)


def archive(
    dataset: Dataset,
    before: date,
    settings: Settings,
    *,
    by: str,
    to: str | None = None,
    dry_run: bool = False,
    told: Told = lambda _: None,
) -> Archived:
    """Move the bars before a day into files; a bar leaves the table once its file has it.

    Raises RequestError, ArchiveError for what cannot be, before anything is done; StagingError for
    a store that fails, DatabaseLostError. What was archived until then stays so, and the next time
    goes on.
    """
    began = time.monotonic()
    if before > datetime.now(UTC).date():
        raise RequestError(f"{before} is not over yet: archive what lies before a day of the past")
    files = ArchiveFiles(to or settings.archive_root)
    with connected(read_from(dataset, settings)) as engine:
        source = source_of(dataset)
        table = require_archivable(engine, source, only_look=dry_run)
        _refuse_readers(dataset, engine, table)
        cut = _moment(dataset, before)
        old = old_bars(engine, source, table, cut)
        plan = list(parts(old, MOST_ROWS))
        place = None if files.url == url_of(settings.archive_root) else files.url
        found = Archived(
            dataset=dataset.name,
            before=before,
            bars=sum(one.rows for one in old),
            symbols=len({one.symbol for one in old}),
            years=tuple(sorted({one.year for one in old})),
            files=sum(one.files for one in plan),
            bytes=0,
            table_bytes=sum(one.bytes for one in old),
            place=files.url,
            views=table.views,
        )
        if dry_run or not old:
            return found
        of = f"{counted(found.bars, 'bar')} of {counted(found.symbols, 'symbol')}"
        what = f"{of} before {before}, to {files.url}"
        _audit(dataset, settings, "archive", by, what)
        mover = _Mover(engine, source, table, files, place, dataset.name, by)
        done, size, number = 0, 0, 0
        for number, (year, span) in enumerate(mover.spans(plan, cut), 1):
            moved = mover.move(span, year)
            done, size = done + moved.rows, size + moved.bytes
            told(Progress(number, found.files, done, moved.name))
    return replace(found, bars=done, bytes=size, files=number, seconds=time.monotonic() - began)


def restore(
    dataset: Dataset,
    settings: Settings,
    *,
    by: str,
    year: int | None = None,
    symbols: Sequence[str] = (),
    told: Told = lambda _: None,
) -> Restored:
    """Put archived bars back into the table, of one year or of some symbols; the files stay.

    Raises ArchiveError, StagingError as `archive` does; what was put back until then stays.
    """
    began = time.monotonic()
    fetch, source = fetcher(settings), source_of(dataset)
    with connected(read_from(dataset, settings)) as engine:
        table = require_archivable(engine, source, back=True)
        wanted = [
            one
            for one in archived_files(dataset, settings)
            if year in (None, one.year) and (not symbols or set(symbols) & set(one.symbols))
        ]
        unknown = set(symbols) - {symbol for one in wanted for symbol in one.symbols}
        if unknown:
            raise RequestError(f"no archived bars of {', '.join(sorted(unknown))}")
        if not wanted:
            return Restored(dataset.name, 0, 0, 0, time.monotonic() - began)
        of = f"archived bars of {', '.join(sorted(symbols))}" if symbols else "archived bars"
        of += f" of {year}" if year is not None else ""
        _audit(dataset, settings, "restore", by, f"{of}, from {counted(len(wanted), 'file')}")
        bars = newer = 0
        # The newest first: a bar that was archived twice comes back as it was last.
        for number, file in enumerate(reversed(wanted), 1):
            mine = [one for one in file.symbols if not symbols or one in symbols]
            rows = unpacked(fetch(file), file.digest, file.file)
            done = put_back(engine, source, table, file=file, rows=rows, symbols=mine, by=by)
            if done is not None:
                bars, newer = bars + done.rows, newer + done.newer
            told(Progress(number, len(wanted), bars, file.file))
    return Restored(dataset.name, bars, newer, len(wanted), time.monotonic() - began)


def archived_files(dataset: Dataset, settings: Settings) -> list[Filed]:
    """The files that hold archived bars of a dataset's table, the oldest archived first."""
    with connected(read_from(dataset, settings)) as engine, engine.connect() as connection:
        place = place_in(opened(connection, source_of(dataset)))
        return [] if place is None else files_of(connection, place)


def parts(old: Sequence[Old], most: int) -> Iterator[Part]:
    """Parts of at most ``most`` bars, of one year and of symbols that follow each other.

    A symbol with more in a year is a part. ``old`` is in order of years, and of symbols in each.
    """
    begun: list[Old] = []
    for one in old:
        if begun and (one.year != begun[0].year or _rows(begun) + one.rows > most):
            yield _part(begun)
            begun = []
        begun.append(one)
    if begun:
        yield _part(begun)


def _part(of: Sequence[Old]) -> Part:
    return Part(of[0].year, tuple(one.symbol for one in of), _rows(of))


def _rows(of: Sequence[Old]) -> int:
    return sum(one.rows for one in of)


@dataclass(frozen=True)
class _Moved:
    rows: int
    bytes: int
    name: str


@dataclass(frozen=True)
class _Mover:
    engine: Engine
    source: Source
    table: Archivable
    files: ArchiveFiles
    place: str | None
    dataset: str
    by: str

    def spans(self, plan: Sequence[Part], cut: date) -> Iterator[tuple[int, Span]]:
        """What each file is to hold, and of which year."""
        for part in plan:
            first, end = date(part.year, 1, 1), date(part.year + 1, 1, 1)
            span = Span(part.symbols, first, min(end, cut, key=_instant))
            one = part.files == 1
            spans = [span] if one else divided(*self.of, span, MOST_ROWS)
            yield from ((part.year, each) for each in spans)

    @property
    def of(self) -> tuple[Engine, Source, Archivable]:
        """The table that it is about."""
        return self.engine, self.source, self.table

    def move(self, span: Span, year: int) -> _Moved:
        """Write a file, read it back from the store, and delete exactly what it holds."""
        for _ in range(_TRIES):
            rows = rows_in(*self.of, span)
            if not rows.num_rows:
                return _Moved(0, 0, "nothing is left of it")
            digest = digest_of(rows)
            name = file_name(self.dataset, year, span.symbols, digest)
            raw = packed(rows, self._about(digest, rows.num_rows))
            self.files.write(name, raw)
            kept = unpacked(self.files.read(name), digest, f"{self.files.url}/{name}")
            file = NewFile(self.place, name, digest, len(raw))
            if take_out(*self.of, span=span, filed=(file, kept), by=self.by):
                return _Moved(rows.num_rows, len(raw), name)
        raise ArchiveError(
            f"bars of {self.table.place.shown} in {year} ({span.symbols[0]} to "
            f"{span.symbols[-1]}) change while they are archived, or its triggers keep them: "
            f"{_TRIES} times not all were as they had been read. They stay in the table; archive "
            "again when nobody writes there"
        )

    def _about(self, digest: str, rows: int) -> dict[str, str]:
        return {
            "dataset": self.dataset,
            "table": self.table.place.shown,
            "rows": str(rows),
            "digest": digest,
            "values": "as PostgreSQL writes them (dates ISO, times in UTC)",
        }


def _refuse_readers(dataset: Dataset, engine: Engine, table: Archivable) -> None:
    """Refuse where another dataset reads this table in a way that does not lead to the archive."""
    for name in dataset_names():
        try:
            other = read_dataset(name)
        except GateError:  # a broken file is its own workflow's to tell
            continue
        if name == dataset.name or other.source.connection != dataset.source.connection:
            continue
        try:
            fault = reader_fault(engine, source_of(dataset), source_of(other), table.place)
        except BarStoreError:  # it cannot be read at all
            continue
        if fault:
            raise ArchiveError(
                f"the dataset {name} reads {table.place.shown}, too, {fault}, and would not find "
                f"what is archived: let it read the table as {dataset.name} does, or leave these "
                "bars where they are"
            )


def _audit(dataset: Dataset, settings: Settings, action: Action, by: str, what: str) -> None:
    """Tell it before it begins: no bar is moved of which nobody would know by whom."""
    with connected(published_at(dataset, settings)) as engine, engine.begin() as connection:
        note(connection, action=action, who=by, what=what, why="")


def _moment(dataset: Dataset, before: date) -> date:
    """The first moment that stays; of daily bars the day."""
    if dataset.is_daily:
        return before
    from gx.dataset.sessions import moments_of  # what knows calendars takes a second

    first, _ = moments_of(dataset, before, None)
    assert first is not None
    return first


def _instant(moment: date) -> datetime:
    if isinstance(moment, datetime):
        return moment.astimezone(UTC)
    return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
