"""AUTO_REPAIR: what a setting allows is repaired, judged again and published in the same run."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine

from sql.errors import DatabaseLostError
from sql.repairs import all_repairs, revoke
from sql.terms import NUMBERS
from tests.workflow import Database, Ended, Workflow, fresh_moment

BAR = "symbol = 'TSLA' and date = '2025-10-08'"
NUMBERS_OF = f"select {', '.join(f'{one}::float8' for one in NUMBERS)} from {{}} where {BAR}"
HUNDREDFOLD = (
    "update stock_data set open = open * 100, high = high * 100, low = low * 100, "
    f"close = close * 100 where {BAR}"
)
MARKED = "select symbol, date::text, repaired from stock_data_enriched where repaired <> ''"
AUDIT = "select who, action, what, why, run_id from stock_data_audit order by at"
SAID = "1 bar repaired (1 by AUTO_REPAIR, unasked): TSLA of 2025-10-08 (unit)"


def quarantined(workflow: Workflow, **conf: Any) -> Ended:
    return workflow.run(symbols=["NVDA", "TSLA"], policy="quarantine", **conf)


@pytest.fixture(params=["500", "1"], ids=["whole", "partitions"])
def lanes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run in one piece, and one in partitions."""
    monkeypatch.setenv("PARTITION_SYMBOLS", request.param)


@pytest.fixture
def hundredfold(sample: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar in another unit, and a setting that allows what mends it."""
    sample.execute(HUNDREDFOLD)
    monkeypatch.setenv("AUTO_REPAIR", "unit")


def test_without_the_setting_nothing_is_repaired(
    workflow: Workflow, database: Database, engine: Engine, sample: None
):
    database.execute(HUNDREDFOLD)
    ended = quarantined(workflow)
    assert (ended.step("publish")["held"], ended.step("validate")["proposed"]) == (23, 1)
    assert all_repairs(engine) == []


@pytest.mark.usefixtures("lanes")
def test_what_the_setting_allows_is_repaired_judged_again_and_published(
    workflow: Workflow,
    database: Database,
    engine: Engine,
    sample: None,
    monkeypatch: pytest.MonkeyPatch,
):
    (right,) = database.rows(NUMBERS_OF.format("stock_data"))
    database.execute(HUNDREDFOLD)
    (wrong,) = database.rows(NUMBERS_OF.format("stock_data"))
    monkeypatch.setenv("AUTO_REPAIR", "sign, unit")

    ended = quarantined(workflow)

    assert (ended.state, ended.step("publish")["held"]) == ("success", 0)
    assert database.rows(NUMBERS_OF.format("stock_data_enriched")) == [pytest.approx(right)]
    assert database.rows(NUMBERS_OF.format("stock_data")) == [wrong]
    assert database.rows(MARKED) == [("TSLA", "2025-10-08", "unit")]
    (one,) = all_repairs(engine)
    assert (one.accepted_by, one.run_id, one.rule) == ("AUTO_REPAIR", ended.run_id, "unit")
    assert one.reason == "the setting AUTO_REPAIR has sign, unit"
    assert database.rows(AUDIT) == [
        ("AUTO_REPAIR", "repair", "TSLA: 1 bar (unit), 2025-10-08", one.reason, ended.run_id)
    ]
    said = ended.step("extract")
    assert (said["repaired"], said["automatic"], said["rows"]) == (1, 1, 46)
    assert ended.step("validate")["proposed"] == 0
    assert SAID in ended.json("summary.json")["verdict"]
    assert SAID in ended.mlflow().tags["verdict"]
    assert SAID in (ended.staging / "report.html").read_text()


@pytest.mark.usefixtures("lanes")
def test_what_somebody_took_back_is_not_made_again(
    workflow: Workflow,
    database: Database,
    engine: Engine,
    hundredfold: None,
):
    quarantined(workflow)
    with engine.begin() as connection:
        revoke(connection, [1], by="ann", reason="it was quoted so")

    # Another wrong bar of another day is no concern of that.
    database.execute(HUNDREDFOLD.replace("10-08", "10-15"))
    ended = quarantined(workflow)
    assert (ended.step("publish")["held"], ended.step("validate")["proposed"]) == (23, 1)
    assert [(str(one.date), one.is_open) for one in all_repairs(engine)] == [
        ("2025-10-08", False),
        ("2025-10-15", True),
    ]


def test_other_rules_are_left_to_people(
    workflow: Workflow,
    engine: Engine,
    hundredfold: None,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("AUTO_REPAIR", "sign")
    assert quarantined(workflow).step("publish")["held"] == 23
    assert all_repairs(engine) == []


@pytest.mark.usefixtures("lanes")
def test_a_database_that_is_lost_while_bars_are_read_again_is_tried_again(
    workflow: Workflow,
    database: Database,
    engine: Engine,
    hundredfold: None,
    monkeypatch: pytest.MonkeyPatch,
):
    import dags.work.partition
    import dags.work.whole

    monkeypatch.setenv("RETRY_DELAY_SECONDS", "0")
    lost: list[object] = []

    def losing(module: Any) -> None:
        read = module.extract_into

        def extract_into(*arguments: Any, **named: Any) -> Any:
            if all_repairs(engine) and not lost:
                lost.append(arguments)
                raise DatabaseLostError("the server closed the connection")
            return read(*arguments, **named)

        monkeypatch.setattr(module, "extract_into", extract_into)

    losing(dags.work.whole)
    losing(dags.work.partition)

    ended = quarantined(workflow)

    assert lost
    assert (ended.state, ended.step("publish")["held"]) == ("success", 0)
    assert database.rows(MARKED) == [("TSLA", "2025-10-08", "unit")]
    assert len(all_repairs(engine)) == 1


def test_a_run_that_ended_behind_its_acceptance_reads_again_when_it_is_judged_anew(
    workflow: Workflow,
    engine: Engine,
    hundredfold: None,
    monkeypatch: pytest.MonkeyPatch,
):
    """The worker dies between accepting and reading: the same run finds its own acceptance."""
    from dags.work.whole import Whole

    read_again, moment = Whole.read_again, fresh_moment()

    def dies(self: Whole, symbols: Any = ()) -> None:
        if symbols:
            raise RuntimeError("killed")
        read_again(self, symbols)

    with monkeypatch.context() as patch:
        patch.setattr(Whole, "read_again", dies)
        assert quarantined(workflow, moment=moment).tasks["validate_data"] == "failed"
    (one,) = all_repairs(engine)

    ended = quarantined(workflow, moment=moment)

    assert (ended.state, ended.step("publish")["held"]) == ("success", 0)
    assert [other.id for other in all_repairs(engine)] == [one.id]


def test_a_repaired_bar_that_fails_otherwise_is_held_and_read_again_once(
    workflow: Workflow,
    database: Database,
    engine: Engine,
    hundredfold: None,
    monkeypatch: pytest.MonkeyPatch,
):
    from dags.work.whole import Whole

    database.execute(f"update stock_data set volume = -5 where {BAR}")
    reads: list[Any] = []
    read_again = Whole.read_again

    def counted(self: Whole, symbols: Any = ()) -> None:
        reads.append(symbols)
        read_again(self, symbols)

    monkeypatch.setattr(Whole, "read_again", counted)

    ended = quarantined(workflow)

    assert [set(some) for some in reads] == [set(), {"TSLA"}]
    assert ended.step("publish")["held"] == 23
    reasons = database.one(f"select reasons from stock_data_quarantine where {BAR}")
    assert reasons[-1] == "these numbers are accepted, not the source's: unit"
    assert json.dumps(ended.json("repaired.json")).count('"AUTO_REPAIR"') == 1
