"""How fast the pages answer: 1,000 stored runs of 30 datasets, a report of 100,000 failing bars.

`python -m tests.bench pages`: every page within 300 ms, the first one included.
"""

import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient

from dags.pages.sources import Desk
from dags.run.datasets import dag_of
from dags.run.settings import Settings
from dags.staging.layout import CHANGES, DAG_ID
from gx import project
from gx.dataset.model import DEFAULT
from gx.dataset.read import dataset_names
from gx.report.changes import compare, to_json
from gx.web.app import create_app
from gx.web.guard import User
from tests.staged_runs import account, daily_bars, judged, outcome, stage_run, write_summary

LIMIT_MS = 300.0
RUNS, DATASETS, FAILING, TRIES = 1_000, 30, 100_000, 5
EXPECTATION = "column_values_to_be_between(close)"
PAGES = {
    "runs": "/gate/",
    "runs of a dataset": "/gate/?dataset=bars07",
    "runs of a symbol": "/gate/?symbol=S042",
    "runs, the last page": "/gate/?page=40",
    "report": "/gate/runs/big",
    "report, sorted": "/gate/runs/big?sort=close&order=desc",
    "report, of a symbol": "/gate/runs/big?symbol=S042",
    "report, last page": "/gate/runs/big?page=2000",
    "rows of an expectation": f"/gate/runs/big/failing?expectation={EXPECTATION}",
    "what failed": "/gate/runs/big/failed",
    "charts": "/gate/runs/big/charts?symbol=S042",
    "changes": "/gate/runs/big/changes",
    "a symbol": "/gate/symbols/?symbol=S042",
}


def main(options: list[str]) -> int:
    """Print milliseconds for each page; 1 when any of them took longer than 300."""
    with tempfile.TemporaryDirectory(prefix="bench-pages-") as folder:
        _prepare(Path(folder))
        client = TestClient(_app(Path(folder)), headers={"accept": "text/html"})
        print(f"{'page':<26}{'first ms':>10}{'median ms':>10}{'kB':>8}   (limit {LIMIT_MS:.0f} ms)")
        missed = [name for name, address in PAGES.items() if not _fits(client, name, address)]
    return 1 if missed else 0


def _prepare(folder: Path) -> None:
    bars = daily_bars([f"S{number:03d}" for number in range(200)], 1_000)
    before = judged(bars, outcome(bars, list(range(50))))
    big = judged(bars, outcome(bars, list(range(0, 2 * FAILING, 2))))
    dag_ids = write_datasets(folder / "datasets")
    for number in range(RUNS - 2):
        name, dag_id = f"run{number:04d}", dag_ids[number % DATASETS]
        place = folder / "staging" / dag_id / name
        write_summary(place, name, before, minutes=number, dag_id=dag_id)
    stage_run(folder / "staging", "before", bars, before, minutes=RUNS)
    restated = bars.assign(close=bars["close"] * 1.001)
    stage_run(folder / "staging", "big", restated, big, minutes=RUNS + 1)
    found = compare(account(before, bars), account(big, restated))
    kept = folder / "staging" / DAG_ID / "big" / CHANGES
    kept.write_text(json.dumps(to_json(found)))


def write_datasets(folder: Path, number_of: int = DATASETS) -> list[str]:
    """Files of 30 datasets, the default one among them; their workflows."""
    folder.mkdir()
    for number in range(number_of - 1):
        text = f"source: {{table: bars{number}}}\nsuite: stock_data\ncalendar: XNYS\n"
        (folder / f"bars{number:02d}.yml").write_text(text)
    shutil.copy(project.DATASETS / f"{DEFAULT}.yml", folder)
    project.DATASETS = folder
    return [dag_of(name) for name in dataset_names()]


def _app(folder: Path) -> Starlette:
    async def anybody(request: Request) -> User:
        return User("bench", may_write=False)

    settings = Settings.of(
        {"STAGING_URL": f"file://{folder / 'staging'}", "RESULTS_DIR": str(folder / "quality")}
    )
    return create_app(Desk(settings), anybody, login_url="/login")


def _fits(client: TestClient, name: str, address: str) -> bool:
    took = []
    for _ in range(TRIES):
        began = time.perf_counter()
        answer = client.get(address)
        took.append(1000 * (time.perf_counter() - began))
        assert answer.status_code == 200, (address, answer.status_code)
    first, median = took[0], statistics.median(took)
    size = len(answer.content) / 1000
    print(f"{name:<26}{first:>10.0f}{median:>10.0f}{size:>8.0f}")
    return median <= LIMIT_MS
