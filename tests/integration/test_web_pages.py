"""The pages on real files: who may see them, what they show, and what they never let through."""

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from dags.pages.sources import Desk
from dags.run.settings import Settings
from dags.staging.layout import BARS, CHANGES, DAG_ID, PROPOSED, REPORT, SUMMARY
from gx.gate.verdicts import with_removals
from gx.repair.proposal import NUMBERS, Proposal
from gx.report.changes import compare, to_json
from gx.report.render import render_html
from gx.web.app import create_app
from gx.web.guard import Forbidden, User, json_response, writer
from gx.web.summary import RunSummary
from tests.staged_runs import (
    DOUBT,
    REMOVAL,
    account,
    daily_bars,
    judged,
    outcome,
    stage_run,
    write_summary,
)

HOSTILE = "<script>alert(1)</script>"
HTML = {"accept": "text/html"}
ORIGIN = {"origin": "http://testserver", "content-type": "application/json"}


async def guard(request: Request) -> User | None:
    """Users by a header: what Airflow's session is in the real thing."""
    name = request.headers.get("x-user")
    if name == "stranger":
        raise Forbidden("stranger may not see the workflow")
    return User(name, may_write=name == "ann") if name else None


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "quality" / "data_docs").mkdir(parents=True)
    return Settings.of(
        {
            "STAGING_URL": f"file://{tmp_path / 'staging'}",
            "RESULTS_DIR": str(tmp_path / "quality"),
            "MLFLOW_TRACKING_URI": "http://mlflow.test:5500",
        }
    )


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    return tmp_path / "staging"


@pytest.fixture
def anonymous(settings: Settings) -> TestClient:
    app = create_app(Desk(settings), guard, login_url="/api/v2/auth/login")

    async def change(request: Request):
        return json_response({"by": (await writer(request)).name})

    app.router.add_route("/change", change, methods=["GET", "POST", "PUT", "DELETE"])
    return TestClient(app, follow_redirects=False)


@pytest.fixture
def ann(anonymous: TestClient) -> TestClient:
    anonymous.headers["x-user"] = "ann"
    return anonymous


@pytest.fixture
def bars() -> pd.DataFrame:
    return daily_bars(["AAPL", HOSTILE, "MSFT"], 120)


def stage_bad(staging: Path, bars: pd.DataFrame, run_id: str = "bad", **more: Any) -> Path:
    """A run whose bars 5 and 130 fail critically, and 131 with a warning."""
    outcomes = (outcome(bars, [5, 130]), outcome(bars, [131], "warning", "volume"))
    return stage_run(staging, run_id, bars, judged(bars, *outcomes), **more)


def test_a_report_that_is_none_is_told_as_damaged(ann, staging, bars):
    folder = stage_bad(staging, bars)
    (folder / REPORT).write_text('{"verdict": "Passed."}')

    for place in ("", "/failed"):
        shown = ann.get(f"/gate/runs/bad{place}", headers=HTML)
        assert shown.status_code == 503
        assert "A file of this run is damaged: this is no report of the gate" in shown.text


def test_the_report_shows_what_became_of_published_bars(ann, staging, bars):
    met = replace(outcome(bars, []), looked_at=300)
    report = replace(
        with_removals(judged(bars, met, outcome(bars, [5])), [REMOVAL]),
        doubtful=(DOUBT,),
        weaknesses=("entry 3 can never fail",),
    )
    stage_run(staging, "later", bars, report)

    page = ann.get("/gate/runs/later", headers=HTML).text

    assert "Published before, now doubtful" in page
    assert "scheduled__2024-03-05" in page
    assert "Gone from the source" in page
    assert "entry 3 can never fail" in page
    assert "looked at 300 of 360 bars" in page
    assert ann.get("/gate/runs/later/failed", headers=HTML).status_code == 200


