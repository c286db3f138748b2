"""`make up`: what the desk does, and for whom."""

import json
import time
import urllib.error
from typing import Any

import pytest

from dags.local.desk.airflow_api import fetch
from dags.staging.layout import DAG_ID
from tests.desk import Desk, wait_for_line
from tests.up.stack import of_the_desk
from tests.webhook import Webhook


def tracked(desk: Desk) -> dict[str, dict[str, Any]]:
    """The runs in MLflow's server by the id of their DAG run."""
    return {info["run_name"]: info for info in desk.tracked()}


def test_a_triggered_run_succeeds_and_is_tracked_with_its_report(desk: Desk):
    ended = desk.trigger_and_wait()
    assert ended["state"] == "success"
    info = tracked(desk)[ended["dag_run_id"]]
    assert info["status"] == "FINISHED"
    assert "validation/report.html" in desk.artifacts(info)


def test_a_run_from_the_command_line_is_done_by_the_desk(desk: Desk, told: Webhook):
    before = set(tracked(desk))
    ended = of_the_desk(desk, "run", "--symbols", "TSLA", ALERT_URLS=told.url)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"Log           {desk.airflow}/dags/{DAG_ID}/runs/manual__" in ended.stdout
    (new,) = set(tracked(desk)) - before
    assert "validation/report.html" in desk.artifacts(tracked(desk)[new])


def test_a_run_with_other_settings_than_the_desks_is_refused(desk: Desk):
    ended = of_the_desk(desk, "run", POSTGRES_HOST="elsewhere", POSTGRES_PASSWORD="sesame")
    assert ended.returncode == 2
    assert "with another ALERT_URLS, POSTGRES_HOST, POSTGRES_PASSWORD" in ended.stderr
    assert "sesame" not in ended.stderr


def test_a_failed_run_is_said_here_and_told_to_people(desk: Desk, told: Webhook):
    failed = desk.trigger_and_wait({"symbols": ["NOBARS"]})
    assert failed["state"] == "failed"
    wait_for_line(desk.process, desk.output, f"{failed['dag_run_id']} FAILED")
    deadline = time.monotonic() + 60
    # Airflow tells people from its dag-processor, a moment later; others were told of other runs.
    while not (posts := [one for one in told.posts if "NOBARS" in one["message"]]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (post,) = posts
    assert post["title"] == f"Run failed: {DAG_ID}"


def test_nobody_marks_a_run_as_a_success_that_has_not_published(desk: Desk):
    """Also not in two steps: its last task, and then any other."""
    runs = f"/dags/{DAG_ID}/dagRuns"
    failed = desk.trigger_and_wait({"symbols": ["NOBARS"]})["dag_run_id"]
    success, task = {"state": "success"}, {"new_state": "success"}
    everywhere = [{"dag_id": DAG_ID, "dag_run_id": failed, **success}]
    bodies: dict[str, dict[str, Any]] = {
        f"{runs}/{failed}": success,
        "/dags/~/dagRuns": {"actions": [{"action": "update", "entities": everywhere}]},
        f"{runs}/{failed}/taskInstances/confirm_published": task,
        f"{runs}/{failed}/taskInstances/publish_data": task | {"include_downstream": True},
    }
    for path, body in bodies.items():
        with pytest.raises(urllib.error.HTTPError, match="409") as refused:
            desk.api.patch(path, body)
        said = json.loads(refused.value.read())["detail"]
        assert said.startswith(
            f"{failed} cannot be marked as a success. Nothing says that this run"
        )
    with pytest.raises(urllib.error.HTTPError, match="403"):
        desk.api_as("viewer").patch(f"{runs}/{failed}", success)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        fetch("PATCH", f"{desk.airflow}/api/v2{runs}/{failed}", success)
    assert desk.api.get(f"{runs}/{failed}")["state"] == "failed"
    assert desk.api.patch(f"{runs}/{failed}", {"note": "no such symbol"})["note"]

    published = desk.trigger_and_wait()["dag_run_id"]
    assert desk.api.patch(f"{runs}/{published}", {"state": "failed"})["state"] == "failed"
    assert desk.api.patch(f"{runs}/{published}", success)["state"] == "success"


def test_airflow_takes_no_backfill_of_a_workflow_without_a_schedule(desk: Desk):
    """As dags/README.md says, with what to do instead."""
    days = {"from_date": "2025-10-06T00:00:00Z", "to_date": "2025-10-08T00:00:00Z"}
    with pytest.raises(urllib.error.HTTPError, match="422") as refused:
        desk.api.post("/backfills", {"dag_id": DAG_ID, "max_active_runs": 1, **days})
    assert "non-periodic schedule that does not support backfills" in refused.value.read().decode()


def test_the_dag_is_not_paused(desk: Desk):
    assert desk.api.get(f"/dags/{DAG_ID}")["is_paused"] is False


def test_the_first_lines_tell_where_to_go_and_how_to_log_in(desk: Desk):
    said = desk.output.read_text()
    for text in (desk.airflow, desk.mlflow, *desk.passwords, *desk.passwords.values()):
        assert text in said


@pytest.mark.parametrize("run_id", [".", "r" * 249])
def test_a_run_id_that_no_folder_can_have_is_refused(desk: Desk, run_id: str):
    with pytest.raises(urllib.error.HTTPError, match="400"):
        desk.api.post(f"/dags/{DAG_ID}/dagRuns", {"logical_date": None, "dag_run_id": run_id})


def test_a_viewer_reads_but_does_not_trigger_and_nobody_else_reads(desk: Desk):
    assert desk.api_as("viewer").get(f"/dags/{DAG_ID}")["dag_id"] == DAG_ID
    with pytest.raises(urllib.error.HTTPError, match="403"):
        desk.api_as("viewer").post(f"/dags/{DAG_ID}/dagRuns", {"logical_date": None})
    with pytest.raises(urllib.error.HTTPError, match="401"):
        fetch("GET", f"{desk.airflow}/api/v2/dags")


def test_mlflow_asks_for_the_desks_logins_and_a_viewer_only_reads(desk: Desk):
    address = f"{desk.mlflow}/api/2.0/mlflow/experiments"
    search, create = f"{address}/search?max_results=1", f"{address}/create"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        fetch("GET", search)
    for user in ("admin", "viewer", "gate"):
        assert fetch("GET", search, login=desk.mlflow_login(user))["experiments"]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetch("POST", create, {"name": "mine"}, login=desk.mlflow_login("viewer"))
    assert fetch("POST", create, {"name": "ours"}, login=desk.mlflow_login("gate"))
