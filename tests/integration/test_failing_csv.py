"""The CSV of failing bars: whole, in order, in little memory, and honest when it breaks off."""

import csv
import gzip
import http.client
import io
import os
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.testclient import TestClient

from dags.pages.sources import Desk, StagedRun
from dags.run.settings import Settings
from dags.staging.layout import FAILING
from gx.web.app import create_app
from gx.web.guard import User
from gx.web.report.failing import SORTABLE, View
from gx.web.report.failing_csv import COLUMNS, INCOMPLETE, to_csv
from tests.staged_runs import daily_bars, judged, outcome, stage_run
from tests.web_server import served

ROWS, GROUP, BLOCK = 100_000, 6_000, 10_000
PATH = "/gate/runs/big/failing.csv"
IDENTITY = "low"  # as a float it is the row
CLOSE, VOLUME = "between(close)", "between(volume)"


def failing_table(rows: int) -> pa.Table:
    """Failing bars of 500 symbols as a run leaves them, without judging any."""
    draw = np.random.default_rng(5)
    close = draw.normal(100, 15, rows).round(2)
    names = np.array([[CLOSE], [VOLUME], [CLOSE, VOLUME]], dtype=object)[np.arange(rows) % 3]
    frame = pd.DataFrame(
        {
            "row": np.arange(rows),
            "symbol": [f"S{n:03d}" for n in draw.integers(0, 500, rows)],
            "date": pd.Timestamp("2001-01-01") + pd.to_timedelta(draw.integers(0, 9000, rows), "D"),
            **dict.fromkeys(("open", "high", "close"), close),
            IDENTITY: np.arange(rows, dtype=float),
            "volume": np.where(draw.random(rows) < 0.1, np.nan, 1e6 + np.arange(rows)),
            "severity": "critical",
            "expectations": names,
            "reasons": [[f"{name} holds. " + 100 * "." for name in found] for found in names],
        }
    )
    return pa.Table.from_pandas(frame, preserve_index=False)


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Parquet file of 100,000 failing bars in groups of 6,000."""
    path = tmp_path_factory.mktemp("big") / FAILING
    pq.write_table(failing_table(ROWS), path, row_group_size=GROUP)
    return path


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several blocks also of the few rows here."""
    monkeypatch.setattr("gx.web.report.failing_csv.SORTED_ROWS", BLOCK)


@pytest.fixture
def kept(tmp_path: Path, big: Path) -> Path:
    """The same in the folder of a run."""
    bars = daily_bars(["AAPL"], 30)
    folder = stage_run(tmp_path / "staging", "big", bars, judged(bars, outcome(bars, [5])))
    (folder / FAILING).write_bytes(big.read_bytes())
    return folder / FAILING


@pytest.fixture
def app(tmp_path: Path):
    async def anybody(request):
        return User("ann", may_write=False)

    results = str(tmp_path / "quality")
    settings = Settings.of(
        {"STAGING_URL": f"file://{tmp_path / 'staging'}", "RESULTS_DIR": results}
    )
    return create_app(Desk(settings), anybody, login_url="/login")


@pytest.fixture
def client(app) -> TestClient:
    return TestClient(app)


@pytest.fixture
def connection(app) -> Iterator[http.client.HTTPConnection]:
    with served(app) as port:
        found = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        with closing(found):
            yield found


def in_parts(path: Path, **view: Any) -> Iterator[str]:
    return to_csv(pq.ParquetFile(path.open("rb")), View(**view))


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"symbol": "S042"},
        {"expectation": VOLUME},
        {"sort": "close"},
        {"sort": "volume", "descending": True},
        {"sort": "date", "symbol": "S042", "expectation": CLOSE},
        {"symbol": "nobody", "sort": "open"},
    ],
    ids=str,
)
def test_it_holds_every_row_as_stored_in_the_order_of_the_page(tmp_path, asked):
    view, path = View(**asked), tmp_path / FAILING
    pq.write_table(failing_table(2 * BLOCK), path, row_group_size=GROUP)
    frame = pq.read_table(path).to_pandas()
    if view.symbol:
        frame = frame[frame["symbol"] == view.symbol]
    if view.expectation:
        frame = frame[[view.expectation in names for names in frame["expectations"]]]
    if view.sort:
        frame = frame.sort_values(
            [view.sort, IDENTITY], ascending=[not view.descending, True], na_position="last"
        )

    header, *rows = csv.reader(io.StringIO("".join(in_parts(path, **asked))))

    assert header == COLUMNS
    frame = frame.assign(
        date=frame["date"].dt.strftime("%Y-%m-%d"),
        **{name: frame[name].map("; ".join) for name in ("expectations", "reasons")},
    )
    expected = [
        ["" if value != value else str(value) for value in row]
        for row in frame[COLUMNS].itertuples(index=False)
    ]
    assert rows == expected


