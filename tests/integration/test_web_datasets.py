"""The pages with several datasets: whose run it is, who may see it, and what each needs next."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from dags.pages.sources import Desk
from dags.run.settings import Settings
from dags.staging.layout import DAG_ID, results_name, run_of_results, safe_name
from gx.web.app import create_app
from gx.web.guard import User
from gx.web.suites.pages import suite_routes
from gx.web.suites.trial import Workbench
from tests.staged_runs import daily_bars, judged, outcome, stage_run

COINS = "coins_workflow"
HTML = {"accept": "text/html"}
YAML = "title: Coins\nsource: {table: candles}\ncalendar: 24/7\nsuite: stock_data\n"
USERS = {
    "ann": User("ann", may_write=True),
    "cat": User("cat", True, reads={COINS}, writes={COINS}),
    "vic": User("vic", False, reads={DAG_ID}, writes=()),
}


async def guard(request: Request) -> User | None:
    return USERS.get(request.headers.get("x-user", ""))


@pytest.fixture
def datasets(datasets: Path) -> Path:
    """With coins beside the default one."""
    (datasets / "coins.yml").write_text(YAML)
    return datasets


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "quality" / "data_docs").mkdir(parents=True)
    (tmp_path / "quality" / "data_docs" / "index.html").write_text("index")
    return Settings.of(
        {
            "STAGING_URL": f"file://{tmp_path / 'staging'}",
            "RESULTS_DIR": str(tmp_path / "quality"),
            "MLFLOW_TRACKING_URI": "http://mlflow.test:5500",
        }
    )


@pytest.fixture
def pages(
    datasets: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    bench = Workbench()
    monkeypatch.setattr("gx.web.app.suite_routes", lambda: suite_routes(bench))
    app = create_app(Desk(settings, airflow="/air"), guard, login_url="/login")
    yield TestClient(app, follow_redirects=False, headers={**HTML, "x-user": "ann"})
    bench.close()


@pytest.fixture
def same_id(tmp_path: Path) -> None:
    """Two runs of one id: of shares, which passed, and of coins, whose gate is closed."""
    staging = tmp_path / "staging"
    shares, coins = daily_bars(["AAPL"], 60), daily_bars(["BTC-USD"], 60)
    stage_run(staging, "r", shares, judged(shares, outcome(shares, [])))
    report = judged(coins, outcome(coins, [5]))
    stage_run(staging, "r", coins, report, minutes=1, dag_id=COINS)


def as_user(pages: TestClient, name: str) -> TestClient:
    pages.headers["x-user"] = name
    return pages


def listed(text: str) -> list[str]:
    """The addresses of the runs in the list, newest first."""
    return re.findall(r'<td class="run"><a href="([^"]+)"', text)


@pytest.mark.usefixtures("same_id")
def test_runs_of_one_id_are_each_their_own(pages: TestClient):
    of_shares, of_coins = pages.get("/gate/runs/r").text, pages.get(f"/gate/dags/{COINS}/runs/r")

    assert listed(pages.get("/gate/").text) == [f"/gate/dags/{COINS}/runs/r", "/gate/runs/r"]
    assert "<h1>Passed: 60 bars" in of_shares and "BTC-USD" not in of_shares
    assert "<h1>Gate closed" in of_coins.text and "AAPL" not in of_coins.text
    assert "of <b>coins</b>" in of_coins.text and "of <b>" not in of_shares
    assert f'href="/air/dags/{COINS}/runs/r"' in of_coins.text
    assert f'data-swap="/gate/dags/{COINS}/runs/r/failing"' in of_coins.text
    # The default one may be named as well, which the tab in Airflow does.
    assert "<h1>Passed: 60 bars" in pages.get(f"/gate/dags/{DAG_ID}/runs/r").text


@pytest.mark.usefixtures("same_id")
@pytest.mark.parametrize("part", ["failing", "failing.csv", "failed", "charts?symbol=BTC-USD"])
def test_every_part_of_a_report_is_of_the_datasets_run(pages: TestClient, part: str):
    found = pages.get(f"/gate/dags/{COINS}/runs/r/{part}")

    assert found.status_code == 200
    assert "BTC-USD" in found.text and "AAPL" not in found.text


@pytest.mark.usefixtures("same_id")
def test_a_run_is_compared_with_one_of_its_own_dataset(pages: TestClient, tmp_path: Path):
    bars = daily_bars(["BTC-USD"], 60)
    report = judged(bars, outcome(bars, []))
    stage_run(tmp_path / "staging", "later", bars, report, minutes=2, dag_id=COINS)

    assert "Compared with" not in pages.get(f"/gate/dags/{COINS}/runs/r").text
    assert f'href="/gate/dags/{COINS}/runs/r"' in pages.get(f"/gate/dags/{COINS}/runs/later").text
    changes = pages.get(f"/gate/dags/{COINS}/runs/later/changes")
    assert changes.status_code == 200 and "newly fixed" in changes.text


@pytest.mark.usefixtures("same_id")
def test_a_summary_cannot_say_that_it_is_of_another_workflow(pages: TestClient, tmp_path: Path):
    summary = tmp_path / "staging" / COINS / "r" / "summary.json"
    summary.write_text(summary.read_text().replace(COINS, DAG_ID))

    assert listed(as_user(pages, "vic").get("/gate/").text) == ["/gate/runs/r"]


def test_of_a_workflow_that_is_no_datasets_there_is_no_report(pages: TestClient):
    answer = pages.get("/gate/dags/somebody_elses/runs/r")

    assert answer.status_code == 404
    assert "No dataset has this workflow" in answer.text


@pytest.mark.usefixtures("same_id")
def test_who_may_not_see_a_workflow_sees_none_of_its_runs(pages: TestClient):
    text = as_user(pages, "cat").get("/gate/").text

    assert listed(text) == [f"/gate/dags/{COINS}/runs/r"]
    assert "AAPL" not in text and ">stock_data<" not in text
    for part in ("", "/failing", "/failing.csv", "/failed", "/charts", "/changes", "/evidence"):
        for run in ("/gate/runs/r", f"/gate/dags/{DAG_ID}/runs/r"):
            assert pages.get(run + part).status_code == 403, run + part
    suites = pages.get("/gate/suites/").text
    assert "?dataset=coins" in suites and "?dataset=stock_data" not in suites
    # Its site has the results of all.
    assert pages.get("/gate/docs/").status_code == 403
    assert pages.get("/gate/docs/index.html").status_code == 403
    assert as_user(pages, "ann").get("/gate/docs/index.html").status_code == 200


def test_who_may_not_change_every_dataset_of_a_suite_may_not_change_the_suite(pages: TestClient):
    headers = {"sec-fetch-site": "same-origin", "accept": "application/json"}
    change = {"document": {}, "base_sha256": "0", "reason": "none"}
    answer = as_user(pages, "cat").put("/gate/api/suites/stock_data", json=change, headers=headers)

    assert answer.status_code == 403
    assert "it judges datasets whose workflow cat may not edit" in answer.json()["error"]
    assert "open-save" not in pages.get("/gate/suites/stock_data").text
    assert "open-save" in as_user(pages, "ann").get("/gate/suites/stock_data").text


@pytest.mark.usefixtures("same_id")
def test_each_dataset_has_a_line_and_the_most_urgent_is_first(pages: TestClient, datasets: Path):
    (datasets / "fx.yml").write_text(YAML.replace("24/7", "24/8"))
    (datasets / "gold.yml").write_text(YAML)
    (datasets / "torn.yml").write_text("source: {tabel: x}\nbar: 3 years\n")
    table = pages.get("/gate/").text.partition("</table>")[0]
    lines = re.findall(
        r'<td class="dataset"><a href="/gate/\?dataset=(\w+)".*?(?=</tr>)', table, re.DOTALL
    )
    line = {name: table.split(f"?dataset={name}")[1].split("</tr>")[0] for name in lines}

    assert lines == ["fx", "torn", "coins", "gold", "stock_data"]
    assert "there is no exchange calendar &#39;24/8&#39;" in line["fx"]
    assert "tabel" in line["torn"] and "3 years" in line["torn"]
    assert "gate closed" in line["coins"] and "1.67" in line["coins"]
    assert f'href="/gate/dags/{COINS}/runs/r">Report' in line["coins"]
    assert f'href="/air/dags/{COINS}" data-leave="here">Trigger' in line["coins"]
    assert 'href="/gate/suites/stock_data">Suite' in line["coins"]
    assert "no run yet" in line["gold"] and "Report" not in line["gold"]
    filtered = pages.get("/gate/?dataset=coins").text
    assert listed(filtered) == [f"/gate/dags/{COINS}/runs/r"]
    assert "<option selected>coins</option>" in filtered


@pytest.mark.usefixtures("same_id")
def test_runs_of_a_dataset_whose_file_is_gone_are_listed_and_open(
    pages: TestClient, datasets: Path
):
    (datasets / "coins.yml").rename(datasets / "crypto.yml")
    text = pages.get("/gate/").text

    assert listed(text) == [f"/gate/dags/{COINS}/runs/r", "/gate/runs/r"]
    line = text.partition("</table>")[0].split("?dataset=coins")[1].split("</tr>")[0]
    assert "<code>gx/datasets/coins.yml</code> is gone or renamed" in line
    assert f'href="/gate/dags/{COINS}/runs/r">Report' in line and "Suite" not in line
    assert "<h1>Gate closed" in pages.get(f"/gate/dags/{COINS}/runs/r").text
    for part in ("failing", "failing.csv", "failed", "charts?symbol=BTC-USD", "evidence"):
        assert pages.get(f"/gate/dags/{COINS}/runs/r/{part}").status_code == 200, part
    assert listed(pages.get("/gate/?dataset=coins").text) == [f"/gate/dags/{COINS}/runs/r"]
    assert "?dataset=coins" not in pages.get("/gate/suites/").text
    # Who may not see its workflow sees none of its runs now either.
    assert listed(as_user(pages, "vic").get("/gate/").text) == ["/gate/runs/r"]
    assert pages.get(f"/gate/dags/{COINS}/runs/r").status_code == 403


@pytest.mark.usefixtures("same_id")
def test_one_dataset_alone_needs_no_choice(pages: TestClient, datasets: Path, tmp_path: Path):
    (datasets / "coins.yml").unlink()
    shutil.rmtree(tmp_path / "staging" / COINS)
    text = pages.get("/gate/").text

    assert listed(text) == ["/gate/runs/r"]
    assert "Dataset" not in text
    (datasets / "stock_data.yml").write_text("source: {table: a, query: b}\n")
    assert "name either a table or a query" in pages.get("/gate/").text


@pytest.mark.usefixtures("same_id")
def test_data_docs_of_two_runs_of_one_id_are_told_apart(pages: TestClient, settings: Settings):
    for dag_id in (DAG_ID, COINS):
        name = results_name(dag_id, "r")
        page = settings.results_dir / f"data_docs/validations/stock_data/{name}/2026/x.html"
        page.parent.mkdir(parents=True)
        page.write_text(dag_id)

    to = [
        pages.get(f"/gate{run}/runs/r/docs").headers["location"] for run in ("", f"/dags/{COINS}")
    ]

    assert [pages.get(address.replace("/?page=", "/")).text for address in to] == [DAG_ID, COINS]


@pytest.mark.parametrize("dag_id", [DAG_ID, COINS, f"{'d' * 40}_workflow"])
@pytest.mark.parametrize("run_id", ["r", "coins@r", "manual__2026-01-01T00:00:00+00:00", "x" * 250])
def test_a_name_in_data_docs_fits_a_file_and_tells_its_run(dag_id: str, run_id: str):
    name = results_name(dag_id, run_id)

    assert len(name) <= 255
    assert run_of_results(name) == safe_name(run_id)


def test_what_mlflow_has_is_looked_up_where_the_dataset_keeps_it(
    datasets: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    from dags.pages import copies

    asked = []

    def find_evidence(engine, run_key):
        asked.append((engine, run_key))

    monkeypatch.setattr(copies, "connected", lambda where: nullcontext(where.schema))
    monkeypatch.setattr(copies, "find_evidence", find_evidence)
    for dag_id in (DAG_ID, COINS):
        copies.Copies(settings).check(f"{dag_id}/r")

    assert asked == [(None, f"{DAG_ID}/r"), ("coins", f"{COINS}/r")]


@pytest.mark.usefixtures("same_id")
@pytest.mark.parametrize(
    "part",
    ["", "/failing", "/failing.csv", "/failed", "/charts", "/changes", "/evidence", "/docs"],
)
def test_nobody_sees_a_datasets_run_before_the_login(pages: TestClient, part: str):
    answer = as_user(pages, "").get(f"/gate/dags/{COINS}/runs/r{part}")

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=/gate/dags/")


class _Manager:
    """An auth manager that lets each user see and edit what it is told."""

    def __init__(self, permitted: dict[str, set[str]]) -> None:
        self.permitted = permitted

    def filter_authorized_dag_ids(self, *, dag_ids, user, method, team_name):
        assert team_name == ("traders" if COINS in dag_ids else None)
        return dag_ids & self.permitted[method]

    def is_authorized_connection(self, *, method, user):  # Airflow's
        return bool(self.permitted["PUT"])


@pytest.mark.usefixtures("airflow_environment", "datasets")  # its code imports Airflow
def test_the_rights_are_airflows_on_each_workflow(monkeypatch: pytest.MonkeyPatch):
    from types import SimpleNamespace

    from dags.pages import access

    def rights_of(**permitted: set[str]) -> User:
        monkeypatch.setattr(access, "get_auth_manager", lambda: _Manager(permitted))
        cat: Any = SimpleNamespace(get_name=lambda: "cat")
        return access._with_rights(cat)

    teams = SimpleNamespace(get_dag_id_to_team_name_mapping=lambda ids: {COINS: "traders"})
    monkeypatch.setattr(access, "DagModel", teams)

    reader = rights_of(GET={COINS, "somebody_elses"}, PUT=set())
    assert (reader.name, reader.may_write, reader.reads) == ("cat", False, {COINS})
    writer = rights_of(GET={COINS, DAG_ID}, PUT={COINS})
    assert writer.may_change(COINS) and not writer.may_change(DAG_ID)
    assert writer.may_read(DAG_ID)
    gone = access._with_rights(SimpleNamespace(get_name=lambda: "cat"), ["old_workflow"])  # type: ignore[arg-type]
    assert not gone.may_read("old_workflow")
    monkeypatch.setattr(
        access, "get_auth_manager", lambda: _Manager({"GET": {"old_workflow"}, "PUT": set()})
    )
    gone = access._with_rights(SimpleNamespace(get_name=lambda: "cat"), ["old_workflow"])  # type: ignore[arg-type]
    assert gone.may_read("old_workflow")


@pytest.mark.usefixtures("airflow_environment", "datasets")  # its code imports Airflow
@pytest.mark.parametrize(
    ("deciders", "decides"),
    [((), True), (("ann",), False), (("ann", "cat"), True), (("desk-heads",), True)],
)
def test_who_may_decide_operates_airflow_or_is_named(
    monkeypatch: pytest.MonkeyPatch, deciders: tuple[str, ...], *, decides: bool
):
    from types import SimpleNamespace

    from dags.pages import access

    permitted = {"GET": {COINS, DAG_ID}, "PUT": {COINS}}
    monkeypatch.setattr(access, "get_auth_manager", lambda: _Manager(permitted))
    teams = SimpleNamespace(get_dag_id_to_team_name_mapping=lambda ids: {COINS: "traders"})
    monkeypatch.setattr(access, "DagModel", teams)
    roles = [SimpleNamespace(name="desk-heads")]
    cat: Any = SimpleNamespace(get_name=lambda: "cat", roles=roles)
    found = access._with_rights(cat, deciders=frozenset(deciders))
    assert found.may_decide(COINS) is decides
    assert not found.may_decide(DAG_ID)


@pytest.mark.usefixtures("same_id")
def test_every_page_of_bars_that_are_made_up_says_so(
    pages: TestClient, datasets: Path, tmp_path: Path
):
    (datasets / "coins.yml").write_text(f"made_up: true\n{YAML}")
    summary = tmp_path / "staging" / COINS / "r" / "summary.json"
    summary.write_text(json.dumps({**json.loads(summary.read_text()), "made_up": True}))
    of_one, of_several = "<b>These bars are made up</b>", "<b>The bars of coins are made up</b>"

    for path, said in {
        "/": of_several,
        "/docs/": of_several,
        "/quarantine/": of_several,
        "/suites/stock_data": of_several,
        f"/dags/{COINS}/runs/r": of_one,
        f"/dags/{COINS}/runs/r/repairs": of_one,
        "/symbols/?dataset=coins&symbol=BTC-USD": of_one,
        "/expectations/?dataset=coins": of_one,
    }.items():
        assert pages.get(f"/gate{path}").text.count(said) == 1, path
    for path in ("/runs/r", "/audit/", "/symbols/?dataset=stock_data&symbol=AAPL"):
        assert "made up" not in pages.get(f"/gate{path}").text, path
