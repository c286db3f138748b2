"""Which symbols are good, as `gate verdict` and the pages tell it: from PostgreSQL alone."""

import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from dags.local.cli import main
from dags.reporting.standings import dataset_verdict
from dags.run.settings import Settings
from gx.dataset.read import read_dataset
from gx.report.standing import DatasetVerdict
from gx.statuses import CLOSED, COULD_NOT_RUN, DONE, IN_PART
from sql.repairs import NewRepair, accept
from tests.workflow import Database, Workflow

BAD = "update stock_data set low = -1 where symbol = 'TSLA' and date = '2025-10-08'"
MENDED = "update stock_data set low = 428.15 where symbol = 'TSLA' and date = '2025-10-08'"
LAST = date(2025, 11, 4)


def asked(as_of: date | None = LAST, **more: Any) -> DatasetVerdict:
    return dataset_verdict(read_dataset("stock_data"), Settings(), as_of=as_of, **more)


def statuses(found: DatasetVerdict) -> dict[str, str]:
    return {one.symbol: one.status for one in found.symbols}


def test_what_was_published_is_good_up_to_its_last_bar(
    workflow: Workflow, database: Database, sample: None
):
    assert asked().sentence == "Nothing of this dataset was ever published."
    ended = workflow.run(symbols=["NVDA", "TSLA"])
    found = asked()

    assert found.good
    assert found.sentence == "2 of 2 symbols good as of 2025-11-04."
    tsla = found.symbols[1]
    assert (tsla.last_bar, tsla.run_id, tsla.due) == (LAST, ended.run_id, LAST)
    assert tsla.notes == ("bars_to_be_fresh",)
    later = asked(date(2025, 11, 5), symbols=["TSLA", "GONE"])
    assert statuses(later) == {"TSLA": "behind", "GONE": "unknown"}
    assert later.symbols[0].why == "its last bar is of 2025-11-04, and one of 2025-11-05 is due"
    assert statuses(asked(None)) == {"NVDA": "behind", "TSLA": "behind"}
    before = asked(date(2025, 10, 14)).symbols[0]
    assert before.good
    assert before.last_bar == date(2025, 10, 14)


def test_a_held_symbol_is_not_good_until_a_run_releases_it(
    workflow: Workflow, database: Database, sample: None
):
    database.execute(BAD)
    workflow.run(symbols=["NVDA", "TSLA"], policy="quarantine")
    assert statuses(asked()) == {"NVDA": "good", "TSLA": "held"}
    assert asked().symbols[1].why == "23 bars are in quarantine"
    database.execute(MENDED)
    workflow.run(symbols=["NVDA", "TSLA"], policy="quarantine")
    assert asked().good


def test_a_symbol_that_closed_the_gate_is_refused_until_its_days_are_published(
    workflow: Workflow, database: Database, sample: None
):
    workflow.run(symbols=["NVDA", "TSLA"])
    database.execute(BAD)
    closed = workflow.run(symbols=["NVDA", "TSLA"])
    assert closed.state == "failed"
    found = asked()

    assert statuses(found) == {"NVDA": "good", "TSLA": "refused"}
    assert found.symbols[1].why.startswith(f"the gate closed in {closed.run_id}: ")
    assert "above zero" in found.symbols[1].why
    # What fails lies behind that day.
    assert asked(date(2025, 10, 7)).good
    # Days on which nothing failed answer nothing.
    workflow.run(symbols=["NVDA", "TSLA"], start_date="2025-10-20", end_date="2025-11-04")
    assert statuses(asked())["TSLA"] == "refused"
    database.execute(MENDED)
    workflow.run(symbols=["NVDA", "TSLA"], start_date="2025-10-08", end_date="2025-11-04")
    assert asked().good


