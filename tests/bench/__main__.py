"""Run every bench, or the named ones: `python -m tests.bench [pipeline …] [--rows 1000000]`.

A bench is a module bench_NAME.py with `main(options: list[str])`, which returns 1 when a limit was
missed and passes over options that it does not know.
"""

import importlib
import itertools
import signal
import sys
from pathlib import Path


def main() -> int:
    """Run them one after the other; 1 when any of them missed a limit, 2 for an unknown name."""
    # So that a bench that is told to stop still stops the server that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    known = [path.stem.removeprefix("bench_") for path in sorted(_here().glob("bench_*.py"))]
    names = list(itertools.takewhile(lambda word: not word.startswith("-"), sys.argv[1:]))
    options = sys.argv[1 + len(names) :]
    for name in names:
        if name not in known:
            print(f"There is no bench {name!r}, only {', '.join(known)}.", file=sys.stderr)
            return 2
    missed = [name for name in names or known if _run(name, options)]
    if missed:
        print(f"\nMissed a limit: {', '.join(missed)}")
    return 1 if missed else 0


def _here() -> Path:
    return Path(__file__).parent


def _run(name: str, options: list[str]) -> bool:
    return bool(importlib.import_module(f"tests.bench.bench_{name}").main(options))


if __name__ == "__main__":
    sys.exit(main())
