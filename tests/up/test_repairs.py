"""Repairs in the browser: accepted by keys alone, read by the next run, and taken back."""

import csv
from pathlib import Path
from urllib.parse import quote

import numpy as np
from playwright.sync_api import Page, expect

from tests.desk import Desk
from tests.unit.expectations.series import walk
from tests.up.browsing import NARROW, PATIENCE_MS, WIDE
from tests.up.conftest import Open
from tests.up.stack import of_the_desk

SYMBOL, BARS, PENCE, TENFOLD = "MEND", 120, 50, 80
CONF = {
    "symbols": [SYMBOL, "TSLA"],
    "start_date": "2024-01-01",
    "end_date": "2025-11-04",
    "policy": "quarantine",
}
PRICES = ["open", "high", "low", "close"]


def load_bars(desk: Desk, folder: Path) -> None:
    """Bars of which one is in another unit, and another one's prices are ten times too high."""
    bars = walk(SYMBOL, BARS)
    factor = np.where(bars.index == PENCE, 100.0, np.where(bars.index == TENFOLD, 10.0, 1.0))
    bars[PRICES] = (bars[PRICES].round(2).mul(factor, axis=0)).round(2)
    file = folder / "mend.csv"
    bars.to_csv(file, index=False, quoting=csv.QUOTE_NONE)
    assert of_the_desk(desk, "load", str(file)).returncode == 0


def act_by_keys(page: Page, form: str, reason: str) -> None:
    """Give a reason and send the form, by keys alone."""
    page.locator(f"{form} [name=reason]").focus()
    page.keyboard.type(reason)
    page.keyboard.press("Tab")
    expect(page.locator(f"{form} .act button")).to_be_focused()
    page.keyboard.press("Enter")


def test_repairs_are_accepted_by_keys_read_by_the_next_run_and_taken_back(
    desk: Desk, open_as: Open, tmp_path: Path
):
    load_bars(desk, tmp_path)
    first = desk.trigger(CONF)
    assert desk.wait_for(first)["state"] == "success"

    viewer = open_as("viewer", NARROW, "dark")
    page = viewer.go(f"/runs/{quote(first, safe='')}/repairs")
    expect(page.get_by_text("You may look.")).to_be_visible()
    expect(page.get_by_text("multiple of 0.01")).to_be_visible()
    viewer.picture(f"repairs_viewer_{NARROW}")

    admin = open_as("admin")
    page = admin.go_to_run(first)
    page.get_by_role("link", name="Choose and accept").click()
    expect(page.locator("fieldset.rule legend")).to_have_text(["unit", "spike"])
    expect(page.get_by_role("button", name="Accept repairs")).to_be_enabled(timeout=PATIENCE_MS)
    admin.picture(f"repairs_{WIDE}")
    act_by_keys(page, "#accept", "the feed's own error")
    expect(page.locator("#told")).to_contain_text("2 repairs accepted")

    second = desk.trigger(CONF)
    assert desk.wait_for(second)["state"] == "success"
    page = admin.go_to_run(second)
    expect(page.locator("h1")).to_contain_text("2 bars repaired", timeout=PATIENCE_MS)
    expect(page.locator("#repaired tbody tr")).to_have_count(2)
    admin.picture(f"repaired_{WIDE}")
    narrow = open_as("admin", NARROW, "dark")
    expect(narrow.go_to_run(second).locator("#repaired")).to_be_visible()
    narrow.picture(f"repaired_{NARROW}")

    page.get_by_role("link", name="See them all, and take them back").click()
    boxes = page.locator("#revoke [name=ids]")
    expect(boxes).to_have_count(2)
    expect(page.locator("#revoke button")).to_be_enabled(timeout=PATIENCE_MS)
    boxes.first.focus()
    page.keyboard.press("Space")
    act_by_keys(page, "#revoke", "it was quoted so")
    expect(page.locator("#told")).to_contain_text("1 repair revoked")
    page.locator("#told a").press("Enter")
    expect(page.locator("#revoke .chip.warning")).to_have_text("revoked")
    admin.picture(f"repairs_revoked_{WIDE}")
    dark = open_as("admin", NARROW, "dark")
    expect(dark.go(f"/runs/{quote(second, safe='')}/repairs").locator("#revoke")).to_be_visible()
    dark.picture(f"repairs_revoked_{NARROW}")
