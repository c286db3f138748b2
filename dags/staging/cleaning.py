"""Dropping the bars of runs that nobody wrote to for long, from a disk or from a store."""

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from dags.staging.layout import HEAVY, PARTITIONS
from dags.staging.store import on_disk

if TYPE_CHECKING:
    from dags.staging.store import Place

MARKER = "steps/extract.json"


def drop_bars(folder: "Place", *, spare: str, before: datetime) -> list[str]:
    """Drop the bars of the runs in ``folder`` but for the run ``spare``; returns their names.

    A run is old when its last extract began before ``before``.
    """
    if path := on_disk(folder):
        return _on_disk(path, spare, before)
    assert not isinstance(folder, Path)
    return _in_store(folder.fs, folder.path, spare, before)


def _on_disk(runs: Path, spare: str, before: datetime) -> list[str]:
    cleaned = []
    for folder in runs.iterdir():
        heavy = _heavy(folder) if folder.name != spare else []
        marker = folder / MARKER
        if heavy and marker.exists() and marker.stat().st_mtime < before.timestamp():
            for path in heavy:
                path.unlink(missing_ok=True)  # another run may clean at this very moment
            cleaned.append(folder.name)
    return cleaned


def _heavy(folder: Path) -> list[Path]:
    """What makes a run's folder big, in its partitions too."""
    partitions = folder / PARTITIONS
    folders = [folder, *(partitions.iterdir() if partitions.exists() else ())]
    return [path for part in folders for name in HEAVY if (path := part / name).exists()]


def _in_store(store: Any, runs: str, spare: str, before: datetime) -> list[str]:
    """One listing says what there is: a question for each file of each run would take minutes."""
    root, heavy, begun = PurePosixPath(runs), defaultdict(list), set()
    for name in store.find(runs):
        run, *rest = PurePosixPath(name).relative_to(root).parts
        if rest and rest[-1] in HEAVY:
            heavy[run].append(name)
        if "/".join(rest) == MARKER:
            begun.add(run)
    cleaned = []
    for run in sorted(heavy.keys() & begun - {spare}):
        written = store.modified(str(root / run / MARKER))
        if written.astimezone(UTC) < before:
            for name in heavy[run]:
                store.rm_file(name)
            cleaned.append(run)
    return cleaned
