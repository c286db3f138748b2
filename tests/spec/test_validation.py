"""Requirement: Validation."""

import json

from dags.run.settings import ROOT
from tests.spec.scenario import scenario
from tests.workflow import Database, Workflow


@scenario("Validation", "The bars are valid")
def test_the_bars_are_valid(workflow: Workflow, sample: Database):
    ended = workflow.run()

    suite = json.loads((ROOT / "gx/expectations/stock_data.json").read_text())
    tracked = ended.mlflow()
    assert (ended.state, tracked.status) == ("success", "FINISHED")
    assert tracked.params["validation_status"] == "passed"
    assert tracked.metrics["validation_checks_total"] == len(suite["expectations"])
    assert tracked.metrics["failures_critical"] == 0
    assert sample.one("select count(*) from stock_data_enriched") == 46


@scenario("Validation", "The bars are invalid")
def test_the_bars_are_invalid(workflow: Workflow, sample: Database):
    sample.execute(
        "update stock_data set high = low - 1 where symbol = 'TSLA' and date = '2025-10-08'"
    )

    ended = workflow.run()

    assert ended.state == "failed"
    assert ended.tasks["validate_data"] == "failed"
    assert ended.tries["validate_data"] == 1  # no retry mends the bars
    assert ended.tasks["publish_data"] == "upstream_failed"
    assert ended.tasks["log_to_mlflow"] == "success"
    assert sample.one("select count(*) from stock_data_enriched") == 0
    tracked = ended.mlflow()
    assert tracked.status == "FAILED"
    assert tracked.params["validation_status"] == "failed"
    assert tracked.metrics["failures_critical"] >= 1
    page = (tracked.artifacts / "validation/report.html").read_text()
    assert "Nothing published: gate closed" in page and "2025-10-08" in page
    results = json.loads((tracked.artifacts / "validation/results.json").read_text())
    named = [bar for entry in results["expectations"] for bar in entry["failing"]]
    assert {"symbol": "TSLA", "date": "2025-10-08"} in named
