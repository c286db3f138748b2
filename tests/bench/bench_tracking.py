"""What one more run costs in MLflow: 20 expectations and 500 symbols, on a server of its own.

`python -m tests.bench tracking [--runs 500]`: within 2 s, and with 500 earlier runs in the
experiment no more than 1.5 times what it takes after the first.
"""

import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from dags.reporting.tracked.description import describe
from dags.reporting.tracked.metrics import run_metrics
from dags.staging.records import Extracted, Records, StepRecord
from gx.report.document import ReportDocument
from sql import embedded
from tests.mlflow_stores import database_store, mlflow_server, record
from tests.report_documents import outcome_document, report_document
from tracking import Dataset, RunRecord, TrackingStore, log_run, write_table

LIMIT_SECONDS, LIMIT_RATIO = 2.0, 1.5
EXPECTATIONS, SYMBOLS, FILES, TRIES = 20, 500, 11, 9


def main(options: list[str]) -> int:
    """Print the seconds of one run after 1 and after 500 others; 1 when a limit was missed."""
    earlier = int(options[options.index("--runs") + 1]) if "--runs" in options else 500
    with tempfile.TemporaryDirectory(prefix="bench-tracking-") as folder:
        # As root PostgreSQL runs as another user, who has to enter.
        place = Path(folder)
        place.chmod(0o755)
        with embedded.start(place / "pg") as postgres:
            database = database_store(postgres, "mlflow", place)
            with mlflow_server(database, place) as server:
                return _judge(server.store, _artifacts(place / "run"), earlier)


def _judge(store: TrackingStore, artifacts: Path, earlier: int) -> int:
    log_run(store, _full("first"), artifacts)
    few = _seconds(store, artifacts, "few")
    _fill(store, earlier)
    many = _seconds(store, artifacts, "many")
    metrics = len(_full("").metrics)
    print(f"one run: {metrics} metrics, {FILES} files, of {SYMBOLS} symbols")
    print(f"{'earlier runs':>14}{'median s':>10}   (limit {LIMIT_SECONDS:.0f} s)")
    print(f"{1:>14}{few:>10.2f}\n{earlier:>14}{many:>10.2f}")
    print(f"ratio {many / few:.2f}   (limit {LIMIT_RATIO})")
    return int(max(few, many) > LIMIT_SECONDS or many / few > LIMIT_RATIO)


def _seconds(store: TrackingStore, artifacts: Path, name: str) -> float:
    took = []
    for number in range(TRIES):
        made = _full(f"{name} {number}")
        began = time.perf_counter()
        log_run(store, made, artifacts)
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def _fill(store: TrackingStore, count: int) -> None:
    """Runs as heavy as the one that is measured, without their files."""
    with tempfile.TemporaryDirectory() as empty, ThreadPoolExecutor(4) as pool:
        made = [_full(f"earlier {number}") for number in range(count)]
        for _ in pool.map(lambda run: log_run(store, run, Path(empty)), made):
            pass


def _full(name: str) -> RunRecord:
    report = _report()
    rows_by_symbol = {symbol: found.rows for symbol, found in report.symbols.items()}
    extracted = Extracted(rows=500_000, rows_by_symbol=rows_by_symbol)
    steps = Records(extract=StepRecord(seconds=1.0, found=extracted))
    return replace(
        record(f"bench/{name}"),
        metrics=run_metrics(steps, report, 5_000, 9.0),
        tags={f"tag {number}": "value" for number in range(12)},
        description=describe("Gate closed.", report, links={}),
        tables=["validation/0.json"],
        dataset=Dataset(
            name="bars",
            digest="d" * 64,
            table="bars",
            query="select",
            columns={"close": "double"},
            profile={"num_rows": 500_000},
        ),
    )


def _report() -> ReportDocument:
    expectations = [
        outcome_document(
            type=f"expect_number_{number}",
            kwargs={"column": "close"},
            status="failed",
            description="The close is at least one cent.",
            unexpected_count=250,
            unexpected_share=0.0005,
            symbols=["S001", "S002"],
        )
        for number in range(EXPECTATIONS)
    ]
    symbols = {f"S{number:03d}": (1_000, number % 20) for number in range(SYMBOLS)}
    return report_document(*expectations, rows=500_000, symbols=symbols)


def _artifacts(folder: Path) -> Path:
    rows = [[f"S{number:03d}", 1.0, "too low"] for number in range(1_000)]
    for number in range(FILES):
        write_table(folder / "validation" / f"{number}.json", ["symbol", "close", "why"], rows)
    return folder
