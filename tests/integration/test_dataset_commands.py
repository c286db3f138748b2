"""`gate dataset add`, `check` and `list`, up to the run of what was added.

The table is somebody else's, in another database, and may be read and nothing else.
"""

import importlib
import io
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from exchange_calendars import get_calendar

from dags.local import datasets
from dags.local.cli import main
from dags.local.services import Services
from gx import project
from sql import embedded
from tests.checkout import copy_of_checkout
from tests.databases import administer
from tests.workflow import Database, Workflow

FOLDERS = ("datasets", "expectations", "checkpoints", "validation_definitions")
DAY = "2025-10-31"
LAST = pd.Timestamp(DAY)


@pytest.fixture(scope="module")
def checkout() -> Iterator[Path]:
    # Not pytest's own folder: as root PostgreSQL runs as another user, who may not enter that.
    folder = Path(tempfile.mkdtemp(prefix="datasets-"))
    folder.chmod(0o755)
    root = copy_of_checkout(folder / "desk")
    subprocess.run(["make", ".venv/bin/gate"], cwd=root, check=True, capture_output=True)
    yield root
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def feed(postgres_server: embedded.EmbeddedServer) -> Iterator[Database]:
    """A vendor's database, of which a reader may select from what it is shown."""
    administer(postgres_server, "create database vendor")
    administer(postgres_server, "create role onlooker login")
    owner = Database(postgres_server.settings("vendor"))
    owner.execute(
        "create schema feed",
        "grant usage on schema feed to onlooker",
        "alter default privileges in schema feed grant select on tables to onlooker",
        'create table feed."Candles" (pair text, ts timestamptz, o numeric, h numeric, l numeric, '
        'c numeric, "Vol%" numeric, trades int, note text, inserted_at timestamptz default now())',
        "create table feed.world (ticker text not null, trade_date date not null, open float8, "
        "high float8, low float8, close float8, volume bigint, primary key (ticker, trade_date))",
    )
    owner.execute(
        "create table feed.shut (symbol text, date date)",
        "revoke select on feed.shut from onlooker",
    )
    days = pd.date_range("2025-03-01", LAST, tz="UTC")
    for seed, (pair, price) in enumerate((("BTC-USD", 61_000.0), ("PEPE-USD", 0.00000871))):
        owner.execute(*inserts('feed."Candles"', pair, days, price, seed))
    for seed, (symbol, calendar) in enumerate(
        (("AAPL", "XNYS"), ("MSFT", "XNYS"), ("NVDA", "XNYS"), ("VOD.L", "XLON"), ("BP.L", "XLON"))
    ):
        sessions = get_calendar(calendar, start="2024-01-01").sessions_in_range("2025-03-03", LAST)
        owner.execute(*inserts("feed.world", symbol, sessions, 100.0, seed))
    yield owner
    administer(postgres_server, "drop database vendor with (force)")
    administer(postgres_server, "drop role onlooker")


def inserts(
    table: str, symbol: str, days: pd.DatetimeIndex, price: float, seed: int
) -> Iterator[str]:
    """A random walk's bars, a statement each."""
    random = np.random.default_rng(seed)
    closes = price * np.exp(np.cumsum(random.normal(0, 0.01, len(days))))
    opens = np.r_[price, closes[:-1]]
    for day, open_, close in zip(days, opens, closes, strict=True):
        high, low = max(open_, close) * 1.004, min(open_, close) * 0.996
        prices = ", ".join(f"{one:.12f}" for one in (open_, high, low, close))
        volume = int(random.integers(900_000, 1_100_000))
        yield f"insert into {table} values ('{symbol}', '{day}', {prices}, {volume})"


@pytest.fixture
def connection(feed: Database, monkeypatch: pytest.MonkeyPatch) -> str:
    where = feed.settings
    found = f"postgres://onlooker@{where.host.replace('/', '%2F')}:{where.port}/vendor"
    monkeypatch.setenv("AIRFLOW_CONN_VENDOR", found)
    return found


class Desk:
    """The command `gate` on a copy of the Great Expectations project."""

    def __init__(self, project: Path, var: Path, told: pytest.CaptureFixture[str]) -> None:
        self.project, self.var, self.told = project, var, told

    def gate(self, *arguments: str, status: int = 0) -> str:
        """Run a command, and return what it says."""
        ended = main(["--var", str(self.var), *arguments])
        said = "".join(self.told.readouterr())
        assert ended == status, said
        assert "Traceback" not in said
        return said

    def files(self) -> set[str]:
        """What the commands may write, by name."""
        found = (path for one in FOLDERS for path in (self.project / one).iterdir())
        return {path.relative_to(self.project).as_posix() for path in found}


