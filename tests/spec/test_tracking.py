"""Requirement: Tracking."""

import hashlib
import json
import re

from dags.run.settings import ROOT
from tests.spec.scenario import scenario
from tests.workflow import Database, Workflow

SUITE = ROOT / "gx/expectations/stock_data.json"


@scenario("Tracking", "The run is tracked")
def test_the_run_is_tracked(workflow: Workflow, sample: Database):
    ended = workflow.run(symbols=["TSLA"], start_date="2025-10-06", end_date="2025-10-10")

    tracked = ended.mlflow()
    assert tracked.status == "FINISHED"
    assert tracked.params["symbols"] == "TSLA"
    assert tracked.params["start_date"] == "2025-10-06"
    assert tracked.params["end_date"] == "2025-10-10"
    assert tracked.params["debug_mode"] == "false"
    assert tracked.params["execution_date"].startswith("2026-01-01T")
    expected = {"total_rows": 5, "symbols_processed": 1, "symbols_missing": 0}
    expected |= {"rows_transformed": 5, "rows_published": 5}
    assert {name: tracked.metrics[name] for name in expected} == expected
    seconds = {f"seconds_{step}" for step in ("extract", "validate", "transform", "publish")}
    assert seconds | {"execution_time_seconds"} <= tracked.metrics.keys()


@scenario("Tracking", "The artifacts are kept")
def test_the_artifacts_are_kept(workflow: Workflow, sample: Database):
    tracked = workflow.run().mlflow()

    assert tracked.files() == {
        "extraction_summary.json",
        "validation/report.html",
        "validation/results.json",
        "validation/suite.json",
        "validation/expectations.json",
        "validation/failing.parquet",
        "validation/failing_rows.json",
        "validation/symbols.json",
        "data_docs/index.html",
        "transformation_summary.json",
        "data_sample.csv",
    }
    kept = (tracked.artifacts / "validation/suite.json").read_text()
    assert kept == SUITE.read_text()
    summary = json.loads((tracked.artifacts / "extraction_summary.json").read_text())
    assert summary["rows_by_symbol"] == {"NVDA": 23, "TSLA": 23}
    for page in ("validation/report.html", "data_docs/index.html"):
        text = (tracked.artifacts / page).read_text()
        assert not re.search(r"""(src|href)=["']?(https?:)?//""", text)
    header, *rows = (tracked.artifacts / "data_sample.csv").read_text().splitlines()
    assert "daily_return" in header.split(",")
    assert len(rows) == 46


@scenario("Tracking", "The tags are set")
def test_the_tags_are_set(workflow: Workflow, sample: Database):
    ended = workflow.run()

    tags = ended.mlflow().tags
    assert tags["workflow_type"] == "stock_data_quality"
    assert tags["environment"] == "development"
    assert tags["airflow_dag_id"] == "ibkr_stock_data_workflow"
    assert tags["airflow_run_id"] == ended.run_id
    assert tags["trigger_type"] == "manual"
    assert tags["suite_sha256"] == hashlib.sha256(SUITE.read_bytes()).hexdigest()
    assert tags["data_digest"] == ended.step("extract")["digest"]
    assert "missing_symbols" not in tags
