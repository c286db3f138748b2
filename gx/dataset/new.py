"""The files of a new dataset: its own, and those of a suite that is drafted for it."""

from collections.abc import Mapping
from pathlib import Path

from gx import project
from gx.atomic import create_files
from gx.dataset.faults import require_sound
from gx.dataset.model import DEFAULT, Dataset
from gx.dataset.propose import Proposal
from gx.dataset.read import dataset_names
from gx.editing.store import canonical
from gx.editing.suggest import Draft, draft_suite
from gx.errors import DatasetError
from gx.suite.checkpoint_files import checkpoint_files, suite_id
from gx.suite.read import parse_suite


def require_new(name: str, suite: str | None) -> None:
    """Raise DatasetError for a name that is taken: nothing is ever written over."""
    faults = []
    if name in dataset_names():
        faults.append(f"there is a dataset {name} already; choose a new name")
    if suite is None and (project.SUITES / f"{name}.json").exists():
        faults.append(
            f"there is a suite {name} already: say --suite {name} to judge by it, or choose a new "
            "name"
        )
    if faults:
        raise DatasetError.of(faults, f"{name}.yml")


def require_placed(dataset: Dataset, *, drafted: bool) -> None:
    """Raise DatasetError for what the dataset names and is not there; its suite may be drafted."""
    looked_at = dataset.model_copy(update={"suite": DEFAULT}) if drafted else dataset
    require_sound(looked_at)


def drafted_suite(proposal: Proposal) -> Draft:
    """The suite of a dataset, from the bars of its sample."""
    bars, dataset = proposal.bars, proposal.dataset
    if not dataset.is_daily:
        bars = bars.assign(date=bars["date"].dt.tz_localize("UTC"))
    # The newest bars of some symbols say nothing of how far prices have ever gone.
    written = "created_at" in proposal.mapped
    return draft_suite(bars, dataset.suite, proposal.fit, written=written, whole=False)


def suite_bytes(suite: Mapping[str, object]) -> bytes:
    """A suite as its file has it: as the editor would write it."""
    return canonical(suite).encode()


def write_dataset(dataset: Dataset, text: str, suite: Mapping[str, object] | None) -> list[Path]:
    """Write the files of a dataset and of a drafted ``suite``, all or none; what was written.

    Raises SuiteError for a suite that could not be read back, DatasetError for a file that is there
    already, and OSError.
    """
    files: dict[Path, bytes] = {}
    if suite is not None:
        name = dataset.suite
        raw = suite_bytes(suite)
        parse_suite(raw, where=name, name=name)
        files |= checkpoint_files(name, suite_id(name, suite), project.SUITES.parent)
        files[project.SUITES / f"{name}.json"] = raw
    files[project.DATASETS / f"{dataset.name}.yml"] = text.encode()
    try:
        create_files(files)
    except FileExistsError as error:
        raise DatasetError(f"{error.filename} is there already; nothing was written") from None
    return list(files)
