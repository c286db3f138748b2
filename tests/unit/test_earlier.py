"""Which run a report compares its own with, and what is still known of it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from dags.staging.layout import BARS, DAG_ID, REPORT
from tests.staged_runs import daily_bars, judged, outcome, stage_run, write_summary

if TYPE_CHECKING:
    from dags.staging.files import Folder
    from gx.report.changes import ReportedRun

pytestmark = pytest.mark.usefixtures("airflow_environment")  # imported late, like Airflow


@pytest.fixture
def bars() -> pd.DataFrame:
    return daily_bars(["AAPL"], 30)


def run_now(staging: Path) -> "Folder":
    from dags.staging.files import Folder

    (staging / DAG_ID / "now" / "steps").mkdir(parents=True, exist_ok=True)
    return Folder(f"file://{staging}/{DAG_ID}/now")


def account_before(staging: "Folder", suite: str) -> "ReportedRun | None":
    from dags.reporting.run_before import account_before as found_before

    return found_before(staging, suite)


def stage(staging: Path, name: str, bars: pd.DataFrame, *, written: int) -> Path:
    folder = stage_run(staging, name, bars, judged(bars, outcome(bars, [written])))
    os.utime(folder, (written, written))
    return folder


def test_the_run_written_last_is_the_one_before(tmp_path, bars):
    stage(tmp_path, "older", bars, written=1)
    stage(tmp_path, "newer", bars, written=2)
    now = run_now(tmp_path)

    found = account_before(now, "stock_data")

    assert found
    assert found.digest == "newer"
    assert found.suite_text == '{"name": "stock_data"}'
    kept = found.bars()
    assert kept is not None
    assert len(kept) == 30


def test_runs_of_another_suite_or_without_a_verdict_are_passed_over(tmp_path, bars):
    stage(tmp_path, "fits", bars, written=1)
    (stage(tmp_path, "no_verdict", bars, written=2) / REPORT).unlink()
    write_summary(tmp_path / DAG_ID / "killed", "killed", judged(bars), minutes=3)
    (tmp_path / DAG_ID / "under_way" / "steps").mkdir(parents=True)
    now = run_now(tmp_path)

    found = account_before(now, "stock_data")

    assert found
    assert found.digest == "fits"
    assert account_before(now, "another") is None


def test_a_first_run_has_none_before_it(tmp_path, bars):
    stage(tmp_path, "now", bars, written=1)

    assert account_before(run_now(tmp_path), "stock_data") is None


def test_without_its_bars_a_run_is_still_known(tmp_path, bars):
    (stage(tmp_path, "before", bars, written=1) / BARS).unlink()

    found = account_before(run_now(tmp_path), "stock_data")

    assert found
    assert found.bars() is None
