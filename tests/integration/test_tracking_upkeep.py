"""What is kept beside the runs: trends, saved views, closing what was left open, comparing."""

import json
import subprocess
import sys
import time
import uuid
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from tests.mlflow_stores import Relay, Server, record, the_run
from tracking import TrackingStore, TrendPoint, log_run

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


@pytest.fixture
def server(tracking_server: Server) -> TrackingStore:
    """The server, with an experiment of the test's own."""
    return replace(tracking_server.store, experiment=f"upkeep {uuid.uuid4().hex[:8]}")


def points(day: int, share: float) -> list[TrendPoint]:
    at = date(2025, 11, day)
    return [
        TrendPoint("suite", "stock_data", at, {"failing_share": share, "rows": 46}),
        TrendPoint("symbol", "^GSPC", at, {"failing_share": share / 2}),
    ]


def experiment_of(store: TrackingStore) -> Any:
    found = MlflowClient(store.uri).get_experiment_by_name(store.experiment)
    assert found is not None
    return found


def trends_of(store: TrackingStore) -> dict[str, Any]:
    runs = MlflowClient(store.uri).search_runs(
        [experiment_of(store).experiment_id], "tags.kind = 'trend'"
    )
    return {run.info.run_name: run for run in runs}


def test_each_run_adds_a_point_at_the_datas_own_time_to_one_run_per_suite_and_symbol(
    server: TrackingStore, artifacts: Path
) -> None:
    for day, share in ((3, 0.1), (4, 0.0), (4, 0.0)):  # the last one is a retry
        log_run(server, record(f"dag/{day}"), artifacts, points(day, share))
    trends = trends_of(server)
    assert sorted(trends) == ["Trend: ^GSPC", "Trend: stock_data"]
    assert {run.info.status for run in trends.values()} == {"FINISHED"}
    run_id = trends["Trend: stock_data"].info.run_id
    history = MlflowClient(server.uri).get_metric_history(run_id, "failing_share")
    assert [(m.timestamp / DAY_MS, m.step, m.value) for m in history] == [
        (20_395, 20_395, 0.1),
        (20_396, 20_396, 0.0),
    ]


def test_runs_of_46_and_of_450_000_bars_have_a_line_each(
    server: TrackingStore, artifacts: Path
) -> None:
    def point(day: int, rows: int, share: float) -> TrendPoint:
        values = {"rows": rows, "failing_share": share}
        return TrendPoint("suite", "stock_data", date(2025, 11, day), values)

    told = [(3, 46, 0.5), (3, 450_000, 0.01), (4, 54, 0.4), (4, 451_000, 0.02), (4, 451_000, 0.02)]
    for number, (day, rows, share) in enumerate(told):
        log_run(server, record(f"dag/{number}"), artifacts, [point(day, rows, share)])

    client, lines = MlflowClient(server.uri), trends_of(server)
    drawn = {
        name: [m.value for m in client.get_metric_history(run.info.run_id, "failing_share")]
        for name, run in lines.items()
    }
    assert drawn == {
        "Trend: stock_data": [0.5, 0.4],
        "Trend: stock_data, about 450,000 bars": [0.01, 0.02],
    }


def test_a_part_is_drawn_from_the_first_run_on_in_which_it_fails(
    server: TrackingStore, artifacts: Path
) -> None:
    for day, share in ((3, 0.0), (4, 0.1), (5, 0.0)):
        parts = {"unexpected_share/a": share, "symbol_failing_share/^GSPC": 0.0}
        at = date(2025, 11, day)
        point = TrendPoint("suite", "stock_data", at, {"rows": 46}, parts)
        log_run(server, record(f"dag/{day}"), artifacts, [point])

    run_id = trends_of(server)["Trend: stock_data"].info.run_id
    client = MlflowClient(server.uri)
    history = client.get_metric_history(run_id, "unexpected_share/a")
    assert [(m.step, m.value) for m in history] == [(20_396, 0.1), (20_397, 0.0)]
    assert set(client.get_run(run_id).data.metrics) == {"rows", "unexpected_share/a"}


def test_a_point_takes_the_same_few_requests_however_many_came_before(
    server: TrackingStore, artifacts: Path
) -> None:
    log_run(server, record("dag/first"), artifacts, points(1, 0.0))
    with Relay(server) as relay:
        counts = []
        for day in (2, 3, 4):
            before = len(relay.requests)
            log_run(relay.store, record(f"dag/{day}"), artifacts, points(day, 0.0))
            counts.append(len(relay.requests) - before)
    # Those of a run without points, a search for the trends, and one for each of the two points.
    assert counts == [13, 13, 13]


def test_the_views_are_made_once_and_left_as_people_make_them(
    server: TrackingStore, artifacts: Path
) -> None:
    log_run(server, record("dag/a"), artifacts)
    experiment, client = experiment_of(server), MlflowClient(server.uri)
    for name in ("quality-table", "quality-trends"):
        assert f"mlflow.sharedViewState.{name}" in experiment.tags
    # MLflow shows the first line, and the others to who unfolds them.
    first, *_ = experiment.tags["mlflow.note.content"].splitlines()
    assert "viewStateShareKey=quality-table" in first
    theirs = {"mlflow.sharedViewState.quality-table": "{}", "mlflow.note.content": "Ask Ann."}
    for tag, value in theirs.items():
        client.set_experiment_tag(experiment.experiment_id, tag, value)
    log_run(server, record("dag/b"), artifacts)
    assert theirs.items() <= experiment_of(server).tags.items()


