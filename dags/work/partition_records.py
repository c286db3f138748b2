"""What the partitions of a run say of themselves, brought together as the run's own steps."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dags.run.context import Run
from dags.work.partitions import Partition, PartitionedRun, is_partitioned

Record = Mapping[str, Any]
Told = Sequence[tuple[Partition, Mapping[str, Record]]]

# What settling leaves of the run's own record of `extract`.
KEPT = ("started", "partitions", "symbols", "attempt", "on", "seals")
COUNTS = ("rows", "new", "changed", "removed", "held", "released", "superseded", "still_held")


@dataclass(frozen=True)
class PartitionSummary:
    """One partition in short: counts in bars, ``seconds`` by step, ``error`` what stopped it."""

    number: int
    label: str
    symbols: tuple[str, ...]
    rows: int | None
    published: int | None
    held: int | None
    seconds: Mapping[str, float]
    began: datetime | None
    error: str | None


def partition_summaries(run: Run) -> list[PartitionSummary]:
    """Every partition of the run, however far it came; none of a run that is not divided."""
    if not is_partitioned(run):
        return []
    return [_summary(partition, steps) for partition, steps in _told(run)]


def settle(run: Run) -> None:
    """Complete the run's own records by those of its partitions, however far they came.

    `extract` adds up what they extracted. `validate`, `transform` and `publish` say which partition
    failed, where one kept the run from coming to that step itself.
    """
    if not is_partitioned(run):
        return
    told, own = _told(run), run.staging.records()
    if own["extract"]["status"] != "success" and "partition" not in own["extract"]:
        return
    kept = {name: own["extract"][name] for name in KEPT if name in own["extract"]}
    run.staging.write_record("extract", kept | _extracted(told))
    if "validate" not in own and (failed := _failure(told, "validate")):
        run.staging.write_record("validate", failed)
    for step in ("transform", "publish"):
        if step not in own and (failed := _failure(told, step)):
            run.staging.write_record(step, {**_sums(told, step), **failed})


def add_seconds(run: Run, step: str) -> None:
    """Add the workers' seconds in all partitions to those of the run's own step."""
    record = run.staging.record(step)
    record["seconds"] = round(record["seconds"] + _seconds(_told(run), step), 3)
    run.staging.write_record(step, record)


def transformed(run: Run) -> dict[str, Any]:
    """What the run's own record of `transform` is, once every partition has come through it."""
    told = _told(run)
    first = next(iter(_records(told, "transform")), {})
    return {
        "status": "success",
        "started": first.get("started"),
        "rows": sum(record["rows"] for record in _records(told, "transform")),
        "columns": first.get("columns", []),
        "seconds": _seconds(told, "transform"),
    }


def _told(run: Run) -> Told:
    whole = PartitionedRun(run)
    return [
        (partition, part.staging.records())
        for partition, part in zip(whole.plan.partitions, whole.parts(), strict=True)
    ]


def _records(told: Told, step: str) -> list[Record]:
    return [steps[step] for _, steps in told if step in steps]


def _extracted(told: Told) -> dict[str, Any]:
    """The totals once all are extracted; else which partition is not."""
    for partition, steps in told:
        record = steps.get("extract", {"status": "missing"})
        if record["status"] != "success":
            return {"status": "failed", "partition": partition.label} | _why(partition, record)
    records = _records(told, "extract")
    digests = "".join(record["digest"] for record in records)
    query = f"-- partition {told[0][0].label}; the others differ in their symbols alone\n"
    return {
        "status": "success",
        "seconds": _seconds(told, "extract"),
        "rows": sum(record["rows"] for record in records),
        "rows_by_symbol": {s: n for r in records for s, n in r["rows_by_symbol"].items()},
        "missing_symbols": [symbol for r in records for symbol in r["missing_symbols"]],
        "rounded": sum(record["rounded"] for record in records),
        "rounded_example": next(iter(_some(records, "rounded_example")), None),
        "first_date": min(_some(records, "first_date"), default=None),
        "last_date": max(_some(records, "last_date"), default=None),
        "context_rows": sum(record["context_rows"] for record in records),
        "digest": hashlib.sha256(digests.encode()).hexdigest(),
        "sql": query + records[0]["sql"],
        "extracted_at": min(record["extracted_at"] for record in records),
        "gone": [one for record in records for one in record["gone"]],
    }


def _failure(told: Told, step: str) -> dict[str, Any] | None:
    """The record of a step that a partition did not come through; None when none failed in it."""
    for partition, steps in told:
        record = steps.get(step)
        if record is not None and record["status"] != "success":
            seconds = {"started": record["started"], "seconds": _seconds(told, step)}
            return {"status": "failed", **_why(partition, record), **seconds}
    return None


def _why(partition: Partition, record: Record) -> dict[str, str]:
    said = record.get("error")
    if record["status"] == "missing":
        said = "it was never begun"
    return {"error": f"partition {partition.label}: {said or 'it was stopped before its end'}"}


def _sums(told: Told, step: str) -> dict[str, int]:
    done = [record for record in _records(told, step) if record["status"] == "success"]
    return {name: sum(r[name] for r in done) for name in COUNTS if all(name in r for r in done)}


def _summary(partition: Partition, steps: Mapping[str, Record]) -> PartitionSummary:
    publish = steps.get("publish", {})
    failed = [record for record in steps.values() if record["status"] != "success"]
    return PartitionSummary(
        number=partition.number,
        label=partition.label,
        symbols=partition.symbols,
        rows=steps.get("extract", {}).get("rows"),
        published=publish.get("rows"),
        held=publish.get("held"),
        seconds={step: record.get("seconds", 0.0) for step, record in steps.items()},
        began=datetime.fromisoformat(steps["extract"]["started"]) if steps else None,
        error=_why(partition, failed[0])["error"] if failed else None,
    )


def _seconds(told: Told, step: str) -> float:
    return round(sum(float(record.get("seconds", 0)) for record in _records(told, step)), 3)


def _some(records: Iterable[Record], name: str) -> list[str]:
    return [record[name] for record in records if record[name] is not None]