@pytest.fixture
def desk(
    workflow: Workflow,
    airflow_services: Services,
    connection: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Desk:
    for name in FOLDERS:
        shutil.copytree(project.PROJECT / name, tmp_path / "gx" / name)
    for name, folder in zip(("DATASETS", "SUITES", "CHECKPOINTS"), FOLDERS, strict=False):
        monkeypatch.setattr(project, name, tmp_path / "gx" / folder)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    # Great Expectations logs when it is imported, to a stream that an earlier test has closed.
    importlib.import_module("great_expectations")
    capsys.readouterr()
    return Desk(tmp_path / "gx", airflow_services.var, capsys)


CANDLES = ("--table", "feed.Candles", "--connection", "vendor", "--columns", "volume=Vol%")
WORLD = ("--table", "feed.world", "--connection", "vendor")


def test_a_table_is_added_checked_and_run(checkout: Path, connection: str):
    """Each command is a process, in a checkout that it may write to."""

    def gate(*arguments: str) -> str:
        ended = subprocess.run(
            [checkout / ".venv/bin/gate", *arguments],
            env={**os.environ, "TERM": "dumb", "COLUMNS": "160"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    said = gate("dataset", "add", "coins", *CANDLES, "--policy", "quarantine", "--yes")
    for folder, ending in zip(FOLDERS, ("yml", "json", "json", "json"), strict=True):
        assert (checkout / "gx" / folder / f"coins.{ending}").is_file()
    assert "# the moments are midnights in UTC" in said
    assert "calendar: 24/7" in said
    assert "created_at: inserted_at" in said
    checked = gate("dataset", "check", "coins")
    assert "2025-10-31 00:00:00  2025-10-31" in checked
    assert "490 bars of 2 symbols, 2025-03-01 to 2025-10-31" in checked
    assert "no unique key on symbol and date" in checked
    assert "no index begins with pair or ts" in checked
    ran = gate("run", "--dataset", "coins", "--end", "2025-10-31")
    assert "490 bars (490 new, 0 changed, 0 removed)" in ran


def test_a_table_of_several_exchanges_has_calendars_by_pattern(desk: Desk):
    said = desk.gate("dataset", "add", "world", *WORLD, "--yes")

    assert "calendar: XNYS" in said
    assert '"*.L": XLON' in said
    checked = desk.gate("dataset", "check", "world")
    assert "no unique key" not in checked
    assert "no column created_at" in checked
    listed = desk.gate("dataset", "list")
    assert "vendor: feed.world" in listed


def test_nothing_is_written_without_a_word(desk: Desk):
    before = desk.files()

    said = desk.gate("dataset", "add", "other", *WORLD, status=2)
    assert "nothing is written: say --yes, or answer on a terminal" in said
    assert "source:" in said
    assert "Nothing is written" in desk.gate("dataset", "add", "other", *WORLD, "--dry-run")
    assert desk.files() == before


def test_nothing_is_written_over(desk: Desk):
    before = desk.files()
    assert "there is a dataset stock_data already" in desk.gate(
        "dataset", "add", "stock_data", *WORLD, "--yes", status=2
    )
    theirs = desk.project / "expectations" / "theirs.json"
    theirs.write_text("{}")
    said = desk.gate("dataset", "add", "theirs", *WORLD, "--yes", status=2)
    assert "say --suite theirs" in said
    theirs.unlink()
    checkpoint = desk.project / "checkpoints" / "theirs.json"
    checkpoint.write_text("{}")
    said = desk.gate("dataset", "add", "theirs", *WORLD, "--yes", status=2)
    assert "theirs.json is there already; nothing was written" in said
    checkpoint.unlink()
    assert desk.files() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("x", "--table", "feed.Candles"), "cannot be read in database"),
        (
            ("x", "--table", "feed.candles", "--connection", "vendor"),
            "relation \"feed.candles\" does not exist (did you mean 'Candles'?)",
        ),
        (("x", "--table", "feed.shut", "--connection", "vendor"), "permission denied for table"),
        (("x", "--table", "feed.world", "--connection", "nowhere"), "AIRFLOW_CONN_NOWHERE"),
        (("X", *WORLD), "small letters"),
        (("x", *WORLD, "--query", "select 1"), "either --table"),
        (("x",), "either --table"),
        (("x", *WORLD, "--columns", "close"), "is no MEANING=COLUMN"),
        (("x", *WORLD, "--columns", "close=clos"), "did you mean 'close'?"),
        (("x", *WORLD, "--calendar", "XNYX"), "did you mean 'XNYS'?"),
        (("x", *WORLD, "--zone", "Mars/Base"), "there is no time zone"),
        (("x", *WORLD, "--suite", "nothing"), "there is no suite 'nothing'"),
        (("x", *WORLD, "--publish", "a.B"), "small letters"),
        (("x", *WORLD, "--symbols", "AAPL,,VOD.L"), "symbols: symbol '' is empty"),
        (("x", "--table", "feed.Candles", "--connection", "vendor"), "its volume: say --columns"),
        (
            ("x", "--query", "select 1 as symbol; drop table x", "--connection", "vendor"),
            "cannot be read",
        ),
    ],
)
def test_what_cannot_be_added_says_what_to_do(desk: Desk, arguments: tuple[str, ...], said: str):
    before = desk.files()
    assert said in desk.gate("dataset", "add", *arguments, "--yes", status=2)
    assert desk.files() == before


