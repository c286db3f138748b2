"""Takes the README's pictures anew, of a real desk: `python -m tests.up.pictures `."""

import shutil
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
from playwright.sync_api import Browser, Page, StorageState, expect, sync_playwright

from dags.run.settings import ROOT
from dags.staging.layout import PAGES
from tests.desk import Desk
from tests.detector.bars import real_bars
from tests.up.browsing import ARGUMENTS, PATIENCE_MS, Visitor, log_in, visitor
from tests.up.stack import desk_of_a_copy, of_the_desk
from tests.up.test_quality_desk import add_upper_bound

PICTURES = ROOT / "gx" / "web" / "assets" / "pictures"
PRICES = ["open", "high", "low", "close"]
CONF = {"symbols": ["AAPL", "GOOG", "IBM", "MSFT"], "policy": "quarantine"}
HEIGHT = 900
# A month more each time; the last has all that is wrong.
LAST_DAYS = ("2006-03-31", "2006-04-28", "2006-05-31", "2006-06-30")


def bars_of_a_bad_month() -> pd.DataFrame:
    """Real bars; IBM has a day in cents, MSFT one with a close that jumps and comes back."""
    bars = real_bars()
    bars = bars[bars["date"].between("2005-07-01", "2006-06-30") & (bars["symbol"] != "FB")]
    cents = (bars["symbol"] == "IBM") & (bars["date"] == "2006-06-14")
    tenfold = (bars["symbol"] == "MSFT") & (bars["date"] == "2006-06-21")
    factor = np.where(cents, 100.0, np.where(tenfold, 10.0, 1.0))
    bars[PRICES] = bars[PRICES].mul(factor, axis=0).round(2)
    return bars.drop(columns="created_at")


def runs_of(desk: Desk, folder: Path) -> str:
    """Load the bars and run over each month; returns the last run."""
    file = folder / "bars.csv"
    bars_of_a_bad_month().to_csv(file, index=False)
    loaded = of_the_desk(desk, "load", str(file))
    assert loaded.returncode == 0, loaded.stderr
    for last in LAST_DAYS:
        run = desk.trigger({**CONF, "start_date": "2006-01-01", "end_date": last})
        desk.wait_for(run)
    return run


def take(admin: Visitor, name: str, height: int = HEIGHT) -> None:
    """Keep what a person sees first of the page."""
    admin.page.set_viewport_size({"width": 1280, "height": height})
    admin.page.screenshot(path=PICTURES / f"{name}.png")


def look(admin: Visitor, run: str) -> None:
    """Walk through the pages of the last run."""
    at = quote(run, safe="")
    admin.go()
    take(admin, "runs", 700)
    expect(admin.go_to_run(run).locator("figure").first).to_be_visible()
    take(admin, "report", 1080)
    admin.go(f"/runs/{at}/repairs")
    take(admin, "repairs", 850)
    admin.go_to_run(run).locator("#failing").get_by_role("link", name="IBM").first.click()
    expect(admin.page.locator("figure.flags")).to_be_visible()
    take(admin, "symbol", 850)
    admin.edit()
    take(admin, "editor", 850)
    try_it(admin.edit(), run)
    take(admin, "trial", 800)


def try_it(page: Page, run: str) -> None:
    """Judge the last run's bars with a bound that the draft adds."""
    add_upper_bound(page, "300")
    page.locator("#open-try").click()
    page.locator("#try select", has=page.locator(f"option[value='{run}']")).select_option(run)
    page.get_by_role("button", name="Try the draft").click()
    expect(page.locator("#try-result")).to_contain_text("The draft:", timeout=PATIENCE_MS)


def state_of(desk: Desk, browser: Browser) -> StorageState:
    """The cookies of an admin."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{desk.airflow}{PAGES}/suites/")
    log_in(page, desk, "admin")
    expect(page.get_by_role("heading", name="Suites")).to_be_visible()
    return context.storage_state()


def main() -> None:
    """Start a desk, run over four months and look at the last one."""
    expect.set_options(timeout=PATIENCE_MS)
    with desk_of_a_copy({}) as desk, sync_playwright() as playwright:
        run = runs_of(desk, desk.var.parent)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*ARGUMENTS]
        )
        with visitor(browser, desk, state_of(desk, browser)) as admin:
            look(admin, run)


if __name__ == "__main__":
    main()
