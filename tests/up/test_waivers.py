"""A bar that is right and looks wrong: accepted in the browser, and published by the next run."""

import csv
from pathlib import Path

import numpy as np
from playwright.sync_api import expect

from tests.desk import Desk
from tests.unit.expectations.series import walk
from tests.up.browsing import NARROW, PATIENCE_MS, WIDE
from tests.up.conftest import Open
from tests.up.stack import of_the_desk, project_of

SYMBOL, BARS = "WAIV", 80
CONF = {"symbols": [SYMBOL], "start_date": "2024-01-01", "end_date": "2024-04-25"}
REASON = "the squeeze of that day is in the exchange's own file"


def load_bars(desk: Desk, folder: Path) -> str:
    """Bars of which one's high is ten times the others'; returns its day."""
    bars = walk(SYMBOL, BARS)
    bars["high"] *= np.where(bars.index == 50, 10, 1)
    file = folder / "waived.csv"
    bars.to_csv(file, index=False, quoting=csv.QUOTE_NONE)
    assert of_the_desk(desk, "load", str(file)).returncode == 0
    return str(bars["date"].iloc[50].date())


def test_a_bar_is_accepted_and_the_next_run_publishes_it(desk: Desk, open_as: Open, tmp_path: Path):
    day = load_bars(desk, tmp_path)
    closed = desk.trigger(CONF)
    assert desk.wait_for(closed)["state"] == "failed"

    admin = open_as("admin")
    page = admin.go_to_run(closed)
    page.locator(".failing .accept").first.click()
    expect(page.get_by_label(f"only the bar of {day}")).to_be_checked()
    admin.picture(f"waive_{WIDE}")
    page.get_by_label("Reason").fill(REASON)
    page.get_by_role("button", name="Accept").click()
    expect(page.locator("#told")).to_contain_text("made: it counts from the next run on")
    assert (project_of(desk) / "gx" / "waivers" / "stock_data.json").is_file()

    passed = desk.trigger(CONF)
    assert desk.wait_for(passed)["state"] == "success"
    page = admin.go_to_run(passed)
    expect(page.locator("h1")).to_contain_text("waived", timeout=PATIENCE_MS)
    expect(page.locator("#waived")).to_contain_text(REASON)
    admin.picture(f"waived_{WIDE}")

    page = open_as("viewer", NARROW, "dark").go("/waivers/")
    expect(page.locator("table")).to_contain_text(REASON)
    expect(page.get_by_text("Withdraw")).to_have_count(0)
    page = admin.go("/waivers/")
    admin.picture(f"waivers_{WIDE}")
    # Others' may be there, too, and the warning of the same bar is accepted with it.
    mine = page.locator("tbody tr", has_text=SYMBOL).filter(has_text="no_gross_price_errors")
    mine.locator("summary").click()
    mine.get_by_label("Reason").fill("the test is over")
    mine.get_by_role("button", name="Withdraw").click()
    expect(mine).to_have_count(0)
