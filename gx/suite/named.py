"""The suites of the project, by name, without reading them."""

from pathlib import Path

from gx.errors import SuiteError
from gx.nearest import nearest
from gx.project import SUITES


def suite_names(folder: Path = SUITES) -> list[str]:
    """Every suite there is, in order."""
    return sorted(path.stem for path in folder.glob("*.json"))


def suite_path(name: str, folder: Path = SUITES) -> Path:
    """The file of suite ``name``; raises SuiteError with the nearest name if there is none."""
    known = suite_names(folder)
    if name not in known:
        hint = nearest(name, known) or f"; there is {', '.join(known)}"
        raise SuiteError(f"there is no suite {name!r}{hint}")
    return folder / f"{name}.json"
