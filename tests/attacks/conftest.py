"""What several attacks begin with."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.test_no_row_is_lost_connections import BAD, run_in
from tests.staged import STEPS
from tests.workflow import Database, Workflow


@pytest.fixture
def staged(workflow: Workflow, sample: Database, tmp_path: Path) -> Any:
    """A run with a symbol that is held, as each step before publishing leaves it."""
    from dags import steps

    sample.execute(BAD)
    run = run_in(tmp_path / "run")
    for step in STEPS[:-1]:
        getattr(steps, step)(run)
        shutil.copytree(tmp_path / "run", tmp_path / f"after_{step}")
    return run
