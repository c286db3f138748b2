"""Tries mutants, several at a time, each against the tests of its file."""

import multiprocessing
import os
import shutil
import signal
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Literal

from sql import embedded
from tests.databases import administer
from tests.mutation.mutants import ROOT, Mutant
from tests.mutation.targets import Target
from tests.mutation.trial import killer_file, try_mutant

LOGS = ROOT / "var" / "mutation"
# A mutant that takes this many times as long as the code itself, and this long, loops for ever.
# Less would call mutants killed that the machine only had no time for.
TOO_SLOW, AT_LEAST = 10, 180.0
Fate = Literal["killed", "survived", "timeout"]
_fork = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Ended:
    """What became of a mutant."""

    mutant: Mutant
    fate: Fate


@dataclass
class Slot:
    """A place for one trial at a time, with a server of its own if the tests need one."""

    number: int
    server: embedded.EmbeddedServer | None
    noticed: dict[str, Counter[str]]  # how often which test did, by file; all places share it

    @property
    def log(self) -> Path:
        """What the tests of the last trial said."""
        return LOGS / f"slot_{self.number}.log"

    def start(self, mutant: Mutant | None, tests: Sequence[str]) -> ForkProcess:
        """Begin a trial."""
        if self.server is not None:
            _drop_databases(self.server)
        killer_file(self.log).unlink(missing_ok=True)
        noticed = self.noticed[mutant.file] if mutant else {}
        process = _fork.Process(
            target=try_mutant, args=(mutant, tests, self.server, self.log, noticed)
        )
        process.start()
        return process

    def learn(self, mutant: Mutant) -> None:
        """Remember which test noticed the mutant of the last trial."""
        with suppress(FileNotFoundError):
            self.noticed[mutant.file][killer_file(self.log).read_text(encoding="utf-8")] += 1


class BrokenTests(Exception):
    """The tests fail on the code as it is, so they say nothing about its mutants."""


@contextmanager
def slots(number: int, *, database: bool) -> Iterator[list[Slot]]:
    """That many places for trials; at the end their servers stop."""
    LOGS.mkdir(parents=True, exist_ok=True)
    noticed: dict[str, Counter[str]] = defaultdict(Counter)
    with ExitStack() as stack:
        servers = [stack.enter_context(_server()) if database else None for _ in range(number)]
        yield [Slot(index, server, noticed) for index, server in enumerate(servers)]


@contextmanager
def _server() -> Iterator[embedded.EmbeddedServer]:
    # Not below var/: as root the server is another user, who may not enter every folder.
    folder = Path(tempfile.mkdtemp(prefix="mutation-"))
    try:
        with embedded.start(folder) as server:
            # Nothing here outlives the machine, and making databases is mostly waiting for disks.
            administer(server, "alter system set fsync = off")
            administer(server, "alter system set full_page_writes = off")
            administer(server, "select pg_reload_conf()")
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def time_tests(slot: Slot, target: Target) -> float:
    """The seconds that the tests take on the code as it is; raises BrokenTests if they fail."""
    began = time.monotonic()
    process = slot.start(None, target.tests)
    process.join()
    if process.exitcode:
        raise BrokenTests(f"{' '.join(target.tests)} fail without a mutant: see {slot.log}")
    return time.monotonic() - began


def try_all(
    places: Sequence[Slot],
    work: Iterable[tuple[Target, Mutant]],
    limit: Callable[[Target], float],
) -> Iterator[Ended]:
    """Try every mutant, as many at a time as there are places, for `limit` seconds at most."""
    free, waiting = list(places), iter(work)
    running: dict[int, tuple[Slot, ForkProcess, Mutant, float]] = {}
    try:
        while True:
            while free and (following := next(waiting, None)) is not None:
                target, mutant = following
                slot = free.pop()
                process = slot.start(mutant, target.tests)
                deadline = time.monotonic() + limit(target)
                running[process.sentinel] = (slot, process, mutant, deadline)
            if not running:
                return
            soonest = min(deadline for *_, deadline in running.values())
            wait(list(running), timeout=max(0.0, soonest - time.monotonic()))
            for sentinel, (slot, process, mutant, deadline) in [*running.items()]:
                late = time.monotonic() >= deadline
                if process.is_alive() and not late:
                    continue
                fate = _fate(process)
                slot.learn(mutant)
                del running[sentinel]
                free.append(slot)
                yield Ended(mutant, fate)
    finally:
        for _, process, *_ in running.values():
            _end(process)


def _fate(process: ForkProcess) -> Fate:
    late = process.is_alive()
    _end(process)
    if late:
        return "timeout"
    return "killed" if process.exitcode else "survived"


def _end(process: ForkProcess) -> None:
    """End a trial, and what it left behind."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid or 0, signal.SIGKILL)
    process.join()


def _drop_databases(server: embedded.EmbeddedServer) -> None:
    """What the trial before made: with its own tables, and left there if it was ended."""
    for (name,) in administer(server, "select datname from pg_database where datname like 'bars%'"):
        administer(server, f"drop database {name} with (force)")
