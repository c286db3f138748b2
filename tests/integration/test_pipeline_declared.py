"""A dataset that declares splits and dividends, from its tables in PostgreSQL to the report."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gx.project import PROJECT
from tests.staged_runs import daily_bars
from tests.workflow import Database, Ended, Workflow

AGREES = "expect_prices_to_agree_with_declared_actions"
PRICES = ["open", "high", "low", "close"]
DATASET = """
source: {schema: market, table: bars, zone: America/New_York}
calendar: XNYS
symbols: "*"
suite: stock_data
policy: quarantine
prices: raw
"""
TABLES = """
splits: {schema: market, table: corporate_actions, symbol: ticker, date: ex_date}
dividends: {query: "select ticker as symbol, day as date, paid as amount from market.paid"}
"""
COLUMNS = "splits: {column: split_ratio}\ndividends: {column: dividend}\n"
DAY = "2024-05-01"


def bars() -> pd.DataFrame:
    """Of S00 a split is declared and there, of S01 only declared, of S02 only there, and so on."""
    found = daily_bars([f"S{n:02}" for n in range(6)], 130)
    since = found["date"] >= DAY
    for symbol, ratio in {"S00": 10, "S02": 5, "S03": 1 / 3, "S04": 1.5}.items():
        found.loc[since & (found["symbol"] == symbol), PRICES] /= ratio
    found["split_ratio"], found["dividend"] = 0.0, 0.0
    on = found["date"] == DAY
    for symbol, ratio in {"S00": 10.0, "S01": 4.0, "S03": 3.0}.items():
        found.loc[on & (found["symbol"] == symbol), "split_ratio"] = ratio
    before = found.loc[(found["date"] == "2024-04-30") & (found["symbol"] == "S04"), "close"]
    found.loc[on & (found["symbol"] == "S04"), "dividend"] = float(before.iloc[0]) / 3
    return found


@pytest.fixture
def market(workflow: Workflow, datasets: Path, database: Database, compared: None) -> Database:
    """The bars, and beside them what is declared, with faults."""
    database.execute(
        "create schema market",
        "create table market.bars (symbol text, date date, open float8, high float8, low float8, "
        "close float8, volume float8, split_ratio float8, dividend float8)",
        "create table market.corporate_actions (ticker text, ex_date timestamptz, ratio text)",
        "create table market.paid (ticker text, day text, paid numeric)",
    )
    rows = bars().astype({"date": str})
    for one in rows.itertuples(index=False):
        database.execute(f"insert into market.bars values {tuple(one)}")
    declared = rows[rows["split_ratio"] > 0]
    columns = (declared[name].tolist() for name in ("symbol", "date", "split_ratio"))
    for symbol, date, ratio in zip(*columns, strict=True):
        # Twice, in small letters, as the midnight of New York.
        row = f"('{symbol.lower()}', '{date} 00:00-04', '{ratio:g}:1')"
        database.execute(f"insert into market.corporate_actions values {row}, {row}")
    database.execute(
        "insert into market.corporate_actions values ('S05', '2024-05-02', '-2'), "
        "('S05', '2024-05-03', '1'), ('S05', '2024-05-06', null), ('NONE', '2024-05-06', '2')",
        "insert into market.paid select symbol, date::text, dividend from market.bars",
    )
    return database


@pytest.fixture
def compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The committed suite with an entry that compares the prices with what is declared."""
    from gx.gate import checkpoint
    from gx.suite import named

    copy = tmp_path / "gx"
    for folder in ("expectations", "checkpoints", "validation_definitions"):
        shutil.copytree(PROJECT / folder, copy / folder)
    shutil.copy(PROJECT / "great_expectations.yml", copy)
    path = copy / "expectations" / "stock_data.json"
    suite = json.loads(path.read_text())
    suite["expectations"].append({"type": AGREES, "kwargs": {}, "severity": "warning"})
    path.write_text(json.dumps(suite))
    defaults = checkpoint.run.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "project", copy)
    monkeypatch.setattr(named.suite_path, "__defaults__", (path.parent,))


def outcomes(ended: Ended) -> dict[str, Any]:
    records = [one.read_text() for one in sorted((ended.staging / "steps").glob("*.json"))]
    assert ended.state == "success", records
    return {one["type"]: one for one in ended.json("results.json")["expectations"]}


@pytest.mark.parametrize("where", [TABLES, COLUMNS])
def test_declared_splits_are_compared_as_a_whole_and_in_partitions(
    market: Database, datasets: Path, monkeypatch: pytest.MonkeyPatch, where: str
):
    (datasets / "us.yml").write_text(DATASET + where)
    asked: dict[str, Any] = {"start_date": "2024-04-15", "end_date": "2024-06-20"}
    whole = outcomes(Workflow("us_workflow").run(**asked))
    monkeypatch.setenv("PARTITION_SYMBOLS", "2")

    divided = outcomes(Workflow("us_workflow").run(**asked))

    assert divided == whole
    found = whole[AGREES]
    assert (found["unexpected_count"], found["event_count"]) == (3, 3)
    assert [(one["symbol"], one["date"]) for one in found["failing"]] == [
        (symbol, DAY) for symbol in ("S01", "S02", "S03")
    ]
    assert "S01 2024-05-01: a split of 4:1 is declared for 2024-05-01" in found["observed"]
    assert "the prices do not show it" in found["observed"]
    assert "no split is declared" in found["observed"]
    assert "applied twice" in found["observed"]
    if where == TABLES:
        assert "the symbol is written 's00'" in found["observed"]
    # What is declared explains its step for the others as well.
    assert "S00" not in whole["expect_no_gross_price_errors"]["symbols"]
    assert whole["expect_no_unadjusted_splits"]["symbols"] == ["S02", "S03"]
