"""`make run` and `make load`, as a person starts them: a process each, with a var/ of its own.

The first run, a refused file and what is started from another checkout start cold; the others are
forked by an interpreter that has imported what they import.
"""

import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dags.local.services import services
from dags.run.settings import ROOT, Settings
from sql import embedded
from tests.warm.interpreter import warm_interpreter
from tests.workflow import Database

Command = Callable[..., subprocess.CompletedProcess[str]]
HEADER = "Date,Close,Open,High,Low,Volume,Ticker\n"
GOOD = HEADER + "2025-10-06,10.5,10,11,9.5,1000,ACME\n2025-10-07,10.7,10.5,11,10.2,1100,ACME\n"
CLOSED = HEADER + "2025-10-06,10.5,10,9,9.5,1000,BAD\n2025-10-07,10.7,10.5,11,10.2,1100,BAD\n"
TORN = HEADER + "2025-10-06,10.5,10,11,9.5,1000,TORN\n2025-10-07,ten,10.5,11,10.2,1100,TORN\n"


@pytest.fixture(scope="module")
def var() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="local-run-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def first(var: Path) -> subprocess.CompletedProcess[str]:
    """The first run in an empty var/."""
    return completed(start(var, "run"))


@pytest.fixture(scope="module")
def python(var: Path, first: subprocess.CompletedProcess[str]) -> Iterator[str]:
    """A warm interpreter for commands on ``var``."""
    with services(var, outside()) as found:
        environment = found.environment
    with (
        tempfile.TemporaryDirectory() as place,
        warm_interpreter(Path(place), environment) as program,
    ):
        yield program


@pytest.fixture(scope="module")
def local(python: str) -> Command:
    """Run a command, warm."""
    return lambda *words, **options: completed(start(*words, python=python, **options))


@pytest.fixture
def bars(var: Path, first: subprocess.CompletedProcess[str]) -> Iterator[Database]:
    """The embedded database, for as long as the test looks at it."""
    with embedded.start(var / "postgres") as server:
        yield Database(server.settings("bars"))


def test_the_first_run_ends_with_a_summary(first: subprocess.CompletedProcess[str]):
    assert first.returncode == 0, first.stdout + first.stderr
    assert first.stderr == ""
    summary = first.stdout
    assert "46 (NVDA 23, TSLA 23), 2025-10-05 to 2025-11-04" in summary
    assert "failed: 0 critical" in summary
    assert "46 bars (46 new, 0 changed, 0 removed)" in summary
    assert re.search(r"MLflow run +[0-9a-f]{32}\n", summary)
    for name in ("Report", "Data Docs", "Log"):
        assert Path(re.search(rf"{name} +(/.+)\n", summary)[1]).is_file()
    assert re.search(r"Seconds +extract [\d.]+, validate [\d.]+, transform", summary)
    assert "Warning" not in summary


def test_of_two_runs_at_once_the_newer_publishes_and_the_older_does_or_says_why_not(
    python: str, var: Path, bars: Database
):
    together = [start(var, "run", python=python) for _ in range(2)]
    ended = [(*process.communicate(timeout=240), process.returncode) for process in together]

    assert 0 in [status for _, _, status in ended]
    for out, err, status in ended:
        published = status == 0 and "46 bars (0 new, 0 changed, 0 removed)" in out
        assert published or (status == 2 and "46 of 46 bars are superseded: run manual__" in out), (
            out + err
        )
    assert bars.one("select count(*) from stock_data_enriched") == 46
    assert bars.one("select count(distinct (symbol, date)) from stock_data_enriched") == 46
    assert bars.one("select count(*) from stock_data") == 46


def test_a_loaded_file_that_is_bad_closes_the_gate(
    local: Command, var: Path, bars: Database, tmp_path: Path
):
    file = tmp_path / "high_below_low.csv"
    file.write_text(CLOSED)

    loaded = local(var, "load", str(file))
    ran = local(var, "run", "--symbols", "BAD")

    assert (loaded.returncode, loaded.stderr) == (0, "")
    assert "2 bars read, 2 new, 0 changed, 0 unchanged" in loaded.stdout
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert re.search("^Nothing published: gate closed, ", ran.stdout, re.MULTILINE)
    assert re.search(r"critical .+1 bar: BAD", ran.stdout)
    assert re.search(r"Published +nothing", ran.stdout)
    assert bars.one("select count(*) from stock_data_enriched where symbol = 'BAD'") == 0
    bars.execute("delete from stock_data where symbol = 'BAD'")


