"""The two ways in which a run is done, as a whole or in partitions, behind one interface."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol

from dags.run.context import Run
from dags.staging.records import Published
from dags.staging.run_folder import Staging
from dags.work.divided import Divided
from dags.work.judgement import RunJudgement
from dags.work.partition_records import PartitionSummary
from dags.work.publish import Share
from dags.work.whole import Whole

if TYPE_CHECKING:
    from gx.suite.waivers import Waiver


class Lane(Protocol):
    """How a run is judged and published, and where its records and bars are."""

    def complete_records(self) -> None:
        """Complete the run's own records, however far it came."""

    def judge(self, waivers: Sequence["Waiver"] = ()) -> RunJudgement:
        """Judge what was extracted; raises NoBarsError, NothingDue when there is nothing.

        ``waivers`` count beside those of the suite.
        """

    def read_again(self, symbols: Collection[str] = ()) -> None:
        """Read the bars of these symbols again, and whatever an earlier try has left half read.

        What was judged before does not count any more.
        """

    def bars(self) -> list[tuple[int, Staging]]:
        """The folders of the bars, each with the row of the extract at which its bars begin."""

    def publish(self, share: Share) -> Published:
        """Publish what passed, or see that it was published; no bar is lost."""

    def add_seconds(self, step: str) -> None:
        """Add what workers of their own spent on a step to the seconds of its record."""

    def folder_with(self, name: str) -> Staging:
        """The folder with a file of this name, or with the first of several."""

    def summaries(self) -> list[PartitionSummary]:
        """Every partition, however far it came; none of a run that is not divided."""


def lane_of(run: Run) -> Lane:
    """The way in which this run is done, once it is extracted."""
    return Divided(run) if is_divided(run) else Whole(run)


def is_divided(run: Run) -> bool:
    """Is this run done in partitions?"""
    begun = run.staging.records().get("extract")
    return begun is not None and begun.partitions is not None
