"""Start a warm interpreter for the tests of a file."""

import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dags.local.desk.processes.leash import end_with_parent
from dags.run.settings import ROOT
from tests.warm import client
from tests.warm.server import READY

READY_SECONDS = 120.0


@contextmanager
def warm_interpreter(
    place: Path, environment: Mapping[str, str], imported: str = "tests.warm.gate"
) -> Iterator[str]:
    """A program to be called like Python, in the project's folder, that has ``imported`` already.

    ``environment`` is what it is imported in. ``place`` is an empty folder, whose name is short, as
    a socket's must be.
    """
    server, program, log = place / "socket", place / "python", place / "log"
    words = [sys.executable, "-IS", client.__file__, str(server), sys.executable]
    program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    program.chmod(0o755)
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm.server", str(server), str(program), imported],
            cwd=ROOT,
            env=environment,
            stdout=sink,
            stderr=sink,
            preexec_fn=end_with_parent,
        )
    try:
        deadline = time.monotonic() + READY_SECONDS
        while READY not in log.read_text():
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield str(program)
    finally:
        process.terminate()
        process.wait()
