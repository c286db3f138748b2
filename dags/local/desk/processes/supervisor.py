"""Keep the parts of the desk running: start, watch, start again, and stop in order."""

import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from dags.local.desk.parts import Program
from dags.local.desk.processes import leash
from dags.local.desk.processes.interrupts import deferred
from dags.local.errors import LocalError
from dags.run.settings import ROOT

RESTARTS, WITHIN_SECONDS = 3, 60.0
START_SECONDS = 180.0
KEPT_LOGS = 3
PROBE_SECONDS = 0.5


@dataclass
class Running:
    """A part that was started."""

    part: Program
    process: subprocess.Popen[bytes]
    since: datetime
    began: float = field(default_factory=time.monotonic)
    ready: bool = False
    probed: float = 0.0


@dataclass
class Supervisor:
    """The parts that run. ``lock`` is the descriptor that each of them inherits."""

    log: Path
    lock: int
    say: Callable[[str, str], None]
    running: dict[str, Running] = field(default_factory=dict)
    _proven: set[str] = field(default_factory=set)
    _ends: dict[str, deque[float]] = field(default_factory=dict)

    def log_of(self, part: Program) -> Path:
        """Where a part's output goes."""
        return self.log / f"{part.name}.log"

    def start(self, part: Program) -> Running:
        """Start a part, with the logs of its last starts kept beside the new one."""
        _rotate(self.log_of(part))
        with self.log_of(part).open("w") as sink, deferred():
            self.running[part.name] = Running(
                part, _leashed(part, self.lock, sink), datetime.now(UTC)
            )
        return self.running[part.name]

    def check(self) -> None:
        """Start again what ended, and say what became ready.

        Raises LocalError for a part that keeps ending or does not become ready.
        """
        for running in list(self.running.values()):
            status = running.process.poll()
            if status is not None:
                self._ended(running, status)
            elif not running.ready and time.monotonic() - running.probed > PROBE_SECONDS:
                self._probe(running)

    @property
    def ready(self) -> bool:
        """Whether every part is ready."""
        return all(running.ready for running in self.running.values())

    def stop(self, order: Sequence[Sequence[str]]) -> None:
        """Stop the parts group by group and wait until nothing of them is left."""
        for names in order:
            group = [self.running[name] for name in names if name in self.running]
            for running in group:
                running.process.terminate()
            for running in group:
                running.process.wait()
                leash.end_session(running.process.pid)
                del self.running[running.part.name]

    def _probe(self, running: Running) -> None:
        running.probed = time.monotonic()
        seconds = running.probed - running.began
        try:
            running.ready = running.part.ready(running.since)
        except (OSError, LookupError):  # it does not answer, or is not listed, yet
            running.ready = False
        if running.ready:
            self._proven.add(running.part.name)
            self.say(running.part.name, f"ready in {time.monotonic() - running.began:.1f} s")
        elif seconds > START_SECONDS:
            raise LocalError(
                f"{running.part.name} was not ready within {START_SECONDS:.0f} s; "
                f"its log is {self.log_of(running.part)}"
            )

    def _ended(self, running: Running, status: int) -> None:
        part = running.part
        leash.end_session(running.process.pid)  # a leash that was killed has not done it
        if part.name not in self._proven:
            raise LocalError(f"{part.name} could not start: {self._last_words(part)}")
        ends = self._ends.setdefault(part.name, deque(maxlen=RESTARTS + 1))
        ends.append(time.monotonic())
        if len(ends) > RESTARTS and ends[-1] - ends[0] < WITHIN_SECONDS:
            raise LocalError(
                f"{part.name} ended {len(ends)} times within {WITHIN_SECONDS:.0f} s "
                f"(the last time with status {status}): {self._last_words(part)}"
            )
        self.say(part.name, f"ENDED with status {status}; starting it again")
        self.start(part)

    def _last_words(self, part: Program) -> str:
        log = self.log_of(part)
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        return f"{lines[-1].strip() if lines else 'it said nothing'} ({log})"


def _leashed(part: Program, lock: int, sink: IO[str]) -> subprocess.Popen[bytes]:
    """The part's program under a leash of its own, deaf to the terminal's Ctrl-C."""
    owner = [sys.executable, "-I", "-S", leash.__file__, str(part.grace), str(os.getpid())]
    return subprocess.Popen(
        [*owner, *part.command],
        env=part.environment,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=sink,
        stderr=sink,
        pass_fds=[lock],
        start_new_session=True,
    )


def _rotate(log: Path) -> None:
    """Log -> log.1 -> log.2 …; the oldest goes."""
    for number in range(KEPT_LOGS - 1, -1, -1):
        old = log.with_name(f"{log.name}.{number}") if number else log
        if old.exists():
            old.rename(log.with_name(f"{log.name}.{number + 1}"))
