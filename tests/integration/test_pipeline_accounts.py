"""No bar is lost: rows extracted = rows published + rows held, for any bars."""

import itertools
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dags.errors import GateClosed
from dags.run.request import RunRequest
from dags.run.settings import Settings
from gx.report.model import Outcome
from tests.staged import staging_in
from tests.staged_runs import daily_bars, judged, stage_run
from tests.workflow import Database, Workflow

if TYPE_CHECKING:
    from dags.run.context import Run

SYMBOLS = ("AAA", "BBB", "CCC")
DEFECTS = st.sampled_from(["none"] * 8 + ["nan", "inf", "negative", "twice", "volume", "null"])
GONE = Outcome("expect_our_own", {}, "critical", "passed", "No bar is odd.")
NUMBERS = itertools.count()


@st.composite
def bars_of_every_symbol(draw: st.DrawFn) -> dict[str, list[str]]:
    """Defects by symbol, one a session: without a session less, which the market would lack."""
    sessions = draw(st.integers(1, 6))
    same = st.lists(DEFECTS, min_size=sessions, max_size=sessions)
    return draw(st.fixed_dictionaries(dict.fromkeys(SYMBOLS, same)))


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(defects=bars_of_every_symbol())
def test_rows_extracted_are_rows_published_and_rows_held(
    workflow: Workflow, database: Database, tmp_path: Path, defects: dict[str, list[str]]
):
    from dags import steps

    run_id = f"run {next(NUMBERS)}"
    database.empty("stock_data_enriched", "stock_data_publications")
    bars = table_of(defects)
    run = staged(tmp_path / run_id, "dag", run_id, bars)
    staging = run.staging
    with suppress(GateClosed):
        steps.validate(run)
        steps.transform(run)
        steps.publish(run)

    published = database.one("select count(*) from stock_data_enriched")
    held = database.one(f"select count(*) from stock_data_quarantine where run_id = '{run_id}'")
    is_open = staging.record("validate").found.open
    bad = {symbol for symbol, kinds in defects.items() if set(kinds) - {"none"}}
    assert is_open == (bad != set(defects))
    assert published + held == bars.num_rows
    found = {symbol for (symbol,) in database.rows("select symbol from stock_data_enriched")}
    assert found == set(defects) - bad


def test_a_suite_that_lost_critical_expectations_since_the_run_before_says_so(
    workflow: Workflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from dags import steps
    from dags.reporting import report_files
    from dags.staging.layout import DAG_ID, REPORT

    before = judged(daily_bars(["AAA"], 30), replace(GONE, status="passed"))
    stage_run(tmp_path, "before", daily_bars(["AAA"], 30), before)
    run = staged(
        tmp_path / DAG_ID / "now", DAG_ID, "now", table_of({name: ["none"] * 6 for name in SYMBOLS})
    )

    # Where a task's log goes is Airflow's to say.
    said: list[str] = []
    monkeypatch.setattr(
        report_files.log, "warning", lambda text, *values: said.append(text % values)
    )

    steps.validate(run)

    report = run.staging.read_json(REPORT)
    assert report["no_longer_critical"] == [GONE.description]
    assert "1 critical expectation fewer than in the run before" in report["verdict"]
    assert run.staging.record("validate").found.open
    assert said == [f"not critical any more, as it was in the run before: {GONE.description}"]


def staged(folder: Path, dag_id: str, run_id: str, bars: pa.Table) -> "Run":
    """A run whose bars are extracted."""
    from dags.run.context import Run, RunIdentity
    from dags.staging.records import Extracted

    staging = staging_in(folder, run_id, dag_id)
    staging.prepare()
    with staging.recorded("extract") as record, staging.sealing("bars.parquet") as sink:
        pq.write_table(bars, sink)
        record.found = Extracted(rows=bars.num_rows, extracted_at=datetime.now(UTC))
    request = RunRequest(SYMBOLS, None, None, policy="quarantine")
    identity = RunIdentity(dag_id, run_id, "manual", "2026-01-01", datetime.now(UTC))
    return Run(Settings(), request, staging, identity)


def table_of(defects: dict[str, list[str]]) -> pa.Table:
    """Bars as extraction stages them: one a session and symbol, each with its defect."""
    rows: list[dict[str, Any]] = []
    odd: dict[str, dict[str, Any]] = {
        "nan": {"close": float("nan")},
        "inf": {"high": float("inf")},
        "negative": {"low": -1.0},
        "volume": {"volume": -5.0},
        "null": {"open": None},
    }
    sessions = pd.bdate_range("2025-10-06", periods=6)
    for symbol, kinds in sorted(defects.items()):
        for day, kind in zip(sessions, kinds, strict=False):
            close = 100.0 + len(rows) % 3
            bar: dict[str, Any] = {"symbol": symbol, "date": day.date(), "created_at": None}
            bar |= {"open": close - 0.2, "high": close + 1, "low": close - 1, "close": close}
            bar |= {"volume": 1e6} | odd.get(kind, {})
            rows += [bar, bar] if kind == "twice" else [bar]
    numbers = [(name, pa.float64()) for name in ("open", "high", "low", "close", "volume")]
    schema = [("symbol", pa.string()), ("date", pa.date32()), *numbers]
    return pa.Table.from_pylist(rows, pa.schema([*schema, ("created_at", pa.timestamp("us"))]))
