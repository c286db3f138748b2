"""Attacks on the third promise, through the real pipeline; each lost a row, or told nobody."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.test_no_row_is_lost_connections import run_in
from tests.staged import staging_in
from tests.workflow import Database, Ended, Workflow, fresh_moment

BAD = "update stock_data set low = -1 where symbol = 'TSLA' and date = '2025-10-08'"
MENDED = "update stock_data set low = 428.15 where symbol = 'TSLA' and date = '2025-10-08'"
OPEN = "released_by is null and superseded_by is null and discarded_by is null"


def count(database: Database, where: str = "true") -> int:
    return int(database.one(f"select count(*) from stock_data_quarantine where {where}"))


def test_a_run_of_an_old_id_keeps_what_the_old_one_held(workflow: Workflow, sample: Database):
    moment = fresh_moment()
    sample.execute(BAD)
    workflow.run(moment=moment, policy="quarantine")
    sample.execute(MENDED)
    again = workflow.run(moment=moment, policy="quarantine")

    assert again.state == "success"
    assert count(sample) == 23
    assert count(sample, "low = -1 and released_as = 'corrected'") == 1
    assert count(sample, "released_as = 'same'") == 22
    assert count(sample, OPEN) == 0


def test_a_held_bar_that_is_gone_upstream_stays_held_when_its_run_is_cleared(
    workflow: Workflow, sample: Database
):
    moment = fresh_moment()
    sample.execute(BAD)
    workflow.run(moment=moment, policy="quarantine")
    sample.execute("delete from stock_data where low = -1")
    again = workflow.run(moment=moment, policy="quarantine")

    assert again.step("publish")["still_held"] == 1
    assert sample.rows(f"select low from stock_data_quarantine where {OPEN}") == [(-1.0,)]


def test_a_cleared_task_adds_an_attempt(workflow: Workflow, sample: Database):
    moment = fresh_moment()
    sample.execute(BAD)
    workflow.run(moment=moment, policy="quarantine")
    sample.execute(BAD.replace("low = -1", "low = -2"))
    workflow.run(moment=moment, policy="quarantine")

    assert count(sample, OPEN) == 23
    attempts = sample.rows(
        "select attempt, low, superseded_by is null from stock_data_quarantine "
        "where date = '2025-10-08' order by attempt"
    )
    assert attempts == [(1, -1.0, False), (2, -2.0, True)]


def test_only_what_was_published_is_released(workflow: Workflow, sample: Database):
    """The bar at fault is gone upstream: its symbol passes, and the bar was never published."""
    sample.execute(BAD)
    workflow.run(policy="quarantine")
    sample.execute("delete from stock_data where symbol = 'TSLA' and date = '2025-10-08'")
    ended = workflow.run(policy="quarantine")

    assert ended.state == "success"
    assert (ended.step("publish")["released"], ended.step("publish")["still_held"]) == (22, 1)
    assert sample.rows(f"select date::text, low from stock_data_quarantine where {OPEN}") == [
        ("2025-10-08", -1.0)
    ]
    assert ended.mlflow().metrics["rows_still_held"] == 1


@pytest.mark.parametrize("partition", ["500", "1"])
def test_a_symbol_that_the_source_lost_closes_the_gate_until_it_is_accepted(
    workflow: Workflow, sample: Database, monkeypatch: pytest.MonkeyPatch, partition: str
):
    monkeypatch.setenv("PARTITION_SYMBOLS", partition)
    symbols = ["TSLA", "NVDA"]
    assert workflow.run(symbols=symbols).state == "success"
    sample.execute("delete from stock_data where symbol = 'TSLA'")

    closed = workflow.run(symbols=symbols)
    assert closed.state == "failed"
    assert sample.one("select count(*) from stock_data_enriched where symbol = 'TSLA'") == 23
    (removal,) = closed.json("report.json")["removed"]
    assert (removal["symbol"], removal["bars"], removal["held"]) == ("TSLA", 23, True)

    held = workflow.run(symbols=symbols, policy="quarantine")
    assert held.state == "success"
    assert held.json("summary.json")["held"] == ["TSLA"]
    assert sample.one("select count(*) from stock_data_enriched where symbol = 'TSLA'") == 23

    accepted = workflow.run(symbols=symbols, accept_removals="TSLA")
    assert accepted.state == "success"
    assert accepted.step("publish")["removed"] == 23
    assert accepted.mlflow().params["accept_removals"] == "TSLA"
    assert sample.one("select count(*) from stock_data_enriched where symbol = 'TSLA'") == 0


def test_a_symbol_that_is_gone_is_missed_among_all_there_are(workflow: Workflow, sample: Database):
    assert workflow.run(more_symbols="*").state == "success"
    sample.execute("delete from stock_data where symbol = 'TSLA'")
    ended = workflow.run(more_symbols="*")
    assert ended.state == "failed"
    assert sample.one("select count(*) from stock_data_enriched where symbol = 'TSLA'") == 23


def test_a_few_bars_that_are_gone_are_told_and_go(
    workflow: Workflow, sample: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("REMOVED_SHARE", "0.05")
    workflow.run()
    sample.execute("delete from stock_data where symbol = 'TSLA' and date = '2025-10-08'")
    ended = workflow.run()

    assert ended.state == "success"
    assert ended.step("publish")["removed"] == 1
    (removal,) = ended.json("report.json")["removed"]
    assert (removal["dates"], removal["held"]) == (["2025-10-08"], False)
    assert ended.json("summary.json")["removed"] == 1
    assert ended.mlflow().metrics["bars_gone"] == 1
    assert "2025-10-08" in (ended.staging / "report.html").read_text()


def test_the_return_behind_a_corrected_range_is_corrected_with_it(
    workflow: Workflow, sample: Database
):
    """Also before it: the first bar of the range has its own bar before."""
    query = "select symbol, date, daily_return from stock_data_enriched order by 1, 2"
    workflow.run()
    sample.execute(
        "update stock_data set close = close + 1, high = high + 1 "
        "where date between '2025-10-15' and '2025-10-17'"
    )
    ended = workflow.run(start_date="2025-10-15", end_date="2025-10-17")
    assert ended.state == "success"
    assert ended.step("publish")["returns"] == 2
    narrow = sample.rows(query)
    workflow.run()
    assert sample.rows(query) == narrow


def test_a_publication_whose_record_was_lost_is_done_again_without_a_trace(
    workflow: Workflow, sample: Database
):
    """As when the worker dies after the transaction and before it has said so."""
    from dags import steps

    sample.execute(BAD)
    ended = workflow.run(policy="quarantine")
    queries = (
        "select symbol, date, close, daily_return, run_id from stock_data_enriched order by 1, 2",
        "select stock_data_quarantine::text from stock_data_quarantine order by 1",
    )
    before = [sample.rows(query) for query in queries]
    run = same_run(ended)
    record = run.staging.record("publish")
    run.staging.write_record("publish", record.model_copy(update={"status": "running"}))

    steps.publish(run)

    assert [sample.rows(query) for query in queries] == before
    assert all(before)


def test_an_old_run_that_is_published_late_opens_nothing_that_a_newer_one_has_published(
    workflow: Workflow, sample: Database, tmp_path: Path
):
    """As when its publish waited for a database that was away, or is cleared."""
    from dags import steps
    from dags.errors import Superseded

    sample.execute(BAD)
    late = run_in(tmp_path / "late", "late")
    for step in (steps.extract, steps.validate, steps.transform):
        step(late)
    sample.execute(MENDED)
    newer = run_in(tmp_path / "newer", "newer")
    for step in (steps.extract, steps.validate, steps.transform, steps.publish):
        step(newer)

    for _ in range(2):
        with pytest.raises(Superseded):
            steps.publish(late)

    assert sample.one("select count(*) from stock_data_enriched where run_id = 'newer'") == 40
    assert count(sample, OPEN) == 0
    assert count(sample, "run_id = 'late' and superseded_by = 'newer'") == count(sample) == 20


def same_run(ended: Ended) -> Any:
    """The run of these traces, as its tasks see it."""
    from dags.run.context import Run, RunIdentity
    from dags.run.request import RunRequest
    from dags.run.settings import Settings

    identity = RunIdentity("dag", ended.run_id, "manual", "2026-01-01", datetime.now(UTC))
    request = RunRequest(("TSLA", "NVDA"), None, None, policy="quarantine")
    return Run(Settings(), request, staging_in(ended.staging, ended.run_id), identity)


def test_two_runs_whose_ids_look_alike_have_their_own_folders(workflow: Workflow):
    from dags.staging.run_folder import Staging

    folders = {
        str(Staging.of_run("file:///x", "dag", run_id, ())) for run_id in ("a:b", "a_b", "a/b")
    }
    assert len(folders) == 3