@pytest.mark.parametrize(
    "publish",
    [
        None,
        {"status": "running"},
        {"status": "failed", "error": "PublishError: no", "seconds": 0.1},
        {"status": "success", "rows": 300, "held": 60, "still_held": 2, "place": "s.enriched"},
        {"status": "superseded", "rows": 0},
    ],
)
@pytest.mark.parametrize("other", [None, {"status": "running"}, {"status": "failed", "error": "E"}])
def test_a_report_is_shown_however_far_its_run_came(
    ann: TestClient,
    staging: Path,
    bars: pd.DataFrame,
    publish: dict[str, Any] | None,
    other: dict[str, Any] | None,
):
    folder = stage_bad(staging, bars, held=("AAPL",))
    short = json.loads((folder / SUMMARY).read_text())
    (folder / SUMMARY).write_text(json.dumps({**short, "mlflow_page": None}))
    records = {"publish": publish, "transform": other, "log": other}
    for step, record in records.items():
        if record:
            (folder / "steps" / f"{step}.json").write_text(json.dumps(record))
    if other:  # the gate is asked anew
        (folder / "steps" / "validate.json").write_text(json.dumps(other))

    shown = ann.get("/gate/runs/bad", headers=HTML)

    assert shown.status_code == 200
    done = bool(publish and publish.get("held"))
    assert ("60 bars set aside in quarantine, 2 bars still held" in shown.text) is done
    assert ("Published as <code>s.enriched</code>" in shown.text) is done


def test_a_run_whose_publishing_failed_is_not_called_passed(
    ann: TestClient, staging: Path, bars: pd.DataFrame
):
    folder = stage_run(staging, "lost", bars, judged(bars, outcome(bars, [5], "warning")))
    short = json.loads((folder / SUMMARY).read_text())
    (folder / SUMMARY).write_text(json.dumps({**short, "unpublished": True}))

    listed = ann.get("/gate/?verdict=unpublished", headers=HTML).text

    assert '<span class="chip unpublished">publishing failed</span>' in listed
    assert "/gate/runs/lost" in listed
    assert "chip unpublished" not in ann.get("/gate/?verdict=warned", headers=HTML).text
    assert '<header class="unpublished"' in ann.get("/gate/runs/lost", headers=HTML).text


def test_a_run_that_was_refused_has_a_row_and_a_page_with_its_error_and_its_log(
    settings: Settings, staging: Path
):
    error = "RequestError: end date 2025-10-05 is before start date 2025-11-04"
    short = RunSummary(
        run_id="refused",
        dag_id=DAG_ID,
        started="2026-03-02T12:00:00+00:00",
        verdict=f"Nothing published, not judged: {error}",
        state="no_verdict",
        trigger="manual",
    )
    (staging / DAG_ID / "refused" / "steps").mkdir(parents=True)
    (staging / DAG_ID / "refused" / SUMMARY).write_text(json.dumps(asdict(short)))
    desk = Desk(settings, airflow="https://airflow.test")
    client = TestClient(create_app(desk, guard, login_url="/"), headers={**HTML, "x-user": "ann"})

    row, page = client.get("/gate/").text, client.get("/gate/runs/refused").text

    assert "no verdict</span>" in row and error in row
    assert f"<h1>Nothing published, not judged: {error}</h1>" in page
    log = f"https://airflow.test/dags/{DAG_ID}/runs/refused/tasks/extract_stock_data"
    assert f'<a href="{log}" data-leave="here">Log of the task that failed</a>' in page


EVERY_PAGE = (
    "/gate/",
    "/gate/runs/bad",
    "/gate/runs/bad/failing",
    "/gate/runs/bad/failing.csv",
    "/gate/runs/bad/failed",
    "/gate/runs/bad/charts",
    "/gate/runs/bad/changes",
    "/gate/runs/bad/evidence",
    "/gate/runs/bad/docs",
    "/gate/runs/bad/mlflow",
    "/gate/docs/",
    "/gate/docs/index.html",
    "/gate/static/base.css",
    "/gate/no/such/page",
)


@pytest.mark.parametrize("address", EVERY_PAGE)
def test_anonymous_is_sent_to_the_login_and_back(anonymous, staging, bars, address):
    stage_bad(staging, bars)

    answer = anonymous.get(f"{address}?a=1", headers=HTML)

    assert answer.status_code == 303
    assert answer.headers["location"] == f"/api/v2/auth/login?next={quote(address + '?a=1')}"
    assert anonymous.get(address, headers={"accept": "*/*"}).status_code == 401


