"""A held symbol in the browser: looked at, released with a reason, published by the next run."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import expect

from tests.desk import Desk
from tests.unit.expectations.series import walk
from tests.up.browsing import NARROW, PATIENCE_MS, WIDE
from tests.up.conftest import Open
from tests.up.stack import of_the_desk

SYMBOL, BARS = "HELD", 80
CONF = {
    "symbols": [SYMBOL, "TSLA"],
    "start_date": "2024-01-01",
    "end_date": "2025-11-04",
    "policy": "quarantine",
}
REASON = "the squeeze of that day is in the exchange's own file"


def load_bars(desk: Desk, folder: Path) -> str:
    """Bars of which one's high is ten times the others'; returns its day."""
    bars = walk(SYMBOL, BARS)
    bars["high"] *= np.where(bars.index == 50, 10, 1)
    file = folder / "held.csv"
    bars.to_csv(file, index=False, quoting=csv.QUOTE_NONE)
    assert of_the_desk(desk, "load", str(file)).returncode == 0
    return str(bars["date"].iloc[50].date())


def held(desk: Desk) -> list[dict[str, Any]]:
    said = of_the_desk(desk, "quarantine", "--json").stdout
    return [one for one in json.loads(said) if one["symbol"] == SYMBOL]


def test_a_held_symbol_is_released_and_the_next_run_publishes_it(
    desk: Desk, open_as: Open, tmp_path: Path
):
    day = load_bars(desk, tmp_path)
    first = desk.trigger(CONF)
    assert desk.wait_for(first)["state"] == "success"

    for width, scheme in ((WIDE, "dark"), (NARROW, "light")):
        viewer = open_as("viewer", width, scheme)
        page = viewer.go("/quarantine/")
        expect(page.get_by_role("link", name=SYMBOL, exact=True)).to_be_visible()
        viewer.picture(f"quarantine_viewer_{width}")
        page.get_by_role("link", name=SYMBOL, exact=True).click()
        expect(page.locator(".heldbars tbody")).to_contain_text(day)
        expect(page.get_by_text("You may look.")).to_be_visible()
        expect(page.locator("#held")).to_have_count(0)
        viewer.picture(f"quarantine_bars_viewer_{width}")

    admin = open_as("admin")
    page = admin.go("/quarantine/")
    admin.picture(f"quarantine_{WIDE}")
    # By keys alone, from the link to the answer.
    page.get_by_role("link", name=SYMBOL, exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Release")).to_be_enabled(timeout=PATIENCE_MS)
    admin.picture(f"quarantine_bars_{WIDE}")
    page.get_by_label("Reason").focus()
    page.keyboard.type(REASON)
    for _ in range(40):  # a date has a stop for each of its parts
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "release":
            break
    page.keyboard.press("Enter")
    told = page.locator("#told")
    expect(told).to_contain_text("waived; a run judges and publishes them")
    admin.picture(f"quarantine_released_{WIDE}")
    run_id = told.get_by_role("link", name=re.compile("^release__")).inner_text()

    assert desk.wait_for(run_id)["state"] == "success"
    assert (
        desk.api.get(f"/dags/ibkr_stock_data_workflow/dagRuns/{run_id}")["triggering_user_name"]
        == "admin"
    )
    assert held(desk) == []
    expect(admin.go_to_run(run_id).locator("h1")).to_contain_text("waived", timeout=PATIENCE_MS)

    viewer = open_as("viewer", NARROW, "dark")
    page = viewer.go(f"/audit/?symbol={SYMBOL}")
    rows = page.locator("tbody tr")
    expect(rows.filter(has_text="release")).to_contain_text(REASON)
    expect(rows.filter(has_text="waive").first).to_contain_text("admin")
    viewer.picture(f"audit_{NARROW}")
    admin.go("/audit/")
    admin.picture(f"audit_{WIDE}")
