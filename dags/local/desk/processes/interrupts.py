"""Being told to stop, at a moment when stopping is safe."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked this process to stop (SIGTERM, Ctrl-C, or its terminal is gone)."""


def stop_on_signals() -> None:
    """From now on such a signal raises Stopped in the main thread."""
    for number in STOPPING:
        signal.signal(number, _raise_stopped)


@contextmanager
def deferred() -> Iterator[None]:
    """Signals that arrive inside take effect at the end: what is begun is finished first."""
    received: list[int] = []
    before = {
        number: signal.signal(number, lambda got, _frame: received.append(got))
        for number in STOPPING
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if received:
            os.kill(os.getpid(), received[0])


def _raise_stopped(_number: int, _frame: FrameType | None) -> None:
    raise Stopped