def test_a_failure_of_the_table_as_a_whole_refuses_every_symbol(
    workflow: Workflow, database: Database, sample: None
):
    nameless = "update stock_data set symbol = null where symbol = 'TSLA' and date = '2025-10-08'"
    database.execute("alter table stock_data alter column symbol drop not null", nameless)
    closed = workflow.run(symbols=[], more_symbols="*", policy="quarantine")
    assert closed.state == "failed"
    assert set(statuses(asked()).values()) == {"refused"}
    # Who publishes older days has not judged the table anew.
    database.execute("delete from stock_data where symbol is null")
    older = workflow.run(symbols=["NVDA", "TSLA"], start_date="2025-10-10", end_date="2025-10-24")
    assert older.state == "success"
    assert set(statuses(asked()).values()) == {"refused"}
    workflow.run(symbols=["NVDA", "TSLA"])
    assert asked().good


def test_refusals_are_never_rewritten(workflow: Workflow, database: Database, sample: None):
    database.execute(BAD)
    workflow.run(symbols=["TSLA"])
    assert database.rows("select symbol, first_date, last_date from stock_data_refusals") == [
        ("TSLA", date(2025, 10, 8), date(2025, 10, 8))
    ]
    with pytest.raises(Exception, match="never deleted"):
        database.execute("delete from stock_data_refusals")


def test_the_command_says_it_and_ends_by_it(
    workflow: Workflow, sample: None, capsys: pytest.CaptureFixture[str]
):
    workflow.run(symbols=["NVDA", "TSLA"])
    capsys.readouterr()
    assert main(["verdict", "--as-of", "2025-11-04"]) == DONE
    assert capsys.readouterr().out.startswith("2 of 2 symbols good as of 2025-11-04.\n")
    asked_for = ["verdict", "--as-of", "2025-11-04", "--symbols", "TSLA,GONE", "--json"]
    assert main(asked_for) == IN_PART
    said = json.loads(capsys.readouterr().out)
    assert [one["status"] for one in said["symbols"]] == ["good", "unknown"]
    assert main(["verdict", "--as-of", "2025-11-05"]) == CLOSED
    assert main(["verdict", "--as-of", "yesterday"]) == COULD_NOT_RUN
    assert "yesterday" in capsys.readouterr().err


def test_without_the_table_nobody_can_know(
    workflow: Workflow, database: Database, sample: None, capsys: pytest.CaptureFixture[str]
):
    workflow.run(symbols=["TSLA"])
    database.execute("drop table stock_data_refusals")
    assert main(["verdict", "--as-of", "2025-11-04"]) == COULD_NOT_RUN
    assert "the dataset's next run makes it" in capsys.readouterr().err


def test_a_run_of_which_nothing_fails_is_published_without_a_note(workflow: Workflow, sample: None):
    ended = workflow.run(symbols=["TSLA"], start_date="2025-10-06", end_date="2025-10-24")

    assert (ended.state, ended.json("report.json")["expectations"][0]["status"]) == (
        "success",
        "passed",
    )
    (tsla,) = asked(date(2025, 10, 24)).symbols
    assert (tsla.good, tsla.notes) == (True, ())


def test_days_that_are_published_without_an_accepted_repair_are_told(
    workflow: Workflow, database: Database, engine: Engine, sample: None
):
    workflow.run(symbols=["NVDA", "TSLA"])
    numbers = "open::float8, high::float8, low::float8, close::float8, volume::float8"
    query = f"select date::date, {numbers} from stock_data where symbol = 'TSLA' order by date"
    day, *old = database.rows(query)[3]
    new = (*(value / 2 for value in old[:4]), old[4])
    with engine.begin() as connection:
        one = NewRepair("TSLA", day, "unit", "twice the level", tuple(old), new)
        accept(connection, [one], run_id="r1", by="ann", reason="checked")
    nvda, tsla = asked().symbols
    told = f"TSLA: 1 bar published before lacks a repair accepted since: run {day} to {day}"
    assert (nvda.at_odds, tsla.at_odds, tsla.good) == ("", f"{told}, in one run", True)
