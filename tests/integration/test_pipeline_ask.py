"""Policy ask: somebody decides what becomes of the symbols that the gate would hold."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from dags.staging.files import Folder
from gx.report.document import read_document
from sql.connection import connected
from tests.workflow import Database, Ended, Workflow

BAD = "update stock_data set low = -1 where symbol = 'TSLA' and date = '2025-10-08'"
MANY = "select symbol, count(*) from stock_data_enriched group by symbol order by symbol"
AUDIT = "select who, action, what, why from stock_data_audit order by at"
HELD = "Held by the time limit: nobody is asked where ASK_HOURS is 0."


@pytest.fixture
def waivers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where waivers are kept, instead of in the checkout."""
    monkeypatch.setattr("gx.project.WAIVERS", tmp_path / "waivers")
    monkeypatch.setattr("gx.project.HISTORY", tmp_path / "history")
    return tmp_path / "waivers"


def asked(workflow: Workflow, **conf: Any) -> Ended:
    return workflow.run(symbols=["NVDA", "TSLA"], policy="ask", **conf)


def answered(monkeypatch: pytest.MonkeyPatch, choice: Any, who: str | None, why: str) -> list[Any]:
    """Answer where Airflow would wait; returns what was asked."""
    from dags.asking.decide import Given, carry_out
    from dags.asking.operator import AskOperator

    seen: list[Any] = []

    def answer(task: Any, _context: Any, run: Any, question: str, _until: datetime) -> None:
        summary = Folder(run.staging.root).find_json("summary.json")
        seen.append((task.subject, task.body, list(task.options), summary))
        carry_out(run, question, Given(choice, who, why, datetime.now(UTC)))

    monkeypatch.setattr(AskOperator, "_wait", answer)
    return seen


