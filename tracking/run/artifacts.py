"""A run's artifact folder made equal to a local folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.store.artifact.artifact_repo import ArtifactRepository


def log_folder(run: "Run", folder: Path, tracking_uri: str, *, first_time: bool) -> None:
    """Send every file of the folder under its relative path.

    Files of an earlier attempt that are no longer in the folder are removed, so that a run never
    shows evidence from two attempts; `first_time` says that there can be none.
    """
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    repository = get_artifact_repository(run.info.artifact_uri, tracking_uri=tracking_uri)
    if not first_time:
        wanted = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
        for stale in sorted(set(_stored_files(repository)) - wanted):
            repository.delete_artifacts(stale)  # type: ignore[no-untyped-call]
    repository.log_artifacts(str(folder))  # type: ignore[no-untyped-call]


def _stored_files(repository: "ArtifactRepository", path: str | None = None) -> Iterator[str]:
    for entry in repository.list_artifacts(path):
        if entry.is_dir:
            yield from _stored_files(repository, entry.path)
        else:
            yield entry.path
