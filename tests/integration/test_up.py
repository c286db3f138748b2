"""`make up` that is ended while it starts, and `make down`: nothing is left behind."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk import folder, free_ports, processes_of, run, spawn, wait_for_line

GONE_SECONDS = 100.0


@pytest.fixture(scope="module")
def beginner() -> Iterator[Path]:
    """A folder in which a desk is started again and again, and never gets far."""
    with folder() as path:
        yield path / "var"


# In this order: the first ones end within the first start, before there is a database.
@pytest.mark.parametrize(
    ("moment", "seconds", "how"),
    [
        ("postgres      starting", 0.2, signal.SIGKILL),
        ("postgres      starting", 0.8, signal.SIGTERM),
        ("postgres      starting", 2.5, signal.SIGKILL),
        ("starting MLflow and Airflow", 0.0, signal.SIGTERM),
        ("starting MLflow and Airflow", 4.0, signal.SIGKILL),
        ("starting MLflow and Airflow", 4.0, signal.SIGINT),
    ],
)
def test_ended_while_it_starts_it_leaves_nothing_behind(
    beginner: Path, moment: str, seconds: float, how: signal.Signals
):
    output = beginner.parent / "out"
    process = spawn(beginner, output, free_ports(2))
    wait_for_line(process, output, moment)
    time.sleep(seconds)
    assert processes_of(beginner)
    process.send_signal(how)
    assert process.wait(GONE_SECONDS) == (-how if how == signal.SIGKILL else 0)
    deadline = time.monotonic() + GONE_SECONDS
    while left := processes_of(beginner):
        assert time.monotonic() < deadline, [p.cmdline() for p in left]
        time.sleep(0.1)


def test_down_stops_a_desk_that_runs_elsewhere(beginner: Path):
    output = beginner.parent / "out"
    process = spawn(beginner, output, free_ports(2))
    wait_for_line(process, output, "starting MLflow and Airflow")
    ended = run(beginner, "down")
    assert ended.returncode == 0
    assert "stopped http://127.0.0.1:" in ended.stdout
    assert processes_of(beginner) == []
    assert process.wait(1) == 0
    assert "no desk runs" in run(beginner, "down").stdout