@pytest.fixture
def lanes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of the task that asks, of a run in one piece and of one in partitions."""
    if request.param == "ask_partitions":
        monkeypatch.setenv("PARTITION_SYMBOLS", "1")
    return str(request.param)


both = pytest.mark.parametrize("lanes", ["ask", "ask_partitions"], indirect=True)


@both
def test_held_by_a_person(
    workflow: Workflow,
    database: Database,
    sample: None,
    lanes: str,
    monkeypatch: pytest.MonkeyPatch,
):
    database.execute(BAD)
    seen = answered(monkeypatch, "hold", "ann", "it is a typo")

    ended = asked(workflow)

    ((subject, body, options, waiting),) = seen
    assert subject == "stock_data: hold TSLA?"
    assert "| TSLA | 2025-10-08 |" in body and "| -1 |" in body
    assert options == ["Hold these symbols", "Publish all the same", "Fail the run"]
    assert waiting["state"] == "waits"
    assert waiting["verdict"].startswith("Waits for a decision: 1 held: TSLA (1 of ")
    assert (ended.state, ended.tasks[lanes]) == ("success", "success")
    assert database.rows(MANY) == [("NVDA", 23)]
    assert database.one("select count(*) from stock_data_quarantine") == 23
    assert database.rows(AUDIT) == [
        ("ann", "decide", "hold TSLA? held (1 failing bar)", "it is a typo")
    ]
    tags = ended.mlflow().tags
    assert (tags["decision"], tags["decided_by"]) == ("hold", "ann")
    assert tags["decision_reason"] == "it is a typo"
    said = ended.json("summary.json")
    assert said["state"] == "open"
    assert "ann decided to hold (it is a typo)." in said["verdict"]
    report = ended.json("report.json")
    decided = report["decision"]
    assert (decided["choice"], decided["who"], decided["why"]) == ("hold", "ann", "it is a typo")
    assert (decided["symbols"], decided["waivers"]) == (["TSLA"], [])
    assert read_document(report).decision is not None
    tracked = ended.mlflow().artifacts / "validation"
    assert json.loads((tracked / "results.json").read_text())["decision"] == decided
    for page in (ended.staging / "report.html", tracked / "report.html"):
        shown = f"{decided['at'][:16].replace('T', ' ')} UTC, about TSLA: ann decided to hold"
        assert f'<p id="decision">{shown}' in page.read_text()


@both
def test_published_all_the_same(
    workflow: Workflow,
    database: Database,
    sample: None,
    lanes: str,
    waivers: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    database.execute(BAD)
    answered(monkeypatch, "publish", "ann", "the exchange says so")

    ended = asked(workflow)

    assert (ended.state, ended.tasks[lanes]) == ("success", "success")
    assert database.rows(MANY) == [("NVDA", 23), ("TSLA", 23)]
    assert database.one("select count(*) from stock_data_quarantine") == 0
    remarked = "select date::text, remarks from stock_data_enriched where symbol = 'TSLA'"
    missed = {day: names or [] for day, names in database.rows(remarked)}
    kept = json.loads((waivers / "stock_data.json").read_text())["waivers"]
    assert {one["author"] for one in kept} == {"ann"}
    assert [(one["symbol"], [bar["date"] for bar in one["bars"]]) for one in kept] == [
        ("TSLA", ["2025-10-08"])
    ] * len(kept)
    assert {one["expectation"] for one in kept} <= set(missed["2025-10-08"])
    report = ended.json("report.json")
    assert report["success"]
    assert {one["reason"] for one in report["waivers"]} == {"the exchange says so"}
    verdict = ended.json("summary.json")["verdict"]
    assert verdict.startswith("Published 46 bars of 2 symbols;")
    assert "ann decided to publish all the same (the exchange says so)." in verdict
    assert ended.step("validate")["answer"]["waivers"] == [one["id"] for one in kept]
    decided = report["decision"]
    assert (decided["choice"], decided["who"]) == ("publish", "ann")
    assert (decided["waivers"], decided["unkept"]) == ([one["id"] for one in kept], "")
    assert "about TSLA: ann decided to publish" in (ended.staging / "report.html").read_text()


@pytest.mark.parametrize("fails", ["judging", "the audit"])
def test_where_it_fails_neither_waivers_nor_audit_tell_of_it(
    workflow: Workflow,
    database: Database,
    sample: None,
    waivers: Path,
    monkeypatch: pytest.MonkeyPatch,
    fails: str,
):
    import dags.asking.decide

    database.execute(BAD)
    answered(monkeypatch, "publish", "ann", "the exchange says so")

    def failing(*_: Any, **__: Any) -> None:
        raise RuntimeError("it broke")

    @contextmanager
    def losing(place: Any) -> Iterator[Any]:
        with connected(place) as engine, monkeypatch.context() as patch:
            patch.setattr(Connection, "commit", failing)
            yield engine

    name, stand_in = ("judge", failing) if fails == "judging" else ("connected", losing)
    monkeypatch.setattr(dags.asking.decide, name, stand_in)
    ended = asked(workflow)

    assert (ended.state, ended.tasks["ask"]) == ("failed", "failed")
    assert database.rows(AUDIT) == []
    assert database.rows(MANY) == []
    file = waivers / "stock_data.json"
    assert not file.exists() or json.loads(file.read_text())["waivers"] == []


def test_what_cannot_be_written_beside_the_suite_counts_for_the_run_alone(
    workflow: Workflow,
    database: Database,
    sample: None,
    waivers: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    database.execute(BAD)
    waivers.with_name("history").write_text("no folder can be made here")
    answered(monkeypatch, "publish", "ann", "the exchange says so")

    ended = asked(workflow)

    assert ended.state == "success"
    assert database.rows(MANY) == [("NVDA", 23), ("TSLA", 23)]
    assert (
        "for this run alone: gx/waivers cannot be written here"
        in (ended.json("summary.json")["verdict"])
    )
    assert ended.json("report.json")["decision"]["unkept"].startswith("gx/waivers cannot be")


def test_the_run_fails_when_somebody_decides_that(
    workflow: Workflow, database: Database, sample: None, monkeypatch: pytest.MonkeyPatch
):
    database.execute(BAD)
    answered(monkeypatch, "fail", "ann", "")

    ended = asked(workflow)

    assert (ended.state, ended.tasks["ask"]) == ("failed", "failed")
    assert database.rows(MANY) == []
    verdict = ended.json("summary.json")["verdict"]
    assert verdict.startswith("Nothing published: gate closed,")
    assert "ann decided to fail the run." in verdict
    assert ended.mlflow().tags["decision"] == "fail"
    assert ended.json("report.json")["decision"]["choice"] == "fail"


def test_where_nobody_is_to_be_asked_it_holds_at_once(
    workflow: Workflow, database: Database, sample: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ASK_HOURS", "0")
    database.execute(BAD)

    ended = asked(workflow)

    assert ended.state == "success"
    assert database.rows(MANY) == [("NVDA", 23)]
    assert HELD in ended.json("summary.json")["verdict"]
    assert ended.json("report.json")["decision"]["who"] is None
    assert ended.mlflow().tags["decided_by"] == "nobody"


def test_nobody_is_asked_about_good_bars_or_about_what_belongs_to_no_symbol(
    workflow: Workflow, database: Database, sample: None, monkeypatch: pytest.MonkeyPatch
):
    seen = answered(monkeypatch, "publish", "ann", "why not")

    passed = asked(workflow, start_date="2025-10-06")
    database.execute("alter table stock_data alter symbol drop not null")
    database.execute("update stock_data set symbol = null where symbol = 'TSLA'")
    closed = workflow.run(more_symbols="*", policy="ask")

    assert (passed.state, passed.tasks["ask"]) == ("success", "skipped")
    assert (closed.state, closed.tasks["validate_data"]) == ("failed", "failed")
    assert seen == []


def test_a_question_that_is_marked_as_a_success_publishes_nothing(
    workflow: Workflow, database: Database, sample: None, monkeypatch: pytest.MonkeyPatch
):
    from dags.asking.operator import AskOperator

    monkeypatch.setattr(AskOperator, "_wait", lambda *_: None)
    database.execute(BAD)

    ended = asked(workflow)

    assert (ended.state, ended.tasks["transform_data"]) == ("failed", "failed")
    assert database.rows(MANY) == []
    assert ended.json("summary.json")["verdict"].startswith("Waits for a decision:")


def test_an_answer_to_another_question_does_not_count(
    workflow: Workflow, database: Database, sample: None, monkeypatch: pytest.MonkeyPatch
):
    from dags.asking.decide import Given, carry_out
    from dags.asking.operator import AskOperator

    def late(_task: Any, _context: Any, run: Any, question: str, _until: datetime) -> None:
        from dags.steps import validate

        validate(run)  # somebody clears it, and not what comes after
        carry_out(run, question, Given("publish", "ann", "it is fine", datetime.now(UTC)))

    monkeypatch.setattr(AskOperator, "_wait", late)
    database.execute(BAD)

    ended = asked(workflow)

    assert (ended.state, ended.tasks["ask"]) == ("failed", "failed")
    assert database.rows(MANY) == []
    assert database.rows(AUDIT) == []
