"""What MLflow holds of a run's artifacts at this moment, by digest.

A server is asked over HTTP: importing MLflow would cost the pages 5 s and 200 MB.
"""

import base64
import hashlib
import http.client
import json
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlencode, urlsplit

from tracking.client import failures_named, open_client
from tracking.errors import StoreUnreachableError, UnknownRunError
from tracking.store import TrackingStore

if TYPE_CHECKING:
    from mlflow import MlflowClient

SECONDS = 5
# Far more than a run leaves: a run that was filled up is told apart by its first 1,000 files.
MOST_FILES = 1_000


@dataclass(frozen=True)
class TrackedFile:
    """A file that MLflow holds; `bytes` is its size as MLflow says."""

    path: str
    bytes: int


class _Source(Protocol):
    def files(self) -> Iterator[TrackedFile]:
        """Every file of the run."""

    def sha256(self, path: str) -> str:
        """The digest of a file."""


def stored_digests(
    store: TrackingStore, run_id: str, sizes: Mapping[str, int]
) -> dict[str, str | None]:
    """The sha256 of each artifact of the run by its path.

    Only files that ``sizes`` names with the very size are read; others are None, so that nobody can
    have a gigabyte read. Raises UnknownRunError when the run is gone or in the trash,
    StoreUnreachableError when MLflow does not answer, or not what was asked.
    """
    if store.is_server:
        return _digests(_Server(store, run_id), sizes)
    client = open_client(store)
    with failures_named(store, "the run could not be read", StoreUnreachableError):
        return _digests(_Database(client, run_id), sizes)


def _digests(source: _Source, sizes: Mapping[str, int]) -> dict[str, str | None]:
    return {
        file.path: source.sha256(file.path) if sizes.get(file.path) == file.bytes else None
        for file in source.files()
    }


class _Server:
    """A run on an MLflow server."""

    def __init__(self, store: TrackingStore, run_id: str) -> None:
        self._store, self._run_id = store, run_id
        address = urlsplit(store.client_uri)
        self._root = address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()
        user = unquote(address.username or "") or os.environ.get("MLFLOW_TRACKING_USERNAME", "")
        password = address.password and unquote(address.password)
        password = password or os.environ.get("MLFLOW_TRACKING_PASSWORD", "")
        login = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {login}"} if user else {}

    def files(self) -> Iterator[TrackedFile]:
        """Every file of the run."""
        run = self._json("runs/get", run_id=self._run_id)["run"]
        _require_active(run["info"]["lifecycle_stage"], self._run_id)
        folders, number = [""], 0
        while folders and number < MOST_FILES:
            folder = folders.pop()
            path = {"path": folder} if folder else {}
            for entry in self._json("artifacts/list", run_id=self._run_id, **path).get("files", ()):
                number += 1
                if entry.get("is_dir"):
                    folders.append(entry["path"])
                else:
                    yield TrackedFile(entry["path"], int(entry.get("file_size", 0)))

    def sha256(self, path: str) -> str:
        """The digest of a file."""
        query = urlencode({"run_uuid": self._run_id, "path": path})
        with self._opened(f"/get-artifact?{query}") as answer:
            return hashlib.file_digest(answer, "sha256").hexdigest()

    def _json(self, what: str, **query: str) -> Any:
        with self._opened(f"/api/2.0/mlflow/{what}?{urlencode(query)}") as answer:
            return json.load(answer)

    @contextmanager
    def _opened(self, path: str) -> Iterator[Any]:
        request = urllib.request.Request(self._root + path, headers=self._headers)
        label = self._store.label
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                yield answer
        except urllib.error.HTTPError as error:
            if error.code == 404:
                raise UnknownRunError(f"MLflow has no run {self._run_id} any more") from None
            raise StoreUnreachableError(
                f"{label} answered {error.code}; see that it is well, and that "
                "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD are right"
            ) from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise StoreUnreachableError(f"{label} does not answer ({reason})") from None


class _Database:
    """A run for those who have MLflow's database and no server: its files are where it says."""

    def __init__(self, client: "MlflowClient", run_id: str) -> None:
        self._client, self._run_id = client, run_id

    def files(self) -> Iterator[TrackedFile]:
        """Every file of the run."""
        from mlflow.exceptions import MlflowException

        try:
            run = self._client.get_run(self._run_id)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            raise UnknownRunError(f"MLflow has no run {self._run_id} any more") from None
        _require_active(run.info.lifecycle_stage, self._run_id)
        yield from self._below(None)

    def sha256(self, path: str) -> str:
        """The digest of a file."""
        with tempfile.TemporaryDirectory() as place:
            found = Path(self._client.download_artifacts(self._run_id, path, place))
            with found.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()

    def _below(self, folder: str | None) -> Iterator[TrackedFile]:
        for entry in self._client.list_artifacts(self._run_id, folder):
            if entry.is_dir:
                yield from self._below(entry.path)
            else:
                yield TrackedFile(entry.path, int(entry.file_size or 0))


def _require_active(stage: str, run_id: str) -> None:
    if stage != "active":
        raise UnknownRunError(f"the run {run_id} is in MLflow's trash")
