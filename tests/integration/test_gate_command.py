"""The command `gate` as `make` installs it: from any folder, in any folder, with its statuses."""

import os
import re
import resource
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dags import VERSION
from dags.run.settings import ROOT
from tests.checkout import copy_of_checkout

SAMPLE = ROOT / "sql" / "sample" / "stock_data.csv"
COMMANDS = (
    *("run", "up", "down", "load", "dataset", "check", "suggest", "convert", "diff"),
    *("reconcile", "prune", "sql", "quarantine", "discard", "audit", "verdict"),
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in a folder with a space and a quote in its name, `make`d."""
    root = copy_of_checkout(tmp_path_factory.mktemp("gate") / "a desk's folder")
    made = subprocess.run(["make", ".venv/bin/gate"], cwd=root, capture_output=True, text=True)
    assert (made.returncode, made.stderr) == (0, "")
    return root


def gate(
    checkout: Path, *arguments: str, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / ".venv/bin/gate", *arguments],
        cwd=cwd or checkout,
        env={**os.environ, "TERM": "dumb", "COLUMNS": "100", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_it_runs_its_own_checkout_from_whatever_folder(checkout: Path, tmp_path: Path):
    """Nor do packages of our names where the user stands, and a link to the command, mislead it."""
    for name in ("sql", "dags", "gx", "typer"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('the wrong one')")
    suite = (checkout / "gx/expectations/stock_data.json").read_text()
    (checkout / "gx/expectations/mine.json").write_text(suite.replace('"stock_data"', '"mine"'))
    (tmp_path / "bars.csv").write_text(SAMPLE.read_text())
    link = tmp_path / "bin" / "gate"
    link.parent.mkdir()
    link.symlink_to(checkout / ".venv/bin/gate")

    judged = gate(checkout, "check", "bars.csv", "--suite", "mine", cwd=tmp_path)
    linked = subprocess.run([link, "--version"], cwd=tmp_path, capture_output=True, text=True)

    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert "suite mine" in judged.stdout
    assert (linked.stdout, linked.returncode) == (f"gate {VERSION}\n", 0)
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def spent(deed: Callable[[], Any]) -> tuple[Any, float]:
    """What a deed gives, and the processor's seconds of the processes that it started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    given = deed()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return given, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_the_help_helps_and_is_quick(checkout: Path):
    # Both in the same moment: on a busy machine the same work takes twice as long.
    floor = [sys.executable, "-c", "import typer, typer.rich_utils"]
    _, least = spent(lambda: subprocess.run(floor, check=True))
    told, seconds = spent(lambda: gate(checkout, "--help"))

    assert told.returncode == 0
    for command in COMMANDS:
        assert re.search(rf"^│ {command} ", told.stdout, re.MULTILINE), command
    assert "3 published in part" in " ".join(told.stdout.split())
    assert "gate check bars.csv" in told.stdout
    assert seconds < 2.5 * least
    assert "gate load AAPL.parquet --symbol AAPL" in gate(checkout, "load", "--help").stdout


def test_asking_for_help_imports_nothing_heavy():
    heavy = "pandas, numpy, pyarrow, sqlalchemy, airflow, mlflow, great_expectations"
    asked = (
        "import sys; from dags.local.cli import main; status = main(['run', '--help']); "
        f"sys.exit(status or [name for name in '{heavy}'.split(', ') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True)

    assert (ended.returncode, ended.stderr) == (1, "[]\n")


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("gate qu", ["quarantine"]),
        ("gate run --pol", ["--policy"]),
        ("gate run --policy ", ["fail", "quarantine", "ask"]),
        ("gate run --symbols TSLA,^G", ["TSLA,^GSPC"]),
        ("gate check x.csv --suite stock", ["stock_data"]),
    ],
)
def test_a_shell_completes_it(checkout: Path, typed: str, completed: list[str]):
    known = checkout / "var" / "quality" / "known_symbols.json"
    known.parent.mkdir(parents=True, exist_ok=True)
    known.write_text('["TSLA", "^GSPC", "BRK B"]')

    asked: dict[str, Any] = {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    found = gate(checkout, _GATE_COMPLETE="complete_bash", **asked)

    assert found.stdout.split("\n")[: len(completed)] == completed


def test_completion_is_installed_for_the_shell_that_asks(checkout: Path, tmp_path: Path):
    path = f"{checkout / '.venv/bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", "gate --install-completion; true"],
        env={**os.environ, "HOME": str(tmp_path), "PATH": path},
        capture_output=True,
        text=True,
    )

    assert "bash completion installed" in done.stdout, done.stderr
    assert "_GATE_COMPLETE=complete_bash" in (tmp_path / ".bash_completions/gate.sh").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rnu"], "Did you mean 'run'?"),
        (["run", "--policy", "hope"], "'hope' is not one of 'fail', 'quarantine', 'ask'"),
        (["run", "--symbols", " ,TSLA"], "symbol '' is empty"),
        (["run", "--start", "yesterday"], "'yesterday' is no date"),
        (["run", "--nonsense"], "No such option: --nonsense"),
        (["check"], "Missing argument 'FILE'"),
        (["check", "none.csv"], "none.csv: there is no such file"),
        (["check", ".", "--as-of", "soon"], "'soon' is no date"),
        (["check", str(SAMPLE), "--json", "/no/where.json"], "No such file or directory"),
        (["suggest", "--name", "x"], "name a FILE of bars, or --from-table, or --history"),
        (["suggest", "--from-table", "--json"], "--suite and --json go with --history"),
        (["suggest", str(SAMPLE)], "give the new suite a --name"),
        (["prune", "--keep-days", "0"], "'--keep-days'"),
        (["reconcile", "--older-than", "a while"], "'a while' is no span of time"),
        (["diff", "a", "b", "--tracking-uri", "http://127.0.0.1:9"], "127.0.0.1:9"),
    ],
)
def test_a_mistake_is_told_in_a_line_and_gives_2(
    checkout: Path, arguments: list[str], message: str
):
    ended = gate(checkout, *arguments, COLUMNS="400", MLFLOW_HTTP_REQUEST_MAX_RETRIES="0")

    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_setting_that_is_none_is_named(checkout: Path):
    ended = gate(checkout, "run", POSTGRES_PORT="many", POSTGRES_PASSWORD="sesame7391")

    assert ended.returncode == 2
    assert ended.stderr.startswith("error: setting POSTGRES_PORT: ")
    assert "sesame7391" not in ended.stderr


