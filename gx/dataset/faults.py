"""What is wrong with a dataset beyond its own file: what it names and is not there."""

from collections.abc import Iterator

from gx import project
from gx.dataset.model import Dataset
from gx.dataset.read import dataset_names, read_dataset
from gx.errors import DatasetError
from gx.nearest import nearest


def require_sound(dataset: Dataset) -> None:
    """Raise DatasetError that tells everything the dataset names and that cannot be meant."""
    faults = list(dataset_faults(dataset))
    if faults:
        raise DatasetError.of(faults, f"{dataset.name}.yml")


def dataset_faults(dataset: Dataset) -> Iterator[str]:
    """Its calendars, its suite with a checkpoint, and a place that no other dataset has."""
    yield from _calendar_faults(dataset)
    known = sorted(path.stem for path in project.SUITES.glob("*.json"))
    if dataset.suite not in known:
        hint = nearest(dataset.suite, known) or f"; there is {', '.join(known) or 'none'}"
        yield f"suite: there is no suite {dataset.suite!r}{hint}"
    elif not (project.CHECKPOINTS / f"{dataset.suite}.json").is_file():
        yield f"suite: {dataset.suite!r} has no checkpoint gx/checkpoints/{dataset.suite}.json"
    for name in dataset_names():
        if name != dataset.name and _schema_of(name) == (dataset.own_schema,):
            yield f"publish: the dataset {name} publishes into {dataset.own_schema} already"


def _calendar_faults(dataset: Dataset) -> Iterator[str]:
    named = {"calendar": dataset.calendar} if dataset.calendar else {}
    named |= {f"calendars.{pattern}": name for pattern, name in dataset.calendars.items()}
    if not named:
        return
    from gx.plugins.expectations.kernels.currencies import calendar_names

    known = calendar_names()
    for place, name in named.items():
        if name not in known:
            hint = nearest(name.upper(), known)
            yield f"{place}: there is no exchange calendar {name!r}{hint}"


def _schema_of(name: str) -> tuple[str | None, ...]:
    try:
        return (read_dataset(name).own_schema,)
    except DatasetError:  # which its own workflow says
        return ()
