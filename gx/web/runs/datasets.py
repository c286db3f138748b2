"""One line per dataset: its newest verdict, and what to do next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gx.web.runs.shares import kind, share
from gx.web.sources import ListedDataset
from gx.web.summary import RunSummary

# What somebody has to look after stands first.
_ORDER = (
    *("broken", "waits", "closed", "unpublished", "no_verdict"),
    *("held", "warned", "no_run", "passed", "gone"),
)


@dataclass(frozen=True)
class DatasetLine:
    """A dataset with its newest run that has come to its end.

    ``kind`` is that of the run, ``no_run`` without one, ``broken`` of a dataset with faults, and
    ``gone`` of one without a file;
    ``share`` is that of its failing bars, 0 to 1.
    """

    listed: ListedDataset
    newest: RunSummary | None
    kind: str
    share: float


def dataset_lines(
    datasets: Iterable[ListedDataset], runs: Sequence[RunSummary]
) -> list[DatasetLine]:
    """A line for each of ``datasets``, the most urgent first; ``runs`` are newest first."""
    newest = {run.dag_id: run for run in reversed(runs)}
    lines = [_line(listed, newest.get(listed.dag_id)) for listed in datasets]
    return sorted(lines, key=lambda line: _ORDER.index(line.kind))


def _line(listed: ListedDataset, newest: RunSummary | None) -> DatasetLine:
    came_to = kind(newest) if newest else "no_run"
    return DatasetLine(
        listed,
        newest,
        "gone" if listed.gone else "broken" if listed.faults else came_to,
        share(newest) if newest else 0.0,
    )
