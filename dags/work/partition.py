"""What the mapped tasks do to a partition (see divided.py for what is done once for all)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from dags.errors import NothingDue
from dags.run.context import Run
from dags.run.due import asked, why_nothing_was_due
from dags.staging.arrays import read_array, write_arrays
from dags.staging.layout import ARRAYS, BARS, CONTEXT, FINDINGS
from dags.staging.records import PartValidated, Records
from dags.staging.run_folder import Staging
from dags.work.actions import staged_declared
from dags.work.extract import extract_into, staged_bars, staged_lookback
from dags.work.partitions import PartitionedRun
from dags.work.publish import Share, publish_share, transform_share
from gx.gate.asked import Asked
from sql.connection import connected

if TYPE_CHECKING:
    import numpy as np

    from gx.market.part import PartFindings
    from gx.market.whole import PartDocument
    from gx.plugins.expectations.kernels.declared import Declared


@dataclass(frozen=True)
class StagedPart:
    """A partition's folder, as the gate reads it (see gx.market.whole.Part)."""

    staging: Staging

    @cached_property
    def document(self) -> "PartDocument":
        """What ``judge_part`` said of it."""
        document: PartDocument = self.staging.read_json(FINDINGS, self._seals[FINDINGS])
        return document

    def array(self, name: str) -> "np.ndarray[Any, Any] | None":
        """One of its arrays; None when it has none of this name."""
        seal = self._arrays.get(name)
        return None if seal is None else read_array(self.staging, ARRAYS, name, seal)

    def bars(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Its bars, as extracted."""
        return self._read(BARS, columns)

    def lookback(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The dated bars before the range; none when there are none."""
        if CONTEXT not in self._seals:
            return self._read(BARS, columns).slice(0, 0)
        table = self._read(CONTEXT, None if columns is None else list({*columns, "date"}))
        dated = table.filter(pc.is_valid(table["date"]))
        return dated if columns is None else dated.select(list(columns))

    @cached_property
    def declared(self) -> "Declared | None":
        """What is declared of its symbols."""
        return staged_declared(self.staging)

    def _read(self, name: str, columns: Sequence[str] | None) -> pa.Table:
        return self.staging.read_table(name, self._seals[name], columns)

    @cached_property
    def _arrays(self) -> Mapping[str, str]:
        validated = self._records.found(PartValidated)
        assert validated is not None, f"{self.staging}: it was judged without what it found"
        return validated.arrays

    @cached_property
    def _seals(self) -> Mapping[str, str]:
        return self._records.seals

    @cached_property
    def _records(self) -> Records:
        return Records({step: self.staging.finished(step) for step in ("extract", "validate")})


def check(run: Run, number: int, *, again: bool = False) -> dict[str, object]:
    """Extract a partition and judge it as far as it can be alone, or do so ``again``."""
    whole = PartitionedRun(run)
    part = whole.part(number)
    part.staging.prepare()
    with (
        part.staging.recorded("extract") as record,
        connected(run.read_from) as engine,
        connected(run.published_at) as own,
    ):
        if again:
            record.again = True
            part.staging.write_record("extract", record)
        record.found = found = extract_into(part, engine, own, may_be_empty=True)
    with part.staging.recorded("validate") as record:
        findings = _judge(part.staging, whole, asked(run))
        part.staging.write_json(FINDINGS, findings.document)
        seals = write_arrays(part.staging, ARRAYS, findings.arrays)
        record.found = PartValidated(rows=found.rows, arrays=seals)
    return {"rows": found.rows}


def _judge(staging: Staging, whole: PartitionedRun, of_the_run: Asked) -> "PartFindings":
    """Read the staged bars, and judge them by the plan's suite; nothing is written."""
    from gx.market.part import judge_part
    from gx.plugins.expectations.declared import with_declared

    bars, lookback = staged_bars(staging), staged_lookback(staging)
    return judge_part(
        with_declared(bars.to_pandas(date_as_object=False), staged_declared(staging)),
        whole.suite(),
        as_of=whole.plan.as_of,
        asked=of_the_run,
        lookback=lookback,
    )


def publish_part(run: Run, number: int) -> dict[str, object]:
    """Transform a partition and publish it in one transaction; raises NothingDue as `publish`."""
    reason = why_nothing_was_due(run.staging.records())
    if reason:
        raise NothingDue(reason)
    share = Share(PartitionedRun(run).part(number), run.staging, number)
    transform_share(share)
    with share.run.staging.recorded("publish") as record:
        record.found = done = publish_share(share)
    return {"rows": done.rows, "held": done.held}
