"""Accepting failures of a report in the browser's pages, and taking that back."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from dags.pages.sources import Desk
from dags.run.settings import Settings
from gx.suite.waivers import read_waivers
from gx.web.app import create_app
from gx.web.guard import User
from tests.staged_runs import daily_bars, judged, outcome, stage_run

HTML = {"accept": "text/html"}
ORIGIN = {"origin": "http://testserver", "content-type": "application/json"}
SUITE = "stock_data"


async def guard(request: Request) -> User | None:
    name = request.headers["x-user"]
    return User(name, may_write=name in ("ann", "bob"))


@pytest.fixture
def bars() -> pd.DataFrame:
    return daily_bars(["AAPL", "MSFT"], 60)


@pytest.fixture
def client(tmp_path: Path, bars: pd.DataFrame) -> TestClient:
    """A desk with one run, of which bars 5 and 70 fail one expectation, and 5 another one."""
    found = (outcome(bars, [5, 70]), outcome(bars, [5], "warning", "volume"))
    stage_run(tmp_path / "staging", "bad", bars, judged(bars, *found))
    suites = tmp_path / "project" / "gx" / "expectations"
    suites.mkdir(parents=True)
    entries = [{"type": one.type, "kwargs": dict(one.kwargs)} for one in found]
    (suites / f"{SUITE}.json").write_text(json.dumps({"name": SUITE, "expectations": entries}))
    (tmp_path / "quality" / "data_docs").mkdir(parents=True)
    settings = Settings.of(
        {
            "STAGING_URL": f"file://{tmp_path / 'staging'}",
            "RESULTS_DIR": str(tmp_path / "quality"),
        }
    )
    desk = Desk(settings, project=tmp_path / "project")
    app = create_app(desk, guard, login_url="/login")
    return TestClient(app, headers={"x-user": "ann"}, follow_redirects=False)


def body(**given: Any) -> dict[str, Any]:
    return {"expectations": [], "first_date": "2020-01-01", "reason": "known news", **given}


def post(client: TestClient, path: str, document: dict[str, Any], user: str = "ann") -> Any:
    return client.post(f"/gate/api{path}", json=document, headers={**ORIGIN, "x-user": user})


def failing_names(client: TestClient, symbol: str = "") -> list[str]:
    """What the failing bars fail, the worst first."""
    path = f"/gate/runs/bad/failing?symbol={symbol}"
    rows = client.get(path, headers={"accept": "application/json"}).json()["rows"]
    return [name for row in rows for name in row["expectations"]]


def bar_of(bars: pd.DataFrame, row: int) -> tuple[str, str]:
    return str(bars.loc[row, "symbol"]), str(bars["date"].iloc[row].date())


def test_a_failing_bar_is_accepted_as_it_is(client: TestClient, bars: pd.DataFrame, tmp_path: Path):
    symbol, day = bar_of(bars, 5)
    report = client.get("/gate/runs/bad", headers=HTML).text
    assert f"/gate/runs/bad/waive?symbol={symbol}&amp;date={day}" in report
    shown = client.get(f"/gate/runs/bad/waive?symbol={symbol}&date={day}", headers=HTML).text
    names = [one for one in ("(close)", "(volume)") if f"{one}" in shown]
    assert len(names) == 2 and shown.count(" checked") == 3  # both, and the bar alone
    wanted = sorted(set(failing_names(client, symbol)))

    made = post(
        client,
        "/runs/bad/waivers",
        body(expectations=wanted, symbol=symbol, first_date=day, last_date=day, only_bar=day),
    )

    assert made.status_code == 201, made.text
    kept = read_waivers(SUITE, tmp_path / "project" / "gx" / "waivers")
    assert {one.expectation for one in kept} == set(wanted) and len(kept) == 2
    (bar,) = kept[0].bars
    assert (bar.date, bar.close) == (day, bars.loc[5, "close"])
    assert (kept[0].author, kept[0].reason, kept[0].symbol) == ("ann", "known news", symbol)
    assert {one.dataset for one in kept} == {"stock_data"}
    listed = client.get("/gate/waivers/", headers=HTML).text
    assert "known news" in listed and "1 bar as it was" in listed
    assert "of stock_data alone" in listed


def test_what_nobody_can_accept_is_not_chosen_and_says_why(
    client: TestClient, bars: pd.DataFrame, tmp_path: Path
):
    bars = bars.assign(close=bars["close"].where(bars.index != 5))
    null = replace(
        outcome(bars, [5]),
        type="expect_column_values_to_not_be_null",
        kwargs={"column": "close"},
    )
    stage_run(tmp_path / "staging", "null", bars, judged(bars, null, outcome(bars, [5, 70])))
    symbol, day = bar_of(bars, 5)
    shown = client.get(f"/gate/runs/null/waive?symbol={symbol}&date={day}", headers=HTML).text
    assert 'value="column_values_to_not_be_null(close)" disabled>' in shown
    assert 'value="column_values_to_be_between(close)" checked>' in shown
    assert f'value="{day}" disabled> only the bar' in shown
    assert 'value="" checked> every bar' in shown
    assert shown.count("cannot be accepted: ") == 2


def test_a_symbol_that_the_run_does_not_have_is_no_symbol_to_waive(client: TestClient):
    wanted = body(expectations=["column_values_to_be_between(close)"], symbol="AAPLE")

    answer = post(client, "/runs/bad/waivers", wanted)

    assert answer.status_code == 422
    assert answer.json()["error"] == "this run has no symbol 'AAPLE'; did you mean 'AAPL'?"


def test_a_bar_behind_a_hole_is_accepted_with_the_hole(
    client: TestClient, bars: pd.DataFrame, tmp_path: Path
):
    path = tmp_path / "project" / "gx" / "expectations" / f"{SUITE}.json"
    suite = json.loads(path.read_text())
    suite["expectations"].append({"type": "expect_no_missing_sessions", "kwargs": {}})
    path.write_text(json.dumps(suite))
    symbol, day = bar_of(bars, 5)
    names = ["no_missing_sessions", "column_values_to_be_between(close)"]

    answer = post(
        client,
        "/runs/bad/waivers",
        body(expectations=names, symbol=symbol, only_bar=day, first_date=day),
    )

    assert answer.status_code == 201
    kept = read_waivers(SUITE, tmp_path / "project" / "gx" / "waivers")
    assert {one.expectation: one.bars[0].after for one in kept} == {
        names[0]: bar_of(bars, 4)[1],
        names[1]: None,
    }


def test_the_second_sees_what_the_first_has_accepted(client: TestClient, bars: pd.DataFrame):
    name = failing_names(client)[0]
    wanted = body(expectations=[name], symbol="AAPL")
    (made,) = post(client, "/runs/bad/waivers", wanted).json()

    again = post(client, "/runs/bad/waivers", wanted, "bob")
    assert again.status_code == 422
    assert "ann has accepted this until" in again.json()["error"]
    path = f"/waivers/{SUITE}/{made['id']}/withdraw"
    assert post(client, path, {"reason": ""}, "bob").status_code == 422
    assert post(client, path, {"reason": "it was wrong"}, "bob").status_code == 200
    gone = post(client, path, {"reason": "it was wrong"})
    assert gone.status_code == 422 and "somebody may have withdrawn it" in gone.json()["error"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"expectations": []}, "which expectation"),
        ({"expectations": ["nothing"]}, "has no 'nothing'"),
        ({"reason": " "}, "say why"),
        ({"first_date": "yesterday"}, "first_date"),
        ({"last_date": "2019-01-01"}, "before it begins"),
        ({"symbol": "AAPL", "only_bar": "1999-01-01"}, "no bar of AAPL of 1999-01-01 fails"),
    ],
)
def test_what_cannot_be_meant_is_refused(client: TestClient, given: dict[str, Any], said: str):
    name = failing_names(client)[0]
    refused = post(client, "/runs/bad/waivers", body(**{"expectations": [name], **given}))
    assert refused.status_code == 422
    assert said in refused.json()["error"]


def test_who_may_only_look_is_offered_nothing(client: TestClient):
    client.headers["x-user"] = "vic"
    for place in ("", "/failing", "/failed"):
        assert "Accept …" not in client.get(f"/gate/runs/bad{place}", headers=HTML).text
    assert client.get("/gate/runs/bad/waive", headers=HTML).status_code == 403
    assert post(client, "/runs/bad/waivers", body(), "vic").status_code == 403
    assert post(client, f"/waivers/{SUITE}/0123abcd/withdraw", body(), "vic").status_code == 403
    assert client.get("/gate/waivers/", headers=HTML).status_code == 200


def test_a_change_comes_from_a_page_of_this_site(client: TestClient):
    elsewhere = {**ORIGIN, "origin": "http://elsewhere"}
    refused = client.post("/gate/api/runs/bad/waivers", json=body(), headers=elsewhere)
    assert refused.status_code == 403


def test_a_file_of_waivers_that_cannot_be_read_is_told(client: TestClient, tmp_path: Path):
    folder = tmp_path / "project" / "gx" / "waivers"
    folder.mkdir()
    (folder / f"{SUITE}.json").write_text("{")
    assert "is no JSON" in client.get("/gate/waivers/", headers=HTML).text
