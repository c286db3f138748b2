"""The folders of all runs in staging, read as they are and removed when they are old."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dags.staging.layout import SUMMARY

STEPS_FOLDER = "steps"


@dataclass(frozen=True)
class StagedFolder:
    """One run's folder; ``suite`` is empty without a verdict, ``size`` in bytes."""

    path: Any  # a Path, or an ObjectStoragePath when staging is not on this machine
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
        with _named(self.path):
            for entry in sorted(self.path.iterdir(), key=lambda e: e.name == STEPS_FOLDER):
                _remove(entry)
            _remove(self.path)


def staged_folders(url: str) -> Iterator[StagedFolder]:
    """Every run's folder below the staging URL; what is no run's folder is passed over."""
    root = staging_root(url)
    with _named(root):
        for dag in _folders(root):
            for folder in _folders(dag):
                if (folder / STEPS_FOLDER).is_dir() or (folder / SUMMARY).is_file():
                    yield _staged(folder)


def _staged(folder: Any) -> StagedFolder:
    stats = [path.stat() for path in folder.rglob("*") if path.is_file()]
    written = max((stat.st_mtime for stat in stats), default=folder.stat().st_mtime)
    # A store that does not tell the time says 0: what cannot be called old is kept.
    last_written = datetime.fromtimestamp(written, UTC) if written else datetime.now(UTC)
    summary = _summary(folder)
    began = summary.get("started")
    return StagedFolder(
        path=folder,
        dag=folder.parent.name,
        began=datetime.fromisoformat(began) if began else last_written,
        last_written=last_written,
        suite=summary.get("suite", "") if summary.get("state") != "no_verdict" else "",
        size=sum(stat.st_size for stat in stats),
    )


def _summary(folder: Any) -> dict[str, Any]:
    """The run in short; empty for a run that never came to its last step."""
    try:
        found: dict[str, Any] = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return found


def staging_root(url: str) -> Any:
    """The folder at the staging URL: a Path on this machine, which a store's is not."""
    url = url.rstrip("/")
    if url.startswith("file://"):
        return Path(url.removeprefix("file://"))
    from dags.staging.store import folder_at

    return folder_at(url)


def _named(path: Any) -> AbstractContextManager[None]:
    """The faults of a store told in our own words; a disk's are clear as they are."""
    if isinstance(path, Path):
        return nullcontext()
    from dags.staging.store import faults_named

    return faults_named(path)


def _folders(path: Any) -> list[Any]:
    return [entry for entry in path.iterdir() if entry.is_dir()] if path.exists() else []


def _remove(path: Any) -> None:
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for entry in list(path.iterdir()):
        _remove(entry)
    if path.exists():  # an object store has no empty folders
        path.rmdir()
