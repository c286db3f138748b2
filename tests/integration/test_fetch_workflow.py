"""The workflow that fetches bars, and the gate that judges and publishes what it brought."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from dags.reporting.standings import dataset_verdict
from dags.run.settings import Settings
from gx.dataset.read import read_dataset
from tests.desk import free_ports
from tests.ib_gateway import Bars, Rule, demo_bars, gateway
from tests.ib_gateway.demo import SYMBOLS
from tests.webhook import webhook
from tests.workflow import Database, Ended, Workflow

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


def test_ten_years_are_fetched_judged_published_and_brought_up_to_date(
    workflow: Workflow, database: Database, datasets: Path, monkeypatch: pytest.MonkeyPatch
):
    """20 symbols: a first fetch, an increment in which a bar is restated, and a split."""
    contracts = "".join(f"    - {{symbol: {one}}}\n" for one in SYMBOLS)
    without = FEED.partition("  since")[0]
    (datasets / "feed.yml").write_text(f"made_up: true{without}  contracts:\n{contracts}")
    assert workflow.dag() is not None
    monkeypatch.setenv("IB_ANSWER_SECONDS", "5")
    now = datetime.now(UTC)
    known, newest = demo_bars(years=11, until=now - timedelta(days=8)), demo_bars(years=11)
    wrong = Rule("restated", symbol="AAA", bars=1, factor=1.01)

    first = fetch_from(monkeypatch, known, wrong)
    count = database.one("select count(*) from feed.bars")
    assert (first["new"], first["restated"]) == (count, 0)
    assert first["behind"] == list(SYMBOLS)  # a week of sessions has closed that IB does not have
    assert count > 20 * 10 * 250
    judged = Workflow("feed_workflow").run()
    assert judged.state == "success"
    assert database.one("select count(*) from fed.stock_data_enriched") == count
    says_that_bars_are_made_up(judged)

    more = fetch_from(monkeypatch, newest)
    assert more["behind"] == []
    assert more["new"] in range(20 * 4, 20 * 7)  # a week, which may have a holiday
    assert more["restated"] == 1
    assert len(events()) == 2
    fetch_from(monkeypatch, newest)
    assert len(events()) == 2  # nothing came: there is nothing to judge

    database.execute("delete from ib_requests")  # the same request within 15 seconds would wait
    day = database.one("select max(date) from feed.bars")
    split = fetch_from(monkeypatch, newest, Rule("split", symbol="BBB", day=day, factor=4))
    assert split["restated"] == database.one(
        f"select count(*) from feed.bars where symbol = 'BBB' and date < '{day}'"
    )
    gate = Workflow("feed_workflow")
    assert gate.dag().schedule.__class__.__name__ == "Asset"
    assert gate.run().state == "success"
    differs = "select count(*) from feed.bars natural full join fed.stock_data_enriched as e"
    assert database.one(f"{differs} where e.symbol is null") == 0
    assert database.one("select count(*) from fed.stock_data_enriched") == count + more["new"]


def says_that_bars_are_made_up(ended: Ended) -> None:
    """Summary, one-file report, page of Data Docs, and MLflow."""
    assert "These bars are made up." in ended.json("summary.json")["verdict"]
    assert ended.json("summary.json")["made_up"] is True
    report, docs = ((ended.staging / f"{one}.html").read_text() for one in ("report", "data_docs"))
    assert "<b>These bars are made up</b>: no price was ever paid." in report
    assert '<p class="note" role="note">These bars are made up.</p>' in docs
    tracked = replace(ended, experiment="feed").mlflow()
    assert tracked.tags["made_up"] == "true"
    assert "These bars are made up." in tracked.tags["mlflow.note.content"]
    (trend,) = MlflowClient(tracking_uri=Settings().mlflow_tracking_uri).search_runs(
        [tracked.run.info.experiment_id], "tags.`trend.of` = 'suite/stock_data'"
    )
    assert trend.data.tags["made_up"] == "true"
    asked = dataset_verdict(read_dataset("feed"), Settings())
    assert asked.made_up and not asked.good
    assert asked.sentence.endswith("of 20 symbols good. These bars are made up.")


def fetch_from(monkeypatch: pytest.MonkeyPatch, bars: Bars, *script: Rule) -> dict[str, Any]:
    """Fetch with the workflow, and what it announced last."""
    with gateway(bars, script=script) as running:
        monkeypatch.setenv("IB_PORT", str(running.port))
        assert Workflow("ibkr_fetch_bars").run(dataset="feed").state == "success"
    return dict(events()[0])


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
