"""Requirement: Scheduling."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.spec.scenario import scenario
from tests.workflow import Database, Workflow

WEEKLY = "0 0 * * 1"
WEEK = (datetime(2025, 10, 6, tzinfo=UTC), datetime(2025, 10, 13, tzinfo=UTC))


@scenario("Scheduling", "A manual run")
def test_a_manual_run(workflow: Workflow, sample: Database):
    assert workflow.dag().schedule is None

    ended = workflow.run()

    tracked = ended.mlflow()
    assert ended.state == "success"
    assert tracked.tags["trigger_type"] == "manual"
    assert (tracked.params["start_date"], tracked.params["end_date"]) == ("", "")
    assert ended.step("extract")["rows"] == 46


@scenario("Scheduling", "A scheduled run takes its interval as its date range")
def test_a_scheduled_run_takes_its_interval_as_its_date_range(
    workflow: Workflow, sample: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("WORKFLOW_SCHEDULE", WEEKLY)

    ended = workflow.run(scheduled=True, moment=WEEK[0], interval=WEEK)

    assert ended.state == "success"
    tracked = ended.mlflow()
    assert tracked.tags["trigger_type"] == "scheduled"
    assert tracked.params["start_date"] == "2025-10-06"
    assert tracked.params["end_date"] == "2025-10-12"
    days = sample.rows("select min(date), max(date), count(*) from stock_data_enriched")
    assert days == [(date(2025, 10, 6), date(2025, 10, 10), 10)]


@scenario("Scheduling", "Missed intervals are not caught up")
def test_missed_intervals_are_not_caught_up(workflow: Workflow, monkeypatch: pytest.MonkeyPatch):
    from airflow.models.dag import DagModel

    monkeypatch.setenv("WORKFLOW_SCHEDULE", WEEKLY)
    dag = workflow.dag()

    planned = DagModel.get_current(dag.dag_id)

    assert dag.start_date < datetime.now(UTC) - timedelta(days=14)
    assert planned.next_dagrun_data_interval_start > datetime.now(UTC) - timedelta(days=14)
