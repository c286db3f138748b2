"""OpenLineage is told of a run, where somebody listens; who does not costs it nothing."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dags.run.settings import Settings
from tests.webhook import Webhook, webhook
from tests.workflow import Database, Workflow

BAD = "update stock_data set low = -1 where symbol = 'TSLA' and date = '2025-10-08'"
SCHEMAS = {
    "schema": "1-2-0/SchemaDatasetFacet",
    "inputStatistics": "1-0-0/InputStatisticsInputDatasetFacet",
    "outputStatistics": "1-0-2/OutputStatisticsOutputDatasetFacet",
    "dataQualityAssertions": "1-1-0/DataQualityAssertionsDatasetFacet",
}


@contextmanager
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    """Somebody who listens, as OPENLINEAGE_URL names him."""
    with webhook() as hook:
        address = hook.url.removeprefix("json://").removesuffix("/hook")
        monkeypatch.setenv("OPENLINEAGE_URL", f"http://{address}")
        monkeypatch.setenv("OPENLINEAGE_NAMESPACE", "markets")
        monkeypatch.setenv("OPENLINEAGE_API_KEY", "opensesame")
        yield hook


def facet(of: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = of[name]
    assert found["_schemaURL"].startswith(f"https://openlineage.io/spec/facets/{SCHEMAS[name]}")
    return found


def test_a_run_tells_its_beginning_and_its_end_with_what_was_judged(
    workflow: Workflow, database: Database, sample: None, monkeypatch: pytest.MonkeyPatch
):
    with receiver(monkeypatch) as hook:
        ended = workflow.run(symbols=["NVDA", "TSLA"])
    begin, end = hook.posts

    assert [one["eventType"] for one in hook.posts] == ["START", "COMPLETE"]
    assert begin["run"]["runId"] == end["run"]["runId"]
    assert begin["job"]["namespace"] == "markets"
    assert begin["job"]["name"] == "ibkr_stock_data_workflow"
    (source,), (published,) = end["inputs"], end["outputs"]
    name = database.settings.database
    assert (source["namespace"], source["name"]) == (
        f"postgres://localhost:{database.settings.port}",
        f"{name}.public.stock_data",
    )
    assert published["name"] == f"{name}.public.stock_data_enriched"
    assert facet(source["inputFacets"], "inputStatistics")["rowCount"] == 46
    assert facet(published["outputFacets"], "outputStatistics")["rowCount"] == 46
    fields = facet(published["facets"], "schema")["fields"]
    assert {"name": "daily_return", "type": "double precision"}.items() <= {
        one["name"]: one for one in fields
    }["daily_return"].items()
    said = facet(source["inputFacets"], "dataQualityAssertions")["assertions"]
    assert len(said) == len(ended.json("report.json")["expectations"])
    late = [one for one in said if one["assertion"] == "expect_bars_to_be_fresh"]
    assert [(one["success"], one["severity"]) for one in late] == [(False, "warn")]
    nulls = [one["column"] for one in said if one["name"] == "column_values_to_not_be_null"]
    assert "close" in nulls


def test_a_closed_gate_is_a_failure_with_its_sentence(
    workflow: Workflow, database: Database, sample: None, monkeypatch: pytest.MonkeyPatch
):
    database.execute(BAD)
    with receiver(monkeypatch) as hook:
        assert workflow.run(symbols=["NVDA", "TSLA"]).state == "failed"
    end = hook.posts[-1]

    assert end["eventType"] == "FAIL"
    assert end["run"]["facets"]["errorMessage"]["message"].startswith("Nothing published: gate")
    assert end["outputs"] == []
    said = end["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert any(one["severity"] == "error" and not one["success"] for one in said)


def test_held_bars_are_told_as_what_went_into_quarantine(
    workflow: Workflow, database: Database, sample: None, monkeypatch: pytest.MonkeyPatch
):
    database.execute(BAD)
    with receiver(monkeypatch) as hook:
        workflow.run(symbols=["NVDA", "TSLA"], policy="quarantine")
    outputs = hook.posts[-1]["outputs"]

    rows = [one["outputFacets"]["outputStatistics"]["rowCount"] for one in outputs]
    assert (rows, outputs[1]["name"].rpartition(".")[2]) == ([23, 23], "stock_data_quarantine")


def test_a_file_can_be_told_as_well(
    workflow: Workflow, sample: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    file = tmp_path / "events of today.jsonl"
    monkeypatch.setenv("OPENLINEAGE_URL", file.as_uri())
    workflow.run(symbols=["TSLA"])
    events = [json.loads(line) for line in file.read_text().splitlines()]
    assert [one["eventType"] for one in events] == ["START", "COMPLETE"]


def test_who_does_not_answer_costs_a_run_nothing(
    workflow: Workflow,
    sample: None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # takes calls and never answers
        monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{deaf.getsockname()[1]}")
        assert workflow.run(symbols=["TSLA"]).state == "success"
    assert "is not waited for" in caplog.text
    caplog.clear()
    assert workflow.run(symbols=["TSLA"]).state == "success"  # nobody is there any more
    assert "OpenLineage was not told" in caplog.text


@pytest.mark.parametrize("url", ["marquez:5000", "s3://bucket/events", "file://events.jsonl"])
def test_an_address_that_cannot_be_one_is_refused(url: str):
    with pytest.raises(ValueError, match="must be http"):
        Settings.of({"OPENLINEAGE_URL": url})


def test_nobody_is_told_unless_it_is_asked_for(
    workflow: Workflow, sample: None, monkeypatch: pytest.MonkeyPatch
):
    from dags.reporting.lineage import emit

    monkeypatch.setattr(emit, "_event", lambda *_: pytest.fail("an event was made"))
    assert workflow.run(symbols=["TSLA"]).state == "success"
