"""The suite pages on a folder of their own: sources, users, and clients who are logged in."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
from starlette.applications import Starlette
from starlette.testclient import TestClient

from gx.dataset.columns import mapped
from gx.dataset.read import parse_dataset
from gx.project import SUITES
from gx.report.standing import standing, verdict_of
from gx.terms import BAR_COLUMNS
from gx.web.app import create_app
from gx.web.guard import User
from gx.web.sources import ListedDataset, LookedAt
from gx.web.suites.pages import suite_routes
from gx.web.suites.trial import Workbench
from gx.web.summary import Comment, RunSummary

ROOT = Path(__file__).parents[1]
USERS = {
    "ann": User("ann", True),
    "eve": User("eve", True, may_add=True),
    "bob": User("bob", True),
    "vic": User("vic", False),
}
NAME = "stock_data"
DATASET = ListedDataset("stock_data", "d", parse_dataset("stock_data", "source: {table: bars}"))
HOSTILE = '</script><script>alert("1")</script>'


def sample_bars() -> pd.DataFrame:
    bars = pd.read_csv(ROOT / "sql/sample/stock_data.csv", parse_dates=["date"])
    return bars.assign(created_at=pd.Timestamp("2025-11-05"))


@dataclass
class KeptRun:
    summary: RunSummary
    steps: Mapping[str, Any] = field(default_factory=dict)
    report: None = None

    def lookback(self, symbols=None):
        return None

    def actions(self, symbols=None):
        return None

    def bars(self, symbols=None):
        return sample_bars() if self.summary.run_id == "kept" else None


@dataclass
class FakeSources:
    suites: Path
    history: Path
    data_docs: Path
    known: tuple[RunSummary, ...] = ()
    listed: tuple[ListedDataset, ...] = (DATASET,)
    read: list[Any] = field(default_factory=list)
    default_dag: str = DATASET.dag_id

    @property
    def held(self):
        raise AssertionError("no page of suites asks for held bars")

    @property
    def repairs(self):
        raise AssertionError("no page of suites asks for repairs")

    @property
    def waivers(self):
        return self.history.with_name("waivers")

    def datasets(self):
        return self.listed

    def runs(self):
        return tuple(replace(run, path=f"/runs/{quote(run.run_id)}") for run in self.known)

    def run(self, run_id, dag_id):
        named = (run for run in self.known if (run.run_id, run.dag_id) == (run_id, dag_id))
        return next(map(KeptRun, named), None)

    def add_comment(self, run: RunSummary, comment: Comment) -> None:
        raise OSError("these runs are not on any disk")

    def fresh_bars(self, dataset, symbols, start, end):
        self.read.append(dataset)
        bars = sample_bars()
        chosen = bars[bars["symbol"].isin(symbols)]
        if chosen.empty:
            raise ValueError("no bars of these symbols")
        return chosen

    def verdict(self, dataset, as_of, symbols):
        known = {"TSLA": standing("TSLA", due=as_of, session=date(2025, 11, 4), run_id="kept")}
        asked = symbols or list(known)
        found = [known.get(one, standing(one, due=as_of)) for one in asked]
        return verdict_of(dataset, found, as_of)

    def look_at(self, name, asked):
        self.read.append((name, asked))
        return looked_at()

    def symbols(self, dataset):
        if dataset != DATASET.name:
            return ["BTC-USD"]
        return ["NVDA", "TSLA", HOSTILE]


def looked_at() -> LookedAt:
    """A table with other names than a bar's, of the sample's bars."""
    types = {"sym": "text", "day": "date", **dict.fromkeys("ohlc", "numeric"), "vol": "bigint"}
    bars = sample_bars()
    stamps = bars["date"].astype("datetime64[us]").astype("int64")
    columns = [bars["symbol"], stamps, *(bars[one] for one in BAR_COLUMNS[2:])]
    rows = [tuple(row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    return LookedAt(mapped("bars", types), types, ["NVDA", "TSLA"], rows, None)


def suite_sources(folder: Path) -> FakeSources:
    """Sources with the committed suite, below ``folder``."""
    (folder / "suites").mkdir()
    shutil.copy(SUITES / f"{NAME}.json", folder / "suites")
    return FakeSources(folder / "suites", folder / "history", folder / "docs")


def suite_app(sources: FakeSources, workbench: Workbench, monkeypatch) -> Starlette:
    async def guard(request):
        return USERS.get(request.headers.get("x-user", ""))

    monkeypatch.setattr("gx.web.app.suite_routes", lambda: suite_routes(workbench))
    return create_app(sources, guard, login_url="/login")


def client(app, user: str = "ann") -> TestClient:
    headers = {"x-user": user, "sec-fetch-site": "same-origin", "accept": "application/json"}
    return TestClient(app, base_url="http://desk", headers=headers, follow_redirects=False)
