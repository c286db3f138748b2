"""The caller's end of a warm interpreter: it passes on what Python is asked to run, and waits.

`client.py SERVER PYTHON ARGUMENTS…` hands arguments, environment, folder and the three standard
streams to the server, and then stands for the process that does the work: signals go there, and
its exit status comes back. What the server refuses is run by PYTHON, cold. There is one such
process for each command, so it imports little.
"""

import json
import os
import signal
import socket
import sys

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
COLD = b"cold"


def main(server: str, python: str, arguments: list[str]) -> None:
    """Have the command run, and end as it ended."""
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)  # until it is known whose they are
    folder = os.getcwd()  # noqa: PTH109  # importing pathlib takes longer than all of this
    asked = {"arguments": arguments, "environment": dict(os.environ), "folder": folder}
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.connect(server)
        socket.send_fds(connection, [json.dumps(asked).encode()], [0, 1, 2])
        answer = connection.recv(64)
        if answer != COLD:
            _forward(int(answer))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
        if answer == COLD:
            os.execv(python, [python, *arguments])
        status = int(connection.recv(64))
    if os.WIFSIGNALED(status):
        for number in FORWARDED:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status))


def _forward(process: int) -> None:
    for number in FORWARDED:
        signal.signal(number, lambda received, _frame: os.kill(process, received))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
