"""What the pages show over many runs: a calendar of them."""

import re
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from dags.pages.sources import Desk
from dags.run.settings import Settings
from gx.web.app import create_app
from gx.web.guard import User
from tests.staged_runs import daily_bars, judged, outcome, stage_run

DAY = 24 * 60  # minutes
HTML = {"accept": "text/html"}


async def anybody(request: Request) -> User:
    return User("ann", may_write=True)


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    """Four runs of the default dataset, from 2026-03-02 on: two on its first day."""
    folder, bars = tmp_path / "staging", daily_bars(["AAPL", "MSFT"], 60)
    good, bad = judged(bars, outcome(bars, [])), judged(bars, outcome(bars, [5, 70]))
    remark = judged(bars, outcome(bars, [6], "warning"))
    stage_run(folder, "good", bars, good)
    stage_run(folder, "bad", bars, bad, minutes=30)
    stage_run(folder, "remark", bars, remark, minutes=7 * DAY)
    stage_run(folder, "newest", bars, good, minutes=8 * DAY)
    return folder


@pytest.fixture
def pages(staging: Path, tmp_path: Path) -> TestClient:
    settings = Settings.of(
        {"STAGING_URL": f"file://{staging}", "RESULTS_DIR": str(tmp_path / "quality")}
    )
    desk = Desk(settings, project=tmp_path)
    app = create_app(desk, anybody, login_url="/login")
    return TestClient(app, follow_redirects=False, headers=HTML)


def test_a_day_of_the_calendar_tells_its_worst_verdict_and_leads_to_its_runs(pages):
    (year,) = re.findall(r'<figure class="year">.*?</figure>', pages.get("/gate/").text, re.DOTALL)
    days = re.findall(
        r'<a href="([^"]+)" aria-label="([^"]+)">.*?class="(\w+)".*?>(.)</text>', year
    )

    assert [(label, kind, mark) for _, label, kind, mark in days] == [
        ("Mon 2026-03-02, 2 runs: 1 gate closed, 1 passed", "closed", "×"),
        ("Mon 2026-03-09, 1 run: 1 passed with remarks", "warned", "!"),
        ("Tue 2026-03-10, 1 run: 1 passed", "passed", "✓"),
    ]
    of_the_day = pages.get(days[0][0]).text.split("<tbody>")[1]
    assert re.findall(r'<small class="id">(\w+)<', of_the_day) == ["bad", "good"]
    assert "None of 4 runs fits" in pages.get("/gate/?day=2026-03-03").text


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "<script>", ""])
def test_what_is_no_day_asks_for_every_run(pages, day):
    found = pages.get("/gate/", params={"day": day}).text.split("<tbody>")[1]

    assert found.count('class="id"') == 4
