"""What was asked for and is not there, through the whole pipeline."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.staged_runs import daily_bars
from tests.workflow import Database, Workflow

NAMES = [f"S{number}" for number in range(10)]
WEEKEND = (datetime(2025, 11, 8, tzinfo=UTC), datetime(2025, 11, 10, tzinfo=UTC))
MONDAY = (datetime(2025, 11, 10, tzinfo=UTC), datetime(2025, 11, 11, tzinfo=UTC))
NEWEST = "2024-05-17"


@pytest.fixture
def ten(database: Database) -> Database:
    """Ten symbols with 100 bars each, the newest on a Friday."""
    bars = daily_bars(NAMES, 100).assign(date=lambda bars: bars["date"].dt.date)
    database.insert(
        bars.round({"open": 2, "high": 2, "low": 2, "close": 2}).astype({"volume": int})
    )
    return database


def without_the_newest(database: Database, *symbols: str) -> None:
    named = ", ".join(f"'{symbol}'" for symbol in symbols)
    database.execute(f"delete from stock_data where date = '{NEWEST}' and symbol in ({named})")


@pytest.mark.parametrize("asked", [{}, {"start_date": NEWEST, "end_date": NEWEST}])
@pytest.mark.parametrize("size", ["500", "3"])
def test_half_of_a_market_is_not_published(
    workflow: Workflow,
    ten: Database,
    asked: dict[str, Any],
    size: str,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("PARTITION_SYMBOLS", size)
    without_the_newest(ten, *NAMES[:5])

    ended = workflow.run(more_symbols="*", policy="quarantine", **asked)

    assert ended.state == "failed"
    (reason,) = ended.step("validate")["reasons"]
    assert all(name in reason for name in NAMES[:5]) and "50 %" in reason
    assert ten.one("select count(*) from stock_data_enriched") == 0


def test_a_symbol_that_is_behind_or_missing_is_told_and_the_others_are_published(
    workflow: Workflow, ten: Database
):
    without_the_newest(ten, "S3")

    ended = workflow.run(symbols=[*NAMES, "NOPE"], start_date="2024-05-01", end_date=NEWEST)

    report = ended.json("results.json")
    assert ended.state == "success"
    assert report["symbols"]["NOPE"]["verdict"] == "missing"
    assert report["symbols"]["S3"]["verdict"] == "warned"
    assert report["verdict"].endswith("1 symbol is missing: NOPE.")
    tracked = ended.mlflow()
    assert tracked.tags["missing_symbols"] == "NOPE"
    assert tracked.metrics["symbols_missing"] == 1
    assert "Missing: NOPE" in tracked.tags["mlflow.note.content"]
    assert ended.json("summary.json")["missing"] == ["NOPE"]
    assert '"ended": {"S3": "2024-05-16"}' in page(ended.staging)


def page(staging: Path) -> str:
    return (staging / "report.html").read_text().replace("&#34;", '"')


def test_a_scheduled_weekend_without_bars_is_skipped_and_green(
    workflow: Workflow, ten: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("WORKFLOW_SCHEDULE", "0 0 * * 1")
    monkeypatch.setenv("IBKR_SYMBOLS", ",".join(NAMES))

    ended = workflow.run(scheduled=True, moment=WEEKEND[0], interval=WEEKEND)

    assert ended.state == "success"
    assert set(ended.tasks.values()) <= {"skipped", "success"}
    assert ended.tasks["extract_stock_data"] == ended.tasks["publish_data"] == "skipped"
    assert (
        "No exchange had a session from 2025-11-08 to 2025-11-09" in ended.step("extract")["error"]
    )
    assert "No exchange had a session" in ended.json("summary.json")["verdict"]


def test_a_scheduled_session_without_bars_is_a_failure(
    workflow: Workflow, ten: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("WORKFLOW_SCHEDULE", "0 0 * * *")

    ended = workflow.run(scheduled=True, moment=MONDAY[0], interval=MONDAY)

    assert ended.state == "failed"
    assert "NoBarsError" in ended.step("extract")["error"]


def test_a_person_who_asks_for_a_weekend_is_told_that_there_are_no_bars(
    workflow: Workflow, ten: Database
):
    ended = workflow.run(symbols=NAMES, start_date="2025-11-08", end_date="2025-11-09")

    assert ended.state == "failed"
    assert "NoBarsError" in ended.step("extract")["error"]
