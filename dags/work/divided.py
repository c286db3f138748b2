"""A run that is done in partitions: what is done once for all of them.

Each partition is extracted and judged by a worker of its own; then the gate decides over all of
them; then each is transformed and published, in one transaction; at last the accounts are checked.
So nothing of any partition is published before all of them are judged.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dags.errors import PartitionError
from dags.run.context import Run
from dags.run.due import asked, refuse_without_bars
from dags.staging.layout import results_name
from dags.staging.records import Published
from dags.staging.run_folder import Staging
from dags.work.judgement import RunJudgement
from dags.work.partition import StagedPart, check
from dags.work.partition_records import (
    PartitionSummary,
    PartRecords,
    extracted,
    failure,
    seconds,
    summary,
    transformed,
)
from dags.work.partitions import PartitionedRun, attempts, partition_folder
from dags.work.publish import Share
from sql.errors import NoBarsError

if TYPE_CHECKING:
    from gx.report.model import QualityReport
    from gx.suite.waivers import Waiver

# The report draws prices for a dozen expectations; its histograms are of these symbols' bars.
PICTURED_SYMBOLS = 50


@dataclass(frozen=True)
class Divided:
    """A run in partitions, each of which a worker extracts, judges and publishes."""

    run: Run

    def complete_records(self) -> None:
        """Complete the run's own records by those of its partitions.

        `extract` adds up what they extracted. `validate`, `transform` and `publish` say which
        partition failed, where one kept the run from coming to that step itself.
        """
        of_parts, own = self._of_parts(), self.run.staging.records()
        begun = own["extract"]
        if begun.status != "success" and begun.partition is None:
            return
        kept = ("started", "partitions", "symbols", "attempt", "on", "seals")
        mine = {name: getattr(begun, name) for name in kept}
        self.run.staging.write_record("extract", extracted(of_parts).model_copy(update=mine))
        for step in ("validate", "transform", "publish"):
            if step not in own and (failed := failure(of_parts, step)):
                self.run.staging.write_record(step, failed)

    def judge(self, waivers: Sequence["Waiver"] = ()) -> RunJudgement:
        """Put together what was found of the partitions, and look across them."""
        from gx.market.merge import merge
        from gx.market.store import store_results
        from gx.suite.waivers import waivers_with

        run, whole = self.run, PartitionedRun(self.run)
        plan, begins = whole.plan, whole.first_rows()
        suite = whole.suite()
        if not begins[-1]:
            refuse_without_bars(run, suite, self._no_bars())
        stagings = [part.staging for part in whole.parts()]
        checked = [staging.finished("validate").attempt for staging in stagings]
        parts = [StagedPart(staging) for staging in stagings]
        every = waivers_with(run.suite, waivers, run.dataset.name)
        merged = merge(parts, suite, as_of=plan.as_of, asked=asked(run), waivers=every)
        page = store_results(
            merged,
            results=run.settings.results_dir,
            run_name=results_name(run.identity.dag_id, run.identity.run_id),
        )
        return RunJudgement(
            report=replace(merged.report, page=page),
            pictured=_pictured(merged.report, parts),
            parts=tuple(checked),
            first_rows=tuple(begins),
        )

    def read_again(self, symbols: Collection[str] = ()) -> None:
        """Extract and judge the partitions of these symbols again."""
        whole = PartitionedRun(self.run)
        for partition, part in zip(whole.plan.partitions, whole.parts(), strict=True):
            begun = part.staging.records().get("extract")
            if set(symbols) & set(partition.symbols) or (begun and begun.is_half_again):
                check(self.run, partition.number, again=True)

    def bars(self) -> list[tuple[int, Staging]]:
        """Each partition has a folder of its own."""
        whole = PartitionedRun(self.run)
        stagings = [part.staging for part in whole.parts()]
        return list(zip(whole.first_rows()[:-1], stagings, strict=True))

    def publish(self, share: Share) -> Published:
        """Add up what all partitions published; raises PartitionError when a bar is missing."""
        of_parts = self._of_parts()
        total = dict.fromkeys(Published.model_fields.keys() - {"newer", "place"}, 0)
        newer: list[str] = []
        for partition, steps in of_parts:
            found = steps.found(Published)
            if found is None or not steps.succeeded("publish"):
                raise PartitionError(f"partition {partition.label} was not published")
            for name in total:
                total[name] += getattr(found, name)
            newer += found.newer
        done = Published(
            **total,
            newer=tuple(dict.fromkeys(newer)),
            place=self.run.dataset.published_table,
        )
        self._account_for(done, PartitionedRun(self.run).first_rows()[-1])
        self.run.staging.write_record("transform", transformed(of_parts))
        return done

    def add_seconds(self, step: str) -> None:
        """Add the workers' seconds in all partitions."""
        record = self.run.staging.record(step)
        record.seconds = round((record.seconds or 0.0) + seconds(self._of_parts(), step), 3)
        self.run.staging.write_record(step, record)

    def folder_with(self, name: str) -> Staging:
        """The run's own folder, or that of its first partition."""
        own = self.run.staging
        first = partition_folder(own, 0, attempts(own))
        return first if name not in own.seals() and name in first.seals() else own

    def summaries(self) -> list[PartitionSummary]:
        """Every partition, however far it came."""
        return [summary(partition, steps) for partition, steps in self._of_parts()]

    def _of_parts(self) -> PartRecords:
        whole = PartitionedRun(self.run)
        return [
            (partition, part.staging.records())
            for partition, part in zip(whole.plan.partitions, whole.parts(), strict=True)
        ]

    def _no_bars(self) -> NoBarsError:
        request = self.run.request
        return NoBarsError(
            f"stock_data has no bar of any of {len(request.symbols):,} symbols from "
            f"{request.start or 'the first'} to {request.end or 'the last'}; load bars first "
            "(make load FILE=…) or ask for another range."
        )

    @staticmethod
    def _account_for(done: Published, extracted: int) -> None:
        if done.rows + done.superseded + done.held != extracted:
            raise PartitionError(
                f"{extracted} bars were extracted, but {done.rows} were published, "
                f"{done.superseded} are superseded and {done.held} are held; clear the checks of "
                "the partitions, and everything after them"
            )


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