@pytest.mark.parametrize("address", EVERY_PAGE)
def test_whoever_may_not_see_the_workflow_sees_none_of_it(anonymous, staging, bars, address):
    stage_bad(staging, bars)

    answer = anonymous.get(address, headers={"x-user": "stranger", **HTML})

    assert answer.status_code == 403
    assert "AAPL" not in answer.text


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("POST", {"x-user": "ann", **ORIGIN}, 200),
        ("PUT", {"x-user": "ann", "sec-fetch-site": "same-origin", **ORIGIN}, 200),
        ("POST", {"x-user": "viewer", **ORIGIN}, 403),
        ("POST", ORIGIN, 401),
        ("GET", {"x-user": "ann", **ORIGIN}, 403),
        ("DELETE", {"x-user": "ann", **ORIGIN}, 403),
        ("POST", {"x-user": "ann", **ORIGIN, "content-type": "text/plain"}, 403),
        ("POST", {"x-user": "ann", "content-type": "application/json"}, 403),
        ("POST", {"x-user": "ann", **ORIGIN, "origin": "http://evil.test"}, 403),
        ("POST", {"x-user": "ann", **ORIGIN, "origin": "null"}, 403),
        ("POST", {"x-user": "ann", **ORIGIN, "sec-fetch-site": "cross-site"}, 403),
        ("POST", {"x-user": "ann", **ORIGIN, "sec-fetch-site": "same-site"}, 403),
    ],
)
def test_only_json_from_a_page_of_this_site_changes_anything(anonymous, method, headers, status):
    answer = anonymous.request(method, "/change", headers=headers, content="{}")

    assert answer.status_code == status


def test_every_page_runs_only_scripts_of_its_own(ann, staging, bars):
    stage_bad(staging, bars)

    policies = [ann.get(f"/gate/{page}", headers=HTML) for page in ("", "runs/bad", "docs/", "no")]

    nonces = set()
    for answer in policies:
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        (nonce,) = re.findall(r"script-src 'nonce-([^']+)'", policy)
        assert set(re.findall(r'<script[^>]* nonce="([^"]+)"', answer.text)) == {nonce}
        assert "<script>" not in answer.text
        assert not re.search(r"\son\w+=|style=", answer.text)
        assert not re.search(r'(?:src|href)="(?:https?:)?//(?!mlflow\.test)', answer.text)
        nonces.add(nonce)
    assert len(nonces) == len(policies)


@pytest.mark.parametrize(
    "part", ["", "/failing", "/failed", f"/charts?symbol={quote(HOSTILE)}", "/changes"]
)
def test_a_symbol_that_is_a_script_is_only_text(ann, staging, bars, part):
    stage_bad(staging, bars, "before")
    changed = bars.assign(close=bars["close"] * np.where(bars["symbol"] == HOSTILE, 1.01, 1))
    stage_bad(staging, changed, "bad", minutes=1)

    answer = ann.get(f"/gate/runs/bad{part}", headers=HTML)

    assert answer.status_code == 200
    assert HOSTILE not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text


def test_what_an_address_asks_for_is_only_text(ann, staging, bars):
    stage_bad(staging, bars)

    for address in ("/gate/?symbol=", "/gate/runs/bad?symbol=", "/gate/runs/bad/charts?symbol="):
        answer = ann.get(address + quote(f'"{HOSTILE}'), headers=HTML)
        assert answer.status_code == 200
        assert HOSTILE not in answer.text


@pytest.mark.parametrize(
    "run_id", ["nobody", "..", "%2e%2e", "..%2f..%2fquality", "%00", ".", "bad%2fsteps", "ba*"]
)
def test_an_unknown_run_is_not_found(ann, staging, bars, run_id):
    stage_bad(staging, bars)

    for part in (
        "",
        "/failing",
        "/failing.csv",
        "/failed",
        "/charts",
        "/changes",
        "/evidence",
        "/docs",
        "/mlflow",
    ):
        assert ann.get(f"/gate/runs/{run_id}{part}", headers=HTML).status_code in (404, 307)


