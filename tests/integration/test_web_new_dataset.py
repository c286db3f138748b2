"""A new dataset in the browser: what is proposed, judged and written, and who may do it."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from gx import project
from gx.dataset.columns import mapped
from gx.dataset.read import read_dataset
from gx.dataset.trial import new_dataset
from gx.editing.store import SuiteStore
from gx.errors import DatasetError
from gx.web.sources import LookedAt, UnmappedError
from gx.web.suites.trial import Workbench
from tests.suite_desk import client, looked_at, suite_app, suite_sources

TABLE = {"name": "shares", "table": "quotes"}


@pytest.fixture(scope="module")
def workbench():
    bench = Workbench(patience_s=180)  # its process takes long to start where others work too
    yield bench
    bench.close()


@pytest.fixture
def sources(tmp_path: Path):
    return suite_sources(tmp_path)


@pytest.fixture
def app(sources, workbench, monkeypatch):
    return suite_app(sources, workbench, monkeypatch)


@pytest.fixture
def eve(app) -> TestClient:
    return client(app, "eve")


def test_a_table_is_looked_at_and_a_dataset_proposed(eve, sources):
    said = {**TABLE, "connection": "elsewhere", "schema": " feed ", "zone": "", "policy": "fail"}
    found = eve.post("/gate/api/datasets/look", json=said).json()

    asked = {"table": "quotes", "connection": "elsewhere", "schema": "feed", "policy": "fail"}
    assert sources.read == [("shares", {**asked, "columns": {}})]
    assert found["mapped"]["close"] == "c" and found["types"]["vol"] == "bigint"
    assert "  table: quotes" in found["text"] and "policy: fail" in found["text"]
    assert "calendar: XNYS" in found["text"]
    assert (found["bars"], len(found["rows"]), found["tried"]) == (46, 10, None)
    assert found["rows"][0]["date"] == "2025-11-04"
    assert not [one for one in found["suite"] if "range that was seen" in one["description"]]
    assert len(found["suite"]) > 20 and all(one["reason"] for one in found["suite"])


def test_a_sample_is_judged_without_writing_anything(eve):
    before = sorted(project.DATASETS.iterdir())
    found = eve.post("/gate/api/datasets/try", json=TABLE).json()

    assert found["tried"]["rows"] == 46 and found["tried"]["symbols"] == 2
    assert found["tried"]["draft"]["sentence"]
    by_name = eve.post("/gate/api/datasets/try", json={**TABLE, "suite": "stock_data"}).json()
    assert by_name["suite"] == [] and by_name["tried"]["rows"] == 46
    assert sorted(project.DATASETS.iterdir()) == before


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"name": "Shares!"}, "must be of small letters"),
        ({"name": "stock_data"}, "there is a dataset stock_data already"),
        ({"table": " "}, "source.table: name the table"),
        ({"zone": "Mars"}, "source.zone: there is no time zone 'Mars'"),
        ({"calendar": "XNYX"}, "XNYX"),
        ({"schedule": "now"}, "schedule: 'now' is no cron string"),
        ({"publish": "public"}, "publish: 'public' is not a schema"),
        ({"symbols": "A,,B"}, "symbols: symbol '' is empty"),
        ({"suite": "nowhere"}, "there is no suite 'nowhere'"),
    ],
)
def test_what_is_wrong_is_said(eve, said: dict[str, Any], fault: str):
    answer = eve.post("/gate/api/datasets", json={**TABLE, **said})

    assert answer.status_code == 422
    assert fault in " ".join(answer.json()["faults"])


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"columns": {"close": 5}}, "columns must be texts"),
        ({"query": "select 1"}, "unknown field"),
    ],
)
def test_what_the_form_never_sends_is_refused(eve, said: dict[str, Any], fault: str):
    answer = eve.post("/gate/api/datasets", json={**TABLE, **said})

    assert answer.status_code == 400
    assert fault in answer.json()["error"]


def test_of_a_table_that_is_not_understood_the_columns_are_told(eve, sources, monkeypatch):
    def look_at(name, asked):
        raise UnmappedError(DatasetError("quotes: no", ["no close"]), {"x": "text"})

    monkeypatch.setattr(sources, "look_at", look_at)
    answer = eve.post("/gate/api/datasets/look", json=TABLE)

    assert answer.status_code == 422
    assert answer.json() == {"error": "quotes: no", "faults": ["no close"], "types": {"x": "text"}}


@pytest.mark.parametrize("path", ["", "/look", "/try"])
@pytest.mark.parametrize("user", ["ann", "vic"])
def test_only_who_may_add_one_gets_to_it(app, sources, user: str, path: str):
    visitor = client(app, user)

    assert visitor.post(f"/gate/api/datasets{path}", json=TABLE).status_code == 403
    assert visitor.get("/gate/datasets/new").status_code == 403
    assert "New dataset" not in visitor.get("/gate/", headers={"accept": "text/html"}).text
    assert sources.read == []


def test_the_form_is_linked_for_who_may(eve):
    assert 'href="/gate/datasets/new">New dataset' in eve.get("/gate/").text
    form = eve.get("/gate/datasets/new").text
    assert "<option>stock_data</option>" in form and 'name="connection"' in form
    assert 'name="symbols"' in form


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own, with the default dataset alone."""
    import shutil

    for name in ("SUITES", "CHECKPOINTS", "DATASETS"):
        place = getattr(project, name)
        shutil.copytree(place, tmp_path / place.name)
        monkeypatch.setattr(project, name, tmp_path / place.name)
    shutil.copytree(project.PROJECT / "validation_definitions", tmp_path / "validation_definitions")
    return tmp_path


