"""How much memory the CSV of failing bars takes, for few of them and for a million.

`python -m tests.bench downloads [--rows 1000000]`: with a hundred times as many, at most 200 MB
more.
"""

import argparse
import tempfile
from pathlib import Path

from dags.staging.files import Folder
from dags.staging.layout import DAG_ID, FAILING
from gx.gate.verdicts import failing_bars
from tests.bench.download_steps import download
from tests.bench.measure import measure
from tests.staged_runs import daily_bars, judged, outcome, stage_run

ROWS, LIMIT_MB = 1_000_000, 200.0
QUERIES = {"as the file has them": "", "sorted": "sort=close", "of a symbol": "symbol=S0003"}


def main(options: list[str]) -> int:
    """Print seconds and memory of each download; 1 when one takes too much."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=ROWS)
    rows = parser.parse_known_args(options)[0].rows
    with tempfile.TemporaryDirectory(prefix="bench-downloads-") as folder:
        for size in (rows // 100, rows):
            _prepare(folder, size)
        print(f"{'download':<22}{'rows':>11}{'MB sent':>9}{'s':>7}{'peak MB':>9}{'added':>7}")
        missed = [name for name, query in QUERIES.items() if not _fits(folder, rows, name, query)]
    return 1 if missed else 0


def _prepare(folder: str, rows: int) -> None:
    bars = daily_bars([f"S{number:04d}" for number in range(rows // 1_000)], 1_000)
    few = judged(bars, outcome(bars, [0]))
    stage_run(Path(folder), f"of{rows}", bars, few)
    outcomes = [
        outcome(bars, list(range(0, rows, step)), "warning", column)
        for step, column in enumerate(("close", "volume", "open"), 1)
    ]
    Folder(f"file://{folder}/{DAG_ID}/of{rows}").write_frame(FAILING, failing_bars(bars, outcomes))


def _fits(folder: str, rows: int, name: str, query: str) -> bool:
    peaks = []
    for size in (rows // 100, rows):
        found = measure(download, folder, f"/gate/runs/of{size}/failing.csv", query)
        added = found.peak_mb - found.before_mb
        print(
            f"{name:<22}{size:>11,}{found.result / 1e6:>9.1f}{found.seconds:>7.1f}"
            f"{found.peak_mb:>9.0f}{added:>7.0f}"
        )
        peaks.append(found.peak_mb)
    return peaks[1] - peaks[0] <= LIMIT_MB