def test_what_is_published_in_part_has_a_status_of_its_own(
    local: Command, var: Path, bars: Database, tmp_path: Path
):
    file = tmp_path / "high_below_low.csv"
    file.write_text(CLOSED)
    local(var, "load", str(file))

    held = local(var, "run", "--symbols", "BAD,NVDA", "--policy", "quarantine")
    missing = local(var, "run", "--symbols", "nvda,NVDA,TSLA")
    every = local(var, "run", "--symbols", "*", "--policy", "quarantine")

    said = (
        r"^Published 23 bars of 1 symbol; 1 held: BAD \(\d+ of \d+ expectations failed critically\)"
    )
    assert re.search(said, held.stdout, re.MULTILINE)
    assert re.search(
        r"^Published 46 bars .* 1 symbol is missing: nvda\.$", missing.stdout, re.MULTILINE
    )
    assert "nvda: no bars in this range; did you mean 'NVDA'?" in missing.stdout
    assert every.stdout.startswith("Checking every symbol …\n")
    assert [ended.returncode for ended in (held, missing, every)] == [3, 3, 3], every.stdout
    assert bars.one("select count(*) from stock_data_enriched where symbol = 'BAD'") == 0
    bars.execute("delete from stock_data where symbol = 'BAD'")


def test_a_file_is_loaded_once_however_often(
    local: Command, var: Path, bars: Database, tmp_path: Path
):
    file = tmp_path / "bars.csv"
    file.write_text(GOOD)

    first, again = local(var, "load", str(file)), local(var, "load", str(file))

    assert "2 bars read, 2 new" in first.stdout
    assert "2 bars read, 0 new, 0 changed, 2 unchanged" in again.stdout
    assert bars.one("select count(*) from stock_data where symbol = 'ACME'") == 2
    bars.execute("delete from stock_data where symbol = 'ACME'")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(TORN, "line 3, column close: 'ten' is no number", id="no_number"),
        pytest.param(GOOD.splitlines()[0] + "\n", "bars.csv holds no bar", id="header_alone"),
        pytest.param("Date,Close\n2025-10-06,1\n", "lacks the columns open, high", id="columns"),
        pytest.param(GOOD.replace("ACME", " ACME"), "' ACME' has a space at", id="padded"),
    ],
)
def test_a_file_that_cannot_be_read_completely_is_refused(
    local: Command, tmp_path: Path, text: str, message: str
):
    file = tmp_path / "bars.csv"
    file.write_text(text)

    refused = local(tmp_path / "no var", "load", str(file))

    assert refused.returncode == 2
    assert message in refused.stderr
    assert not (tmp_path / "no var").exists()  # refused before any service was started


def test_rows_with_faults_are_set_aside_and_the_others_loaded(
    local: Command, var: Path, bars: Database, tmp_path: Path
):
    file, rejects = tmp_path / "bars.csv", tmp_path / "rejects.csv"
    file.write_text(GOOD + '\n"2025-10-08",NaN,,"1",1,1,ACME\n2025-10-09,ten,1,1,1,1,ACME\n')

    refused = local(var, "load", str(file))
    loaded = local(var, "load", str(file), "--rejects", str(rejects))
    again = local(var, "load", str(file), "--rejects", str(rejects))

    assert refused.returncode == 2
    assert f"{file}, line 6, column close: 'ten' is no number." in refused.stderr
    assert "REJECTS=rejects.csv (--rejects FILE) sets such rows aside" in refused.stderr
    assert (loaded.returncode, loaded.stderr) == (0, "")
    assert "2 bars read, 2 new, 0 changed, 0 unchanged" in loaded.stdout
    assert f"2 rows were set aside: {rejects} says why" in loaded.stdout
    with rejects.open(newline="") as aside:
        written = list(csv.reader(aside))
    assert written == [
        ["line", "reason", "row"],
        [
            "5",
            "column open: '' (and close 'NaN') is no number, and stock_data may not lack one",
            '"2025-10-08",NaN,,"1",1,1,ACME',
        ],
        ["6", "column close: 'ten' is no number", "2025-10-09,ten,1,1,1,1,ACME"],
    ]
    assert again.returncode == 2
    assert "is there already" in again.stderr
    bars.execute("delete from stock_data where symbol = 'ACME'")


