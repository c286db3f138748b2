"""Requirement: Debug mode."""

import json

from tests.spec.scenario import scenario
from tests.workflow import Database, Workflow


@scenario("Debug mode", "Debug mode is on")
def test_debug_mode_is_on(workflow: Workflow, sample: Database):
    tracked = workflow.run(debug_mode=True).mlflow()

    assert tracked.params["debug_mode"] == "true"
    assert {name for name in tracked.files() if name.startswith("debug/")} == {
        "debug/extract.sql",
        "debug/after_extract.csv",
        "debug/after_transform.csv",
        "debug/settings.json",
        "debug/versions.json",
        "debug/timings.json",
    }
    assert "from stock_data as bar" in (tracked.artifacts / "debug/extract.sql").read_text()
    timings = json.loads((tracked.artifacts / "debug/timings.json").read_text())
    assert all(timings[step] >= 0 for step in ("extract", "validate", "transform", "publish"))


@scenario("Debug mode", "Debug mode is off")
def test_debug_mode_is_off(workflow: Workflow, sample: Database):
    tracked = workflow.run(debug_mode=False).mlflow()

    assert tracked.params["debug_mode"] == "false"
    assert not [name for name in tracked.files() if name.startswith("debug/")]
    summary = json.loads((tracked.artifacts / "extraction_summary.json").read_text())
    assert "sql" not in summary
