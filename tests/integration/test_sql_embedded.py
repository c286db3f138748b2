import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg2
import pytest

from sql import embedded, postgres_programs
from sql.connection import make_engine
from sql.embedded import EmbeddedServer
from sql.errors import EmbeddedServerError

ROOT = Path(__file__).parents[2]
USER = """
import sys
from pathlib import Path
from sql import embedded
server = embedded.start(Path(sys.argv[1]))
print(server.socket_dir, flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.fixture
def folder():
    place = Path(tempfile.mkdtemp(prefix="bars-server-"))
    yield place / "a folder"
    if running(place / "a folder"):
        postgres_programs.stop(place / "a folder" / "data")
    shutil.rmtree(place)


def running(folder: Path) -> bool:
    return postgres_programs.postmaster(folder / "data") is not None


def other_user(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", USER, str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().strip()
    return process


def answer(server: EmbeddedServer, query: str, database: str = "postgres") -> object:
    engine = make_engine(server.settings(database))
    with engine.begin() as connection:
        value = connection.exec_driver_sql(query).scalar_one()
    engine.dispose()
    return value


def test_it_starts_on_a_socket_only_and_stops_with_its_user(folder):
    with embedded.start(folder) as server:
        assert answer(server, "select current_setting('listen_addresses')") == ""
        assert server.url("bars").drivername == "postgresql+psycopg2"
        assert server.socket_dir == folder
    assert not running(folder)


def test_data_is_there_again_after_a_restart(folder):
    with embedded.start(folder) as server:
        server.ensure_database("odd name; --")
        server.ensure_database("odd name; --")
        answer(server, "create table kept as select 1 as n; select 1", "odd name; --")
    with embedded.start(folder) as server:
        assert answer(server, "select n from kept", "odd name; --") == 1


def test_it_stays_up_until_its_last_user_in_this_process_leaves(folder):
    with embedded.start(folder) as first:
        with embedded.start(folder) as second:
            assert second.socket_dir == first.socket_dir
        assert answer(first, "select 1") == 1
        second.stop()
        assert answer(first, "select 1") == 1
    assert not running(folder)


def test_it_stays_up_while_another_process_uses_it(folder):
    with embedded.start(folder):
        other = other_user(folder)
    assert running(folder)
    other.communicate("")
    assert not running(folder)


def test_a_killed_user_does_not_keep_it_up(folder):
    with embedded.start(folder) as server:
        other = other_user(folder)
        other.send_signal(signal.SIGKILL)
        other.communicate()
        assert answer(server, "select 1") == 1
    assert not running(folder)


def test_what_a_killed_sole_user_left_running_is_reused_and_stopped(folder):
    other = other_user(folder)
    other.send_signal(signal.SIGKILL)
    other.communicate()
    before = postgres_programs.postmaster(folder / "data")
    with embedded.start(folder):
        assert postgres_programs.postmaster(folder / "data") == before
    assert not running(folder)


def test_one_that_somebody_else_started_is_not_stopped(folder):
    with embedded.start(folder):
        pass
    postgres_programs.start(folder / "data", folder, 5432, folder / "postgres.log")
    with embedded.start(folder) as server:
        assert answer(server, "select 1") == 1
    assert running(folder)


def test_a_forked_child_does_not_stop_it(folder):
    with embedded.start(folder) as server:
        child = multiprocessing.get_context("fork").Process(target=server.stop)
        child.start()
        child.join()
        assert child.exitcode == 0
        assert answer(server, "select 1") == 1


def test_several_processes_may_start_it_at_once(folder):
    folder.mkdir()
    commands = [sys.executable, "-c", USER, str(folder)]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    several = [
        subprocess.Popen(
            commands, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    assert len({process.stdout.readline() for process in several}) == 1
    for process in several:
        process.communicate("")
        assert process.returncode == 0
    assert not running(folder)


def test_a_killed_server_recovers(folder):
    with embedded.start(folder) as server:
        server.ensure_database("bars")
        answer(server, "create table kept as select 1 as n; select 1", "bars")
        os.kill(postgres_programs.postmaster(folder / "data").pid, signal.SIGKILL)
    with embedded.start(folder) as server:
        assert answer(server, "select n from kept", "bars") == 1


def test_a_pid_file_of_a_number_that_another_program_has_now_does_no_harm(folder):
    with embedded.start(folder):
        pid_file = folder / "data" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
    other = subprocess.Popen(["sleep", "600"])
    try:
        pid_file.write_text("\n".join([str(other.pid), *lines[1:], ""]))
        with embedded.start(folder) as server:
            assert answer(server, "select 1") == 1
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize("name", ["x" * 120, "a,b", "it's (ö) & co"])
def test_awkward_folder_names_work(folder, name):
    with embedded.start(folder / name) as server:
        assert answer(server, "select 1") == 1
        socket_file = server.socket_dir / ".s.PGSQL.5432"
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(socket_file))
    assert not socket_file.exists()
    assert server.socket_dir == folder / name or not server.socket_dir.exists()


def test_psql_runs_on_it(folder):
    with embedded.start(folder) as server:
        where = ["-h", str(server.socket_dir), "-U", "postgres", "-d", "postgres"]
        command = [str(postgres_programs.path("psql")), *where, "-Atc", "select 6 * 7"]
        assert subprocess.check_output(command, text=True) == "42\n"


def test_a_folder_that_holds_something_else_is_reported_with_the_log(folder):
    (folder / "data").mkdir(parents=True)
    with pytest.raises(EmbeddedServerError, match="pg_ctl failed"):
        embedded.start(folder)


def test_after_stop_nobody_answers(folder):
    with embedded.start(folder) as server:
        pass
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(host=str(server.socket_dir), user="postgres", dbname="postgres")
