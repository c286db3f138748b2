"""A run's verdict and what it publishes are the same before and after bars were archived."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dags.archive.work import archive
from dags.run.settings import Settings
from gx.dataset.read import read_dataset
from tests.workflow import Database, Ended, Workflow

PUBLISHED = (
    "select symbol, date, open, high, low, close, volume, daily_return, price_range, remarks "
    "from stock_data_enriched order by symbol, date"
)
CUT = date(2025, 10, 20)


def extracts(ended: Ended) -> list[tuple[Any, ...]]:
    """What was read, by the run or by each of its partitions."""
    found = [json.loads(path.read_text()) for path in ended.staging.rglob("steps/extract.json")]
    names = ("digest", "rows", "context_rows", "gone", "missing_symbols")
    return sorted(tuple(one[name] for name in names) for one in found if "digest" in one)


@pytest.mark.parametrize(
    ("partition", "start", "bars"), [("500", "2025-10-06", 44), ("1", "2025-10-28", 12)]
)
def test_the_verdict_and_what_is_published_stay_the_same(
    workflow: Workflow,
    sample: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    partition: str,
    start: str,
    bars: int,
):
    monkeypatch.setenv("PARTITION_SYMBOLS", partition)
    monkeypatch.setenv("ARCHIVE_ROOT", str(tmp_path / "archive"))
    asked: dict[str, Any] = {"symbols": ["TSLA", "NVDA"], "start_date": start}
    asked["end_date"] = "2025-11-04"
    before = workflow.run(**asked)
    published = sample.rows(PUBLISHED)
    moved = archive(read_dataset("stock_data"), CUT, Settings(), by="ann")
    assert moved.bars == 22

    after = workflow.run(**asked)

    assert (before.state, after.state) == ("success", "success")
    assert len(published) == bars
    assert sample.rows(PUBLISHED) == published
    assert after.json("report.json") == before.json("report.json")
    assert extracts(after) == extracts(before)
    assert all(context > 0 for _, _, context, *_ in extracts(after))
    assert [gone for *_, gone, _ in extracts(after)] == [[]] * len(extracts(after))


def test_a_run_that_needs_a_file_which_is_not_there_fails_and_publishes_nothing(
    workflow: Workflow,
    sample: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("ARCHIVE_ROOT", str(tmp_path / "archive"))
    archive(read_dataset("stock_data"), CUT, Settings(), by="ann")
    monkeypatch.setenv("ARCHIVE_ROOT", str(tmp_path / "elsewhere"))

    reaching = workflow.run(symbols=["TSLA"], start_date="2025-10-25")
    assert reaching.state == "failed"
    assert reaching.tries["extract_stock_data"] == 1
    said = reaching.step("extract")["error"]
    assert "which holds archived bars, is not there: set ARCHIVE_ROOT" in said
    assert sample.one("select count(*) from stock_data_enriched") == 0


def test_the_workflow_archives_and_says_what(
    workflow: Workflow,
    sample: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: Any,
):
    assert workflow.dag() is not None
    monkeypatch.setenv("ARCHIVE_ROOT", str(tmp_path / "archive"))
    looked = Workflow("archive_bars").run(before_date="2025-10-20", dry_run=True)
    assert looked.state == "success"
    assert "would move 22 bars of 2 symbols into 1 file at" in caplog.text
    assert sample.one("select count(*) from stock_data") == 46

    moved = Workflow("archive_bars").run(before_date="2025-10-20")
    assert moved.state == "success"
    assert sample.one("select count(*) from stock_data") == 24
    assert sample.one("select who from stock_data_audit where action = 'archive'") == "airflow"

    unsaid = Workflow("archive_bars").run()
    assert (unsaid.state, unsaid.tries) == ("failed", {"archive_old_bars": 1})


def test_a_trial_and_the_form_have_archived_bars_too(
    workflow: Workflow, sample: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from dags.pages.sources import Desk

    monkeypatch.setenv("ARCHIVE_ROOT", str(tmp_path / "archive"))
    desk = Desk(Settings())
    before = desk.fresh_bars("stock_data", ["TSLA"], None, date(2025, 10, 31))
    archive(read_dataset("stock_data"), date(2025, 11, 30), Settings(), by="ann")

    assert sample.one("select count(*) from stock_data") == 0
    after = desk.fresh_bars("stock_data", ["TSLA"], None, date(2025, 10, 31))
    pd.testing.assert_frame_equal(after, before)
    assert desk.symbols("stock_data") == ["NVDA", "TSLA"]
