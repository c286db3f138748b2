"""What the partitions of a run say of themselves, added up as the run's own steps say it."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dags.staging.records import (
    Extracted,
    Found,
    Published,
    Records,
    StepFindings,
    StepRecord,
    Transformed,
)
from dags.work.partitions import Partition

PartRecords = Sequence[tuple[Partition, Records]]

_COUNTS = ("rows", "new", "changed", "removed", "held", "released", "superseded", "still_held")


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


def extracted(of_parts: PartRecords) -> StepRecord:
    """The totals once all are extracted; else which partition is not."""
    for partition, steps in of_parts:
        if not steps.succeeded("extract"):
            why = _why(partition, steps.get("extract"))
            return StepRecord(status="failed", partition=partition.label, error=why)
    found = _found(of_parts, Extracted)
    digests = "".join(one.digest for one in found)
    query = f"-- partition {of_parts[0][0].label}; the others differ in their symbols alone\n"
    return StepRecord(
        status="success",
        seconds=seconds(of_parts, "extract"),
        found=Extracted(
            rows=sum(one.rows for one in found),
            rows_by_symbol={s: n for one in found for s, n in one.rows_by_symbol.items()},
            missing_symbols=tuple(s for one in found for s in one.missing_symbols),
            rounded=sum(one.rounded for one in found),
            rounded_example=next(iter(_some(one.rounded_example for one in found)), None),
            first_date=min(_some(one.first_date for one in found), default=None),
            last_date=max(_some(one.last_date for one in found), default=None),
            context_rows=sum(one.context_rows for one in found),
            digest=hashlib.sha256(digests.encode()).hexdigest(),
            sql=query + found[0].sql,
            extracted_at=min(one.extracted_at for one in found if one.extracted_at),
            gone=tuple(gone for one in found for gone in one.gone),
            repaired=sum(one.repaired for one in found),
            repaired_example=next(iter(_some(one.repaired_example for one in found)), None),
            repaired_by=dict(sum((Counter(one.repaired_by) for one in found), Counter[str]())),
            dropped=sum(one.dropped for one in found),
            automatic=sum(one.automatic for one in found),
            void=sum(one.void for one in found),
            void_blocks=sum(one.void_blocks for one in found),
            void_example=next(iter(_some(one.void_example for one in found)), None),
        ),
    )


def transformed(of_parts: PartRecords) -> StepRecord:
    """What `transform` is of the whole, once every partition has come through it."""
    found = _found(of_parts, Transformed)
    begun = [steps["transform"] for _, steps in of_parts if "transform" in steps]
    return StepRecord(
        status="success",
        started=begun[0].started if begun else None,
        seconds=seconds(of_parts, "transform"),
        found=Transformed(
            rows=sum(one.rows for one in found),
            columns=found[0].columns if found else (),
        ),
    )


def failure(of_parts: PartRecords, step: str) -> StepRecord | None:
    """The record of a step that a partition did not come through; None when none failed in it."""
    for partition, steps in of_parts:
        record = steps.get(step)
        if record is not None and record.status != "success":
            return StepRecord(
                status="failed",
                started=record.started,
                seconds=seconds(of_parts, step),
                error=_why(partition, record),
                found=_done_before(of_parts, step),
            )
    return None


def summary(partition: Partition, steps: Records) -> PartitionSummary:
    """One partition, however far it came."""
    found, published = steps.found(Extracted), steps.found(Published)
    failed = [record for record in steps.values() if record.status != "success"]
    began = steps["extract"].started if steps else None
    return PartitionSummary(
        number=partition.number,
        label=partition.label,
        symbols=partition.symbols,
        rows=found.rows if found else None,
        published=published.rows if published else None,
        held=published.held if published else None,
        seconds={step: record.seconds or 0.0 for step, record in steps.items()},
        began=datetime.fromisoformat(began) if began else None,
        error=_why(partition, failed[0]) if failed else None,
    )


def seconds(of_parts: PartRecords, step: str) -> float:
    """How long the workers were at a step, all together."""
    return round(sum(steps[step].seconds or 0.0 for _, steps in of_parts if step in steps), 3)


def _done_before(of_parts: PartRecords, step: str) -> StepFindings | None:
    """What the other partitions came to."""
    done = [(partition, steps) for partition, steps in of_parts if steps.succeeded(step)]
    if step == "transform":
        return Transformed(rows=sum(one.rows for one in _found(done, Transformed)))
    if step == "publish":
        found = _found(done, Published)
        return Published(**{name: sum(getattr(one, name) for one in found) for name in _COUNTS})
    return None


def _found(of_parts: PartRecords, kind: type[Found]) -> list[Found]:
    return [found for _, steps in of_parts if (found := steps.found(kind))]


def _why(partition: Partition, record: StepRecord | None) -> str:
    said = "it was never begun" if record is None else record.error
    return f"partition {partition.label}: {said or 'it was stopped before its end'}"


def _some(values: Iterable[str | None]) -> list[str]:
    return [value for value in values if value is not None]
