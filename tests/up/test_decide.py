"""A run that asks: held, published all the same, or held by the time limit."""

import csv
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote

import numpy as np
import psutil
import pytest
from playwright.sync_api import expect
from sqlalchemy import create_engine, text

from tests.desk import Desk
from tests.unit.expectations.series import walk
from tests.up.browsing import PATIENCE_MS, WIDE
from tests.up.conftest import Open
from tests.up.stack import of_the_desk
from tests.webhook import Webhook

BARS = 80
RANGE = {"start_date": "2024-01-01", "end_date": "2024-04-25", "policy": "ask"}
REASON = "the squeeze of that day is in the exchange's own file"


def load_bars(desk: Desk, folder: Path, symbol: str) -> None:
    """Bars of which one's high is ten times the others'."""
    bars = walk(symbol, BARS)
    bars["high"] *= np.where(bars.index == 50, 10, 1)
    file = folder / f"{symbol}.csv"
    bars.to_csv(file, index=False, quoting=csv.QUOTE_NONE)
    assert of_the_desk(desk, "load", str(file)).returncode == 0


def question(desk: Desk, run_id: str) -> Any:
    """What Airflow asks, once it does."""
    path = f"/dags/ibkr_stock_data_workflow/dagRuns/{quote(run_id)}/hitlDetails"
    until = time.monotonic() + 90
    while time.monotonic() < until:
        found = desk.api.get(path)["hitl_details"]
        if found and found[0]["task_instance"]["state"] == "awaiting_input":
            return found[0]
        time.sleep(0.5)
    raise AssertionError(f"{run_id} asked nothing")


def answer(desk: Desk, run_id: str, option: str, reason: str, user: str = "admin") -> None:
    """Decide as Airflow's page does it."""
    path = f"/dags/ibkr_stock_data_workflow/dagRuns/{quote(run_id)}/taskInstances/ask/0/hitlDetails"
    body = {"chosen_options": [option], "params_input": {"reason": reason}}
    desk.api_as(user).patch(path, body)


def let_time_pass(desk: Desk, run_id: str) -> None:
    """Let the time limit of what a run asks be over."""
    engine = create_engine(_airflow_database(desk))
    over = "update task_instance set trigger_timeout = now() - interval '1 s' where run_id = :run"
    with engine.begin() as connection:
        connection.execute(text(f"{over} and state = 'awaiting_input'"), {"run": run_id})
    engine.dispose()


def _airflow_database(desk: Desk) -> str:
    """Where Airflow's own tables are, as its processes know it; a task's may end meanwhile."""
    for process in desk.processes():
        with suppress(psutil.NoSuchProcess):
            if url := process.environ().get("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"):
                return url
    raise AssertionError("no process of the desk knows Airflow's database")


def test_when_nobody_answers_in_time_it_holds(desk: Desk, tmp_path: Path):
    load_bars(desk, tmp_path, "ASKC")
    good = walk("ASKD", BARS)
    good.to_csv(tmp_path / "good.csv", index=False, quoting=csv.QUOTE_NONE)
    assert of_the_desk(desk, "load", str(tmp_path / "good.csv")).returncode == 0
    run_id = desk.trigger({"symbols": ["ASKC", "ASKD"], **RANGE})
    question(desk, run_id)

    let_time_pass(desk, run_id)

    assert desk.wait_for(run_id)["state"] == "success"
    said = "Held by the time limit: nobody answered within 12 h."
    query = (
        f"tags.airflow_run_id = '{run_id}' and tags.decided_by = 'nobody' and "
        f"tags.held_symbols = 'ASKC' and tags.verdict like '%{said}%'"
    )
    assert len(desk.tracked(query)) == 1


def test_a_person_decides_and_everything_tells_it(
    desk: Desk, open_as: Open, told: Webhook, tmp_path: Path
):
    load_bars(desk, tmp_path, "ASKA")
    load_bars(desk, tmp_path, "ASKB")
    run_id = desk.trigger({"symbols": ["ASKA", "ASKB"], **RANGE})
    asked = question(desk, run_id)
    assert "ASKA" in asked["subject"]
    assert "| ASKA | " in asked["body"]
    (post,) = [one for one in told.posts if quote(run_id) in one["message"]]
    assert f"{quote(run_id, safe='')}/required_actions" in post["message"]

    admin = open_as("admin")
    page = admin.go_to_run(run_id)
    expect(page.locator("h1")).to_contain_text("Waits for a decision", timeout=PATIENCE_MS)
    expect(page.get_by_role("link", name="Decide")).to_be_visible()
    admin.picture(f"waits_{WIDE}")
    with pytest.raises(HTTPError, match="403"):
        answer(desk, run_id, "Publish all the same", REASON, user="viewer")

    with pytest.raises(HTTPError, match="422"):
        answer(desk, run_id, "Publish all the same", "")
    question(desk, run_id)
    answer(desk, run_id, "Publish all the same", REASON)
    with pytest.raises(HTTPError, match="409") as second:
        answer(desk, run_id, "Fail the run", "")
    assert "admin has answered already" in second.value.read().decode()
    assert desk.wait_for(run_id)["state"] == "success"
    page = admin.go_to_run(run_id)
    expect(page.locator("h1")).to_contain_text("admin decided to publish all the same")
    expect(page.locator("#waived")).to_contain_text(REASON)
    admin.picture(f"decided_{WIDE}")
