"""What a worker of the tests calls itself: they are all on one machine."""

import os


def worker_name() -> str:
    """The name that the worker was started with; `desk` for every other part."""
    return os.environ.get("TEST_WORKER", "desk")
