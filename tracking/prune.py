"""Removing old runs from MLflow, with their artifacts."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tracking.client import failures_named, open_client
from tracking.history.trends import KIND_TAG, TREND
from tracking.run.children import child_runs
from tracking.run.record import RUN_KEY_TAG
from tracking.store import TrackingStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow import MlflowClient
    from mlflow.entities import FileInfo, Run
    from mlflow.store.artifact.artifact_repo import ArtifactRepository

_PAGE = 1000


@dataclass(frozen=True)
class PrunableRun:
    """A run that `log_run` made; ``last_used`` is when it ended, or began if it has no end."""

    run_id: str
    experiment_id: str
    run_key: str
    began: datetime
    last_used: datetime
    running: bool
    artifact_uri: str


class TrackedHistory:
    """The runs of one experiment that DAG runs left, and how to remove them.

    Raises StoreUnreachableError and TrackingError, as `log_run` does.
    """

    def __init__(self, store: TrackingStore) -> None:
        """Open the store; takes seconds, of which MLflow's import is most."""
        self.store = store
        self._client: MlflowClient = open_client(store)

    @property
    def for_good(self) -> bool:
        """Whether removed runs are gone; a server keeps their records until `mlflow gc` there."""
        return not self.store.is_server

    def runs(self) -> list[PrunableRun]:
        """Every run with a run key, also what a database keeps in MLflow's trash."""
        with failures_named(self.store, "the runs could not be listed"):
            experiment = self._client.get_experiment_by_name(self.store.experiment)
            if experiment is None:
                return []
            found = self._search(experiment.experiment_id)
            # A trend holds the points of many DAG runs, and belongs to none of them.
            return [_tracked(run) for run in found if run.data.tags.get(KIND_TAG) != TREND]

    def artifact_bytes(self, run: PrunableRun) -> int:
        """The size of the run's artifacts."""
        with failures_named(self.store, f"the artifacts of run {run.run_id} could not be listed"):
            return sum(file.file_size or 0 for file in _files(self._artifacts(run)))

    def remove(self, run: PrunableRun) -> None:
        """Remove artifacts, then parts, then the run: broken off in between it is found again."""
        with failures_named(self.store, f"run {run.run_id} could not be removed"):
            self._artifacts(run).delete_artifacts()  # type: ignore[no-untyped-call]
            _drop_empty_folder(run)
            for part in child_runs(self._client, run.experiment_id, run.run_id).values():
                self._remove_record(part)
            self._remove_record(run.run_id)

    def _remove_record(self, run_id: str) -> None:
        if self.for_good:
            # What `mlflow gc` calls; the client itself only moves a run to the trash.
            self._client._tracking_client.store._hard_delete_run(run_id)
        else:
            self._client.delete_run(run_id)

    def _search(self, experiment_id: str) -> "Iterator[Run]":
        from mlflow.entities import ViewType

        view = ViewType.ALL if self.for_good else ViewType.ACTIVE_ONLY
        wanted, token = f"tags.`{RUN_KEY_TAG}` LIKE '%'", None
        while True:
            page = self._client.search_runs([experiment_id], wanted, view, _PAGE, None, token)
            yield from page
            token = page.token
            if not token:
                return

    def _artifacts(self, run: PrunableRun) -> "ArtifactRepository":
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        return get_artifact_repository(run.artifact_uri, tracking_uri=self._client.tracking_uri)


def _tracked(run: "Run") -> PrunableRun:
    info = run.info
    return PrunableRun(
        run_id=info.run_id,
        experiment_id=info.experiment_id,
        run_key=run.data.tags[RUN_KEY_TAG],
        began=_moment(info.start_time),
        last_used=_moment(info.end_time or info.start_time),
        running=info.status == "RUNNING",
        artifact_uri=info.artifact_uri,
    )


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _files(artifacts: "ArtifactRepository", path: str | None = None) -> "Iterator[FileInfo]":
    for entry in artifacts.list_artifacts(path):
        if entry.is_dir:
            yield from _files(artifacts, entry.path)
        else:
            yield entry


def _drop_empty_folder(run: PrunableRun) -> None:
    """On a disk MLflow leaves the folder that is named after the run."""
    parts = urlsplit(run.artifact_uri)
    folder = Path(unquote(parts.path)).parent
    on_disk = parts.scheme in ("", "file") and folder.name == run.run_id and folder.is_dir()
    if on_disk and not any(folder.iterdir()):
        folder.rmdir()
