"""Which requests to Airflow's API would have a run of ours end green."""

import json
from typing import Any

import pytest

from dags.staging.layout import DAG_ID

pytestmark = pytest.mark.usefixtures("airflow_environment")  # imported late, like Airflow

RUNS = f"/api/v2/dags/{DAG_ID}/dagRuns"
EVERYWHERE = "/api/v2/dags/~/dagRuns"
LAST, EARLIER = "confirm_published", "publish_data"
SUCCESS = {"new_state": "success"}


def marked(path: str, body: Any = None, method: str = "PATCH") -> list[str]:
    from dags.pages.marking import _PATH, marked_runs

    found = _PATH.search(path)
    if found is None:
        return []
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return [one.run_id for one in marked_runs(method, found.groupdict(), raw)]


def bulk(*entities: Any, action: str = "update") -> dict[str, Any]:
    return {"actions": [{"action": action, "entities": list(entities)}]}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{RUNS}/a", {"state": "success"}),
        (f"/below/a/path{RUNS}/a/", {"state": "success", "note": "looks fine"}),
        (f"{RUNS}/a", '{"state": "success"}'.encode("utf-16")),
        (f"{RUNS}/a", b'{"state": "failed", "state": "success"}'),
        (RUNS, bulk({"dag_run_id": "a", "state": "success"})),
        (EVERYWHERE, bulk({"dag_id": DAG_ID, "dag_run_id": "a", "state": "success"})),
        (f"{RUNS}/a/taskInstances/{LAST}", SUCCESS),
        (f"{RUNS}/a/taskInstances/{LAST}", {"new_state": "SUCCESS"}),
        (f"{RUNS}/a/taskInstances/{LAST}/-1", {"new_state": "skipped"}),
        (f"{RUNS}/a/taskInstances/{EARLIER}", SUCCESS | {"include_downstream": True}),
        (f"{RUNS}/a/taskInstances", bulk({"task_id": LAST, **SUCCESS})),
        (f"{RUNS}/a/taskInstances", bulk(LAST, action="delete")),
        (f"{RUNS}/~/taskInstances", bulk({"task_id": LAST, "dag_run_id": "a", **SUCCESS})),
        (
            f"{EVERYWHERE}/~/taskInstances",
            bulk({"task_id": LAST, "dag_id": DAG_ID, "dag_run_id": "a"}, action="delete"),
        ),
    ],
)
def test_it_is_seen_in_every_form(path: str, body: Any):
    assert marked(path, body) == ["a"]


def test_the_last_task_is_not_deleted_either():
    assert marked(f"{RUNS}/a/taskInstances/{LAST}", method="DELETE") == ["a"]
    assert marked(f"{RUNS}/a/taskInstances/{EARLIER}", method="DELETE") == []
    assert marked(f"{RUNS}/a", method="DELETE") == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{RUNS}/a", {"state": "failed"}),
        (f"{RUNS}/a", {"note": "success"}),
        (f"{RUNS}/a", b"{"),
        (f"{RUNS}/a", b"[" * 100_000),
        (f"{RUNS}/a", [{"state": "success"}]),
        (RUNS, {"actions": "success"}),
        (RUNS, {"actions": ["success", {"action": "update", "entities": "success"}]}),
        (RUNS, bulk("a", action="delete")),
        ("/api/v2/dags/another/dagRuns/a", {"state": "success"}),
        (EVERYWHERE, bulk({"dag_id": "another", "dag_run_id": "a", "state": "success"})),
        # confirm_published comes after these, and says whether that is true.
        (f"{RUNS}/a/taskInstances/{EARLIER}", SUCCESS),
        (f"{RUNS}/a/taskInstances/{LAST}", {"new_state": "failed"}),
        (f"{RUNS}/a/taskInstances/{LAST}/dry_run", SUCCESS),
    ],
)
def test_all_else_is_left_alone(path: str, body: Any):
    assert marked(path, body) == []
