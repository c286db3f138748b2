"""A copy of the checkout with the command `gate` in it, as `make` puts it there."""

import os
import shutil
from pathlib import Path

from dags.run.settings import ROOT

PACKAGES = ("dags", "gx", "sql", "tracking", "transforms")


def copy_packages(folder: Path) -> None:
    """Copy the packages as they are, without earlier versions of suites."""
    for package in PACKAGES:
        leave = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, folder / package, ignore=leave)
    shutil.rmtree(folder / "gx" / "history", ignore_errors=True)


def copy_of_checkout(folder: Path) -> Path:
    """Copy the code into ``folder``; its virtual environment is this one's, but for `gate`."""
    copy_packages(folder)
    shutil.copy(ROOT / "Makefile", folder)
    bin_folder = folder / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    for entry in (ROOT / ".venv").iterdir():
        if entry.name not in ("bin", ".ready"):
            (folder / ".venv" / entry.name).symlink_to(entry)
    for entry in (ROOT / ".venv" / "bin").iterdir():
        if entry.name != "gate":
            (bin_folder / entry.name).symlink_to(entry)
    for name in ("requirements.txt", "requirements-dev.txt"):
        os.utime(shutil.copy(ROOT / name, folder), (0, 0))
    (folder / ".venv" / ".ready").touch()  # newer than those: nothing is to be installed
    return folder