FAULTY = """
source:
  connection: vendor
  schema: feed
  table: world
  columns: {symbol: tickr, date: trade_date, close: ticker, volume: vol}
calendar: XNYX
suite: nothing
"""


def test_every_fault_is_told_at_once(desk: Desk):
    path = desk.project / "datasets" / "faulty.yml"
    path.write_text(FAULTY)
    said = desk.gate("dataset", "check", "faulty", status=2)
    path.write_text(FAULTY.replace("calendar: XNYX", "calender: XNYS").replace("suite", "suit"))
    broken = desk.gate("dataset", "check", "faulty", status=2)
    listed = desk.gate("dataset", "list")
    documents = json.loads(desk.gate("dataset", "list", "--json"))
    path.unlink()

    for fault in ("did you mean 'XNYS'?", "no suite 'nothing'", "'tickr' for symbol (did you mean"):
        assert fault in said
    assert "did you mean 'calendar'?" in broken
    assert "did you mean 'suite'?" in broken
    assert "faulty cannot be used:" in listed
    assert [one["name"] for one in documents if one["faults"]] == ["faulty"]


def test_rows_that_are_no_bars_are_told(desk: Desk, feed: Database):
    feed.execute(
        "create table feed.odd (symbol text, date date, open float8, high float8, low float8, "
        "close float8, volume bigint)",
        "insert into feed.odd values ('A', '2025-10-30', 1, 1, 1, 1, 1), (' B', null, 1, 1, 1, 1, "
        "1), (null, '2025-10-30', 1, 1, 1, 1, 1)",
    )
    path = desk.project / "datasets" / "odd.yml"
    path.write_text("source: {connection: vendor, schema: feed, table: odd}\nsuite: stock_data\n")
    said = desk.gate("dataset", "check", "odd", status=2)
    path.unlink()

    assert "1 rows of feed.odd have no date" in said
    assert "1 rows of feed.odd have no symbol" in said
    assert "' B' has a space at its beginning or end" in said


def test_rows_without_an_end_and_rows_that_are_hidden_are_told(desk: Desk, feed: Database):
    feed.execute(
        "create table feed.endless (symbol text, day date, px float8, volume bigint)",
        "insert into feed.endless values ('A', '2025-10-30', 1, 1), ('A', 'infinity', 1, 1)",
        "alter table feed.endless enable row level security",
        "create policy few on feed.endless using (px > 0)",
    )
    path = desk.project / "datasets" / "endless.yml"
    prices = ", ".join(f"{one}: px" for one in ("open", "high", "low", "close"))
    path.write_text(
        "source: {connection: vendor, schema: feed, table: endless, columns: {date: day, "
        f"{prices}}}}}\nsuite: stock_data\n"
    )
    said = desk.gate("dataset", "check", "endless", status=2)
    path.unlink()

    assert "2 bars of 1 symbols, 2025-10-30 to 2025-10-30" in said
    assert "1 rows of feed.endless are of no day: their date is infinity" in said
    assert "note: row security policies of feed.endless may hide rows" in said
    assert "note: open, high, low, close are all read from the column 'px'" in said


