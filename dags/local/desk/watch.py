"""DAG runs that start and end while the desk is up, one line each."""

import json
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from dags.local.desk.airflow_api import AirflowApi
from dags.staging.layout import DAG_ID, SUMMARY, safe_name

POLL_SECONDS = 2.0
_ENDED = ("success", "failed")


class RunWatch:
    """Says what happens to all runs. ``staging`` is where their reports are, or None."""

    def __init__(
        self, api: AirflowApi, staging: Path | None, say: Callable[[str, str], None]
    ) -> None:
        self._api, self._staging, self._say = api, staging, say
        self._states: dict[tuple[str, str], str] | None = None
        self._asked = 0.0

    def check(self) -> None:
        """Ask Airflow, now and then; while it does not answer there is nothing to say."""
        if time.monotonic() - self._asked < POLL_SECONDS:
            return
        self._asked = time.monotonic()
        try:
            runs = self._api.get("/dags/~/dagRuns?order_by=-id&limit=20")["dag_runs"]
        except OSError:
            return
        before, self._states = self._states, {_key(run): run["state"] for run in runs}
        if before is not None:
            for run in reversed(runs):
                self._compare(run, before.get(_key(run)))

    def _compare(self, run: dict[str, Any], before: str | None) -> None:
        name, state = _shown(run), run["state"]
        if state == before:
            return
        if state in _ENDED:
            self._say("run", f"{name} {state.upper()}{_seconds(run)}{self._verdict(run)}")
        elif before is None:
            self._say("run", f"{name} {state}")

    def _verdict(self, run: dict[str, Any]) -> str:
        if self._staging is None:
            return ""
        try:
            folder = self._staging / run["dag_id"] / safe_name(run["dag_run_id"])
            summary = json.loads((folder / SUMMARY).read_text())
        except (OSError, json.JSONDecodeError):
            return ""
        return f": {summary['verdict']}"


def _key(run: dict[str, Any]) -> tuple[str, str]:
    return run["dag_id"], run["dag_run_id"]


def _shown(run: dict[str, Any]) -> str:
    dag_id, run_id = _key(run)
    return run_id if dag_id == DAG_ID else f"{dag_id} {run_id}"


def _seconds(run: dict[str, Any]) -> str:
    if not run["start_date"] or not run["end_date"]:
        return ""
    took = datetime.fromisoformat(run["end_date"]) - datetime.fromisoformat(run["start_date"])
    return f" in {took.total_seconds():.1f} s"
