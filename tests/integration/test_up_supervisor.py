"""The supervisor and its leashes, with small real programs in place of Airflow and MLflow."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import psutil
import pytest

from dags.local.desk import lock as desk_lock
from dags.local.desk.parts import Program
from dags.local.desk.ports import require_free
from dags.local.desk.processes import leash
from dags.local.desk.processes.supervisor import RESTARTS, Supervisor
from dags.local.errors import LocalError
from dags.local.passwords import logins
from tests.desk import free_ports

SLEEP = "import time; time.sleep(600)"
# A program that ignores SIGTERM, with a child that does too.
STUBBORN = (
    "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    f"subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); print('up', flush=True); time.sleep(600)"
)
GRACE = 0.3


def part(code: str, name: str = "toy", ready: bool = True) -> Program:
    return Program(name, (sys.executable, "-c", code), dict(os.environ), lambda _: ready, GRACE)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]):
    lock = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    made = Supervisor(tmp_path, lock, lambda name, text: said.append(f"{name} {text}"))
    yield made
    made.stop([list(made.running)])
    os.close(lock)


def wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def checked(supervisor: Supervisor, true: Callable[[], bool]) -> Callable[[], bool]:
    """Look after the parts, and then ask."""

    def check() -> bool:
        supervisor.check()
        return true()

    return check


def until_ready(supervisor: Supervisor) -> None:
    wait_until(checked(supervisor, lambda: supervisor.ready))


def test_a_part_that_ends_is_said_and_started_again(supervisor: Supervisor, said: list[str]):
    first = supervisor.start(part(SLEEP)).process.pid
    until_ready(supervisor)
    wait_until(lambda: len(leash.members(first)) == 2)
    psutil.Process(first).children()[0].kill()
    wait_until(checked(supervisor, lambda: len(said) > 1))
    until_ready(supervisor)
    assert said[1] == "toy ENDED with status 137; starting it again"
    assert supervisor.running["toy"].process.pid != first
    assert (supervisor.log / "toy.log.1").exists()


def test_a_part_that_keeps_ending_ends_the_desk(supervisor: Supervisor, said: list[str]):
    supervisor.start(
        part("print('out of luck'); import time; time.sleep(0.3); raise SystemExit(3)")
    )
    with pytest.raises(LocalError, match=rf"toy ended {RESTARTS + 1} times .* status 3.*luck"):
        wait_until(checked(supervisor, lambda: False))
    assert sum("starting it again" in line for line in said) == RESTARTS


def test_a_part_that_never_starts_ends_the_desk_with_its_last_words(supervisor: Supervisor):
    supervisor.start(part("raise SystemExit('no such table')", ready=False))
    with pytest.raises(LocalError, match=r"toy could not start: no such table \(.*toy\.log\)"):
        wait_until(checked(supervisor, lambda: False))


def test_stopping_ends_children_that_do_not_listen(supervisor: Supervisor):
    session = supervisor.start(part(STUBBORN)).process.pid
    wait_until(lambda: "up" in (supervisor.log / "toy.log").read_text())
    assert len(leash.members(session)) == 3
    supervisor.stop([["toy"]])
    assert leash.members(session) == set()


def test_a_killed_leash_leaves_nothing_and_its_part_starts_again(supervisor: Supervisor):
    session = supervisor.start(part(STUBBORN)).process.pid
    until_ready(supervisor)
    wait_until(lambda: "up" in (supervisor.log / "toy.log").read_text())
    os.kill(session, signal.SIGKILL)
    wait_until(checked(supervisor, lambda: supervisor.running["toy"].process.pid != session))
    assert leash.members(session) == set()


def test_a_killed_owner_leaves_nothing():
    code = (
        "import os, subprocess, sys, time;"
        f"command = [sys.executable, {leash.__file__!r}, '2', str(os.getpid())];"
        f"p = subprocess.Popen([*command, sys.executable, '-c', {STUBBORN!r}],"
        " start_new_session=True); print(p.pid, flush=True); time.sleep(600)"
    )
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert owner.stdout
    session = int(owner.stdout.readline())
    assert owner.stdout.readline() == "up\n"
    owner.kill()
    owner.wait()
    wait_until(lambda: leash.members(session) == set(), 12)
    owner.stdout.close()


def test_a_lock_is_held_by_one_desk_and_names_it(tmp_path: Path):
    with (
        claim(tmp_path),
        pytest.raises(LocalError, match=r"runs already .*http://here:1.*http://here:2"),
        claim(tmp_path),
    ):
        pass
    assert desk_lock.stop(tmp_path) is None


def test_runs_share_the_lock_and_are_given_the_desk_where_one_is(tmp_path: Path):
    with desk_lock.without_desk(tmp_path) as one, desk_lock.without_desk(tmp_path) as other:
        assert isinstance(one, int)
        assert isinstance(other, int)
        assert desk_lock.stop(tmp_path) is None
    with claim(tmp_path), desk_lock.without_desk(tmp_path) as held:
        assert isinstance(held, desk_lock.DeskRecord)
        assert held.airflow == "http://here:1"


def test_a_desk_waits_for_a_run_that_was_started_before_it(tmp_path: Path):
    run, told = desk_lock.without_desk(tmp_path), []

    def end_the_run(text: str) -> None:
        told.append(text)
        run.__exit__(None, None, None)

    run.__enter__()
    with claim(tmp_path, end_the_run):
        pass
    assert told == ["waiting for a run that was started before it"]


def claim(folder: Path, waiting: Callable[[str], None] = print) -> AbstractContextManager[int]:
    return desk_lock.claim(folder, airflow="http://here:1", mlflow="http://here:2", waiting=waiting)


def test_a_taken_port_is_named_with_its_holder_and_the_way_out():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(
            LocalError, match=rf"port {port} for MLflow is taken.*{os.getpid()}.*-x"
        ):
            require_free("127.0.0.1", port, "MLflow", "-x")
    (free,) = free_ports(1)
    require_free("127.0.0.1", free, "MLflow", "-x")


def test_a_host_of_another_machine_is_refused():
    with pytest.raises(LocalError, match=r"Airflow cannot listen on 192\.0\.2\.1:80"):
        require_free("192.0.2.1", 8080, "Airflow", "-x")


def test_passwords_are_made_once_and_only_their_owner_reads_them(tmp_path: Path):
    path = tmp_path / "passwords.json"
    made = logins(path)
    assert set(made.passwords) == {"admin", "viewer"}
    assert min(map(len, (*made.passwords.values(), made.runs))) >= 16
    assert made == logins(path)
    assert {**made.passwords, "gate": made.runs} == json.loads(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600


def test_passwords_of_an_earlier_version_stay_and_the_runs_are_given_theirs(tmp_path: Path):
    path = tmp_path / "passwords.json"
    earlier = {"admin": "an-earlier-password", "viewer": "another-password"}
    path.write_text(json.dumps(earlier))
    assert logins(path).passwords == earlier
    assert len(logins(path).runs) >= 16


@pytest.mark.parametrize("easy", ["admin", "password1234"])
def test_a_password_that_is_easily_guessed_is_refused_by_name(tmp_path: Path, easy: str):
    path = tmp_path / "passwords.json"
    path.write_text(json.dumps({"viewer": easy}))
    with pytest.raises(
        LocalError, match=r"password of viewer in .*passwords\.json.*remove"
    ) as told:
        logins(path)
    assert f" {easy} " not in str(told.value)