def test_what_a_file_says_is_loaded_judged_and_published_to_the_last_digit(
    local: Command, var: Path, bars: Database, tmp_path: Path
):
    """Prices of a hundred-thousandth, fractional volume, and midnight in India written in UTC."""
    file = tmp_path / "bars.csv"
    days = pd.bdate_range("2025-09-03", "2025-09-30", tz="Asia/Kolkata")
    rows = [
        f"COIN,{day.tz_convert('UTC')},0.0000110{n:02},0.000012,0.00001,1.1{n:02}e-05,{n}.7013"
        for n, day in enumerate(days)
    ]
    file.write_text("\n".join(["symbol,date,open,high,low,close,volume", *rows]))

    refused = local(var, "load", str(file))
    loaded = local(var, "load", str(file), "--calendar", "XBOM")
    ran = local(var, "run", "--symbols", "COIN")

    assert refused.returncode == 2
    assert "are ambiguous: 2025-09-02 18:30:00 is as written 2025-09-02" in refused.stderr
    assert "or as midnight there 2025-09-03" in refused.stderr and "XBOM" in refused.stderr
    assert (loaded.returncode, loaded.stderr) == (0, "")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for table in ("stock_data", "stock_data_enriched"):
        found = bars.rows(
            f"select date, open::text, close::text, volume::text from {table}"
            " where symbol = 'COIN' order by date"
        )
        assert [row[0] for row in found] == [day.date() for day in days]
        numbers = [tuple(map(Decimal, row[1:])) for row in found]
        assert numbers == [
            (Decimal(f"0.0000110{n:02}"), Decimal(f"1.1{n:02}e-05"), Decimal(f"{n}.7013"))
            for n in range(len(days))
        ]
    bars.execute("delete from stock_data where symbol = 'COIN'")
    bars.execute("delete from stock_data_enriched where symbol = 'COIN'")


def test_bars_within_the_day_are_refused_in_one_line(tmp_path: Path):
    file = tmp_path / "bars.csv"
    rows = "2025-11-03 09:30,1,1,1,1,1\n2025-11-03 09:35,1,1,1,1,1\n"
    file.write_text("date,open,high,low,close,volume\n" + rows)

    refused = completed(start(tmp_path / "no var", "load", str(file), "--symbol", "A"))

    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "holds bars within the day" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--symbols", "TSLA,,NVDA"], "symbol '' is empty", id="empty"),
        pytest.param(["--start", "yesterday"], "'yesterday' is no date", id="no_date"),
        pytest.param(
            ["--start", "2025-11-04", "--end", "2025-10-05"], "is before start date", id="range"
        ),
        pytest.param(["--symbols", "*,TSLA"], "stands alone", id="every_and_one"),
    ],
)
def test_bad_usage_is_refused_at_once(
    local: Command, tmp_path: Path, arguments: list[str], message: str
):
    refused = local(tmp_path / "no var", "run", *arguments)

    assert refused.returncode == 2
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "no var").exists()


def test_without_a_database_it_could_not_run_and_shows_no_password(
    local: Command, var: Path, first: subprocess.CompletedProcess[str]
):
    away: dict[str, Any] = {
        "POSTGRES_HOST": "127.0.0.1",
        "POSTGRES_PORT": "1",
        "POSTGRES_PASSWORD": "sesame7391",
    }

    ran = local(var, "run", "--debug", **away, TASK_RETRIES="0")

    assert ran.returncode == 2
    assert ran.stderr.startswith("error: the database 'bars' on 127.0.0.1:1 cannot be used now (")
    assert 'server at "127.0.0.1", port 1 failed' in ran.stderr
    assert "Traceback" not in ran.stderr
    files = [p for p in var.rglob("*") if p.is_file() and "postgres/" not in p.as_posix()]
    assert [path for path in files if b"sesame7391" in path.read_bytes()] == []


def test_a_database_that_is_not_as_needed_is_told_before_anything_runs(
    local: Command, var: Path, bars: Database
):
    bars.execute("alter table stock_data rename volume to vol", "alter table stock_data drop high")
    try:
        ran = local(var, "run")
    finally:
        bars.execute(
            "alter table stock_data rename vol to volume",
            "alter table stock_data add high numeric(10, 2)",
            "update stock_data set high = greatest(open, close, low)",
        )

    assert (ran.returncode, ran.stdout) == (2, "Checking TSLA, NVDA …\n")
    assert ran.stderr.startswith("error: stock_data has no column high, volume, only id, symbol,")
    assert ran.stderr.count("\n") == 1


def test_a_broken_suite_could_not_judge(
    local: Command, var: Path, first: subprocess.CompletedProcess[str], tmp_path: Path
):
    for package in ("dags", "gx", "sql", "tracking", "transforms"):
        shutil.copytree(ROOT / package, tmp_path / package)
    suite = tmp_path / "gx/expectations/stock_data.json"
    suite.write_text(suite.read_text().replace('"expect_', '"exepct_', 1))

    ran = local(var, "run", root=tmp_path)

    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert "stock_data.json, entry 1: unknown expectation 'exepct_" in ran.stdout
    assert "did you mean 'expect_" in ran.stdout
    assert re.search(r"Published +nothing", ran.stdout)


def start(
    var: Path, *arguments: str, root: Path = ROOT, python: str = sys.executable, **settings: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [python, "-m", "dags.local", "--var", str(var), *arguments],
        cwd=root,
        env=outside() | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def completed(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    out, err = process.communicate(timeout=240)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def outside() -> dict[str, str]:
    """The environment, without what it says about the gate."""
    ours = {name.upper() for name in Settings.model_fields}
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ours and not name.startswith(("AIRFLOW", "MLFLOW"))
    }
