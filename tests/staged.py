"""The folder of a run, wherever it lies, as the run's steps read and write it."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from dags.staging.layout import DAG_ID
from dags.staging.layout import STEPS as ALL_STEPS

if TYPE_CHECKING:
    from dags.staging.run_folder import Staging


STEPS = ALL_STEPS[:-1]  # all but the tracking


def put_back(folder: Path, after: str) -> Path:
    """The run as it was after a step, of which `after_STEP` is a copy."""
    shutil.rmtree(folder / "run")
    shutil.copytree(folder / f"after_{after}", folder / "run")
    return folder / "run"


def staging_in(folder: Path, run_id: str, dag_id: str = DAG_ID) -> "Staging":
    """The folder as this run's own; imported late, like Airflow."""
    from dags.run.seal_keys import seal_keys
    from dags.run.settings import Settings
    from dags.staging.run_folder import Staging
    from dags.staging.seals import Signer

    return Staging(f"file://{folder}", Signer(seal_keys(Settings()), (dag_id, run_id)))