@pytest.mark.parametrize(
    "path", ["..%2fsecret.html", "%2e%2e/secret.html", "/etc/passwd", "link.html", "%00", "folder"]
)
def test_data_docs_lets_nobody_out_of_its_folder(ann, settings, path):
    site = settings.results_dir / "data_docs"
    (settings.results_dir / "secret.html").write_text("secret")
    (site / "index.html").write_text("index")
    (site / "folder").mkdir()
    (site / "link.html").symlink_to(settings.results_dir / "secret.html")

    assert ann.get(f"/gate/docs/{path}").status_code == 404
    assert ann.get(f"/gate/docs/?page={path}").status_code == 404
    assert ann.get("/gate/docs/index.html").text == "index"


def test_data_docs_is_sealed(ann, settings):
    (settings.results_dir / "data_docs" / "index.html").write_text("index")

    policy = ann.get("/gate/docs/index.html").headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert re.search(r"script-src 'sha256-[^']+';", policy)
    assert "connect-src" not in policy


def test_the_sealed_policy_admits_the_script_that_data_docs_carries():
    from gx.docs.pages import SCRIPT_HASH
    from gx.web.docs_page import sealed_headers

    assert f"script-src '{SCRIPT_HASH}'" in sealed_headers()["Content-Security-Policy"]


def test_a_module_and_all_that_it_imports_are_served_as_modules_and_kept(ann):
    page = ann.get("/gate/suites/new", headers=HTML).text
    imports = json.loads(re.search(r'<script type="importmap"[^>]*>(.*?)</script>', page)[1])
    modules = dict(imports["imports"].items())
    assert re.search(r'<script type="module" src="/gate/static/suite-new\.js\?v=', page)
    for plain, address in modules.items():
        answer = ann.get(address)
        assert answer.headers["content-type"].startswith("text/javascript"), address
        assert "immutable" in answer.headers["cache-control"], address
        for name in re.findall(r'^(?:import|\}) [^;]*?"\./([^"]+)";$', answer.text, re.MULTILINE):
            assert f"/gate/static/{name}" in modules, (address, name)
        # An address without its version may be another file tomorrow.
        for other in (plain, f"{plain}?v=0123456789ab"):
            assert ann.get(other).headers["cache-control"] == "no-cache"
    assert len(modules) > 10


@pytest.mark.parametrize("name", ["..%2fapp.py", "base.html", "guard.py", "%2e%2e", "report.html"])
def test_only_styles_and_scripts_are_static_files(ann, name):
    assert ann.get(f"/gate/static/{name}").status_code == 404


def test_runs_are_listed_newest_first_and_filtered(ann, staging, bars):
    stage_bad(staging, bars, "bad", minutes=2)
    good = judged(bars, outcome(bars, []))
    stage_run(staging, "good", bars, good, minutes=3)
    stage_bad(staging, bars, "older", minutes=1)

    def listed(query: str) -> list[str]:
        return re.findall(
            r'<small class="id">(\w+)</small>', ann.get(f"/gate/?{query}", headers=HTML).text
        )

    assert listed("") == ["good", "bad", "older"]
    assert listed("verdict=passed") == ["good"]
    assert listed("symbol=aapl") == ["bad", "older"]
    assert listed("symbol=IBM") == []
    # Its numbers, not those of the runs: a third of the bars, and one of its own fails.
    of_one = ann.get("/gate/?symbol=aapl", headers=HTML).text
    assert "Bars of AAPL" in of_one and "Failing bars of AAPL" in of_one
    assert of_one.count('data-label="Bars">120\n') == 2
    expectation = quote("column_values_to_be_between(volume)")
    assert listed(f"expectation={expectation}&verdict=closed") == ["bad", "older"]


def test_the_list_is_paged(ann, staging, bars):
    report = judged(bars, outcome(bars, []))
    for number in range(60):
        folder = staging / DAG_ID / f"run{number:02d}"
        write_summary(folder, f"run{number:02d}", report, minutes=number)

    last = ann.get("/gate/?page=3", headers=HTML).text

    assert re.findall(r'<small class="id">(run\d+)</small>', last) == [
        f"run{n:02d}" for n in range(9, -1, -1)
    ]
    assert ann.get("/gate/?page=99999999999999", headers=HTML).status_code == 200
    assert ann.get("/gate/?page=-1", headers=HTML).status_code == 200


