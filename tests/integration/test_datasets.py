"""Datasets: other people's tables, each with a workflow of its own and tables of its own."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg2
import pytest

from dags.local.commands import discard_bars
from dags.local.services import Services
from dags.pages.sources import Desk
from dags.run.settings import Settings
from gx.web.held.page import date_of
from sql import embedded
from tests.databases import administer
from tests.workflow import Database, Ended, Workflow, airflow_session

COINS = """
title: Coins, around the clock
source:
  connection: elsewhere
  schema: feed
  table: Candles
  columns:
    {symbol: pair, date: ts, open: o, high: h, low: l, close: c, volume: "Vol%", created_at: seen}
  zone: UTC
calendar: 24/7
symbols: "*"
suite: stock_data
policy: quarantine
"""
DAYS = pd.date_range("2025-09-01", "2025-10-31", tz="UTC")


@pytest.fixture
def elsewhere(
    postgres_server: embedded.EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    """Somebody else's database, of which a reader may select from one table."""
    administer(postgres_server, "create database elsewhere")
    administer(postgres_server, "create role reader login")
    owner = Database(postgres_server.settings("elsewhere"))
    owner.execute(
        "create schema feed",
        'create table feed."Candles" (pair text, ts timestamptz, o numeric, h numeric, l numeric, '
        'c numeric, "Vol%" numeric, trades int, note text, seen timestamptz default now())',
        "grant usage on schema feed to reader",
        'grant select on feed."Candles" to reader',
    )
    where = owner.settings
    monkeypatch.setenv(
        "AIRFLOW_CONN_ELSEWHERE",
        f"postgres://reader@{where.host.replace('/', '%2F')}:{where.port}/elsewhere",
    )
    yield owner
    administer(postgres_server, "drop database elsewhere with (force)")
    administer(postgres_server, "drop role reader")


def candles(pair: str, price: float) -> list[str]:
    return [
        f"insert into feed.\"Candles\" values ('{pair}', '{day}', {price}, {price * 1.02:.11f}, "
        f"{price * 0.98:.11f}, {price * (1.01 if at % 2 else 0.99):.11f}, {1000.5 + at})"
        for at, day in enumerate(DAYS)
    ]


@pytest.fixture
def coins(workflow: Workflow, datasets: Path, elsewhere: Database) -> Workflow:
    (datasets / "coins.yml").write_text(COINS)
    elsewhere.execute(*candles("BTC-USD", 61_000.0), *candles("PEPE-USD", 0.00000871))
    return Workflow("coins_workflow")


def ran(workflow: Workflow) -> Ended:
    ended = workflow.run(end_date="2025-10-31")
    return replace(ended, experiment="coins")


def test_a_table_of_somebody_elses_is_judged_and_published_beside_ours(
    coins: Workflow, database: Database, sample: Database
):
    ended = ran(coins)

    assert ended.state == "success", ended.json("steps/extract.json")
    assert ended.step("validate")["open"]
    published = database.rows(
        "select symbol, count(*), min(date)::text, max(date)::text from coins.stock_data_enriched "
        "group by symbol order by symbol"
    )
    assert published == [
        ("BTC-USD", 61, "2025-09-01", "2025-10-31"),
        ("PEPE-USD", 61, "2025-09-01", "2025-10-31"),
    ]
    smallest = "select open from coins.stock_data_enriched where open < 1 limit 1"
    assert database.one(smallest) == Decimal("0.00000871")
    kinds = "select pg_typeof(open)::text, pg_typeof(volume)::text, pg_typeof(daily_return)::text"
    assert database.rows(f"{kinds} from coins.stock_data_enriched limit 1") == [
        ("numeric", "numeric", "double precision")
    ]
    assert database.one("select count(*) from stock_data_enriched") == 0
    tracked = ended.mlflow()
    assert tracked.params["symbols"] == "BTC-USD,PEPE-USD"
    # Around the clock: no Saturday is missed, and none is no session.
    assert "held_symbols" not in tracked.tags


def told(name: str) -> list[dict[str, Any]]:
    """What the events of an asset said, oldest first."""
    from airflow.models.asset import AssetEvent, AssetModel
    from sqlalchemy import select

    query = select(AssetEvent).join(AssetModel, AssetModel.id == AssetEvent.asset_id)
    query = query.where(AssetModel.name == name).order_by(AssetEvent.id)
    return [event.extra for event in airflow_session().scalars(query)]


