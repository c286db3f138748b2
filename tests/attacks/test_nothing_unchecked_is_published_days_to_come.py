"""Attacks on a whole run: bars of the future, excused by an end date that lies further ahead."""

from datetime import UTC, datetime, timedelta

import pytest

from dags.staging.layout import REPORT
from tests.workflow import Database, Workflow


@pytest.mark.parametrize("partition_symbols", [500, 1])
def test_a_bar_of_tomorrow_is_not_published_because_the_range_ends_later(
    workflow: Workflow,
    sample: Database,
    monkeypatch: pytest.MonkeyPatch,
    partition_symbols: int,
):
    monkeypatch.setenv("PARTITION_SYMBOLS", str(partition_symbols))
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    sample.execute(
        "insert into stock_data (symbol, date, open, high, low, close, volume) "
        f"select symbol, '{tomorrow}', open, high, low, close, volume from stock_data "
        "where symbol = 'TSLA' and date = '2025-11-03'"
    )

    ended = workflow.run(symbols=["TSLA", "NVDA"], end_date="2099-12-31")

    assert ended.state == "failed"
    report = ended.json(REPORT)
    blocking = [e for e in report["expectations"] if e["severity"] == "critical"]
    # Nobody has the sessions up to today, which a range until 2099 asks for.
    assert [e["type"] for e in blocking if not e["success"]] == [
        "expect_no_future_bars",
        "expect_no_market_wide_holes",
    ]
    assert sample.rows("select count(*) from stock_data_enriched") == [(0,)]
    assert {entry["looked_at"] for entry in blocking} == {report["rows"]}