def test_the_report_says_the_verdict_first_and_links_on(ann, staging, settings, bars):
    stage_bad(staging, bars)
    page = settings.results_dir / "data_docs/validations/stock_data/bad/20260302T120000/x.html"
    page.parent.mkdir(parents=True)
    page.write_text("page")
    (settings.results_dir / "data_docs/index.html").write_text("index")

    text = ann.get("/gate/runs/bad", headers=HTML).text

    assert re.search(r"<h1>Gate closed: 1 of 2 expectations failed critically", text)
    assert text.index("close is at least") < text.index("volume is at least")
    assert f'href="/dags/{DAG_ID}/runs/bad"' in text
    assert 'href="http://mlflow.test:5500/#/experiments/1/runs/abc"' in text
    assert ann.get("/gate/runs/bad/docs").headers["location"].startswith("/gate/docs/?page=valid")
    assert ann.get(ann.get("/gate/runs/bad/docs").headers["location"]).status_code == 200


def test_a_run_under_way_has_no_verdict_yet(ann, staging):
    (staging / DAG_ID / "now" / "steps").mkdir(parents=True)
    (staging / DAG_ID / "now" / "steps" / "extract.json").write_text('{"status": "running"}')

    assert "under way" in ann.get("/gate/runs/now", headers=HTML).text
    assert "No run has been judged yet" in ann.get("/gate/", headers=HTML).text


def test_without_any_run_or_site_the_pages_say_so(ann):
    assert "No run has been judged yet" in ann.get("/gate/", headers=HTML).text
    assert "no site yet" in ann.get("/gate/docs/", headers=HTML).text


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """A folder with a run of 100,000 failing bars; the last of them is the cheapest."""
    staging = tmp_path_factory.mktemp("crowded")
    bars = daily_bars([f"S{n:03d}" for n in range(100)], 1000)
    bars["close"] = bars["close"] + 1
    bars.loc[99_999, "close"] = -1.0
    report = judged(bars, outcome(bars, list(range(100_000))))
    stage_run(staging, "crowd", bars, report)
    return staging, bars


@pytest.fixture
def crowd(crowded: tuple[Path, pd.DataFrame], staging: Path) -> pd.DataFrame:
    staging.symlink_to(crowded[0])
    return crowded[1]


def failing(client: TestClient, **query: Any) -> Mapping[str, Any]:
    """A page of failing bars as JSON."""
    answer = client.get(
        "/gate/runs/crowd/failing", params=query, headers={"accept": "application/json"}
    )
    assert answer.status_code == 200
    return answer.json()


def test_many_failing_bars_come_a_page_at_a_time(ann, crowd):
    first, last = failing(ann), failing(ann, page=2000)

    assert (first["found"], first["pages"], len(first["rows"])) == (100_000, 2000, 50)
    assert first["rows"][0]["row"] == 0
    assert last["rows"][-1]["row"] == 99_999
    assert failing(ann, page=10**7)["page"] == 2000


def test_failing_bars_are_sorted_over_all_pages(ann, crowd):
    cheapest = failing(ann, sort="close")["rows"]
    dearest = failing(ann, sort="close", order="desc")["rows"]

    assert cheapest[0]["row"] == 99_999
    assert [row["close"] for row in dearest] == sorted(crowd["close"], reverse=True)[:50]
    assert failing(ann, sort="reasons; drop")["rows"][0]["row"] == 0


def test_failing_bars_are_filtered_by_symbol_and_expectation(ann, crowd):
    name = "column_values_to_be_between(close)"

    assert failing(ann, symbol="S042")["found"] == 1000
    assert failing(ann, expectation=name)["found"] == 100_000
    assert failing(ann, expectation="nothing")["found"] == 0
    assert failing(ann, symbol="S042", expectation=name, sort="date")["rows"][0]["row"] == 42_000


def test_the_whole_page_of_many_failing_bars_is_small(ann, crowd):
    answer = ann.get("/gate/runs/crowd", headers=HTML)

    assert answer.status_code == 200
    assert len(answer.content) < 200_000


