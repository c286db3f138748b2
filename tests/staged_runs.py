"""Folders of runs as the steps leave them, without running anything."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dags.staging.layout import BARS, DAG_ID, FAILING, REPORT, SUITE, SUMMARY, safe_name
from gx.gate.verdicts import failing_bars, symbol_verdicts
from gx.report.changes import ReportedRun
from gx.report.model import Outcome, QualityReport
from gx.report.published import Doubt, Removal
from gx.web.summary import RunSummary

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
_COLUMNS = ("symbol", "date", "open", "high", "low", "close", "volume")


def daily_bars(symbols: list[str], days: int, seed: int = 7) -> pd.DataFrame:
    """Random walks that no check would mind, ordered by symbol and date."""
    draw = np.random.default_rng(seed)
    dates = pd.bdate_range("2024-01-01", periods=days).astype("datetime64[s]")
    frames = []
    for symbol in symbols:
        close = 100 * np.exp(np.cumsum(draw.normal(0, 0.015, days)))
        opened = close * (1 + draw.normal(0, 0.005, days))
        top, bottom = np.maximum(opened, close), np.minimum(opened, close)
        columns = [symbol, dates, opened, top * 1.004, bottom * 0.996, close, 1e6 + close * 1000]
        frames.append(pd.DataFrame(dict(zip(_COLUMNS, columns, strict=True))))
    return pd.concat(frames, ignore_index=True)


def outcome(
    bars: pd.DataFrame, rows: list[int], severity: str = "critical", column: str = "close"
) -> Outcome:
    """An expectation on a column that these rows do not meet; met when there are none."""
    positions = np.array(rows, np.int64)
    owners = bars["symbol"].iloc[positions]
    return Outcome(
        type="expect_column_values_to_be_between",
        kwargs={"column": column, "min_value": 0.01},
        severity=severity,
        status="failed" if rows else "passed",
        description=f"{column} is at least one cent.",
        unexpected_count=len(rows),
        unexpected_share=len(rows) / len(bars),
        rows=positions,
        symbols=tuple(sorted(set(owners.dropna().astype(str)))),
    )


def judged(bars: pd.DataFrame, *outcomes: Outcome) -> QualityReport:
    """The report of these outcomes."""
    return QualityReport(
        suite="stock_data",
        suite_sha256="5" * 64,
        suite_text='{"name": "stock_data"}',
        rows=len(bars),
        first_date=str(bars["date"].min())[:10],
        last_date=str(bars["date"].max())[:10],
        outcomes=outcomes,
        symbols=symbol_verdicts(bars, outcomes),
        failing=failing_bars(bars, outcomes),
    )


DOUBT = Doubt(
    symbol="AAPL",
    date="2024-03-04",
    published_by="scheduled__2024-03-05",
    published_at="2024-03-05T22:15:00+00:00",
    severity="warning",
    expectations=("no_reversing_spikes(symbol, date, close)",),
    reasons=("No price jumps far away and comes back.",),
    bar={"open": 101.5, "high": 999.25, "low": 100.0, "close": 101.0, "volume": None},
)
REMOVAL = Removal(
    symbol="MSFT",
    bars=2,
    published=20,
    first_date="2024-03-04",
    last_date="2024-03-05",
    dates=("2024-03-04", "2024-03-05"),
)


def account(report: QualityReport, bars: pd.DataFrame) -> ReportedRun:
    """What a run found, with its bars at hand."""
    return ReportedRun(report.to_dict(every_row=False), bars=lambda: bars)


def stage_run(
    staging: Path,
    run_id: str,
    bars: pd.DataFrame,
    report: QualityReport,
    *,
    minutes: int = 0,
    digest: str = "",
    held: tuple[str, ...] = (),
    dag_id: str = DAG_ID,
) -> Path:
    """Write the folder of a run that started ``minutes`` after noon."""
    folder = staging / dag_id / safe_name(run_id)
    (folder / "steps").mkdir(parents=True)
    _frame(folder / BARS, bars)
    _frame(folder / FAILING, report.failing)
    report.write_json(folder / REPORT, every_row=False)
    (folder / SUITE).write_text(report.suite_text)
    is_open = report.success or bool(held)
    steps = {
        "extract": {"rows": len(bars), "digest": digest or run_id, "sql": "select 1"},
        "validate": {"open": is_open, "held": list(held), "reasons": []},
    }
    for name, step in steps.items():
        (folder / "steps" / f"{name}.json").write_text(json.dumps({"status": "success", **step}))
    write_summary(
        folder, run_id, report, minutes=minutes, held=held, is_open=is_open, dag_id=dag_id
    )
    return folder


def write_summary(
    folder: Path,
    run_id: str,
    report: QualityReport,
    *,
    minutes: int,
    held: tuple[str, ...] = (),
    is_open: bool = True,
    dag_id: str = DAG_ID,
) -> None:
    """Write the summary alone, as the last step does."""
    folder.mkdir(parents=True, exist_ok=True)
    summary = RunSummary(
        run_id=run_id,
        dag_id=dag_id,
        started=(NOON + timedelta(minutes=minutes)).isoformat(),
        verdict=report.sentence,
        state="open" if is_open else "closed",
        trigger="manual",
        first_date=report.first_date,
        last_date=report.last_date,
        rows=report.rows,
        failing_rows=len(report.failing),
        failures={name: report.failures(name) for name in ("critical", "warning", "info")},
        held=held,
        suite=report.suite,
        suite_sha256=report.suite_sha256,
        instead_of="" if report.suite == "stock_data" else "stock_data",
        expectations=tuple(o.name for o in report.failed),
        symbols=tuple(s for s, v in report.symbols.items() if v.reasons)[:50],
    )
    document = {**asdict(summary), "mlflow_page": "#/experiments/1/runs/abc"}
    (folder / SUMMARY).write_text(json.dumps(document))


def _frame(path: Path, frame: pd.DataFrame) -> None:
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
