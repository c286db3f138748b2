"""What a warm interpreter forks is a process as if Python had been started anew."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dags.run.settings import ROOT
from tests.warm.interpreter import warm_interpreter

# Says whether it was forked, and what it was given; ends as its last argument says.
TELLING = """
import os, signal, subprocess, sys, time
print("decimal" in sys.modules, sys.argv[1:], os.environ.get("GIVEN"), sys.stdin.read())
print("to the other", file=sys.stderr, flush=True)
if sys.argv[-1] == "wait":
    print("waits", flush=True)
    time.sleep(60)
if sys.argv[-1] == "again":
    subprocess.run([sys.executable, "-m", "telling", "inner"], stdin=subprocess.DEVNULL)
if sys.argv[-1] == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
sys.exit(7)
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("telling")
    (folder / "telling.py").write_text(TELLING)
    return {**os.environ, "PYTHONPATH": f"{ROOT}:{folder}", "AIRFLOW_HOME": "/here"}


@pytest.fixture(scope="module")
def python(environment: dict[str, str]) -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory() as place,
        warm_interpreter(Path(place), environment, "decimal") as program,
    ):
        yield program


def tell(
    python: str, environment: dict[str, str], *words: str, cwd: Path = ROOT, given: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-m", "telling", *words],
        cwd=cwd,
        env=environment,
        input=given,
        capture_output=True,
        text=True,
    )


def test_it_has_its_own_arguments_environment_streams_and_status(
    python: str, environment: dict[str, str]
):
    ended = tell(python, environment | {"GIVEN": "a"}, "x y", given="typed")
    after = tell(python, environment)

    assert ended.stdout == "True ['x y'] a typed\n"
    assert ended.stderr == "to the other\n"
    assert ended.returncode == 7
    assert after.stdout == "True [] None \n"


def test_what_it_starts_is_warm_too(python: str, environment: dict[str, str]):
    ended = tell(python, environment, "again")

    assert ended.stdout.splitlines() == ["True ['again'] None ", "True ['inner'] None "]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_it(python: str, environment: dict[str, str], number: signal.Signals):
    with subprocess.Popen(
        [python, "-m", "telling", "wait"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout.readline().startswith("True ['wait']")
        assert running.stdout.readline() == "waits\n"
        running.send_signal(number)
        _, err = running.communicate(timeout=30)

    assert running.returncode == -number
    assert ("KeyboardInterrupt" in err) is (number == signal.SIGINT)


def test_it_ends_as_it_ended(python: str, environment: dict[str, str]):
    assert tell(python, environment, "kill").returncode == -signal.SIGKILL


def test_where_it_would_have_imported_something_else_python_starts_anew(
    python: str, environment: dict[str, str], tmp_path: Path
):
    elsewhere = tell(python, environment, cwd=tmp_path)
    other_airflow = tell(python, environment | {"AIRFLOW_HOME": "/there"})
    other_command = subprocess.run(
        [python, "-c", "import sys; print(sys.executable)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert elsewhere.stdout == other_airflow.stdout == "False [] None \n"
    assert elsewhere.returncode == other_airflow.returncode == 7
    assert other_command.stdout == f"{sys.executable}\n"