@pytest.mark.parametrize("name", SORTABLE)
def test_page_and_file_sort_alike(client, kept, name):
    pq.write_table(failing_table(120), kept)
    asked = urlencode({"sort": name, "order": "desc", "expectation": VOLUME})
    pages = [
        client.get(
            f"/gate/runs/big/failing?{asked}&page={page}", headers={"accept": "application/json"}
        ).json()["rows"]
        for page in (1, 2)
    ]

    rows = csv.DictReader(io.StringIO(client.get(f"{PATH}?{asked}").text))

    assert [float(row["low"]) for row in rows] == [row["row"] for page in pages for row in page]


class Counted(io.BytesIO):
    """A file that knows how much of it was read."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(size)
        self.taken += len(content)
        return content


def test_the_first_rows_come_before_the_rest_is_read(big):
    source = Counted(big.read_bytes())
    lines = to_csv(pq.ParquetFile(source), View())

    assert next(lines) == ",".join(COLUMNS) + "\r\n"
    assert next(lines).count("\n") == 5_000

    assert 0 < source.taken < big.stat().st_size / 5
    assert sum(part.count("\n") for part in lines) == ROWS - 5_000


@pytest.mark.parametrize("sort", ["", "close"])
def test_memory_does_not_grow_with_the_file(big, sort):
    whole = pq.read_table(big)
    per_row = whole.nbytes / ROWS
    del whole
    before, most = pa.total_allocated_bytes(), 0
    for _ in in_parts(big, sort=sort):
        most = max(most, pa.total_allocated_bytes() - before)

    # A group of the file; sorted, a block and its copy, and the keys of every row.
    room = 4 * GROUP * per_row + (2 * BLOCK * per_row + 30 * ROWS if sort else 0)
    assert most < room


def test_the_text_is_never_whole_in_memory(big):
    tracemalloc.start()
    written = sum(map(len, in_parts(big)))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < written / 2


def test_a_file_of_one_huge_group_is_read_in_parts_too(tmp_path):
    path = tmp_path / FAILING
    table = failing_table(ROWS)
    pq.write_table(table, path, row_group_size=ROWS)
    size = table.nbytes
    del table
    before, most = pa.total_allocated_bytes(), 0
    for _ in in_parts(path):
        most = max(most, pa.total_allocated_bytes() - before)

    assert most < size / 2


def test_a_text_that_a_spreadsheet_would_run_is_quoted_and_a_number_never(client, kept):
    run = ["=1+1", "+1", "-1", "@A", "\tx", "\rx", "\nx", " =1", "＝1"]
    texts = [*run, "AAPL", 'a"b,c', "x=1", "Ünï", ""]
    table = failing_table(len(texts))
    for name in ("symbol", "severity"):
        table = table.set_column(table.column_names.index(name), name, pa.array(texts))
    for name in ("expectations", "reasons"):
        lists = pa.array([[text, "b"] for text in texts])
        table = table.set_column(table.column_names.index(name), name, lists)
    numbers = pa.array([-1.5, float("inf"), float("-inf"), float("nan"), None, 1e300, -0.0] * 2)
    table = table.set_column(table.column_names.index("open"), "open", numbers)
    pq.write_table(table, kept)

    answer = client.get(PATH)

    rows = list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))
    quoted = [*(f"'{text}" for text in run), *texts[len(run) :]]
    assert [row["symbol"] for row in rows] == [row["severity"] for row in rows] == quoted
    assert [row["reasons"] for row in rows] == [f"{text}; b" for text in quoted]
    assert [row["open"] for row in rows[:7]] == ["-1.5", "inf", "-inf", "", "", "1e+300", "-0.0"]


def test_it_is_a_file_to_keep_that_no_cache_keeps(client, kept):
    pq.write_table(failing_table(1), kept)

    headers = client.get(PATH).headers

    assert headers["content-type"] == "text/csv; charset=utf-8"
    assert headers["content-disposition"] == 'attachment; filename="failing_big.csv"'
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


def test_head_gets_the_headers_and_reads_no_row(connection, kept, monkeypatch):
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", None)

    connection.request("HEAD", PATH)
    answer = connection.getresponse()

    assert answer.status == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="failing_big.csv"'
    assert answer.read() == b""
    assert is_closed(kept)


@pytest.mark.parametrize("kind", ["empty", "no verdict"])
@pytest.mark.parametrize("query", ["", f"?sort=close&symbol=A&expectation={quote(CLOSE)}"])
def test_without_failing_bars_it_is_a_header(client, kept, kind, query):
    if kind == "empty":
        bars = daily_bars(["AAPL"], 3)
        nothing = judged(bars, outcome(bars, [])).failing
        pq.write_table(pa.Table.from_pandas(nothing, preserve_index=False), kept)
    else:
        for name in ("report.json", FAILING):
            (kept.parent / name).unlink()

    assert client.get(PATH + query).text == ",".join(COLUMNS) + "\r\n"
    assert client.get(f"/gate/runs/big/failing{query}").status_code == 200


def test_a_file_that_is_gone_or_damaged_is_told_before_anything_is_sent(client, kept):
    for page in ("failing.csv", "failing", "failed", "charts", ""):
        kept.write_bytes(b"PAR1 this is none")
        assert client.get(f"/gate/runs/big/{page}".rstrip("/")).status_code == 503, page
        kept.unlink()
        assert client.get(f"/gate/runs/big/{page}".rstrip("/")).status_code == 404, page


def test_a_file_that_is_removed_meanwhile_still_comes_whole(connection, kept):
    connection.request("GET", f"{PATH}?sort=close")
    answer = connection.getresponse()
    first = answer.read(1000)
    kept.unlink()
    pq.write_table(failing_table(10), kept)  # the run is judged again

    assert (first + answer.read()).count(b"\r\n") == ROWS + 1


def test_a_file_that_is_cut_meanwhile_breaks_the_download_off(connection, kept):
    connection.request("GET", PATH)
    answer = connection.getresponse()
    answer.read(1000)
    os.truncate(kept, kept.stat().st_size // 2)

    with pytest.raises(http.client.IncompleteRead) as broken:
        answer.read()
    assert broken.value.partial.decode().endswith(f"{INCOMPLETE}\r\n")


def test_below_airflows_middlewares_it_says_that_it_is_not_complete(app, kept):
    async def passing(request, call_next):  # as Airflow's refresh of tokens is made
        return await call_next(request)

    app.add_middleware(BaseHTTPMiddleware, dispatch=passing)
    app.add_middleware(GZipMiddleware)
    with served(app) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", PATH, headers={"accept-encoding": "gzip"})
        answer = connection.getresponse()
        begun = answer.read(1000)
        os.truncate(kept, kept.stat().st_size // 2)
        whole = begun + answer.read()
        connection.close()

    assert gzip.decompress(whole).decode().endswith(f"{INCOMPLETE}\r\n")


def test_whoever_leaves_takes_the_open_file_along(connection, kept):
    connection.request("GET", PATH)
    answer = connection.getresponse()
    answer.read(1000)
    assert open_files(kept) == 1

    answer.close()
    connection.close()

    assert is_closed(kept)


def test_others_are_answered_while_a_slow_store_is_read(connection, kept, monkeypatch):
    asked, go = threading.Event(), threading.Event()
    content = kept.read_bytes()

    class Slow(Counted):
        def read(self, size: int | None = -1) -> bytes:
            if self.taken > 500_000:  # the footer, and the first group
                asked.set()
                go.wait(20)
            return super().read(size)

    monkeypatch.setattr(StagedRun, "open_failing", lambda run: Slow(content))
    connection.request("GET", PATH)
    answer = connection.getresponse()
    assert asked.wait(10)

    other = http.client.HTTPConnection(connection.host, connection.port, timeout=5)
    other.request("GET", "/gate/", headers={"accept": "text/html"})
    assert other.getresponse().status == 200
    other.close()
    go.set()
    assert answer.read().count(b"\r\n") == ROWS + 1


def open_files(path: Path) -> int:
    """How often this process has the file open."""
    links = Path("/proc/self/fd").iterdir()
    return sum(os.path.realpath(link) == str(path.resolve()) for link in links)


def is_closed(path: Path) -> bool:
    """Whether this process closes the file within some seconds."""
    deadline = time.monotonic() + 10
    while open_files(path) and time.monotonic() < deadline:
        time.sleep(0.02)
    return open_files(path) == 0
