"""The datasets as the pages list them: read again when a file of theirs, or of a suite, changes."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from dags.run.datasets import dag_of
from gx import project
from gx.dataset.faults import dataset_faults
from gx.dataset.read import dataset_names, read_dataset
from gx.errors import DatasetError
from gx.web.sources import ListedDataset

if TYPE_CHECKING:
    from gx.dataset.model import Dataset

_Signature = tuple[tuple[str, int], ...]


class Datasets:
    """Every dataset; safe from several threads, of which two may look at the same time."""

    def __init__(self, airflow: str = "") -> None:
        self._airflow = airflow
        self._listed: tuple[_Signature | None, tuple[ListedDataset, ...]] = (None, ())

    def listed(self) -> tuple[ListedDataset, ...]:
        """Every dataset, the default first, with what is wrong with it."""
        known, found = self._listed
        now = _signature(project.DATASETS, project.SUITES, project.CHECKPOINTS)
        if now != known:
            found = tuple(self._read(name) for name in dataset_names())
            self._listed = now, found
        return found

    def of_dag(self, dag_id: str) -> ListedDataset | None:
        """The dataset that a DAG is about; None for a DAG that is none of ours."""
        return next((one for one in self.listed() if one.dag_id == dag_id), None)

    def _read(self, name: str) -> ListedDataset:
        dag_id = dag_of(name)
        known: Dataset | None = None
        try:
            known = read_dataset(name)
            faults = tuple(dataset_faults(known))
        except DatasetError as error:
            faults = error.faults or (str(error),)
        return ListedDataset(name, dag_id, known, faults, f"{self._airflow}/dags/{quote(dag_id)}")


def _signature(*folders: Path) -> _Signature:
    """What changes with any file in the folders."""
    files = (path for folder in folders for path in folder.glob("*.*"))
    return tuple(sorted((str(path), path.stat().st_mtime_ns) for path in files))
