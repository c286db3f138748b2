"""Attacks by the database's clock, which was a year ahead until somebody set it back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.test_no_row_is_lost_connections import run_in
from tests.workflow import Database, Workflow

AHEAD = (
    "set session_replication_role = replica",  # its rows are never changed else
    "update stock_data_publications set extracted_at = extracted_at + interval '1 year'",
    "update stock_data_enriched set extracted_at = extracted_at + interval '1 year'",
)
RAISED = "update stock_data set high = high + 1"


def published(run: Any) -> Any:
    from dags import steps

    for step in (steps.extract, steps.validate, steps.transform, steps.publish):
        step(run)
    return run.staging.record("publish").found


def test_what_is_read_after_the_clock_was_set_back_is_newer_all_the_same(
    workflow: Workflow, sample: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from dags.work import extract

    # Where a task's log goes is Airflow's to say.
    said: list[str] = []
    monkeypatch.setattr(extract.log, "warning", lambda text, *_: said.append(text))
    published(run_in(tmp_path / "first", "first"))
    sample.execute(*AHEAD)
    sample.execute(RAISED)

    told = published(run_in(tmp_path / "second", "second"))
    again = published(run_in(tmp_path / "third", "third"))

    assert (told.changed, told.superseded) == (40, 0)
    assert (again.rows, again.superseded) == (40, 0)
    assert any("the clock was wrong" in text for text in said)
    assert sample.rows("select distinct run_id from stock_data_enriched") == [("third",)]


@pytest.mark.parametrize("weekday", [pytest.param(1, id="a_session"), pytest.param(6, id="none")])
def test_a_clock_that_was_ahead_excuses_no_bar_to_come(
    workflow: Workflow, sample: Database, tmp_path: Path, weekday: int
):
    published(run_in(tmp_path / "first", "first"))
    sample.execute(*AHEAD)
    to_come = (datetime.now(UTC) + timedelta(days=40)).date()
    to_come += timedelta(days=(weekday - to_come.weekday()) % 7)
    sample.execute(
        "insert into stock_data (symbol, date, open, high, low, close, volume) "
        f"select symbol, '{to_come}', open, high, low, close, volume from stock_data "
        "where symbol = 'TSLA' and date = '2025-11-04'"
    )

    told = published(run_in(tmp_path / "second", "second"))

    assert (told.rows, told.held) == (20, 21)
    assert sample.one("select max(date)::text from stock_data_enriched") == "2025-11-04"
