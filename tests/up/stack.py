"""The desk, running from a copy of the packages: the suite editor writes beside what it reads."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dags.run.settings import ROOT
from tests.checkout import copy_packages
from tests.desk import Desk, folder, run, running_desk


@contextmanager
def desk_of_a_copy(
    environment: Mapping[str, str], datasets: Mapping[str, str] | None = None
) -> Iterator[Desk]:
    """A desk that leaves the checkout as it was; ``datasets`` are files of more of them."""
    with folder() as path:
        project = path / "project"
        copy_packages(project)
        for name, text in (datasets or {}).items():
            (project / "gx" / "datasets" / f"{name}.yml").write_text(text)
        with running_desk(path / "var", {**environment, "PYTHONPATH": ""}, project) as running:
            yield running


def project_of(desk: Desk) -> Path:
    """Where the desk's packages are."""
    return desk.var.parent / "project"


def of_the_desk(desk: Desk, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command on the desk's folder, from where its packages are."""
    return run(desk.var, *arguments, project=project_of(desk), PYTHONPATH="", **settings)


def install_suites(desk: Desk) -> None:
    """Put the suites back as they are in the checkout, and forget their history."""
    gx = project_of(desk) / "gx"
    shutil.rmtree(gx / "history", ignore_errors=True)
    shutil.copytree(ROOT / "gx" / "expectations", gx / "expectations", dirs_exist_ok=True)
