"""Run one program so that nothing of it outlives its owner: leash.py GRACE OWNER COMMAND…

The leash leads a session of its own. When it is told to stop, or OWNER (a process id, its parent)
is gone, it ends the program, and then whatever else is left in the session. It knows only the
standard library and runs as a file, because there is one such process for every part.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_LAST_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1


def main(grace: float, owner: int, command: list[str]) -> int:
    """Run ``command``; its exit status. It gets ``grace`` seconds between SIGTERM and SIGKILL."""
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: asked.append(received))
    program = subprocess.Popen(command, preexec_fn=end_with_parent)  # noqa: PLW1509  # there is one thread
    deadline = None
    while program.poll() is None:
        if deadline is None and (asked or os.getppid() != owner):
            program.terminate()
            deadline = time.monotonic() + grace
        if deadline is not None and time.monotonic() > deadline:
            break
        time.sleep(0.05)
    end_session(os.getpid(), spare=os.getpid())
    status = program.wait()
    return status if status >= 0 else 128 - status


def end_session(session: int, *, spare: int = 0) -> None:
    """Kill every process of a session except ``spare``, also those that are born meanwhile."""
    deadline = time.monotonic() + _LAST_SECONDS
    while (rest := members(session) - {spare}) and time.monotonic() < deadline:
        for pid in rest:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.02)


def members(session: int) -> set[int]:
    """The live processes of a session (Linux; elsewhere none are found)."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, of_session, *_ = entry.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(of_session) == session and state not in "ZX":
            found.add(int(entry.parent.name))
    return found


def end_with_parent() -> None:
    """In a new process: stop when the parent is gone, even if it was killed (Linux)."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
