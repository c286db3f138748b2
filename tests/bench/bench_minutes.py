"""Bars within the day against as many daily ones: seconds and peak memory of each step."""

import argparse
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sql import embedded
from tests.bench import minute_steps as steps
from tests.bench.bench_pipeline import DATABASE, ROUNDS, Ratio, in_turns
from tests.bench.measure import Measurement, measure

LIMIT = 1.5
STEPS: Sequence[Callable[..., Callable[[], Any]]] = (
    *(steps.extract, steps.gate, steps.transform, steps.publish),
)


def main(options: Sequence[str] = ()) -> int:
    """Print the table; 1 when a limit was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench minutes", description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000, help="bars, 1,950 a symbol")
    rows = parser.parse_known_args(list(options))[0].rows
    symbols = max(1, rows // steps.BARS_EACH)
    print(f"Minutes: {symbols * steps.BARS_EACH:,} bars of {symbols} symbols, of both kinds.\n")
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        (folder / "files").mkdir()
        with embedded.start(folder / "server") as server:
            server.ensure_database(DATABASE)
            where = [str(server.socket_dir), DATABASE, embedded.SUPERUSER]
            ratios = _bench(where, str(folder / "files"), symbols)
    finally:
        shutil.rmtree(folder)
    print("\nRatios, the median of those within each round")
    for ratio in ratios:
        print(ratio.line())
    return int(any(ratio.missed() for ratio in ratios))


def _bench(where: list[str], place: str, symbols: int) -> list[Ratio]:
    for bar in steps.KINDS:
        measure(steps.load, where, place, symbols, bar)
    print(f"  {'step':12} {'daily s':>9} {'minutes s':>10} {'daily MB':>9} {'minutes MB':>11}")
    ratios = []
    for step in STEPS:
        daily, minutes = _in_turns(step, where, place, symbols)
        peaks = [max(one.peak_mb for one in found) for found in (daily, minutes)]
        seconds = [min(one.seconds for one in found) for found in (daily, minutes)]
        name = step.__name__
        shown = f"{seconds[0]:9.2f} {seconds[1]:10.2f} {peaks[0]:9.0f} {peaks[1]:11.0f}"
        print(f"  {name:12} {shown}", flush=True)
        ratios += [
            Ratio(f"{name}, seconds: minutes / daily", in_turns(minutes, daily), LIMIT),
            Ratio(f"{name}, peak memory: minutes / daily", peaks[1] / peaks[0], LIMIT),
        ]
    return ratios


def _in_turns(
    step: Callable[..., Callable[[], Any]], where: list[str], place: str, symbols: int
) -> tuple[list[Measurement], list[Measurement]]:
    found: dict[str, list[Measurement]] = {bar: [] for bar in steps.KINDS}
    for round_ in range(ROUNDS):
        for bar, measured in found.items():
            measured.append(measure(step, where, place, symbols, bar, round_))
    return found["1 day"], found["5 mins"]
