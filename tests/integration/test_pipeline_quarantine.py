"""Policy quarantine: held symbols are set aside with their reasons, the others are published."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.workflow import Database, Ended, Workflow

BAD = "update stock_data set low = -1 where symbol = 'TSLA' and date = '2025-10-08'"
MENDED = "update stock_data set low = 428.15 where symbol = 'TSLA' and date = '2025-10-08'"


def quarantined(workflow: Workflow, **conf: Any) -> Ended:
    return workflow.run(symbols=["NVDA", "TSLA"], policy="quarantine", **conf)


def test_a_held_symbol_is_set_aside_and_the_others_are_published(
    workflow: Workflow,
    database: Database,
    sample: None,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.test")
    database.execute(BAD)
    with caplog.at_level("ERROR", "dags.steps"):
        ended = quarantined(workflow)

    assert ended.state == "success"
    said = [record.message for record in caplog.records if record.name == "dags.steps"]
    assert said[0].startswith("To be published: 23 bars of 1 symbol; 1 held: TSLA (")
    assert said[1] == f"The report: https://airflow.test/gate/runs/{quote(ended.run_id)}"
    assert said[2].endswith(": 1 failing, in TSLA")
    assert database.rows("select symbol, count(*) from stock_data_enriched group by symbol") == [
        ("NVDA", 23)
    ]
    held = database.rows(
        "select date::text, low, reasons from stock_data_quarantine where symbol = 'TSLA' "
        "order by row_number"
    )
    assert len(held) == 23
    (bad,) = [reasons for date, low, reasons in held if date == "2025-10-08"]
    assert any("above zero" in reason for reason in bad)
    assert held[0][2][0].startswith("Every bar is on a day")
    assert held[1][2] == ["held with its symbol"]
    tracked = ended.mlflow()
    assert tracked.params["validation_status"] == "quarantined"
    assert tracked.tags["held_symbols"] == "TSLA"
    assert tracked.metrics["rows_held"] == tracked.metrics["rows_published"] == 23


def test_what_was_published_of_a_held_symbol_before_stays(
    workflow: Workflow, database: Database, sample: None
):
    assert workflow.run(symbols=["NVDA", "TSLA"]).state == "success"
    before = database.rows("select * from stock_data_enriched where symbol = 'TSLA' order by date")
    database.execute(BAD)
    quarantined(workflow)
    after = database.rows("select * from stock_data_enriched where symbol = 'TSLA' order by date")
    assert after == before


def test_a_later_run_releases_what_it_lets_through(
    workflow: Workflow, database: Database, sample: None
):
    database.execute(BAD)
    quarantined(workflow)
    database.execute(MENDED)
    ended = quarantined(workflow)

    assert ended.state == "success"
    assert database.one("select count(*) from stock_data_quarantine") == 23
    by = "select count(distinct released_by) from stock_data_quarantine where released_by <> run_id"
    assert database.one(by) == 1
    assert database.one("select count(*) from stock_data_quarantine where released_at is null") == 0
    assert ended.step("publish")["released"] == 23


def test_with_every_symbol_held_the_run_fails_and_no_bar_is_lost(
    workflow: Workflow, database: Database, sample: None
):
    database.execute("update stock_data set low = -1 where date = '2025-10-08'")
    ended = quarantined(workflow)

    assert ended.state == "failed"
    assert database.one("select count(*) from stock_data_enriched") == 0
    assert database.one("select count(*) from stock_data_quarantine") == 46
    assert ended.mlflow().params["validation_status"] == "failed"
    assert ended.mlflow().metrics["rows_held"] == 46


def test_a_run_over_one_day_knows_what_is_ordinary(
    workflow: Workflow, database: Database, sample: None
):
    """A unit error shows only beside the bars before, which are read and not published."""
    database.execute(
        "update stock_data set open = open * 100, high = high * 100, low = low * 100, "
        "close = close * 100 where symbol = 'TSLA' and date = '2025-11-04'"
    )
    ended = quarantined(workflow, start_date="2025-11-04", end_date="2025-11-04")

    assert ended.json("report.json")["symbols"]["TSLA"]["verdict"] == "held"
    assert database.rows("select symbol, date::text from stock_data_enriched") == [
        ("NVDA", "2025-11-04")
    ]
    assert ended.step("extract")["rows"] == 2
    assert ended.step("extract")["context_rows"] == 44


def test_the_first_return_of_a_later_range_looks_back_to_what_was_published(
    workflow: Workflow, database: Database, sample: None
):
    query = "select daily_return from stock_data_enriched where date = '2025-11-04' order by symbol"
    workflow.run(symbols=["NVDA", "TSLA"])
    whole = database.rows(query)
    workflow.run(symbols=["NVDA", "TSLA"], start_date="2025-11-04")
    assert database.rows(query) == whole
    assert all(value is not None for (value,) in whole)


def test_what_refuses_to_be_written_to_is_told_in_a_sentence_and_nothing_is_set_aside(
    workflow: Workflow, database: Database, sample: None
):
    workflow.run(symbols=["NVDA"])
    database.execute(
        "update stock_data set low = -1 where symbol = 'TSLA' and date = '2025-10-08'",
        "create function refuse() returns trigger language plpgsql as "
        "$$ begin raise exception 'the books are closed'; end $$",
        "create trigger refuse before insert on stock_data_enriched execute function refuse()",
    )
    refused = workflow.run(symbols=["NVDA", "TSLA"], policy="quarantine")
    said = refused.json("summary.json")["verdict"]
    assert "1 to be held: TSLA" in said
    assert "refused to write into stock_data_enriched (the books are closed); nothing" in said
    assert "\n" not in said and "sqlalche" not in said
    assert database.one("select count(*) from stock_data_quarantine") == 0

    database.execute("drop trigger refuse on stock_data_enriched")
    workflow.run(symbols=["NVDA", "TSLA"], policy="quarantine")
    query = "select reasons from stock_data_quarantine where symbol = 'TSLA' and date = '{}'"
    assert database.one(query.format("2025-11-04"))[0].endswith(" (warning)")
    assert not database.one(query.format("2025-10-08"))[0].endswith(")")
