"""The bars that a run judged, as the dataset of its MLflow run."""

from typing import TYPE_CHECKING

from dags.reporting.tracked.metrics import share
from dags.staging.layout import BARS
from dags.staging.records import Extracted, Records
from gx.report.document import ReportDocument
from tracking.run.dataset import Dataset

if TYPE_CHECKING:
    import pyarrow as pa

    from dags.run.context import Run


def bars_dataset(
    run: "Run",
    steps: Records,
    report: ReportDocument | None,
    verdict: str,
    failing_rows: int,
) -> Dataset | None:
    """Source, columns, digest and quality of the staged bars; None when none were staged."""
    extracted = steps.found(Extracted)
    if extracted is None or not steps.succeeded("extract"):
        return None
    profile = {
        "num_rows": extracted.rows,
        "num_symbols": len(extracted.rows_by_symbol),
        "first_date": extracted.first_date,
        "last_date": extracted.last_date,
    }
    return Dataset(
        name=run.dataset.name,
        digest=extracted.digest,
        table=f"{run.read_from.database}.{run.source.shown}",
        query=extracted.sql,
        columns={field.name: _kind(field) for field in _schema(run)},
        profile=profile | (_quality(report, verdict, failing_rows) if report else {}),
    )


def _quality(report: ReportDocument, verdict: str, failing_rows: int) -> dict[str, object]:
    return {
        "verdict": verdict,
        "failing_rows": failing_rows,
        "failing_share": share(failing_rows, report.rows),
        "failures": report.failures_by_severity,
        "suite_sha256": report.suite_sha256,
    }


def _schema(run: "Run") -> "pa.Schema":
    import pyarrow as pa
    import pyarrow.parquet as pq

    from dags.work.lanes import lane_of

    return pq.read_schema(pa.BufferReader(lane_of(run).folder_with(BARS).read_bytes(BARS)))


def _kind(field: "pa.Field") -> str:
    """MLflow's word for a column's type; Arrow's where it has none."""
    import pyarrow as pa

    words = {
        pa.types.is_string: "string",
        pa.types.is_large_string: "string",
        pa.types.is_float64: "double",
        pa.types.is_int64: "long",
        pa.types.is_date: "datetime",
        pa.types.is_timestamp: "datetime",
        pa.types.is_boolean: "boolean",
    }
    return next((word for is_kind, word in words.items() if is_kind(field.type)), str(field.type))
