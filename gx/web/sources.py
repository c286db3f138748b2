"""Where the pages get their runs, suites and bars from: whoever mounts the app hands it these."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pandas as pd
import pyarrow as pa

from gx.dataset.columns import Mapped
from gx.dataset.model import Dataset
from gx.errors import DatasetError
from gx.repair.proposal import Proposal
from gx.report.changes import Changes
from gx.report.standing import DatasetVerdict
from gx.web.held.kept import HeldBars
from gx.web.report.accepted import AcceptedRepairs
from gx.web.summary import Comment, RunSummary


@dataclass(frozen=True)
class CopyCheck:
    """How the tracking server's copy of a run's files compares with the files that the run wrote.

    ``files`` is how many it wrote; ``changed``, ``missing`` and ``added`` are paths. ``gone`` says
    why there is no copy any more, ``unknown`` why nothing could be compared; both are None else.
    """

    files: int = 0
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    gone: str | None = None
    unknown: str | None = None

    @property
    def differs(self) -> bool:
        """Whether the copy is known to be another."""
        return bool(self.gone or self.changed or self.missing or self.added)


@dataclass(frozen=True)
class ListedDataset:
    """A dataset and its workflow.

    ``known`` is what its file says; it is None, and ``faults`` say why, when nothing can be read
    with it. ``faults`` of a file that is read are what it names and is not there. ``airflow_url``
    is the workflow's page. Of one that is ``gone`` there is no file any more, only runs.
    """

    name: str
    dag_id: str
    known: Dataset | None = None
    faults: tuple[str, ...] = ()
    airflow_url: str = ""
    gone: bool = False

    @property
    def title(self) -> str:
        """What people call it; empty when nobody has said."""
        return self.known.title if self.known else ""

    @property
    def made_up(self) -> bool:
        """Was no price of its bars ever paid?"""
        return self.known is not None and self.known.made_up

    @property
    def suite(self) -> str:
        """The suite that judges it; empty when its file cannot be read."""
        return self.known.suite if self.known else ""


def made_up_names(datasets: Iterable[ListedDataset]) -> str:
    """The names of those whose bars are made up, as pages say them; empty when none are."""
    return ", ".join(one.name for one in datasets if one.made_up)


class UnmappedError(DatasetError):
    """A table of whose columns it is not clear what they mean; ``types`` are what it has."""

    def __init__(self, error: DatasetError, types: Mapping[str, str]) -> None:
        super().__init__(str(error), error.faults)
        self.types = types


@dataclass(frozen=True)
class LookedAt:
    """A table that may become a dataset, as gx.dataset.trial.new_dataset takes it."""

    mapping: Mapped
    types: Mapping[str, str]
    symbols: Sequence[str]
    rows: Sequence[tuple[Any, ...]]
    hours: Sequence[tuple[str, int]] | None


class RunFiles(Protocol):
    """What is kept of one run; reads a file when it is asked for it."""

    @property
    def summary(self) -> RunSummary:
        """The run in short."""

    @property
    def report(self) -> Mapping[str, object] | None:
        """`QualityReport.to_dict(every_row=False)`; None when there is no verdict."""

    @property
    def steps(self) -> Mapping[str, Mapping[str, Any]]:
        """What each step said of itself."""

    @property
    def log_url(self) -> str | None:
        """Of a run without a verdict, the log that says why; None where there is none to read."""

    @property
    def docs_page(self) -> str | None:
        """The run's Data Docs page, a path relative to ``Sources.data_docs``; None if unknown."""

    def failing(self, columns: Sequence[str] | None = None) -> pa.Table:
        """One row per failing bar, worst first (see QualityReport.failing); empty if none.

        Raises FileNotFoundError when they are not kept, and pa.ArrowInvalid for a damaged file.
        """

    def open_failing(self) -> BinaryIO | None:
        """The Parquet file of them, for who reads it in parts; None when there is no verdict."""

    def bars(self, symbols: Sequence[str] | None = None) -> pd.DataFrame | None:
        """The bars that were judged, of all or some symbols, ordered by symbol and date.

        Dates are datetime64; None when the bars have been cleaned up, and of a run in partitions
        for all of its symbols: they are too many for a page.
        """

    def lookback(self, symbols: Sequence[str] | None = None) -> pd.DataFrame | None:
        """The bars before the range, which tell what is ordinary; None when there are none.

        Of all or some symbols, as ``bars``.
        """

    def actions(self, symbols: Sequence[str] | None = None) -> pd.DataFrame | None:
        """The splits and dividends that were declared when it ran; None where nothing is.

        Columns as ``gx.plugins.expectations.declared.declared_in`` takes them.
        """

    def proposals(self) -> Sequence[Proposal]:
        """What could be repaired of the bars that failed; none of a run that proposed nothing."""

    def changes(self) -> Changes | None:
        """What was different from the run before; None when nothing was compared."""

    def suite_text(self) -> str | None:
        """The suite file that judged; None when there is no verdict."""

    def comments(self) -> Sequence[Comment]:
        """What people wrote about the run, oldest first."""

    def untold(self) -> int:
        """How many of these comments the tracking server has not."""

    def copy_check(self) -> CopyCheck:
        """Whether the tracking server still shows what the run wrote; takes seconds at worst."""


class Sources(Protocol):
    """What the pages read.

    Only ``held``, ``repairs`` and ``add_comment`` change anything, which is audited.
    """

    @property
    def suites(self) -> Path:
        """The folder of the suite files."""

    @property
    def waivers(self) -> Path:
        """The folder of the suites' waivers; it need not be there yet."""

    @property
    def history(self) -> Path:
        """The folder of earlier versions of suites."""

    @property
    def data_docs(self) -> Path:
        """The folder of the Data Docs site; it need not be there yet."""

    @property
    def held(self) -> HeldBars:
        """What the gate holds, and what people do about it."""

    @property
    def repairs(self) -> AcceptedRepairs:
        """The repairs that people accepted of what runs proposed."""

    @property
    def default_dag(self) -> str:
        """The workflow of the default dataset, whose runs need not name it."""

    def datasets(self) -> Sequence[ListedDataset]:
        """Every dataset, the default first."""

    def runs(self) -> Sequence[RunSummary]:
        """Every run of every dataset, newest first; quick with 1,000."""

    def run(self, run_id: str, dag_id: str) -> RunFiles | None:
        """One run of a workflow; None for one that it has not."""

    def add_comment(self, run: RunSummary, comment: Comment) -> None:
        """Keep a comment with its run, and tell audit list and tracking server where they answer.

        Raises OSError when it can't be kept.
        """

    def fresh_bars(
        self, dataset: str, symbols: Sequence[str], start: date | None, end: date | None
    ) -> pd.DataFrame:
        """Bars as a dataset's table has them now; raises an error with a message for people."""

    def symbols(self, dataset: str) -> list[str]:
        """Every symbol that a dataset has bars of, in order."""

    def verdict(
        self, dataset: str, as_of: date | None, symbols: Sequence[str] | None
    ) -> DatasetVerdict:
        """Which of a dataset's symbols are good; raises OSError that says why nobody knows."""

    def look_at(self, name: str, asked: Mapping[str, Any]) -> LookedAt:
        """The table of a new dataset; ``asked`` are the fields of gx.dataset.propose.Asked.

        Raises DatasetError that says why it cannot be read, and UnmappedError.
        """
