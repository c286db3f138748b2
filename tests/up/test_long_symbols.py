"""A symbol of 32 wide letters, the longest there may be, makes no page wider than the window."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from gx.report.render import render_html
from tests.staged_runs import daily_bars, judged, outcome
from tests.up.browsing import NARROW, SCREENSHOTS, WIDE

LONG = "W" * 32
ROOT = Path(__file__).resolve().parents[2]
CSS = ROOT / "gx" / "web" / "assets" / "static"
REPORT_CSS = ROOT / "gx" / "report" / "templates" / "report.css"
ROW = f"""
<h1>Held bars of {LONG} <small>stock_data</small></h1><p>{LONG} is held since then</p>
<table class="stacked held"><thead><tr><th>Choose<th>Symbol<th class="n">Bars<th>First and last
<th>Held since (UTC)<th>Why<th>By run</tr></thead><tbody>
<tr><td class="choose"><input type="checkbox"><td><a href="#"><b>{LONG}</b></a>
<td class="n">151<td class="date">2025-06-02 to 2025-12-31<td class="date">2026-01-02 03:04
<td class="why"><div>close 9,369 is 0.139 % below the previous 9,382, which is about 100 times</div>
<td><a href="#">manual__2026-01-02T03:04:05.678901+00:00</a></tr>
<tr><td class="choose"><input type="checkbox"><td><a href="#"><b id="short">MSFTX</b></a>
<td class="n">1<td class="date">2025-06-02<td class="date">2026-01-02 03:04<td class="why">
<td>r1</tr></tbody></table>
<table class="stacked runs"><tbody><tr><td class="run"><a href="#">2026-01-02 03:04</a>
<td class="verdict">1 of 3 symbols held<td><b>{LONG}, {LONG}</b> <span class="none">{LONG}</span>
</tr></tbody></table>
"""


def shown(browser: Browser, text: str, width: int, name: str) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_content(text)
    page.screenshot(path=SCREENSHOTS / f"long_symbols_{name}_{width}.png", full_page=True)
    return page


def too_wide(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_longest_symbol_fits(browser: Browser, width: int):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    bars = daily_bars([LONG, "MSFT"], 60)
    report = judged(bars, outcome(bars, [5, 7]), outcome(bars, [70], "warning", "volume"))
    styles = [REPORT_CSS, *(CSS / f"{name}.css" for name in ("base", "held"))]
    css = "\n".join(one.read_text(encoding="utf-8") for one in styles)
    page = shown(browser, f"<style>{css}</style><main>{ROW}</main>", width, "pages")
    assert too_wide(page) <= 0
    assert page.locator("#short").evaluate("one => one.getClientRects().length") == 1
    page.close()

    page = shown(browser, render_html(report, bars=bars), width, "report")
    assert too_wide(page) <= 0
    page.close()
