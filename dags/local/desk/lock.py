"""One desk per folder: who runs it, and how to stop it from elsewhere.

The desk holds the lock alone, and its parts inherit it. Runs past the desk share the lock: where
both worked on one run, the desk's scheduler would start steps a second time.
"""

import fcntl
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from dags.local.errors import LocalError

# What a killed supervisor leaves is gone within seconds, unless PostgreSQL was just starting.
LEFTOVER_SECONDS = 95.0
STOP_SECONDS = 120.0


@dataclass(frozen=True)
class DeskRecord:
    """The desk that runs: its supervisor (process id and when that was born) and its pages."""

    pid: int
    born: float
    airflow: str
    mlflow: str

    @property
    def alive(self) -> bool:
        """Whether that very process still lives, not one that was given its number since."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.born) < 1
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


@contextmanager
def claim(var: Path, *, airflow: str, mlflow: str, waiting: Callable[[str], None]) -> Iterator[int]:
    """Be the desk of ``var``; the lock's file descriptor, which every part is to inherit.

    Raises LocalError when another one runs there. One that was killed is waited for, and so are
    runs past the desk; ``waiting`` is told of them.
    """
    with _opened(var) as descriptor:
        _wait_for_lock(descriptor, var, waiting)
        me = psutil.Process()
        record = DeskRecord(me.pid, me.create_time(), airflow, mlflow)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(record)).encode(), 0)
        yield descriptor


@contextmanager
def without_desk(var: Path) -> Iterator[int | DeskRecord]:
    """Keep a desk from starting in ``var`` meanwhile; the desk instead where one runs already.

    Gives the lock's file descriptor, which whatever works on the run is to inherit.
    """
    with _opened(var) as descriptor:
        deadline = time.monotonic() + LEFTOVER_SECONDS
        while not _try_lock(descriptor, fcntl.LOCK_SH):
            record = _read(descriptor)
            if record and record.alive:
                yield record
                return
            _require_patience(deadline, var)
        yield descriptor


def stop(var: Path) -> DeskRecord | None:
    """Stop the desk that runs in ``var`` and wait until nothing of it is left; None: none runs.

    Raises LocalError when it does not end.
    """
    if not _path(var).exists():
        return None
    with _opened(var) as descriptor:
        if _try_lock(descriptor, fcntl.LOCK_SH):  # nobody has it, or runs past the desk
            return None
        record = _read(descriptor)
        if record and record.alive:
            os.kill(record.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        # The supervisor gives the lock up a moment before it has ended itself.
        while not _try_lock(descriptor, fcntl.LOCK_SH) or (record and record.alive):
            if time.monotonic() > deadline:
                raise LocalError(
                    f"the desk in {var} did not stop within {STOP_SECONDS:.0f} s; "
                    f"its logs are in {var / 'log'}"
                )
            time.sleep(0.1)
        return record


def running(var: Path) -> DeskRecord | None:
    """The desk that runs in ``var``; None when none does. Nothing is made or waited for."""
    try:
        text = _path(var).read_text(encoding="utf-8")
        record = DeskRecord(**json.loads(text))
    except (OSError, ValueError, TypeError):
        return None
    return record if record.alive else None


@contextmanager
def _opened(var: Path) -> Iterator[int]:
    var.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(_path(var), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int, var: Path, waiting: Callable[[str], None]) -> None:
    deadline, announced = time.monotonic() + LEFTOVER_SECONDS, False
    while not _try_lock(descriptor, fcntl.LOCK_EX):
        if _try_lock(descriptor, fcntl.LOCK_SH):
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            if not announced:
                waiting("waiting for a run that was started before it")
            deadline, announced = time.monotonic() + LEFTOVER_SECONDS, True
        elif (record := _read(descriptor)) and record.alive:
            raise LocalError(
                f"the desk runs already (process {record.pid}): Airflow {record.airflow}, "
                f"MLflow {record.mlflow}. Stop it with Ctrl-C there or `make down` here"
            )
        _require_patience(deadline, var)


def _require_patience(deadline: float, var: Path) -> None:
    if time.monotonic() > deadline:
        raise LocalError(f"what an earlier desk left in {var} does not end; see {var / 'log'}")
    time.sleep(0.1)


def _try_lock(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(descriptor: int) -> DeskRecord | None:
    """The record; None while another process is just writing it."""
    try:
        return DeskRecord(**json.loads(os.pread(descriptor, 10_000, 0)))
    except (json.JSONDecodeError, TypeError):
        return None


def _path(var: Path) -> Path:
    return var / "desk.lock"
