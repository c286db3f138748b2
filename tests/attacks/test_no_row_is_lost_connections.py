"""Attacks on the third promise by connections that break off, at every message of every step."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from tests.flaky_postgres import FlakyPostgres, Where, flaky_postgres
from tests.staged import staging_in
from tests.workflow import Database, Ended, Workflow

BAD = "update stock_data set low = -1 where symbol = 'TSLA' and date = '2025-10-08'"
LEFT = (
    "select symbol, date, close, daily_return, run_id, remarks from stock_data_enriched "
    "order by 1, 2",
    "select symbol, date, low, reasons, attempt, superseded_by from stock_data_quarantine "
    "order by 1, 2",
)


@contextmanager
def way_to(host: str, port: int = 5432) -> Iterator[FlakyPostgres]:
    folder = Path(tempfile.mkdtemp(prefix="flaky-"))  # a socket's path is short
    with flaky_postgres(folder, Path(host) / f".s.PGSQL.{port}") as flaky:
        yield flaky
    shutil.rmtree(folder)


@pytest.fixture
def flaky(sample: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlakyPostgres]:
    """The way to the sample's database."""
    with way_to(sample.settings.host, sample.settings.port) as flaky:
        monkeypatch.setenv("POSTGRES_HOST", str(flaky.folder))
        yield flaky


def run_in(folder: Path, run_id: str = "cut") -> Any:
    from dags.run.context import Run, RunIdentity
    from dags.run.request import RunRequest
    from dags.run.settings import Settings

    identity = RunIdentity("dag", run_id, "manual", "2026-01-01", datetime.now(UTC))
    # With a lookback, and a symbol that is held.
    request = RunRequest(("TSLA", "NVDA"), date(2025, 10, 8), None, policy="quarantine")
    return Run(Settings(), request, staging_in(folder, run_id), identity)


def at_number(number: int) -> Callable[[int, bytes], bool]:
    return lambda sent, _message: sent == number


def at_words(said: bytes) -> Callable[[int, bytes], bool]:
    return lambda _sent, message: said in message


def cut_everywhere(
    step: Any, run: Any, flaky: FlakyPostgres, where: Where, database: Database
) -> list[list[int]]:
    """Break the step at each of its messages in turn; how many rows each try left."""
    from dags.run.defaults import RETRIES
    from sql.errors import DatabaseLostError

    left: list[list[int]] = []
    number = 0
    while True:
        flaky.arm(at_number(number), where)
        try:
            step(run)
        except DatabaseLostError as error:
            assert "\n" not in str(error)
            assert "a retry goes on from there" in str(error)
            assert RETRIES.evaluate(error, 1, 2).action.name == "RETRY"
        if not flaky.broken:  # it has no message of that number
            flaky.disarm()
            return left
        left.append([len(database.rows(query)) for query in LEFT])
        number += 1


@pytest.mark.parametrize("where", ["before", "during", "after"])
def test_a_connection_may_break_anywhere_and_a_retry_makes_it_good(
    workflow: Workflow, sample: Database, flaky: FlakyPostgres, tmp_path: Path, where: Where
):
    from dags import steps

    sample.execute(BAD)
    run = run_in(tmp_path / "run")
    assert len(cut_everywhere(steps.extract, run, flaky, where, sample)) > 20
    steps.validate(run)
    assert len(cut_everywhere(steps.transform, run, flaky, where, sample)) > 5
    left = cut_everywhere(steps.publish, run, flaky, where, sample)
    broken = [sample.rows(query) for query in LEFT]

    # Whatever was cut, all of it was done or nothing; a commit that nobody heard of was one.
    assert all(rows in ([0, 0], [20, 20]) for rows in left)
    assert ([20, 20] in left) is (where != "before")
    sample.empty("stock_data_enriched", "stock_data_quarantine", "stock_data_publications")
    steps.publish(run)
    assert [sample.rows(query) for query in LEFT] == broken


def test_a_connection_may_break_while_a_run_is_tracked(
    workflow: Workflow, sample: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """MLflow wraps what the driver says, and has logged a part of the run by then."""
    from dags import steps
    from dags.reporting.tracked import mlflow_run as record
    from dags.run.defaults import RETRIES
    from tracking.errors import TrackingError

    run = run_in(tmp_path / "run", "cut while tracked")
    for step in (steps.extract, steps.validate, steps.transform, steps.publish):
        step(run)
    store = make_url(run.settings.mlflow_tracking_uri)
    with way_to(str(store.query["host"])) as flaky:
        there = store.set(query={"host": str(flaky.folder)}).render_as_string()
        for said in (b"INSERT INTO runs", b"INSERT INTO inputs", b"INSERT INTO params"):
            flaky.arm(at_words(said), "during")
            monkeypatch.setenv("MLFLOW_TRACKING_URI", there)
            with pytest.raises(TrackingError) as broken:
                record.log(run_in(tmp_path / "run", "cut while tracked"))
            assert "server closed the connection" in str(broken.value)
            assert "\n" not in str(broken.value)
            assert RETRIES.evaluate(broken.value, 1, 2).action.name == "RETRY"
        flaky.disarm()
        logged = record.log(run_in(tmp_path / "run", "cut while tracked"))
        tracked = Ended("cut while tracked", "", {}, {}, tmp_path).mlflow()
    assert tracked.run.info.run_id == logged["mlflow_run_id"]
    assert (tracked.status, tracked.tags["logging"]) == ("FINISHED", "complete")
