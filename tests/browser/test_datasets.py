"""Three datasets on a desk: US shares daily, coins around the clock, EUR/USD by the hour."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import psycopg2
import pytest
from playwright.sync_api import expect

from dags.staging.layout import DAG_ID
from tests.desk import Desk
from tests.up.browsing import NARROW, PATIENCE_MS, WIDE, Visitor
from tests.up.conftest import Open
from tests.up.stack import desk_of_a_copy, project_of

COINS = """
title: Coins, around the clock
source: {schema: feed, table: candles, zone: UTC}
calendar: 24/7
symbols: "*"
suite: stock_data
policy: quarantine
"""
EURUSD = """
title: EUR/USD by the hour
bar: 1 hour
source:
  connection: elsewhere
  table: "FX Rates"
  columns: {date: "Begins", open: "O", high: "H", low: "L", close: "C", volume: ticks}
  symbol: EURUSD
calendar: FX
symbols: "*"
suite: stock_data
policy: quarantine
"""
DAYS = pd.date_range("2025-09-01", "2025-10-31")
# A week of currencies is from Sunday's to Friday's evening in New York.
_HOURS = pd.date_range("2025-10-01", "2025-11-01", freq="h", tz="America/New_York")
_INTO_WEEK = (_HOURS.day_of_week + 1) % 7 * 24 + _HOURS.hour
HOURS = _HOURS[(_INTO_WEEK >= 17) & (_INTO_WEEK < 5 * 24 + 17)]
WORKFLOWS = (DAG_ID, "coins_workflow", "eurusd_workflow")


@pytest.fixture(scope="module")
def desk(chromium: str) -> Iterator[Desk]:
    """A desk with the three, their tables, and a broken one."""
    with desk_of_a_copy(
        {}, {"coins": COINS, "eurusd": EURUSD, "torn": "source: {tabel: x}"}
    ) as running:
        socket = next(running.var.glob("postgres/**/.s.PGSQL.*"))
        port = int(socket.name.rpartition(".")[2])
        execute(socket, "bars", "create schema feed", CANDLES, *candles("PEPE-USD", 0.00000871))
        execute(socket, "postgres", "create database elsewhere")
        execute(socket, "elsewhere", RATES, *rates())
        told = {"connection_id": "elsewhere", "conn_type": "postgres", "schema": "elsewhere"}
        reached = {"host": str(socket.parent), "port": port, "login": "postgres"}
        running.api.post("/connections", {**told, **reached})
        yield running


CANDLES = (
    "create table feed.candles (symbol text, date timestamptz, open numeric, high numeric, "
    "low numeric, close numeric, volume numeric)"
)
RATES = (
    'create table "FX Rates" ("Begins" timestamptz, "O" float8, "H" float8, "L" float8, '
    '"C" float8, ticks bigint, trader text)'
)


def execute(socket: Path, database: str, *commands: str) -> None:
    port = socket.name.rpartition(".")[2]
    opened = psycopg2.connect(host=str(socket.parent), port=port, user="postgres", dbname=database)
    with closing(opened) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for command in commands:
            cursor.execute(command)


def candles(pair: str, price: float) -> list[str]:
    return [
        f"insert into feed.candles values ('{pair}', '{day}Z', {price:.11f}, {price * 1.02:.11f}, "
        f"{price * 0.98:.11f}, {price * (1.01 if at % 2 else 0.99):.11f}, {1000.5 + at})"
        for at, day in enumerate(DAYS)
    ]


def rates() -> list[str]:
    return [
        f"insert into \"FX Rates\" values ('{hour}', 1.16, 1.17, 1.15, "
        f"{1.165 if at % 2 else 1.155}, {50_000 + at}, 'x')"
        for at, hour in enumerate(HOURS)
    ]


@pytest.fixture(scope="module")
def runs(desk: Desk) -> dict[str, str]:
    """A run of each, by its workflow."""
    begun = {dag_id: desk.trigger({"end_date": "2025-10-31"}, dag_id) for dag_id in WORKFLOWS}
    for dag_id, run_id in begun.items():
        assert desk.wait_for(run_id, dag_id)["state"] == "success", dag_id
    return begun


def test_each_dataset_has_its_line_its_runs_and_its_report(
    admin: Visitor, open_as: Open, runs: dict[str, str]
):
    page = admin.go("/")
    lines = page.locator(".datasets tbody tr")
    expect(lines).to_have_count(4)
    expect(lines.first).to_contain_text("did you mean 'table'?")
    coins = lines.filter(has=page.get_by_role("link", name="coins", exact=True))
    expect(coins.locator(".chip")).to_contain_text("passed")
    admin.picture(f"datasets_{WIDE}")
    open_as("viewer", NARROW).go("/")
    page.get_by_label("Dataset").select_option("coins")
    page.wait_for_url(re.compile("dataset=coins"))
    expect(page.locator("td.run")).to_have_count(1)
    page.locator("td.run a").click()
    expect(page.locator("h1")).to_contain_text("of 1 symbol")
    expect(page.locator("header")).to_contain_text("of coins")
    expect(page.locator("[data-busy=true], [aria-busy=true]")).to_have_count(0)
    expect(page.get_by_text("MLflow's copy is what this run wrote")).to_be_visible()
    page.get_by_role("link", name="Data Docs").last.click()
    expect(page.frame_locator("iframe").get_by_text("stock_data").first).to_be_visible()


@pytest.mark.parametrize("dag_id", WORKFLOWS)
def test_the_tab_in_airflow_is_of_its_own_run(admin: Visitor, runs: dict[str, str], dag_id: str):
    run_id = runs[dag_id]
    page = admin.go_to_airflow(f"/runs/{quote(run_id, safe='')}", dag_id)
    page.get_by_role("link", name="Quality report").click()
    about = page.frame_locator("iframe").locator("header")
    expect(about).to_contain_text(run_id, timeout=PATIENCE_MS)


def test_a_dataset_is_added_of_a_table_in_another_database(
    admin: Visitor, viewer: Visitor, desk: Desk
):
    expect(viewer.go("/").get_by_text("New dataset")).to_have_count(0)
    page = admin.go("/")
    page.get_by_role("link", name="New dataset").click()
    for name, said in (("name", "euro"), ("connection", "elsewhere"), ("table", "FX Rates")):
        page.locator(f"[name={name}]").fill(said)
    page.get_by_role("button", name="Look at the table").click()
    expect(page.locator("[name='column.symbol']")).to_be_visible(timeout=PATIENCE_MS)
    admin.witness.refuse(422)
    page.locator("[name=symbol]").fill("EURUSD")
    page.locator("[name='column.volume']").select_option("ticks")
    for name in ("Propose again", "Judge a sample"):
        page.get_by_role("button", name=name).click()
        expect(page.locator("#told")).to_have_text("", timeout=2 * PATIENCE_MS)
    expect(page.locator("#proposal > .wide tbody tr")).to_have_count(10)
    expect(page.locator("#proposal .verdict")).to_contain_text("250 bars")
    admin.picture(f"new_dataset_{WIDE}")
    page.get_by_role("button", name="Create").click()
    expect(page.locator("#told")).to_contain_text("euro is created", timeout=2 * PATIENCE_MS)
    written = project_of(desk) / "gx" / "datasets" / "euro.yml"
    assert "symbol: EURUSD" in written.read_text()
    line = admin.go("/").locator(
        ".datasets tr", has=page.get_by_role("link", name="euro", exact=True)
    )
    expect(line).to_contain_text("no run yet")


def test_a_draft_is_tried_on_bars_of_another_database(admin: Visitor, runs: dict[str, str]):
    assert runs
    page = admin.edit()
    page.locator("#open-try").click()
    page.get_by_label("Dataset").select_option("eurusd")
    expect(page.locator("#symbols-known option[value=EURUSD]")).to_have_count(1)
    page.get_by_label("A fresh extract").check()
    page.get_by_label("to", exact=True).fill("2025-10-31")
    page.get_by_role("button", name="Try the draft").click()
    result = page.locator("#try-result")
    expect(result).to_contain_text(f"{len(HOURS)} bars of 1 symbol", timeout=PATIENCE_MS)
    expect(result.locator("p", has_text="The draft:").locator(".chip")).to_have_text("open")
