"""Each defect that a bar can have closes the gate, and the report names the bar."""

import json

import pandas as pd
import pytest

from tests.workflow import Database, Ended, Workflow

DAYS = ["2025-10-06", "2025-10-07", "2025-10-08", "2025-10-09", "2025-10-10"]
BAD_DAY = "2025-10-08"
# Without a single constraint, as a table that somebody else made may be.
LOOSE = """
    create table stock_data (
        symbol text, date date, open float8, high float8, low float8, close float8, volume float8
    )
"""


@pytest.fixture
def loose(workflow: Workflow, database: Database) -> Database:
    """Five good bars each of GOOD and BAD, in a table without constraints."""
    database.execute("drop table stock_data", LOOSE)
    good = pd.DataFrame({"date": DAYS, "close": [100.0, 101.5, 100.7, 102.2, 101.9]})
    good = good.assign(
        open=good["close"] - 0.4,
        high=good["close"] + 1.1,
        low=good["close"] - 1.3,
        volume=[1_000_000.0, 1_100_000.0, 950_000.0, 1_050_000.0, 990_000.0],
    )
    other = good.assign(symbol="BAD", **good[["open", "high", "low", "close"]] * 2.5)
    database.insert(pd.concat([good.assign(symbol="GOOD"), other]))
    return database


@pytest.mark.parametrize(
    "defect",
    [
        pytest.param("open = null", id="null_open"),
        pytest.param("volume = null", id="null_volume"),
        pytest.param("close = 'NaN'", id="nan_close"),
        pytest.param("high = 'infinity'", id="infinite_high"),
        pytest.param("low = '-infinity'", id="negative_infinite_low"),
        pytest.param("close = -close, low = -high", id="negative_price"),
        pytest.param("open = 0, low = 0", id="zero_price"),
        pytest.param("volume = -1", id="negative_volume"),
        pytest.param("volume = 'NaN'", id="nan_volume"),
        pytest.param("high = low - 1", id="high_below_low"),
        pytest.param("high = close - 0.5", id="high_below_close"),
        pytest.param("low = open + 0.2", id="low_above_open"),
    ],
)
def test_a_defect_closes_the_gate_and_is_named(workflow: Workflow, loose: Database, defect: str):
    loose.execute(f"update stock_data set {defect} where symbol = 'BAD' and date = '{BAD_DAY}'")

    ended = workflow.run(symbols=["BAD", "GOOD"])

    assert _critical(ended) == {("BAD", BAD_DAY)}
    _is_closed(ended, loose)
    page = (ended.mlflow().artifacts / "validation/report.html").read_text()
    assert f'<td>BAD<td class="date">{BAD_DAY}' in page


def test_duplicate_keys_close_the_gate_and_both_bars_are_named(workflow: Workflow, loose: Database):
    loose.execute(
        f"insert into stock_data select * from stock_data where symbol='BAD' and date='{BAD_DAY}'"
    )

    ended = workflow.run(symbols=["BAD", "GOOD"])

    assert ended.step("extract")["rows"] == 11
    failing = [bar for bar in _failing(ended) if bar == ("BAD", BAD_DAY)]
    assert len(failing) >= 2
    assert _critical(ended) == {("BAD", BAD_DAY)}
    _is_closed(ended, loose)


def test_a_bar_without_a_date_closes_the_gate(workflow: Workflow, loose: Database):
    loose.execute(f"update stock_data set date = null where symbol='BAD' and date='{BAD_DAY}'")

    ended = workflow.run(symbols=["BAD", "GOOD"])

    assert ("BAD", None) in _critical(ended)
    _is_closed(ended, loose)


def test_quarantine_holds_the_symbol_and_lets_the_other_through(
    workflow: Workflow, loose: Database
):
    loose.execute(f"update stock_data set close='NaN' where symbol='BAD' and date='{BAD_DAY}'")

    ended = workflow.run(symbols=["BAD", "GOOD"], policy="quarantine")

    assert ended.state == "success"
    published = loose.rows("select symbol, count(*) from stock_data_enriched group by symbol")
    assert published == [("GOOD", 5)]
    held = loose.rows("select symbol, date::text, close from stock_data_quarantine order by date")
    assert [bar[:2] for bar in held] == [("BAD", day) for day in DAYS]
    assert str(held[DAYS.index(BAD_DAY)][2]) == "nan"
    tracked = ended.mlflow()
    assert tracked.params["validation_status"] == "quarantined"
    assert tracked.tags["held_symbols"] == "BAD"
    assert tracked.metrics["rows_published"] + tracked.metrics["rows_held"] == 10


def test_quarantine_with_every_symbol_held_fails(workflow: Workflow, loose: Database):
    loose.execute(f"update stock_data set close = 0, low = 0 where date = '{BAD_DAY}'")

    ended = workflow.run(symbols=["BAD", "GOOD"], policy="quarantine")

    _is_closed(ended, loose, at="publish_data")
    assert loose.one("select count(*) from stock_data_quarantine") == 10


def test_a_mended_bar_is_published_by_the_same_run_tried_again(workflow: Workflow, loose: Database):
    from tests.workflow import fresh_moment

    moment = fresh_moment()
    where = f"where symbol = 'BAD' and date = '{BAD_DAY}'"
    loose.execute(f"update stock_data set close = 0, low = 0 {where}")
    _is_closed(workflow.run(moment=moment, symbols=["BAD", "GOOD"]), loose)
    loose.execute(f"update stock_data set close = 251.7, low = 248.5 {where}")

    ended = workflow.run(moment=moment, symbols=["BAD", "GOOD"])

    assert ended.state == "success"
    assert loose.one("select count(*) from stock_data_enriched") == 10
    tracked = ended.mlflow()
    assert (tracked.status, tracked.params["validation_status"]) == ("FINISHED", "passed")
    assert "error" not in tracked.tags


def _is_closed(ended: Ended, database: Database, at: str = "validate_data") -> None:
    """Failed in Airflow and in MLflow, with nothing published."""
    assert ended.state == "failed"
    assert ended.tasks[at] == "failed"
    assert ended.tries[at] == 1
    assert database.one("select count(*) from stock_data_enriched") == 0
    tracked = ended.mlflow()
    assert (tracked.status, tracked.params["validation_status"]) == ("FAILED", "failed")
    assert tracked.tags["error"].startswith("GateClosed: ")
    logged = json.loads((tracked.artifacts / "validation/results.json").read_text())
    assert logged["success"] is False


def _failing(ended: Ended) -> list[tuple[str | None, str | None]]:
    """The bars that failed a critical expectation, once for each."""
    entries = [e for e in ended.json("results.json")["expectations"] if e["severity"] == "critical"]
    return [(bar["symbol"], bar["date"]) for entry in entries for bar in entry["failing"]]


def _critical(ended: Ended) -> set[tuple[str | None, str | None]]:
    return set(_failing(ended))
