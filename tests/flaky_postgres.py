"""A PostgreSQL connection that breaks where a test says, at the level of the wire.

Stands between a client and a server's socket, counts what the clients send, and lets go of both
ends around one message: before the server has it, in the middle of the answer, or once the server
has answered and the client has not heard: so looks a commit whose acknowledgement was lost.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Where = Literal["before", "during", "after"]
ANSWER_SECONDS = 0.5  # a piece of a COPY has no answer
READY, GOODBYE = b"Z", b"X"  # the server has done what it was told; the client leaves


@dataclass
class FlakyPostgres:
    """A socket in ``folder`` that leads to the server whose socket is ``upstream``.

    ``sent`` holds every message of every client since ``arm`` was called, login apart.
    """

    folder: Path
    upstream: Path
    sent: list[bytes] = field(default_factory=list)
    broken: int = 0
    _at: Callable[[int, bytes], bool] = field(default=lambda _number, _message: False)
    _where: Where = "before"
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arm(self, at: Callable[[int, bytes], bool], where: Where) -> None:
        """Break once, at the first message for which ``at`` (its number and bytes) is true."""
        self.sent, self.broken, self._at, self._where = [], 0, at, where

    def disarm(self) -> None:
        """Break no more."""
        self.arm(lambda _number, _message: False, "before")

    def serve(self, listener: socket.socket) -> None:
        """Accept clients until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self.upstream))
                _Link(self, client, server).start()

    def breaks(self, message: bytes) -> bool:
        """Note a client's message; whether the connection is to break around it."""
        if message[:1] == GOODBYE:  # sent by a client that does not wait any more
            return False
        with self._lock:
            number = len(self.sent)
            self.sent.append(message)
            if self.broken or not self._at(number, message):
                return False
            self.broken += 1
            return True

    @property
    def where(self) -> Where:
        """Which part of the message and its answer is lost."""
        return self._where


class _Link:
    """One client's connection."""

    def __init__(self, flaky: FlakyPostgres, client: socket.socket, server: socket.socket) -> None:
        self._flaky, self._client, self._server = flaky, client, server
        self._muted = threading.Event()
        self._answered = threading.Event()

    def start(self) -> None:
        """Pass on in both directions."""
        for pump in (self._from_client, self._from_server):
            threading.Thread(target=pump, daemon=True).start()

    def _from_client(self) -> None:
        with suppress(OSError), self._client.makefile("rb") as source:
            start = source.read(4)
            self._server.sendall(start + source.read(int.from_bytes(start) - 4))
            while kind := source.read(1):
                size = source.read(4)
                message = kind + size + source.read(int.from_bytes(size) - 4)
                if self._flaky.breaks(message):
                    if self._flaky.where != "before":
                        self._muted.set()
                        self._server.sendall(message)
                        self._answered.wait(ANSWER_SECONDS)
                    break
                self._server.sendall(message)
        self._let_go()

    def _from_server(self) -> None:
        with suppress(OSError):
            while block := self._server.recv(1 << 16):
                if not self._muted.is_set():
                    self._client.sendall(block)
                elif self._flaky.where == "during":
                    self._client.sendall(block[: len(block) // 2])
                    break
                elif block[-6:-5] == READY:
                    break
            self._answered.set()
        self._let_go()

    def _let_go(self) -> None:
        for end in (self._client, self._server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def flaky_postgres(folder: Path, upstream: Path) -> Iterator[FlakyPostgres]:
    """Serve in ``folder``, as the socket of a PostgreSQL on its usual port."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / ".s.PGSQL.5432"))
        listener.listen()
        flaky = FlakyPostgres(folder, upstream)
        thread = threading.Thread(target=flaky.serve, args=(listener,), daemon=True)
        thread.start()
        yield flaky
        listener.shutdown(socket.SHUT_RDWR)
