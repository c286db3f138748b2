"""What the desk says, in its terminal, of runs that start and end."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from dags.local.desk.up import say
from dags.local.desk.watch import RunWatch
from dags.staging.layout import DAG_ID, SUMMARY

if TYPE_CHECKING:
    from dags.local.desk.airflow_api import AirflowApi


class Airflow:
    """One run, in the state that a test gives it."""

    state = "running"

    def get(self, path: str) -> dict[str, Any]:
        run = {"dag_id": DAG_ID, "dag_run_id": "r", "state": self.state}
        return {"dag_runs": [{**run, "start_date": None, "end_date": None}]}


def test_a_run_that_ends_is_told_with_the_sentence_that_its_page_begins_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("dags.local.desk.watch.POLL_SECONDS", 0.0)
    airflow, said = Airflow(), list[str]()
    watch = RunWatch(cast("AirflowApi", airflow), tmp_path, lambda kind, text: said.append(text))
    watch.check()
    (tmp_path / DAG_ID / "r").mkdir(parents=True)
    verdict = "Published 23 bars of 1 symbol; 1 held: TSLA (1 of 2 expectations failed critically)."
    (tmp_path / DAG_ID / "r" / SUMMARY).write_text(json.dumps({"verdict": verdict}))

    airflow.state = "success"
    watch.check()

    assert said == [f"r SUCCESS: {verdict}"]


def test_an_event_is_one_line_whatever_a_reason_has(capsys: pytest.CaptureFixture[str]):
    say("decision", "held (a split\n# and more)")
    assert capsys.readouterr().out.endswith("  decision      held (a split # and more)\n")