def test_a_run_is_logged_when_trends_and_views_cannot_be(
    server: TrackingStore, artifacts: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Relay(server, fail_when="experiments/set-experiment-tag") as relay:
        log_run(relay.store, record("dag/alone"), artifacts, points(1, 0.0))
    assert the_run(server, "dag/alone").data.tags["logging"] == "complete"
    assert "could not be looked after" in caplog.text
    assert "s3cret" not in caplog.text


def test_a_run_that_a_killed_worker_left_open_is_closed_and_completed_by_a_retry(
    server: TrackingStore, artifacts: Path
) -> None:
    log_run(server, record("dag/other"), artifacts)
    client, now = MlflowClient(server.uri), int(time.time() * 1000)
    experiment_id = experiment_of(server).experiment_id
    for key, hours in (("dag/killed", 7), ("dag/under way", 1)):
        tags = {"airflow.run_key": key, "logging": "incomplete"}
        client.create_run(experiment_id, start_time=now - hours * HOUR_MS, tags=tags)
    log_run(server, record("dag/next"), artifacts)
    killed = the_run(server, "dag/killed")
    assert (killed.info.status, killed.data.tags["logging"]) == ("KILLED", "incomplete")
    assert "worker that logged it was killed" in killed.data.tags["closed_because"]
    assert the_run(server, "dag/under way").info.status == "RUNNING"

    log_run(server, record("dag/killed"), artifacts)
    completed = the_run(server, "dag/killed")
    assert (completed.info.status, completed.data.tags["logging"]) == ("FINISHED", "complete")
    assert "closed_because" not in completed.data.tags


def report(verdict: str, failing: dict[str, int], rows: int = 23) -> dict[str, Any]:
    entries = [
        {
            "type": "expect_bars_to_be_ohlc_consistent",
            "kwargs": {"column_list": [name]},
            "severity": "critical",
            "description": f"{name} holds.",
            "success": not count,
            "status": "failed" if count else "passed",
            "observed": "",
            "unexpected_count": count,
            "unexpected_share": count / rows,
            "symbols": ["TSLA"] if count else [],
            "ownerless": 0,
            "examples": [],
            "exception": None,
        }
        for name, count in failing.items()
    ]
    held = "held" if any(failing.values()) else "passed"
    bad = sum(failing.values())
    return {
        "success": not bad,
        "verdict": verdict,
        "suite": "stock_data",
        "suite_sha256": "5" * 64,
        "rows": rows,
        "first_date": "2025-10-06",
        "last_date": "2025-11-04",
        "expectations": entries,
        "symbols": {"TSLA": {"verdict": held, "rows": rows, "failing_rows": bad, "reasons": []}},
    }


def logged(
    server: TrackingStore, folder: Path, name: str, found: dict[str, Any], digest: str
) -> None:
    place = folder / name / "validation"
    place.mkdir(parents=True)
    (place / "results.json").write_text(json.dumps(found))
    plain = ("type", "kwargs", "severity", "description")
    suite = [{key: entry[key] for key in plain} for entry in found["expectations"]]
    (place / "suite.json").write_text(json.dumps({"expectations": suite}))
    made = record(
        f"dag/{name}",
        name=name,
        tags={"data_digest": digest},
        metrics={"rows_new": 0, "rows_changed": 2, "rows_removed": 0},
        start_time_ms=int(time.time() * 1000),
    )
    log_run(server, made, folder / name)


def diff(server: TrackingStore, *words: str) -> subprocess.CompletedProcess[str]:
    where = ["--tracking-uri", server.uri, "--experiment", server.experiment]
    command = [sys.executable, "-m", "dags.local", "diff", *words, *where]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_two_runs_are_compared_by_what_they_left(server: TrackingStore, tmp_path: Path) -> None:
    before = report("Gate closed.", {"open": 3, "close": 5, "low": 0})
    now = report("Gate closed still.", {"open": 0, "close": 7, "low": 1}, rows=22)
    logged(server, tmp_path, "monday", before, "aa")
    logged(server, tmp_path, "tuesday", now, "bb")

    shown = diff(server, "monday", "latest")
    assert shown.returncode == 0, shown.stderr
    said = shown.stdout
    assert "before  monday: Gate closed." in said
    assert "Newly failing\n  low holds." in said
    assert "Newly fixed\n  open holds." in said
    assert "close holds.: 5 → 7" in said
    assert "not the same" in said
    assert "2 restated" in said
    assert "TSLA: 23 → 22" in said

    refused = diff(server, "monday", "sunday")
    assert refused.returncode == 2
    assert "no run is called 'sunday'" in refused.stderr
    assert "Traceback" not in refused.stderr