def test_whoever_waits_for_its_bars_is_told_of_what_was_published(
    coins: Workflow, elsewhere: Database
):
    ended = ran(coins)
    event = told("coins_published")[-1]

    assert event["run_id"] == ended.run_id
    assert (event["verdict"], event["rows"], event["held"]) == ("passed", 122, [])
    assert event["symbols"] == ["BTC-USD", "PEPE-USD"]
    assert event["digest"] == ended.step("extract")["digest"]
    assert (event["first_date"], event["last_date"]) == ("2025-09-01", "2025-10-31")

    elsewhere.execute("update feed.\"Candles\" set l = -1 where ts = '2025-10-08Z'")
    before = len(told("coins_published"))
    assert ran(coins).state == "failed"  # every symbol is held
    assert len(told("coins_published")) == before


def test_what_is_published_has_the_name_that_the_dataset_says(
    coins: Workflow, datasets: Path, database: Database
):
    (datasets / "coins.yml").write_text(COINS + "publish: crypto.bars\n")
    ended = ran(coins)

    assert ended.state == "success", ended.json("steps/extract.json")
    assert database.one("select count(*) from crypto.bars") == 122
    assert ended.step("publish")["place"] == "crypto.bars"
    assert told("coins_published")[-1]["table"] == "crypto.bars"
    # A column that is carried along from now on is there as well.
    carrying = COINS.replace("  zone: UTC", "  zone: UTC\n  carry: [trades]")
    (datasets / "coins.yml").write_text(carrying + "publish: crypto.bars\n")
    assert ran(coins).state == "success"
    assert database.one("select count(*) from crypto.bars where trades is null") == 122


def test_its_symbols_are_held_in_a_quarantine_of_its_own(
    coins: Workflow, database: Database, elsewhere: Database
):
    elsewhere.execute(
        "update feed.\"Candles\" set l = -1 where pair = 'BTC-USD' and ts = '2025-10-08Z'"
    )
    ended = ran(coins)

    assert ended.state == "success"
    assert database.one("select count(*) from coins.stock_data_quarantine") == 61
    assert database.rows("select distinct symbol from coins.stock_data_enriched") == [("PEPE-USD",)]
    assert database.one("select to_regclass('public.stock_data_quarantine')::text") is not None
    assert database.one("select count(*) from stock_data_quarantine") == 0


def test_what_goes_along_with_a_bar_is_held_with_it(
    coins: Workflow, datasets: Path, database: Database, elsewhere: Database
):
    assert ran(coins).state == "success"  # tables of before, without what is carried
    carrying = COINS.replace("  zone: UTC", "  zone: UTC\n  carry: [trades, note, ratio, asked]")
    (datasets / "coins.yml").write_text(carrying)
    elsewhere.execute(
        'alter table feed."Candles" add ratio float8, add asked date',
        "update feed.\"Candles\" set trades = 7, note = 'low \"x\"', ratio = 'NaN', "
        "asked = '2025-10-08', l = -1 where pair = 'BTC-USD' and ts = '2025-10-08Z'",
    )
    ended = ran(coins)

    assert ended.state == "success", ended.json("steps/publish.json")
    held = "select carried from coins.stock_data_quarantine where date = '2025-10-0{}'"
    assert database.one(held.format(8)) == {
        "trades": 7,
        "note": 'low "x"',
        "ratio": "nan",
        "asked": "2025-10-08",
    }
    assert database.one(held.format(9)) == dict.fromkeys(("trades", "note", "ratio", "asked"))
    with pytest.raises(psycopg2.Error, match="stay as extracted"):
        database.execute("update coins.stock_data_quarantine set carried = null")


def test_what_its_source_lost_is_told(coins: Workflow, elsewhere: Database):
    assert ran(coins).state == "success"
    elsewhere.execute("delete from feed.\"Candles\" where ts > '2025-10-20'")
    ended = ran(coins)

    (removed, other) = ended.json("report.json")["removed"]
    assert (removed["symbol"], removed["bars"], removed["held"]) == ("BTC-USD", 11, True)
    assert other["symbol"] == "PEPE-USD"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("close: c,", "close: cls,"), "no column 'cls' for close"),
        (("table: Candles", "table: Candle"), 'relation "feed.Candle" does not exist'),
        (("zone: UTC", ""), "say in source.zone of the dataset"),
        (("connection: elsewhere", "connection: nowhere"), "AIRFLOW_CONN_NOWHERE"),
        (("calendar: 24/7", "calendar: XNYX"), "there is no exchange calendar 'XNYX'"),
    ],
)
def test_a_fault_of_the_dataset_is_said_by_its_run(
    coins: Workflow, datasets: Path, change: tuple[str, str], said: str
):
    (datasets / "coins.yml").write_text(COINS.replace(*change))
    ended = ran(coins)

    assert ended.state == "failed"
    assert said in ended.step("extract")["error"]


