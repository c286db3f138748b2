"""Is what MLflow shows of a run what the run wrote? Its files against the digests in our table."""

import time
from collections.abc import Mapping
from threading import Lock

from dags.run.datasets import dataset_of, name_in, published_at, settings_for
from dags.run.settings import Settings
from gx.dataset.model import DEFAULT
from gx.dataset.read import read_dataset
from gx.errors import DatasetError
from gx.web.sources import CopyCheck
from sql.connection import connected
from sql.errors import EvidenceError
from sql.evidence import Evidence, find_evidence
from tracking.errors import TrackingError, UnknownRunError
from tracking.run.copies import stored_digests
from tracking.store import TrackingStore

KEPT_SECONDS = 60.0
MOST_KEPT = 256


class Copies:
    """Compares when it is asked, at most once a minute for a run; safe from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[str, tuple[float, CopyCheck]] = {}
        self._lock = Lock()

    def check(self, run_key: str) -> CopyCheck:
        """How MLflow's copy of the run compares; never raises because something does not answer.

        ``run_key`` is the DAG and the run, with a slash between them.
        """
        with self._lock:
            moment, known = self._known.get(run_key, (0.0, None))
        if known is not None and time.monotonic() - moment < KEPT_SECONDS:
            return known
        found = self._compared(run_key)
        with self._lock:
            while len(self._known) >= MOST_KEPT:
                del self._known[next(iter(self._known))]
            self._known[run_key] = time.monotonic(), found
        return found

    def _compared(self, run_key: str) -> CopyCheck:
        try:
            dag_id = run_key.partition("/")[0]
            # Of one whose file is gone this says so.
            dataset = read_dataset(dataset_of(dag_id) or name_in(dag_id) or DEFAULT)
            settings = settings_for(dataset, self._settings)
            with connected(published_at(dataset, settings)) as engine:
                evidence = find_evidence(engine, run_key)
            if evidence is None:
                return CopyCheck(unknown="no digests were kept when the run was logged")
            store = TrackingStore(settings.mlflow_tracking_uri, settings.mlflow_experiment_name)
            sizes = {file.path: file.bytes for file in evidence.files}
            return compared(evidence, stored_digests(store, evidence.mlflow_run_id, sizes))
        except UnknownRunError as error:
            return CopyCheck(gone=str(error))
        except (EvidenceError, TrackingError, DatasetError) as error:
            return CopyCheck(unknown=str(error))


def compared(evidence: Evidence, stored: Mapping[str, str | None]) -> CopyCheck:
    """What is different in ``stored``: sha256 by path, None where it need not be read."""
    wrote = {file.path: file.sha256 for file in evidence.files}
    both = wrote.keys() & stored.keys()
    return CopyCheck(
        files=len(wrote),
        changed=tuple(sorted(path for path in both if stored[path] != wrote[path])),
        missing=tuple(sorted(wrote.keys() - stored.keys())),
        added=tuple(sorted(stored.keys() - wrote.keys())),
    )