def test_days_that_are_texts_are_looked_through(desk: Desk, feed: Database):
    feed.execute(
        "create table feed.texts as select symbol, date::text, price from (values ('A', "
        "'2025-10-30'::date, '1.5'), ('A', '2025-10-31', '2.5')) as t (symbol, date, price)"
    )
    path = desk.project / "datasets" / "texts.yml"
    prices = ", ".join(f"{one}: price" for one in ("open", "high", "low", "close", "volume"))
    path.write_text(
        "source: {connection: vendor, schema: feed, table: texts, columns: "
        f"{{{prices}}}}}\nsuite: stock_data\n"
    )
    said = desk.gate("dataset", "check", "texts")
    feed.execute("update feed.texts set price = '1.2345678901234567' where price = '2.5'")
    long = desk.gate("dataset", "check", "texts")
    feed.execute("update feed.texts set price = '1e400'")
    refused = desk.gate("dataset", "check", "texts", status=2)
    feed.execute("update feed.texts set price = repeat('9', 999)")
    brief = desk.gate("dataset", "check", "texts", status=2)
    path.unlink()

    assert "2 bars of 1 symbols, 2025-10-30 to 2025-10-31" in said
    assert "digits" not in said
    assert "note: open has more digits in its newest rows (1.2345678901234567) than" in long
    assert '"1e400" is out of range for type double precision' in refused
    assert " … " in brief and len(brief) < 500


def test_the_gates_own_table_is_sound(desk: Desk, sample: Database):
    said = desk.gate("dataset", "check", "stock_data")
    assert "46 bars of 2 symbols, 2025-10-05 to 2025-11-04" in said
    assert "stock_data is sound: gate run" in said
    assert "Indicators" not in said
    with (desk.project / "datasets" / "stock_data.yml").open("a") as file:
        file.write("indicators: [macd, rsi_14]\n")
    said = desk.gate("dataset", "check", "stock_data")
    assert "Indicators: macd, macd_signal, macd_histogram, rsi_14; a run looks back to the" in said
    assert "last 793 published bars" in said


def test_the_types_of_prices_are_told_also_where_one_symbol_is_said(desk: Desk, feed: Database):
    feed.execute(
        "create table feed.flags (date date, open float8, high float8, low float8, close boolean, "
        "volume bigint)",
    )
    path = desk.project / "datasets" / "flags.yml"
    path.write_text(
        "source: {connection: vendor, schema: feed, table: flags, symbol: SPX}\nsuite: stock_data\n"
        "publish: flags\n"
    )
    said = desk.gate("dataset", "check", "flags", status=2)
    path.unlink()

    assert "column 'close' is boolean" in said


def test_a_table_that_answers_too_slowly_is_said_to(
    desk: Desk, feed: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(datasets, "PATIENCE_S", 1)
    feed.execute(
        "create view feed.slow as select * from feed.world where pg_sleep(0.05) is not null",
        "grant select on feed.slow to onlooker",
    )
    path = desk.project / "datasets" / "slow.yml"
    path.write_text(
        "source: {connection: vendor, schema: feed, table: slow, columns: {symbol: ticker, date: "
        "trade_date}}\nsuite: stock_data\npublish: s\n"
    )
    checked = desk.gate("dataset", "check", "slow", status=2)
    added = desk.gate("dataset", "add", "slower", *WORLD[2:], "--table", "feed.slow", status=2)
    path.unlink()

    for said in (checked, added):
        assert "answers too slowly to be looked through: an index" in said


def test_files_are_loaded_into_and_judged_as_a_dataset(
    desk: Desk, sample: Database, tmp_path: Path
):
    """One whose table is the gate's own, in another schema."""
    path = desk.project / "datasets" / "shelf.yml"
    path.write_text(
        "source: {schema: shelf, table: stock_data}\ncalendar: 24/7\nsymbols: '*'\n"
        "suite: stock_data\npublish: shelf_published\n"
    )
    bars = tmp_path / "coins.csv"
    days = pd.date_range("2025-08-01", LAST)
    lines = [
        f"BTC-USD,{day:%Y-%m-%d},10,11,9,{10 + at % 2},{at + 1}" for at, day in enumerate(days)
    ]
    bars.write_text("\n".join(["symbol,date,open,high,low,close,volume", *lines]))
    try:
        loaded = desk.gate("load", str(bars), "--dataset", "shelf")
        suites = ("--suites", str(tmp_path))
        drafted = desk.gate(
            "suggest", "--name", "drafted", "--from-table", "--dataset", "shelf", *suites
        )
        # By its own calendar every day is a session; by the suite's the weekends are none.
        judged = desk.gate("check", str(bars), "--dataset", "shelf", "--as-of", DAY)
        as_shares = desk.gate("check", str(bars), "--as-of", DAY)
    finally:
        path.unlink()
        sample.execute("drop schema shelf cascade")

    assert f"{len(days)} bars" in loaded
    assert "24/7" in drafted
    closed = "Every bar is on a day on which the exchange traded."
    assert "Passed" in judged and closed not in judged
    assert closed in as_shares
