"""A run that is done as a whole."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from dags.run.context import Run
from dags.run.due import as_of, asked, calendars_of
from dags.staging.layout import results_name
from dags.staging.records import Extracted, Published
from dags.staging.run_folder import Staging
from dags.work.actions import staged_declared
from dags.work.extract import extract_into, staged_bars, staged_lookback
from dags.work.judgement import COMPARED_BARS, RunJudgement
from dags.work.partition_records import PartitionSummary
from dags.work.publish import Share, publish_share
from sql.connection import connected

if TYPE_CHECKING:
    from gx.suite.waivers import Waiver


@dataclass(frozen=True)
class Whole:
    """A run that one worker does at a time."""

    run: Run

    def complete_records(self) -> None:
        """Its records are its own."""

    def judge(self, waivers: Sequence["Waiver"] = ()) -> RunJudgement:
        """Run the checkpoint on the staged bars."""
        from gx.gate import checkpoint  # seconds, which belong to this step alone
        from gx.plugins.expectations.declared import with_declared
        from gx.suite.waivers import waivers_with

        staging, request = self.run.staging, self.run.request
        bars = staged_bars(staging).to_pandas(date_as_object=False)
        report = checkpoint.run(
            with_declared(bars, staged_declared(staging)),
            suite=self.run.suite,
            results=self.run.settings.results_dir,
            run_name=results_name(self.run.identity.dag_id, self.run.identity.run_id),
            as_of=as_of(request.end, _read_at(staging.found(Extracted))),
            asked=asked(self.run),
            lookback=staged_lookback(staging),
            calendars=calendars_of(self.run, bars["symbol"].dropna().unique()),
            waivers=waivers_with(self.run.suite, waivers, self.run.dataset.name),
        )
        return RunJudgement(report, bars, bars if len(bars) <= COMPARED_BARS else None)

    def read_again(self, symbols: Collection[str] = ()) -> None:
        """Read all bars again, in one snapshot."""
        run, staging = self.run, self.run.staging
        before = staging.record("extract")
        if not symbols and not before.is_half_again:
            return
        with (
            staging.recorded("extract") as record,
            connected(run.read_from) as engine,
            connected(run.published_at) as own,
        ):
            record.again, record.symbols = True, before.symbols
            staging.write_record("extract", record)
            found, known = extract_into(run, engine, own), before.of(Extracted)
            record.found = found.with_meant(known.meant if known else {})

    def bars(self) -> list[tuple[int, Staging]]:
        """All are in the run's folder."""
        return [(0, self.run.staging)]

    def publish(self, share: Share) -> Published:
        """Publish what passed and set aside what is held."""
        return publish_share(share)

    def add_seconds(self, step: str) -> None:
        """There are no others."""

    def folder_with(self, name: str) -> Staging:
        """All files are in the run's folder."""
        return self.run.staging

    def summaries(self) -> list[PartitionSummary]:
        """There are no partitions."""
        return []


def _read_at(extracted: Extracted) -> datetime:
    """The database's clock at the read; an older version's record has it under another name."""
    moment = extracted.read_at or extracted.extracted_at
    assert moment is not None
    return moment
