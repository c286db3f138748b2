"""The workflow that fetches bars, and the gate that judges and publishes what it brought."""

from pathlib import Path
from typing import Any

import pytest

from tests.desk import free_ports
from tests.ib_gateway import Bars, Rule, demo_bars, gateway
from tests.webhook import webhook
from tests.workflow import Database, Workflow

FEED = """
source: {schema: feed, table: bars}
suite: stock_data
calendar: XNYS
symbols: "*"
publish: fed
fetch:
  since: 2026-01-02
  contracts:
    - {symbol: AAA}
    - {symbol: BBB}
"""


@pytest.fixture
def feed(datasets: Path) -> None:
    """A dataset that is fetched."""
    (datasets / "feed.yml").write_text(FEED)


@pytest.fixture(scope="module")
def bars() -> Bars:
    return demo_bars(("AAA", "BBB"), years=2)


def events() -> list[Any]:
    """What was announced of the asset, newest first."""
    from airflow.models.asset import AssetEvent, AssetModel

    from tests.workflow import airflow_session

    session = airflow_session()
    of = session.query(AssetEvent).join(AssetModel, AssetModel.id == AssetEvent.asset_id)
    found = of.filter(AssetModel.name == "feed_fetched").order_by(AssetEvent.id.desc()).all()
    return [dict(one.extra) for one in found]


@pytest.mark.usefixtures("feed")
def test_what_is_fetched_is_announced_judged_and_published(
    workflow: Workflow, database: Database, bars: Bars, monkeypatch: pytest.MonkeyPatch
):
    assert workflow.dag() is not None
    monkeypatch.setenv("IB_ANSWER_SECONDS", "2")
    with gateway(bars) as running:
        monkeypatch.setenv("IB_PORT", str(running.port))
        fetched = Workflow("ibkr_fetch_bars").run(dataset="feed")
        assert fetched.state == "success"
        (told,) = events()
        count = database.one("select count(*) from feed.bars")
        assert (told["new"], told["restated"], told["behind"]) == (count, 0, [])

        again = Workflow("ibkr_fetch_bars").run(dataset="feed")
        assert again.state == "success"
        assert len(events()) == 1  # nothing came: there is nothing to judge

    judged = Workflow("feed_workflow")
    assert judged.dag().schedule.__class__.__name__ == "Asset"
    ended = judged.run()
    assert ended.state == "success"
    assert database.one("select count(*) from fed.stock_data_enriched") == count


@pytest.mark.usefixtures("feed", "database")
def test_a_fetch_of_which_nothing_came_fails_and_says_why(
    workflow: Workflow, bars: Bars, monkeypatch: pytest.MonkeyPatch, caplog: Any
):
    assert workflow.dag() is not None
    with gateway(bars, script=[Rule("no_security")]) as running:
        monkeypatch.setenv("IB_PORT", str(running.port))
        ended = Workflow("ibkr_fetch_bars").run(dataset="feed")
    assert ended.state == "failed"
    assert "AAA is behind: IB knows no such contract" in caplog.text
    assert list(ended.tries.values()) == [1]  # a contract that is mistyped is not tried again


@pytest.mark.usefixtures("feed", "database")
def test_a_fetch_that_failed_is_told_with_the_reasons(
    workflow: Workflow, bars: Bars, monkeypatch: pytest.MonkeyPatch
):
    assert workflow.dag() is not None
    with webhook() as hook, gateway(bars, script=[Rule("no_security")]) as running:
        monkeypatch.setenv("ALERT_URLS", hook.url)
        monkeypatch.setenv("IB_PORT", str(running.port))
        Workflow("ibkr_fetch_bars").run(dataset="feed")
    (post,) = hook.posts
    assert (post["title"], post["type"]) == ("feed: nothing was fetched", "failure")
    assert "AAA, BBB: IB knows no such contract" in post["message"]


@pytest.mark.usefixtures("feed", "database")
def test_symbols_that_are_behind_are_told_once_with_the_reasons(
    workflow: Workflow, bars: Bars, monkeypatch: pytest.MonkeyPatch
):
    assert workflow.dag() is not None
    rule = Rule("not_subscribed", symbol="BBB")
    with webhook() as hook, gateway(bars, script=[rule]) as running:
        monkeypatch.setenv("ALERT_URLS", hook.url)
        monkeypatch.setenv("IB_PORT", str(running.port))
        ended = Workflow("ibkr_fetch_bars").run(dataset="feed")
        Workflow("ibkr_fetch_bars").run(dataset="feed")
    assert ended.state == "success"
    (post,) = hook.posts  # the second within the hour is counted, not sent
    assert (post["title"], post["type"]) == ("feed: 1 of 2 symbols are behind", "warning")
    assert "BBB: this account has no market data for it: subscribe" in post["message"]


@pytest.mark.usefixtures("feed", "database")
def test_a_gateway_that_is_away_is_tried_again(workflow: Workflow, monkeypatch: pytest.MonkeyPatch):
    assert workflow.dag() is not None
    (port,) = free_ports(1)
    monkeypatch.setenv("IB_PORT", str(port))
    monkeypatch.setenv("IB_RETURN_MINUTES", "0")
    ended = Workflow("ibkr_fetch_bars").run(dataset="feed")
    assert ended.state == "failed"
    assert list(ended.tries.values()) == [3]