def created(name: str, **asked: Any) -> dict[str, object]:
    given = {"table": "quotes", "columns": {}, **asked}
    return new_dataset(name, given, act="create", **vars(looked_at()))


def test_its_files_are_written_once(installed: Path):
    created("shares", calendar="XNYS")

    dataset = read_dataset("shares")
    assert (dataset.suite, dataset.publish, dataset.source.column("close")) == ("shares",) * 2 + (
        "c",
    )
    for folder in ("expectations", "checkpoints", "validation_definitions"):
        assert (installed / folder / "shares.json").is_file()
    with pytest.raises(DatasetError, match="there is a dataset shares already"):
        created("shares")


def test_its_suite_has_its_author_in_the_history(eve, installed: Path, sources):
    """As suites have that are saved in the editor."""
    given = {"table": "quotes", "columns": {}, "symbols": "NVDA, MSFT"}
    history = installed / "history"
    found = new_dataset(
        "shares", given, act="create", author="eve", history=history, **vars(looked_at())
    )

    (version,) = SuiteStore(project.SUITES, history).versions("shares")
    assert (version.author, version.reason) == ("eve", "Drafted with the dataset shares")
    assert read_dataset("shares").symbols == ("NVDA", "MSFT")
    assert "symbols: the table does not hold MSFT" in found["unsure"]
    with pytest.raises(DatasetError):
        new_dataset(
            "shares", given, act="create", author="ann", history=history, **vars(looked_at())
        )
    assert len(SuiteStore(project.SUITES, history).versions("shares")) == 1


def test_bars_within_the_day_are_judged_by_their_sample(eve, sources, monkeypatch):
    opens = pd.bdate_range("2025-10-01", "2025-10-07") + pd.Timedelta("13:30:00")  # in UTC
    minutes = [pd.date_range(one, periods=78, freq="5min") for one in opens]
    stamps = np.concatenate(minutes).astype("datetime64[us]").astype("int64")
    prices = 100 + np.random.default_rng(1).normal(0, 0.05, len(stamps)).cumsum()
    rows = [
        ("AAPL", stamp, before, max(before, price) + 0.01, min(before, price) - 0.01, price, 900.0)
        for stamp, before, price in zip(
            stamps.tolist(), np.r_[100, prices[:-1]], prices, strict=True
        )
    ]
    types = {
        "symbol": "text",
        "ts": "timestamp with time zone",
        "volume": "bigint",
        **dict.fromkeys(("open", "high", "low", "close"), "double precision"),
    }
    hours = [("AAPL", int(one)) for one in np.unique(stamps // 3_600_000_000)]
    looked = LookedAt(mapped("bars", types), types, ["AAPL"], rows, hours)
    monkeypatch.setattr(sources, "look_at", lambda name, asked: looked)
    found = eve.post("/gate/api/datasets/try", json={**TABLE, "calendar": "XNYS"}).json()

    assert "bar: 5 mins" in found["text"] and "calendar: XNYS" in found["text"]
    assert found["tried"]["rows"] == len(rows) and found["tried"]["draft"]["open"]
    assert [one for one in found["tried"]["outcomes"] if one["status"] == "error"] == []
    assert found["rows"][0]["date"] == "2025-10-07 19:55:00"


@pytest.mark.usefixtures("installed")
def test_one_that_names_a_suite_has_none_drafted():
    created("shares", suite="stock_data")

    assert read_dataset("shares").suite == "stock_data"
    assert not (project.SUITES / "shares.json").exists()
