"""The folders of all runs in staging, read as they are and removed when they are old."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dags.staging.files import Folder
from dags.staging.layout import SUMMARY
from dags.staging.store import entries, faults_named, place_at
from dags.staging.summaries import read_summary

if TYPE_CHECKING:
    from dags.staging.store import Place

STEPS_FOLDER = "steps"


@dataclass(frozen=True)
class StagedFolder:
    """One run's folder; ``suite`` is empty without a verdict, ``size`` in bytes."""

    path: "Place"
    dag: str
    began: datetime
    last_written: datetime
    suite: str
    size: int

    @property
    def run(self) -> str:
        """The run's id made safe."""
        return str(self.path.name)

    def remove(self) -> None:
        """Remove the folder; one that is removed by half is still known as a run's."""
        with faults_named(self.path):
            for entry in sorted(entries(self.path), key=lambda e: e.name == STEPS_FOLDER):
                _remove(entry)
            _remove(self.path)


def staged_folders(url: str) -> Iterator[StagedFolder]:
    """Every run's folder below the staging URL; what is no run's folder is passed over."""
    root = place_at(url)
    with faults_named(root):
        for dag in _folders(root):
            for folder in _folders(dag):
                if (folder / STEPS_FOLDER).is_dir() or (folder / SUMMARY).is_file():
                    yield _staged(folder)


def _staged(folder: "Place") -> StagedFolder:
    stats = [path.stat() for path in folder.rglob("*") if path.is_file()]
    written = max((stat.st_mtime for stat in stats), default=folder.stat().st_mtime)
    # A store that does not tell the time says 0: what cannot be called old is kept.
    last_written = datetime.fromtimestamp(written, UTC) if written else datetime.now(UTC)
    summary = read_summary(Folder(folder))
    return StagedFolder(
        path=folder,
        dag=folder.parent.name,
        began=datetime.fromisoformat(summary.started) if summary else last_written,
        last_written=last_written,
        suite=summary.suite if summary and summary.state != "no_verdict" else "",
        size=sum(stat.st_size for stat in stats),
    )


def _folders(path: "Place") -> "list[Place]":
    return [entry for entry in entries(path) if entry.is_dir()] if path.exists() else []


def _remove(path: "Place") -> None:
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for entry in entries(path):
        _remove(entry)
    if path.exists():  # an object store has no empty folders
        path.rmdir()
