"""The datasets as the pages list them: read again when a file of theirs, or of a suite, changes."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from dags.run.datasets import dag_of, name_in
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

    def gone(self, dag_ids: Iterable[str]) -> tuple[ListedDataset, ...]:
        """Those of which there are runs by these workflows, and no file any more."""
        names = {dag_id: name_in(dag_id) for dag_id in sorted(dag_ids)}
        return tuple(
            ListedDataset(name, dag_id, faults=("its file is gone",), gone=True)
            for dag_id, name in names.items()
            if name
        )

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
