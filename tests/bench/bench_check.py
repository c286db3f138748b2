"""`gate check` on a small file, against the import of Great Expectations alone."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.bars import LAST_DAY, generate_bars
from tests.bench.measure import ROOT

ROUNDS = 5
# 2.5 s of a warm machine on which the import takes 2.8.
LIMIT = 0.9


def main(_: Sequence[str] = ()) -> int:
    """Print the ratio; 1 when it is above its limit."""
    with tempfile.TemporaryDirectory(prefix="bench-check-") as folder:
        file = Path(folder) / "bars.csv"
        generate_bars(2, 23).to_csv(file, index=False)
        check = ["-m", "gx", "check", str(file), "--as-of", LAST_DAY]
        alone = ["-c", "import great_expectations"]
        for warming in (check, alone):
            _seconds(warming)
        # In turns, so that the machine's other work falls on both; the least is what they need.
        rounds = [(_seconds(check), _seconds(alone)) for _ in range(ROUNDS)]
    checked, imported = (min(times) for times in zip(*rounds, strict=True))
    ratio = checked / imported
    missed = ratio > LIMIT
    print(f"gate check, 46 bars: {checked:.2f} s; import great_expectations: {imported:.2f} s")
    print(f"  ratio {ratio:.2f}  {'FAIL' if missed else 'PASS'} (≤ {LIMIT:g})")
    return int(missed)


def _seconds(arguments: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - began
