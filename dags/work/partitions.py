"""A run of many symbols is divided: which partitions it has, and where the files of each are."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypedDict

from dags.errors import PartitionError
from dags.run.context import Run
from dags.run.due import calendars_of
from dags.staging.layout import PARTITIONS, PLAN
from dags.staging.records import Extracted
from dags.staging.run_folder import Staging

if TYPE_CHECKING:
    from gx.suite.read import Suite

# Airflow's max_map_length is 1,024 unless it is set otherwise.
MOST_PARTITIONS = 1_000


class Mapped(TypedDict):
    """What the task of a partition is handed; Airflow keeps it as JSON."""

    number: int
    label: str


@dataclass(frozen=True)
class Partition:
    """Symbols that one task works on, one behind the other in the order of the whole extract.

    ``nameless``: the rows that have no symbol are this one's too.
    """

    number: int
    label: str
    symbols: tuple[str, ...]
    nameless: bool = False


@dataclass(frozen=True)
class Plan:
    """What all partitions of a run share: the moment to judge from, and the suite as it was."""

    as_of: str
    suite: str
    suite_text: str
    partitions: tuple[Partition, ...]


@dataclass(frozen=True)
class PartitionedRun:
    """A run whose folder holds a plan."""

    run: Run

    @cached_property
    def _attempts(self) -> dict[str, str]:
        return attempts(self.run.staging)

    @cached_property
    def plan(self) -> Plan:
        """The plan, as it was made."""
        document = self.run.staging.read_json(PLAN)
        partitions = tuple(
            Partition(**{**one, "symbols": tuple(one["symbols"])})
            for one in document.pop("partitions")
        )
        return Plan(**document, partitions=partitions)

    def suite(self) -> "Suite":
        """The suite as it was when the run was planned, with the calendars of its symbols."""
        from gx.suite.read import parse_suite, with_calendars

        plan = self.plan
        suite = parse_suite(plan.suite_text.encode(), where=plan.suite, name=plan.suite)
        return with_calendars(suite, calendars_of(self.run))

    def part(self, number: int) -> Run:
        """The run of one partition: its own folder and symbols, all else as in the whole."""
        mine = self.plan.partitions[number]
        return replace(
            self.run,
            staging=partition_folder(self.run.staging, number, self._attempts),
            request=replace(self.run.request, symbols=mine.symbols, every=mine.nameless),
        )

    def parts(self) -> list[Run]:
        """The runs of all partitions, in order."""
        return [self.part(partition.number) for partition in self.plan.partitions]

    def first_rows(self) -> list[int]:
        """Where each partition's bars begin in the whole extract; the last entry is its length.

        Raises PartitionError when a partition has not been extracted.
        """
        begins = [0]
        for partition, part in zip(self.plan.partitions, self.parts(), strict=True):
            records = part.staging.records()
            extracted = records.found(Extracted)
            if extracted is None or not records.succeeded("extract"):
                raise PartitionError(
                    f"partition {partition.label} has not been extracted; clear its check and "
                    "everything after it"
                )
            begins.append(begins[-1] + extracted.rows)
        return begins


def divide(symbols: Sequence[str], size: int, *, nameless: bool = False) -> tuple[Partition, ...]:
    """Partitions of at most ``size`` of the symbols, in their order; more when there are too many.

    With ``nameless`` the last one takes the rows without a symbol. A label names the first and the
    last symbol: `1: AAPL – AMZN`.
    """
    size = max(size, -(-len(symbols) // MOST_PARTITIONS))
    chunks = [tuple(symbols[begin : begin + size]) for begin in range(0, len(symbols), size)]
    return tuple(
        Partition(
            number,
            f"{number + 1}: {chunk[0]} – {chunk[-1]}",
            chunk,
            nameless=nameless and number == len(chunks) - 1,
        )
        for number, chunk in enumerate(chunks)
    )


def write_plan(run: Run, plan: Plan) -> list[Mapped]:
    """Keep the plan in the run's folder; returns what the mapped tasks are handed."""
    run.staging.write_json(PLAN, asdict(plan))
    return [{"number": part.number, "label": part.label} for part in plan.partitions]


def attempts(staging: Staging) -> dict[str, str]:
    """The attempts of a run's own steps, by step, that those of its partitions build on."""
    return {step: record.attempt for step, record in staging.records().items()}


def partition_folder(staging: Staging, number: int, attempts: Mapping[str, str]) -> Staging:
    """The folder of one partition."""
    return staging.part(f"{PARTITIONS}/{number:04}", attempts)
