"""Symbols as markets write them, through a whole run: files, partitions, pages, MLflow."""

from collections import Counter

import pytest
from starlette.testclient import TestClient

from dags.pages.sources import Desk
from dags.run.settings import Settings
from gx.web.app import create_app
from gx.web.guard import User
from tests.workflow import Database, Workflow

NAMES = [
    *("^GSPC", "EURGBP=X", "ES=F", "BRK B", "AAPL  250117C00300000", "BTC/USD", "ko", "株式"),
    *("<b>&amp;", "A|B", "50%", "../..", "O'X", '"Q"', "{{ 7 * 7 }}", "#1", "A?B&c=d"),
]


@pytest.fixture
def bars(sample: Database) -> Database:
    """Each symbol has the bars of TSLA, at a level of its own; those of BTC/USD are bad."""
    sample.execute("alter table stock_data alter column symbol type varchar(32)")
    bars = sample.rows("select date, open, high, low, close, volume from stock_data "
                       "where symbol = 'TSLA' and extract(isodow from date) < 6")  # fmt: skip
    sample.execute("truncate stock_data")
    with sample._connect() as connection, connection.cursor() as cursor:
        for number, name in enumerate(NAMES, 2):
            for day, *prices, volume in bars:
                row = (name, day, *(price * number for price in prices), volume)
                cursor.execute(
                    "insert into stock_data (symbol, date, open, high, low, close, volume) "
                    "values (%s, %s, %s, %s, %s, %s, %s)",
                    row,
                )
    sample.execute("update stock_data set low = high + 1 where symbol = 'BTC/USD'")
    return sample


@pytest.mark.parametrize("partition", ["500", "3"], ids=["whole", "divided"])
def test_every_symbol_comes_through_under_its_own_name(
    workflow: Workflow, bars: Database, monkeypatch: pytest.MonkeyPatch, partition: str
):
    monkeypatch.setenv("PARTITION_SYMBOLS", partition)
    counted = Counter(dict(bars.rows("select symbol, count(*) from stock_data group by symbol")))
    asked = {"more_symbols": "*"} if partition == "3" else {"symbols": NAMES}

    ended = workflow.run(policy="quarantine", **asked)

    assert ended.state == "success", ended.tasks
    held = {"BTC/USD": counted.pop("BTC/USD")}
    per_symbol = "select symbol, count(*) from {} group by symbol"
    assert dict(bars.rows(per_symbol.format("stock_data_enriched"))) == counted
    assert dict(bars.rows(per_symbol.format("stock_data_quarantine"))) == held
    tracked = ended.mlflow()
    assert tracked.metrics["symbol_rows/_x5E_GSPC"] == counted["^GSPC"]
    assert tracked.metrics["symbol_rows/AAPL  250117C00300000"] == counted["ko"]
    assert tracked.tags["held_symbols"] == "BTC/USD"
    assert len([name for name in tracked.metrics if name.startswith("symbol_rows/")]) == len(NAMES)

    async def guard(_request: object) -> User:
        return User("ann", may_write=False)

    pages = TestClient(create_app(Desk(Settings()), guard, login_url="/"))
    page = pages.get(f"/gate/runs/{ended.run_id}")
    assert page.status_code == 200
    assert "BTC/USD" in page.text and "<b>&amp;" not in page.text
    for name in ("BTC/USD", "A?B&c=d"):
        found = pages.get(f"/gate/runs/{ended.run_id}/failing", params={"symbol": name})
        assert (name == "BTC/USD") == ("must not" in found.text or "low ≤ open" in found.text), name


def test_what_the_table_does_not_hold_is_told_with_the_nearest_that_it_holds(
    workflow: Workflow, bars: Database
):
    ended = workflow.run(symbols=["^GSPC", "KO", "brk.b", "NOPE"])

    assert ended.step("extract")["missing_symbols"] == ["KO", "brk.b", "NOPE"]
    assert ended.step("extract")["meant"] == {"KO": "ko", "brk.b": "BRK B"}
    nothing = workflow.run(symbols=["btcusd"])
    assert "did you mean 'BTC/USD'?" in nothing.step("extract")["error"]
