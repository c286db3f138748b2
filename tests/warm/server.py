"""A warm interpreter: it imports once what takes seconds, and forks a process for each command.

`python -m tests.warm.server SOCKET PROGRAM MODULE`, started in the environment and the folder that
the commands will have; MODULE imports what they need. A command is a process of its own, with its
arguments, environment and streams, and `sys.executable` is PROGRAM there, so that what it starts is
warm as well. Airflow reads its environment while it is imported: a command whose environment says
something else about it, or that stands in another folder, is left to a cold interpreter.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dags.local.desk.processes.leash import end_with_parent
from tests.warm.client import COLD

READY = "ready for commands"


def main(address: str, program: str, imported: str) -> None:
    """Serve until the parent is gone; in a fork, run the command."""
    importlib.import_module(imported)
    gc.freeze()  # a collection in a fork would copy all of it
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(address)
        listener.listen()
        print(READY, flush=True)
        arguments = _serve(listener)
    sys.executable = program
    _, module, *sys.argv[1:] = arguments
    _end(_run(module))


def _run(module: str) -> int:
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        print(ended.code, file=sys.stderr)
        return 1
    return 0


def _end(status: int) -> None:
    """End as Python does, but for taking apart what was imported: that takes seconds in a fork."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status & 0xFF)


def _serve(listener: socket.socket) -> list[str]:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a keeper
    while True:
        connection, _ = listener.accept()
        with connection:
            if os.fork() == 0:
                return _keep(connection)


def _keep(connection: socket.socket) -> list[str]:
    """Fork the command and tell how it ends; what it is to run, in the command itself."""
    end_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, streams, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    asked = json.loads(message)
    if not _fits(asked):
        connection.send(COLD)
        os._exit(0)
    command = os.fork()
    if command == 0:
        _become(asked["environment"], streams)
        arguments: list[str] = asked["arguments"]
        return arguments
    for stream in streams:
        os.close(stream)
    connection.send(str(command).encode())
    _, status = os.waitpid(command, 0)
    connection.send(str(status).encode())
    os._exit(0)


def _fits(asked: Mapping[str, Any]) -> bool:
    """Whether a fork would have imported the same, as if it had been started anew."""
    said = {k: v for k, v in asked["environment"].items() if k.startswith("AIRFLOW")}
    same = all(os.environ.get(name) == value for name, value in said.items())
    return same and asked["folder"] == str(Path.cwd()) and asked["arguments"][0] == "-m"


def _become(environment: Mapping[str, str], streams: list[int]) -> None:
    end_with_parent()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(environment)


if __name__ == "__main__":
    main(*sys.argv[1:])