def test_a_broken_file_breaks_its_own_workflow_alone(
    workflow: Workflow, datasets: Path, sample: Database
):
    (datasets / "coins.yml").write_text(COINS.replace("zone:", "zoen:"))
    dag = Workflow("coins_workflow").dag()

    assert list(dag.task_dict) == ["dataset_is_broken"]
    assert "did you mean 'zone'?" in dag.doc_md
    ended = Workflow("coins_workflow").run()
    assert (ended.state, ended.tasks) == ("failed", {"dataset_is_broken": "failed"})
    assert workflow.run(symbols=["NVDA"]).state == "success"


HOURLY = """
title: Euro by the hour
source:
  table: fx_rates
  columns: {date: stamp, open: bid_open, high: bid_high, low: bid_low, close: bid_close}
  symbol: EUR/USD
  zone: Europe/London
  carry: [ticks, venue, "Spread%"]
bar: 1 hour
calendar: 24/5
suite: stock_data
policy: quarantine
publish: euro
"""


@pytest.fixture
def euro(workflow: Workflow, datasets: Path, database: Database) -> Workflow:
    """Hours of two weeks around the end of London's summer time, as its clock showed them."""
    (datasets / "euro.yml").write_text(HOURLY)
    database.execute(
        "create table fx_rates (stamp timestamp, bid_open numeric, bid_high numeric, "
        "bid_low numeric, bid_close numeric, volume bigint, ticks smallint, venue varchar(8), "
        '"Spread%" numeric(8, 5))',
        """
        insert into fx_rates
        select moment at time zone 'Europe/London', 1.1500, 1.1512, 1.1489,
            1.1500 + 0.0001 * (n % 7), 1000 + n, case when n % 5 > 0 then n % 100 end, 'EBS',
            0.00012
        from generate_series('2025-10-20 00:00Z'::timestamptz, '2025-10-24 20:00Z', '1 hour')
            with ordinality as hours (moment, n)
        """,
    )
    return Workflow("euro_workflow")


def test_bars_within_the_day_are_published_with_their_moment_and_session(
    euro: Workflow, database: Database
):
    ended = euro.run(end_date="2025-10-24")

    assert ended.state == "success", ended.step("validate")
    first, last = database.rows(
        "(select date at time zone 'UTC', session, ticks, venue, \"Spread%\" "
        "from euro.stock_data_enriched order by date limit 1) union all "
        "(select date at time zone 'UTC', session, ticks, venue, \"Spread%\" "
        "from euro.stock_data_enriched order by date desc limit 1)"
    )
    assert first == (datetime(2025, 10, 20, 0), date(2025, 10, 20), 1, "EBS", 0.00012)
    assert last == (datetime(2025, 10, 24, 20), date(2025, 10, 24), 17, "EBS", 0.00012)
    assert database.one("select count(*) from euro.stock_data_enriched") == 117
    assert database.one("select count(*) from euro.stock_data_enriched where ticks is null") == 23
    again = euro.run(start_date="2025-10-22", end_date="2025-10-23")
    assert again.step("publish")["rows"] == 48
    assert again.step("publish")["changed"] == again.step("publish")["new"] == 0
    # A draft is tried on the bars of the same days.
    days = date(2025, 10, 22), date(2025, 10, 23)
    assert len(Desk(Settings.of(os.environ)).fresh_bars("euro", ["EUR/USD"], *days)) == 48


def test_held_bars_within_the_day_are_discarded_by_days(
    euro: Workflow, database: Database, airflow_services: Services
):
    database.execute("update fx_rates set bid_low = -1 where stamp = '2025-10-21 12:00'")
    assert euro.run(end_date="2025-10-24").state == "failed"  # nothing was left to publish
    database.execute("update fx_rates set bid_low = -2 where stamp = '2025-10-21 12:00'")
    pages = Desk(Settings.of(os.environ)).held
    bars = pages.bars("euro", "EUR/USD", limit=40)
    assert bars[0].failed and bars[0].carried["venue"] == "EBS"
    today = pages.today("euro", "EUR/USD", bars)
    there = dict(zip(map(date_of, today["date"]), today["low"], strict=True))
    assert (bars[0].numbers[2], there[date_of(bars[0].date)]) == (-1.0, -2.0)
    (symbol,) = pages.symbols("euro")
    assert pages.days("euro", [symbol]) == (date(2025, 10, 20), date(2025, 10, 24))
    discard_bars(
        airflow_services.var, "euro", "EUR/USD", "a bad feed", ("2025-10-22", "2025-10-22")
    )

    where = "from euro.stock_data_quarantine where discarded_by is not null"
    found = database.rows(
        f"select count(*), min(date at time zone 'UTC'), max(date at time zone 'UTC') {where}"
    )
    assert found == [(24, datetime(2025, 10, 22, 0), datetime(2025, 10, 22, 23))]
