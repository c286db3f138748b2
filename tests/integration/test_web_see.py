"""What the pages show over many runs: a calendar, what a symbol did, what an expectation found."""

import json
import re
import shutil
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from dags.pages.sources import Desk
from dags.run.settings import Settings
from dags.staging.layout import DAG_ID
from gx.editing.store import SuiteStore
from gx.web.app import create_app
from gx.web.guard import User
from gx.web.trends.line import Point, share_line
from tests.staged_runs import daily_bars, judged, outcome, stage_run, write_summary
from tracking.errors import TrackingError

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


def test_a_symbols_page_shows_each_failing_bar_once_with_its_runs(pages, staging):
    bars = daily_bars(["AAPL", "MSFT"], 60)
    bad = judged(bars, outcome(bars, [5, 70]), outcome(bars, [6, 70], "warning", "open"))
    stage_run(staging, "again", bars, bad, minutes=9 * DAY)
    answer = pages.get("/gate/symbols/?symbol=AAPL")
    flagged, verdicts = answer.text.split("Bars that failed")[1].split("<h2>Verdicts</h2>")

    # Day 5 failed in two runs in the same way; day 6 of `close`, and then of `open`.
    rows = re.findall(
        r'<tr class="(\w+)" id="(.*?)".*?<b>(\S+)</b>.*?<td class="date" data-label="Run">(.*?)\n',
        flagged,
        re.DOTALL,
    )
    assert [(severity, at, day) for severity, at, day, _ in rows] == [
        ("critical", "flag-1", "2024-01-08"),
        ("warning", "flag-2", "2024-01-09"),
        ("warning", "flag-3", "2024-01-09"),
    ]
    assert "and 1 before it" in rows[0][3] and "before it" not in rows[1][3]
    assert "/gate/runs/again?symbol=AAPL#failing" in rows[0][3]
    assert f"close is {bars['close'][5]:.6g}"[:14] in flagged
    assert re.findall(r'data-label="Failing">(\d+)', verdicts) == ["2", "0", "1", "1", "0"]
    chart = answer.text.split("<svg")[1].split("</svg>")[0]
    assert re.findall(r'href="#(flag-\d)"', chart) == ["flag-3", "flag-2", "flag-1"]
    shapes = re.findall(r'class="flag (\w+)" transform="[^"]+" d="([^"]+)"', chart)
    assert len(set(shapes)) == 2, "a warning has another shape than a critical failure"


def test_runs_by_another_suite_are_in_no_line_and_are_said(pages, staging):
    bars = daily_bars(["AAPL", "MSFT"], 60)
    other = replace(judged(bars, outcome(bars, [5, 6, 7])), suite="loose")
    stage_run(staging, "other", bars, other, minutes=9 * DAY)

    rows = pages.get("/gate/").text
    assert "by loose</span>" in rows and 'title="instead of stock_data"' in rows
    assert "without 1 judged by another suite" in rows
    assert "/gate/runs/other" not in rows.split('<figure class="share">')[1].split("</svg>")[0]
    for query in (
        "symbols/?symbol=AAPL",
        "expectations/?expectation=column_values_to_be_between(close)",
    ):
        text = pages.get(f"/gate/{query}").text
        assert "1 run judged by another suite than <b>stock_data</b> is left out" in text
        assert "/gate/runs/other" not in text


def test_a_dataset_whose_own_suite_judged_no_run_yet_shows_the_newest_runs_suite(pages, staging):
    bars = daily_bars(["IBM"], 60)
    loose = replace(judged(bars, outcome(bars, [5])), suite="loose")
    stage_run(staging, "other", bars, loose, minutes=9 * DAY)

    text = pages.get("/gate/symbols/?symbol=IBM").text
    assert "/gate/runs/other" in text and "than <b>loose</b> are left out" in text


def test_a_symbol_may_be_called_anything(staging, pages):
    names = ["BRK/B", "^GSPC", "EURUSD=X", "A B", "<img>"]
    bars = daily_bars(names, 20)
    stage_run(staging, "odd", bars, judged(bars, outcome(bars, [0, 21])), minutes=9 * DAY)

    for name in names:
        answer = pages.get("/gate/symbols/", params={"symbol": name})
        assert answer.status_code == 200 and "<h2>Verdicts</h2>" in answer.text, name
        assert "<img>" not in answer.text


def test_a_symbol_that_no_run_had_is_said_so_and_another_can_be_chosen(pages):
    answer = pages.get("/gate/symbols/?symbol=NONE")

    assert answer.status_code == 404
    assert "None of the last 4 of 4 judged runs of stock_data had this symbol" in answer.text
    assert '<option value="AAPL">' in pages.get("/gate/symbols/").text
    assert pages.get("/gate/symbols/?dataset=none").status_code == 404