def test_the_csv_has_every_row_and_no_formula(ann, staging, bars):
    symbols = ["=1+1", "-X", "+Y", "@Z", " =2", "\t=3", "AAPL"]
    hostile = daily_bars(symbols, 10).assign(open=-1.5)
    report = judged(hostile, outcome(hostile, list(range(len(hostile)))))
    stage_run(staging, "csv", hostile, report)

    answer = ann.get("/gate/runs/csv/failing.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))

    assert answer.headers["content-disposition"] == 'attachment; filename="failing_csv.csv"'
    assert len(rows) == len(hostile)
    assert {row["symbol"] for row in rows} == {*(f"'{s}" for s in symbols[:-1]), "AAPL"}
    assert {row["open"] for row in rows} == {"-1.5"}


def test_the_csv_follows_filter_and_order(ann, crowd):
    answer = ann.get("/gate/runs/crowd/failing.csv?symbol=S099&sort=close")

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 1000
    assert rows[0]["close"] == "-1.0"


def test_the_chart_of_a_symbol_marks_its_bad_bars(ann, staging, bars):
    stage_bad(staging, bars)

    text = ann.get("/gate/runs/bad/charts?symbol=AAPL", headers=HTML).text

    assert text.count("<svg") == 1
    assert text.count('<g class="critical') == 1
    assert 'class="mark"' not in ann.get("/gate/runs/bad/charts?symbol=MSFT", headers=HTML).text


def test_what_failed_is_shown_with_its_picture(ann, staging, bars):
    stage_bad(staging, bars)

    text = ann.get("/gate/runs/bad/failed", headers=HTML).text

    assert text.index("close is at least") < text.index("volume is at least")
    assert text.count("<svg") == 2
    assert "at least 0.01" in text


def test_the_page_and_the_file_show_the_same_failures_and_symbols(ann, staging, bars):
    outcomes = (outcome(bars, [5, 130]), outcome(bars, [131], "warning", "volume"))
    report = judged(bars, *outcomes)
    stage_run(staging, "bad", bars, report)
    file = render_html(report, bars=bars)

    def section(page: str, name: str) -> str:
        rest = page.split(f'<section id="{name}"')[1].split("<h2>")[1]
        return rest.split("<section id=", maxsplit=1)[0].rstrip()

    def unlinked(text: str) -> str:  # the file has no pages of symbols to lead to
        text = re.sub(r' <a href="[^"]+">Over runs</a>', "", text)
        return re.sub(r'<a href="/gate/symbols/[^"]+">(.*?)</a>', r"\1", text)

    page = ann.get("/gate/runs/bad", headers=HTML).text
    assert unlinked(section(page, "symbols")) == section(file, "symbols")
    # Who may not change the suite is not offered to accept anything, as in the file.
    pictured = ann.get("/gate/runs/bad/failed", headers={**HTML, "x-user": "vic"}).text
    pictured = unlinked(pictured)
    assert pictured.strip() in file


def test_without_the_bars_the_report_still_answers(ann, staging, bars):
    stage_bad(staging, bars, "before")
    (stage_bad(staging, bars, "bad", minutes=1) / BARS).unlink()

    assert ann.get("/gate/runs/bad", headers=HTML).status_code == 200
    assert "cleaned up" in ann.get("/gate/runs/bad/charts?symbol=AAPL", headers=HTML).text
    assert "<svg" not in ann.get("/gate/runs/bad/failed", headers=HTML).text
    assert "not kept" in ann.get("/gate/runs/bad/changes", headers=HTML).text


def test_changes_name_what_newly_fails_what_is_fixed_and_which_bars_are_restated(
    ann, staging, bars
):
    close, volume = outcome(bars, [5]), outcome(bars, [], "warning", "volume")
    stage_run(staging, "before", bars, judged(bars, close, volume))
    restated = bars.copy()
    restated.loc[7, "low"] = 12.5
    fixed, worse = outcome(bars, []), outcome(bars, [7], "warning", "volume")
    stage_run(staging, "bad", restated.drop(index=20), judged(restated, fixed, worse), minutes=1)

    text = " ".join(ann.get("/gate/runs/bad/changes", headers=HTML).text.split())

    assert "1 newly failing</h3><ul><li>volume is at least" in text
    assert "1 newly fixed</h3><ul><li>close is at least" in text
    assert "<b>1 bar</b> restated, 0 new and 1 gone" in text
    assert "<b>12.5</b>" in text


def test_changes_stay_readable_when_the_bars_are_gone(ann, staging, bars):
    newer = bars.assign(low=bars["low"].where(bars.index != 7, float("nan")))
    before, now = judged(bars, outcome(bars, [5])), judged(bars, outcome(bars, []))
    found = compare(account(before, bars), account(now, newer))
    folder = stage_run(staging, "bad", bars, now)
    (folder / BARS).unlink()
    (folder / CHANGES).write_text(json.dumps(to_json(found)))

    text = " ".join(ann.get("/gate/runs/bad/changes", headers=HTML).text.split())

    assert "1 newly fixed</h3><ul><li>close is at least" in text
    assert "<b>1 bar</b> restated, 0 new and 0 gone" in text
    assert bars["date"][7].date().isoformat() in text


def test_the_same_data_is_not_compared_bar_by_bar(ann, staging, bars):
    stage_bad(staging, bars, "before", digest="same")
    stage_bad(staging, bars, "bad", minutes=1, digest="same")

    assert "the very same" in ann.get("/gate/runs/bad/changes", headers=HTML).text


def test_the_editor_opens_though_the_database_is_away(tmp_path: Path, settings: Settings):
    away = settings.model_copy(update={"postgres_host": str(tmp_path)})
    client = TestClient(create_app(Desk(away), guard, login_url="/"), headers={"x-user": "ann"})

    for path in ("/gate/suites/new", "/gate/suites/stock_data"):
        answer = client.get(path, headers=HTML)
        assert answer.status_code == 200
        assert "TSLA" in answer.text


def test_what_could_be_repaired_is_shown_before_and_after(settings: Settings, tmp_path: Path):
    staging = tmp_path / "staging"
    bars = daily_bars(["AAA"], 40)
    day, symbol = bars["date"][20], bars["symbol"][20]
    folder = stage_run(staging, "wrong", bars, judged(bars, outcome(bars, [20])))
    old = tuple(float(bars[name][20]) for name in NUMBERS)
    new = (*(one / 100 for one in old[:4]), old[4])
    one = Proposal(20, symbol, day.to_pydatetime(), "unit", f"so {HOSTILE}", old, new)
    copied = Proposal(21, symbol, day.to_pydatetime(), "duplicate", "twice", old, None, 1)
    (folder / PROPOSED).write_text(json.dumps([one.to_json(), copied.to_json()]))
    said = json.loads((folder / "steps" / "validate.json").read_text())
    (folder / "steps" / "validate.json").write_text(json.dumps({**said, "proposed": 2}))
    stage_run(staging, "right", bars, judged(bars), minutes=1)
    client = TestClient(create_app(Desk(settings), guard, login_url="/auth/login"))
    headers = {**HTML, "x-user": "ann"}
    assert "/gate/runs/wrong/repairs" in client.get("/gate/runs/wrong", headers=headers).text
    assert "/runs/right/repairs" not in client.get("/gate/runs/right", headers=headers).text
    shown = client.get("/gate/runs/wrong/repairs", headers=headers).text
    assert "2 bars with exactly one right answer" in shown
    assert "gate repair accept &#39;wrong&#39;" in shown or "gate repair accept 'wrong'" in shown
    assert "left out" in shown and "so &lt;script&gt;" in shown and HOSTILE not in shown
    assert shown.count("<figure") == 2
    assert "What is accepted cannot be told" in shown  # there is no database
    piece = client.get("/gate/runs/wrong/proposed", headers=headers).text
    assert "2 bars with exactly one right answer" in piece and piece.count("<figure") == 2
    assert "left out" in piece and HOSTILE not in piece
    nothing = client.get("/gate/runs/right/repairs", headers=headers)
    assert (nothing.status_code, "<figure" in nothing.text) == (200, False)
