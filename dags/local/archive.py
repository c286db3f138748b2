"""`gate archive`: old bars into files, back into their table, and what is where."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from getpass import getuser
from pathlib import Path

from dags.archive.work import Archived, Progress, Restored, archive, archived_files, restore
from dags.errors import RequestError
from dags.local.datasets import as_airflow
from dags.local.services import services
from dags.run.request import parse_date
from dags.run.settings import Settings
from gx.dataset.model import Dataset
from gx.dataset.read import read_dataset
from gx.report.columns import TextColumn, room, table_lines
from gx.report.sentences import counted
from gx.statuses import DONE
from sql.archived.listed import Filed

_COLUMNS = (
    TextColumn("file"),
    TextColumn("bars", numbers=True),
    TextColumn("symbols", numbers=True),
    TextColumn("from"),
    TextColumn("to"),
    TextColumn("archived"),
    TextColumn("by"),
)


@dataclass(frozen=True)
class Typed:
    """What somebody typed behind `gate archive`."""

    before: str | None
    listing: bool
    restoring: bool
    to: str | None
    year: int | None
    symbols: Sequence[str]
    dry_run: bool
    as_json: bool


def archive_command(var: Path, name: str, typed: Typed) -> int:
    """Archive, restore or list, whichever of the three was typed."""
    if (typed.before is not None) + typed.listing + typed.restoring != 1:
        raise RequestError("say one of --before YYYY-MM-DD, --restore and --list")
    _refuse_idle(typed)
    dataset = read_dataset(name)
    with _settings(var, dataset) as settings:
        if typed.listing:
            return _list(archived_files(dataset, settings), as_json=typed.as_json)
        if typed.restoring:
            return _restore(dataset, settings, typed)
        return _archive(dataset, settings, typed)


def _refuse_idle(typed: Typed) -> None:
    """Options that would say nothing."""
    if not typed.restoring and (typed.year is not None or typed.symbols):
        raise RequestError("--year and --symbol say what to restore: add --restore")
    if typed.before is None and (typed.to is not None or typed.dry_run):
        raise RequestError("--to and --dry-run are about archiving: add --before YYYY-MM-DD")


@contextmanager
def _settings(var: Path, dataset: Dataset) -> Iterator[Settings]:
    with services(var) as found, as_airflow(found.environment, dataset):
        yield Settings.of(found.environment)


def _archive(dataset: Dataset, settings: Settings, typed: Typed) -> int:
    before = parse_date(typed.before)
    if before is None:
        raise RequestError("--before wants a date: write it as YYYY-MM-DD")
    done = archive(
        dataset,
        before,
        settings,
        by=getuser(),
        to=typed.to,
        dry_run=typed.dry_run,
        told=_tell,
    )
    if typed.as_json:
        _print_json(asdict(done))
    else:
        print("\n".join(archived_lines(done, dry_run=typed.dry_run)))
    return DONE


def archived_lines(done: Archived, *, dry_run: bool) -> Iterator[str]:
    """What was archived, or would be, in sentences."""
    if not done.bars:
        yield f"{done.dataset} has no bars before {done.before}: nothing to archive"
        return
    first, last = done.years[0], done.years[-1]
    years = f"from {first} to {last}" if first < last else f"of {first}"
    what = f"{counted(done.bars, 'bar')} of {counted(done.symbols, 'symbol')} {years}"
    files = counted(done.files, "file")
    if dry_run:
        yield (
            f"would move {what}, about {megabytes(done.table_bytes)} in the table, into "
            f"{files} at {done.place}"
        )
    else:
        yield (
            f"moved {what} into {files} of {megabytes(done.bytes)} at {done.place} "
            f"in {done.seconds:,.1f} s"
        )
        yield "runs read them as before; gate archive --restore puts them back"
        yield "the table's room is free for new bars; vacuum full gives it back to the disk"
    if done.views:
        yield f"note: these views read the table, and have them no more: {', '.join(done.views)}"


def megabytes(size: int) -> str:
    """A size for people."""
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size / 1e3:,.1f} KB"


def _restore(dataset: Dataset, settings: Settings, typed: Typed) -> int:
    done = restore(
        dataset, settings, by=getuser(), year=typed.year, symbols=typed.symbols, told=_tell
    )
    if typed.as_json:
        _print_json(asdict(done))
    else:
        print("\n".join(restored_lines(done)))
    return DONE


def restored_lines(done: Restored) -> Iterator[str]:
    """What was put back, in sentences."""
    if not done.files:
        yield f"{done.dataset} has no such archived bars"
        return
    files = counted(done.files, "file")
    yield f"put back {counted(done.bars, 'bar')} from {files} in {done.seconds:,.1f} s"
    if done.newer:
        yield f"{done.newer:,} more are in the table already, as they came later: those stay"
    yield "the files stay where they are"


def _list(files: Sequence[Filed], *, as_json: bool) -> int:
    if as_json:
        _print_json([asdict(one) for one in files])
        return DONE
    if not files:
        print("nothing is archived")
        return DONE
    rows = [
        (
            f"{one.place}/{one.file}" if one.place else one.file,
            f"{one.rows:,}",
            f"{len(one.symbols):,}",
            f"{one.first_moment:%Y-%m-%d}",
            f"{one.last_moment:%Y-%m-%d}",
            f"{one.archived_at:%Y-%m-%d}",
            one.archived_by,
        )
        for one in sorted(files, key=lambda one: (one.first_moment, one.file))
    ]
    print("\n".join(table_lines(_COLUMNS, rows, room())))
    size, bars = sum(one.bytes for one in files), sum(one.rows for one in files)
    print(f"{counted(bars, 'bar')} in {counted(len(files), 'file')} of {megabytes(size)}")
    return DONE


def _print_json(what: object) -> None:
    print(json.dumps(what, indent=1, default=str, ensure_ascii=False))


def _tell(so_far: Progress) -> None:
    print(so_far.sentence, file=sys.stderr)
