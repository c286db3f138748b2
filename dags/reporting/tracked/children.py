"""The partitions of a run as MLflow shows them: runs below its own."""

from collections.abc import Iterator
from datetime import timedelta

from dags.run.context import Run
from dags.work.lanes import lane_of
from dags.work.partition_records import PartitionSummary
from gx.report.document import ReportDocument, SymbolDocument
from tracking.run.children import ChildRecord


def children(run: Run, report: ReportDocument | None) -> list[ChildRecord]:
    """One record for each partition that was begun; none of a run that is not divided.

    ``report`` is without rows, or None before the gate.
    """
    symbols = report.symbols if report else {}
    return [
        _child(run, partition, [symbols[s] for s in partition.symbols if s in symbols])
        for partition in lane_of(run).summaries()
        if partition.began
    ]


def _child(run: Run, partition: PartitionSummary, verdicts: list[SymbolDocument]) -> ChildRecord:
    assert partition.began is not None
    ended = partition.began + timedelta(seconds=sum(partition.seconds.values()))
    done = partition.published is not None and partition.error is None
    tags = {"partition": partition.label, "error": partition.error or ""}
    return ChildRecord(
        name=f"{run.identity.run_id} · {partition.label}",
        status="FINISHED" if done else "FAILED",
        metrics=dict(_metrics(partition, verdicts)),
        tags={name: value for name, value in tags.items() if value},
        start_time_ms=int(partition.began.timestamp() * 1000),
        end_time_ms=int(ended.timestamp() * 1000),
    )


def _metrics(
    partition: PartitionSummary, verdicts: list[SymbolDocument]
) -> Iterator[tuple[str, float]]:
    """What is known; what a partition did not come to is left out, never made up as 0."""
    yield "symbols_processed", len(partition.symbols)
    counts = {"total_rows": partition.rows, "rows_published": partition.published}
    counts["rows_held"] = partition.held
    for name, rows in counts.items():
        if rows is not None:
            yield name, rows
    if verdicts:
        yield "failing_rows", sum(one.failing_rows for one in verdicts)
        yield "symbols_held", sum(one.verdict == "held" for one in verdicts)
    for step, seconds in partition.seconds.items():
        yield f"seconds_{step}", seconds
