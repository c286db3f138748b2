"""The report as one file, in the sandboxed frame that MLflow shows artifacts in."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from gx.report.render import render_html
from tests.staged_runs import daily_bars, judged, outcome
from tests.up.browsing import NARROW, SCREENSHOTS, WIDE, Scheme

# As MLflow does it: an address of a blob, in a frame that may run scripts and nothing else.
FRAME = """
<body style="margin: 0"><iframe id="shown" sandbox="allow-scripts" title="artifact"
  style="width: 100%; height: 100vh; border: 0"></iframe>
<script>const text = {text}; document.getElementById("shown").src =
  URL.createObjectURL(new Blob([text], {{type: "text/html"}}));</script>
"""


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_the_report_works_in_a_sandboxed_frame_and_asks_for_nothing(
    browser: Browser, tmp_path: Path, width: int, scheme: Scheme
):
    bars = daily_bars(["AAPL", "MSFT", "^GSPC"], 200)
    report = judged(bars, outcome(bars, [5, 250]), outcome(bars, [450], "warning", "volume"))
    text = json.dumps(render_html(report, bars=bars)).replace("</", "<\\/")
    (tmp_path / "frame.html").write_text(FRAME.format(text=text), encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))

    page.goto((tmp_path / "frame.html").as_uri())
    shown = page.frame_locator("#shown")
    expect(shown.get_by_role("heading", name="Gate closed")).to_be_visible()
    expect(shown.locator("svg")).to_have_count(2)
    link = shown.get_by_role("link", name="Where this comes from")
    link.focus()
    page.keyboard.press("Enter")
    summary = shown.locator("summary", has_text="Where this comes from")
    expect(summary).to_be_in_viewport()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(shown.get_by_text("Suite sha256")).to_be_visible()
    wide = shown.locator("html").evaluate("page => page.scrollWidth - page.clientWidth")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"report_file_{width}_{scheme}.png")
    context.close()

    assert wide <= 0
    assert said == []
    assert {address.split(":")[0] for address in asked} == {"file", "blob"}
