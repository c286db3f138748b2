"""Seconds and peak memory of one step, each in a process of its own."""

import importlib
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Measurement:
    """`seconds` of the work alone; `peak_mb` of the whole process, libraries and input included.

    `before_mb` is the peak before the work began; `result` is what the work returned.
    """

    seconds: float
    peak_mb: float
    before_mb: float
    result: Any


def measure(prepare: Callable[..., Callable[[], Any]], *arguments: Any) -> Measurement:
    """Call `prepare` in a fresh process, and measure the work that it returns.

    Imports and reading belong into `prepare`, a function of a module. The arguments and what the
    work returns must be JSON.
    """
    assert prepare.__module__ != "__main__", "a fresh process finds no functions of a script"
    with tempfile.TemporaryDirectory(prefix="bench-step-") as folder:
        answer = Path(folder) / "answer.json"
        task = [prepare.__module__, prepare.__name__, json.dumps(arguments), str(answer)]
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.measure", *task],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"{prepare.__name__} failed:\n{done.stderr}")
        return Measurement(**json.loads(answer.read_text()))


def peak_mb() -> float:
    """The most memory that this process has held, in MB (10^6 bytes)."""
    status = Path("/proc/self/status")
    # Under Linux ru_maxrss starts at what the parent held when it forked, VmHWM does not.
    if status.exists() and (found := re.search(r"VmHWM:\s+(\d+) kB", status.read_text())):
        return int(found[1]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _answer(module: str, name: str, arguments: str, answer: str) -> None:
    work = getattr(importlib.import_module(module), name)(*json.loads(arguments))
    before = peak_mb()
    started = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - started
    told = {"seconds": seconds, "peak_mb": peak_mb(), "before_mb": before, "result": result}
    Path(answer).write_text(json.dumps(told))


if __name__ == "__main__":
    _answer(*sys.argv[1:])