def test_a_symbols_page_shows_the_waivers_of_it_and_of_all_symbols(pages, tmp_path):
    waiver: dict[str, str | None] = {
        "id": "0123abcd",
        "expectation": "column_values_to_be_between(close)",
        "first_date": "2024-01-01",
        "author": "ann",
        "made": "2026-01-01T00:00:00Z",
        "expires": "2999-01-01",
    }
    symbols = {"its own": "AAPL", "of all": None, "of another": "MSFT"}
    named = [
        waiver | {"id": f"0123abc{at}", "reason": why, "symbol": symbol}
        for at, (why, symbol) in enumerate(symbols.items())
    ]
    (tmp_path / "gx" / "waivers").mkdir(parents=True)
    document = json.dumps({"suite": "stock_data", "waivers": named})
    (tmp_path / "gx" / "waivers" / "stock_data.json").write_text(document)

    waivers = pages.get("/gate/symbols/?symbol=AAPL").text.split("<h2>Waivers</h2>")[1]

    assert re.findall(r": (its own|of all|of another) ", waivers) == ["its own", "of all"]


def test_of_many_runs_a_symbols_page_reads_the_newest_and_says_so(pages, staging):
    bars = daily_bars(["AAPL", "MSFT"], 60)
    bad = judged(bars, outcome(bars, [5]))
    first = stage_run(staging, "many-0", bars, bad, minutes=20 * DAY)
    for at in range(1, 40):
        shutil.copytree(first, first.parent / f"many-{at}")
        write_summary(first.parent / f"many-{at}", f"many-{at}", bad, minutes=20 * DAY + at)

    text = pages.get("/gate/symbols/?symbol=AAPL").text

    assert "The last 30 runs that had it, of the newest 30 of 44 judged runs" in text
    assert "and 29 before it" in text


CLOSE = "column_values_to_be_between(close)"


def test_an_expectations_page_has_a_point_for_each_run_and_tells_small_runs_apart(pages, staging):
    few = daily_bars(["AAPL"], 2)
    stage_run(staging, "small", few, judged(few, outcome(few, [0])), minutes=9 * DAY)
    text = pages.get("/gate/expectations/", params={"expectation": CLOSE}).text

    dots = re.findall(r'<a href="([^"]+)" aria-label="([^"]+)">.*?class="(dot[^"]*)"', text)
    assert [(path.rsplit("/")[-1], label[18:], kind) for path, label, kind in dots] == [
        ("good", "0 of 120 bars (0 %)", "dot"),
        ("bad", "2 of 120 bars (1.67 %)", "dot"),
        ("remark", "1 of 120 bars (0.833 %)", "dot"),
        ("newest", "0 of 120 bars (0 %)", "dot"),
        ("small", "1 of 2 bars (50 %)", "dot small"),
    ]
    lines = re.findall(r'class="closes" d="M([^"]+)"', text)
    assert len(lines[0].split("L")) == 4, "the line leaves the small run out"
    table = text.split("<h2>By symbol")[1]
    assert re.findall(r'symbol=(\w+)">\w+</a><td class="n">(\d)', table) == [
        ("AAPL", "3"),
        ("MSFT", "1"),
    ]


def test_an_expectations_page_tells_who_changed_its_definition_when_and_why(pages, tmp_path):
    suites = tmp_path / "gx" / "expectations"
    suites.mkdir(parents=True)
    entry: dict[str, object] = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "close", "min_value": 0.01},
        "severity": "critical",
    }
    kwargs = {"column": "close"}
    other: dict[str, object] = {"type": "expect_column_to_exist", "kwargs": kwargs}
    other["severity"] = "info"
    document = {"name": "stock_data", "meta": {}, "expectations": [entry, other]}
    (suites / "stock_data.json").write_text(json.dumps(document))
    store = SuiteStore(suites, tmp_path / "gx" / "history", check=lambda raw, name: ())

    def save(reason: str, *entries: dict[str, object]) -> None:
        base = store.read("stock_data").sha256
        document["expectations"] = list(entries)
        store.save("stock_data", document, base_sha256=base, author="ann", reason=reason)

    looser: dict[str, object] = {**entry, "kwargs": {"column": "close", "min_value": 0.001}}
    save("pennies", looser, other)
    save("something else", looser, {**other, "severity": "warning"})
    save("only a remark", {**looser, "severity": "warning"}, other)

    text = pages.get("/gate/expectations/", params={"expectation": CLOSE}).text
    changed = text.split("definition changed</h2>")[1].split("</ol>")[0]

    said = re.findall(r"<li><b><code>([^<]*)</code>[^,]*, ann: ([^<]*)", changed)
    assert said == [
        ("severity: critical → warning", "only a remark"),
        ("min_value: 0.01 → 0.001", "pennies"),
    ]


def test_changes_of_a_definition_stand_before_the_first_run_that_began_later():
    points = [Point(f"2026-03-0{day}T12:00:00", 0.1, 100, "", "") for day in (3, 2, 1)]

    drawn = share_line(points, ["2026-03-04", "2026-03-02T09:00:00", "2026-02-01T00:00:00"])

    after, between = drawn.changes  # the third was before the first run
    assert (after.number, between.number) == (1, 2)
    assert after.x == drawn.right and drawn.dots[0].x < between.x < drawn.dots[1].x