def test_make_says_the_status_in_words_and_gives_2(checkout: Path, tmp_path: Path):
    bad = tmp_path / "high below low.csv"
    bad.write_text(SAMPLE.read_text().replace("2025-10-08,", "2025-10-08,-", 1))

    closed = make(checkout, "check", f"FILE={bad}")
    nothing = make(checkout, "check", "FILE=none.csv")
    good = make(checkout, "check", f"FILE={SAMPLE}", "AS_OF=2025-11-04")

    assert "gate: exit status 1, the gate closed" in closed.stderr
    assert "gate: exit status 2, it could not run" in nothing.stderr
    assert [one.returncode for one in (closed, nothing, good)] == [2, 2, 0]
    assert good.stderr == ""


def test_make_hands_on_how_a_file_is_to_be_read(checkout: Path, tmp_path: Path):
    prices = tmp_path / "b.csv"
    rows = [f"0{day}/11/2025;1,500;1,600;1,400;1,55{day};9" for day in (3, 4, 5, 6, 7)]
    prices.write_text("\n".join(["Tag;Open;High;Low;Ende;Volume", *rows]))
    said = ("COLUMNS=close=Ende,date=Tag", "DATE_FORMAT=DMY", "DECIMAL=,", "DELIMITER=;")

    peeked = make(checkout, "peek", f"FILE={prices}", "SYMBOL=AAPX", *said)
    checked = make(checkout, "check", f"FILE={prices}", "SYMBOL=AAPX", *said)

    assert (peeked.returncode, peeked.stderr) == (0, "")
    assert "AAPX 2025-11-03 1.5 1.6 1.4 1.553 9" in peeked.stdout
    assert "gate: exit status 2" not in checked.stderr


def make(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *words], cwd=checkout, capture_output=True, text=True)


def test_ctrl_c_gives_130_and_no_traceback(checkout: Path):
    running = subprocess.Popen(
        [checkout / ".venv/bin/gate", "check", SAMPLE],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    maps = Path(f"/proc/{running.pid}/maps")
    deadline = time.monotonic() + 60
    while "numpy" not in maps.read_text():  # then the libraries are being imported
        assert time.monotonic() < deadline
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)

    assert running.returncode == 130, out + err
    assert err.splitlines()[-1] == "stopped"
    assert "Traceback" not in err


def test_a_reader_that_reads_no_further_is_no_closed_gate(checkout: Path, tmp_path: Path):
    command = f"set -o pipefail; '{{}}' check '{SAMPLE}' | true"
    link = tmp_path / "gate"
    link.symlink_to(checkout / ".venv/bin/gate")

    ended = subprocess.run(
        ["bash", "-c", command.format(link)], capture_output=True, text=True, timeout=120
    )

    assert (ended.returncode, ended.stderr) == (141, "")
