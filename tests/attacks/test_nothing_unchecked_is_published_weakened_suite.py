"""A suite that lost critical expectations since the run before says so, wherever it is told."""

import json
import uuid
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from gx.gate.checkpoint import run_in_memory
from gx.project import SUITES
from gx.report.changes import no_longer_critical
from gx.report.console import report_lines
from gx.report.model import QualityReport
from gx.report.render import render_html
from gx.report.view import view_of
from gx.suite.read import parse_suite
from gx.terms import STILL_THERE
from gx.web.summary import RunSummary

pytestmark = pytest.mark.usefixtures("airflow_environment")
OURS = json.loads((SUITES / "stock_data.json").read_text())["expectations"]
MARKET = [entry for entry in OURS if entry["type"].startswith(("expect_no_", "expect_bar"))]


def judged(entries: list[dict[str, Any]]) -> QualityReport:
    bars = pd.read_csv("sql/sample/stock_data.csv", parse_dates=["date"])
    bars = bars.assign(created_at=bars["date"] + pd.Timedelta(days=2)).astype({"volume": float})
    document = {"name": "stock_data", "id": str(uuid.uuid4()), "expectations": entries}
    suite = parse_suite(json.dumps(document).encode(), where="s", name="stock_data")
    return run_in_memory(bars, suite, as_of="2025-11-04")


def lost(before: list[dict[str, Any]], now: list[dict[str, Any]]) -> tuple[str, ...]:
    return no_longer_critical(judged(before).to_dict(), judged(now).to_dict())


def test_what_a_careless_save_dropped_is_named():
    dropped = [entry for entry in MARKET if entry["severity"] == "critical"]
    assert len(dropped) > 4
    rest = [entry for entry in OURS if entry not in MARKET]
    assert lost(OURS, rest) == tuple(entry["description"] for entry in dropped)


def test_one_that_is_only_a_warning_now_is_lost_and_others_are_not():
    softer = [
        {**entry, "severity": "warning"} if entry["type"] == "expect_no_future_bars" else entry
        for entry in OURS
    ]
    (named,) = lost(OURS, softer)
    assert named.startswith("No bar is dated after")
    bounded = [
        {**entry, "kwargs": {**entry["kwargs"], "max_value": 1e12}}
        if entry["type"] == "expect_column_values_to_be_between"
        else entry
        for entry in OURS[::-1]
    ]
    assert lost(OURS, bounded) == () == lost(softer, OURS)


def test_what_the_gate_itself_held_before_is_no_expectation_of_the_suite():
    before: dict[str, Any] = judged(OURS).to_dict()
    before["expectations"].append(
        {**before["expectations"][0], "type": STILL_THERE, "kwargs": {}, "severity": "critical"}
    )
    assert no_longer_critical(before, judged(OURS).to_dict()) == ()


def test_report_console_and_page_tell_it():
    weakened = replace(judged(OURS), no_longer_critical=("Every bar has a date.",))
    said = "The suite has 1 critical expectation fewer than in the run before: Every bar has a"
    assert said in weakened.sentence
    assert view_of(replace(weakened, outcomes=())).kind == "warned"
    assert any(said in line for line in report_lines(weakened))
    assert said in render_html(weakened)


def test_an_alert_is_sent_for_it(tmp_path: Path):
    from dags.reporting.alerts import alert_of
    from dags.run.settings import Settings
    from dags.staging.files import Folder
    from dags.staging.layout import SUMMARY

    settings = Settings(staging_url=f"file://{tmp_path}")
    staging = Folder(f"{settings.staging_url}/d/r")
    staging.prepare()
    summary = RunSummary("r", "d", "2025-11-04", "Passed.", "open", suite="s", failures={})
    context = {"dag": SimpleNamespace(dag_id="d"), "run_id": "r"}

    staging.write_json(SUMMARY, vars(summary))
    assert alert_of(settings, context, failed=False) is None
    staging.write_json(SUMMARY, vars(replace(summary, no_longer_critical=18)))
    told = alert_of(settings, context, failed=False)
    assert told is not None
    assert told.title == "18 critical expectations fewer than in the run before: s"