def test_an_expectation_that_no_run_had_is_said_so(pages):
    answer = pages.get("/gate/expectations/?expectation=none")

    assert answer.status_code == 404 and "had this expectation" in answer.text
    assert f'<option value="{CLOSE}">' in pages.get("/gate/expectations/").text


def test_reports_and_lists_lead_to_the_pages_of_symbols_and_expectations(pages):
    symbol = "/gate/symbols/?dataset=stock_data&symbol=AAPL"
    expectation = "/gate/expectations/?dataset=stock_data&expectation=column_values_to_be_between"
    report = unescape(pages.get("/gate/runs/bad").text)
    failed = unescape(pages.get("/gate/runs/bad/failed").text)
    rows = unescape(pages.get("/gate/runs/bad/failing").text)

    assert symbol in report.split('id="symbols"')[1]
    assert symbol in failed and expectation in failed
    assert symbol in rows
    filtered = unescape(pages.get("/gate/?symbol=AAPL").text)
    assert "/gate/symbols/?symbol=AAPL" in filtered


JSON = {"content-type": "application/json", "sec-fetch-site": "same-origin"}


def test_a_comment_is_kept_with_the_run_and_shown_as_plain_text(pages):
    said = "Vendor called:\n<b>fixed</b> tomorrow"
    sent = {"text": said, "seen": 0}
    answer = pages.post("/gate/api/runs/bad/comments", json=sent, headers=JSON)

    assert answer.status_code == 200
    report = pages.get("/gate/runs/bad").text.split('id="comments"')[1]
    assert "<b>ann</b>" in report
    assert "&lt;b&gt;fixed&lt;/b&gt; tomorrow" in report and "<b>fixed" not in report
    assert "MLflow has it not yet" in report
    assert 'runs/bad#comments">1 comment</a>' in pages.get("/gate/").text


def test_who_comments_second_sees_the_first_and_loses_nothing(pages):
    first, second = {"text": "first", "seen": 0}, {"text": "second", "seen": 0}
    pages.post("/gate/api/runs/bad/comments", json=first, headers=JSON)
    refused = pages.post("/gate/api/runs/bad/comments", json=second, headers=JSON)
    again = pages.post("/gate/api/runs/bad/comments", json={**second, "seen": 1}, headers=JSON)

    assert refused.status_code == 409 and "ann: first" in refused.json()["error"]
    assert again.status_code == 200
    text = pages.get("/gate/runs/bad").text
    assert re.findall(r'class="said">(.*?)</p>', text) == ["first", "second"]


@pytest.mark.parametrize(
    ("text", "told"), [(" ", "says nothing"), ("x" * 1001, "1,000 is the most")]
)
def test_a_comment_that_says_nothing_or_too_much_is_refused(pages, text, told):
    sent = {"text": text, "seen": 0}
    answer = pages.post("/gate/api/runs/bad/comments", json=sent, headers=JSON)

    assert answer.status_code == 422 and told in answer.json()["error"]
    assert "None yet." in pages.get("/gate/runs/bad").text


def test_who_may_only_look_reads_comments_and_writes_none(staging, tmp_path):
    async def vic(request: Request) -> User:
        return User("vic", may_write=False)

    settings = Settings.of({"STAGING_URL": f"file://{staging}", "RESULTS_DIR": str(tmp_path)})
    app = create_app(Desk(settings, project=tmp_path), vic, login_url="/login")
    client = TestClient(app, headers=HTML)
    sent = {"text": "mine", "seen": 0}

    assert client.post("/gate/api/runs/bad/comments", json=sent, headers=JSON).status_code == 403
    assert 'id="comment"' not in client.get("/gate/runs/bad").text


def test_a_comment_that_mlflow_missed_comes_along_with_the_next(pages, staging, monkeypatch):
    record = {"status": "success", "mlflow_run_id": "abc"}
    (staging / DAG_ID / "bad" / "steps" / "log.json").write_text(json.dumps(record))
    written: list[tuple[str, list[str]]] = []

    def away(store: object, run_id: str, comments: list[str]) -> None:
        raise TrackingError("MLflow does not answer")

    def there(store: object, run_id: str, comments: list[str]) -> None:
        written.append((run_id, [one.partition("UTC, ")[2] for one in comments]))

    for seen, (text, mlflow) in enumerate((("first", away), ("second", there))):
        monkeypatch.setattr("dags.pages.comments.write_comments", mlflow)
        sent = {"text": text, "seen": seen}
        assert pages.post("/gate/api/runs/bad/comments", json=sent, headers=JSON).status_code == 200
        assert ("MLflow has it not yet" in pages.get("/gate/runs/bad").text) == (mlflow is away)

    assert written == [("abc", ["ann: first", "ann: second"])]
