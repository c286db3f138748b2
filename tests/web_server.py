"""The pages on a real server, for what only a connection shows."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from tests.desk import free_ports


@contextmanager
def served(app: Starlette) -> Iterator[int]:
    """Serve ``app`` from a thread of this process; the port."""
    (port,) = free_ports(1)
    settings = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline, "the server never started"
        time.sleep(0.01)
    yield port
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()
