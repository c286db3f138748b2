"""What the mapped tasks do to a partition, and what is done once for all partitions.

Each partition is extracted and judged by a worker of its own; then the gate decides over all of
them; then each is transformed and published, in one transaction; at last the accounts are checked.
So nothing of any partition is published before all of them are judged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dags.errors import PartitionError
from dags.run.context import Run
from dags.run.due import asked, refuse_without_bars
from dags.staging.arrays import read_array, write_arrays
from dags.staging.layout import ARRAYS, BARS, CONTEXT, FINDINGS
from dags.staging.run_folder import Staging
from dags.staging.seals import seals_of
from dags.work.extract import extract_into, staged_bars, staged_lookback
from dags.work.partition_records import transformed
from dags.work.partitions import PartitionedRun
from dags.work.publish import Done, Published, Share, publish_share, transform_share
from sql.connection import connected
from sql.errors import NoBarsError

if TYPE_CHECKING:
    from gx.report.model import QualityReport

# The report draws prices for a dozen expectations; its histograms are of these symbols' bars.
PICTURED_SYMBOLS = 50


@dataclass(frozen=True)
class StagedPart:
    """A partition's folder, as the gate reads it (see gx.market.merge.Part)."""

    staging: Staging

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """What ``judge_part`` said of it."""
        document: Mapping[str, Any] = self.staging.read_json(FINDINGS, self._seals[FINDINGS])
        return document

    def array(self, name: str) -> "np.ndarray[Any, Any] | None":
        """One of its arrays; None when it has none of this name."""
        seal = self._records["validate"]["arrays"].get(name)
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

    def _read(self, name: str, columns: Sequence[str] | None) -> pa.Table:
        return self.staging.read_table(name, self._seals[name], columns)

    @cached_property
    def _seals(self) -> Mapping[str, str]:
        return seals_of(self._records)

    @cached_property
    def _records(self) -> Mapping[str, Mapping[str, Any]]:
        return {step: self.staging.finished(step) for step in ("extract", "validate")}


def check(run: Run, number: int) -> dict[str, Any]:
    """Extract a partition and judge it as far as it can be alone."""
    whole = PartitionedRun(run)
    part, plan = whole.part(number), whole.plan
    staging = part.staging
    staging.prepare()
    with staging.recorded("extract") as record, connected(run.settings.bars()) as engine:
        record.update(extract_into(part, engine, may_be_empty=True))
        rows = record["rows"]
    with staging.recorded("validate") as record:
        from gx.market.part import judge_part
        from gx.suite.read import parse_suite

        findings = judge_part(
            staged_bars(staging).to_pandas(date_as_object=False),
            parse_suite(plan.suite_text.encode(), where=plan.suite, name=plan.suite),
            as_of=plan.as_of,
            asked=asked(run),
            lookback=staged_lookback(staging),
        )
        staging.write_json(FINDINGS, findings.document)
        record.update(rows=rows, arrays=write_arrays(staging, ARRAYS, findings.arrays))
    return {"rows": rows}


def judged_parts(run: Run) -> dict[str, Any]:
    """Which attempts of the partitions the gate judged, and where their bars begin."""
    whole = PartitionedRun(run)
    begins = whole.first_rows()
    checked = [part.staging.finished("validate")["attempt"] for part in whole.parts()]
    return {"parts": checked, "first_rows": begins}


def merged_report(run: Run) -> "tuple[QualityReport, pd.DataFrame]":
    """The report over all partitions, and the bars of the worst symbols for its pictures.

    Raises NoBarsError when no partition has a bar, NothingDue when none was due.
    """
    from gx.market.merge import merge
    from gx.market.save import keep
    from gx.suite.read import parse_suite

    whole, request = PartitionedRun(run), run.request
    plan = whole.plan
    suite = parse_suite(plan.suite_text.encode(), where=plan.suite, name=plan.suite)
    if not whole.first_rows()[-1]:
        none = NoBarsError(
            f"stock_data has no bar of any of {len(request.symbols):,} symbols from "
            f"{request.start or 'the first'} to {request.end or 'the last'}; load bars first "
            "(make load FILE=…) or ask for another range."
        )
        refuse_without_bars(run, suite, none)
    parts = [StagedPart(part.staging) for part in whole.parts()]
    merged = merge(parts, suite, as_of=plan.as_of, asked=asked(run))
    page = keep(merged, results=run.settings.results_dir, run_name=run.staging.root.name)
    return replace(merged.report, page=page), _pictured(merged.report, parts)


def publish_part(run: Run, number: int) -> dict[str, Any]:
    """Transform a partition and publish it in one transaction."""
    share = Share(PartitionedRun(run).part(number), run.staging, number)
    transform_share(share)
    with share.run.staging.recorded("publish") as record:
        done = publish_share(share)
        record.update(asdict(done.counts), newer=list(done.newer))
    return {"rows": done.counts.rows, "held": done.counts.held}


def account(run: Run) -> Done:
    """Add up what all partitions published; raises PartitionError when a bar is unaccounted for."""
    whole = PartitionedRun(run)
    total = dict.fromkeys(Published.__dataclass_fields__, 0)
    newer: list[str] = []
    for partition, part in zip(whole.plan.partitions, whole.parts(), strict=True):
        record = part.staging.records().get("publish", {})
        if record.get("status") != "success":
            raise PartitionError(f"partition {partition.label} was not published")
        for name in total:
            total[name] += record[name]
        newer += record["newer"]
    done, extracted = Published(**total), whole.first_rows()[-1]
    if done.rows + done.superseded + done.held != extracted:
        raise PartitionError(
            f"{extracted} bars were extracted, but {done.rows} were published, {done.superseded} "
            f"are superseded and {done.held} are held; clear the checks of the partitions, and "
            "everything after them"
        )
    run.staging.write_record("transform", transformed(run))
    return Done(done, tuple(dict.fromkeys(newer)))


def _pictured(report: "QualityReport", parts: Sequence[StagedPart]) -> pd.DataFrame:
    """The bars of the worst symbols of each failed expectation."""
    first = [outcome.symbols[0] for outcome in report.failed if outcome.symbols]
    worst = [symbol for outcome in report.failed for symbol in outcome.symbols[:5]]
    wanted = pa.array(list(dict.fromkeys([*first, *worst]))[:PICTURED_SYMBOLS], pa.string())
    tables: list[pa.Table] = []
    for part in parts:
        if part.document["sizes"].keys() & set(wanted.to_pylist()) or not tables:
            table = part.bars()
            tables.append(table.filter(pc.is_in(table["symbol"], wanted)))
    frame: pd.DataFrame = pa.concat_tables(tables).to_pandas(date_as_object=False)
    return frame
