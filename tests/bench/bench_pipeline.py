"""The pipeline on generated bars: each step's seconds, peak memory, and ratio to its floor."""

import argparse
import os
import platform
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sql import embedded
from tests.bench import pipeline_steps as steps
from tests.bench.measure import Measurement, measure

SESSIONS = 2000
DATABASE = "bench"
ROUNDS = 3
# With fewer bars, what a query costs at any size drowns the ratios.
FEWEST_TO_JUDGE = 500_000


@dataclass(frozen=True)
class Ratio:
    """Seconds of one thing over seconds of another; no limit means it is only reported."""

    what: str
    value: float
    limit: float | None = None

    def missed(self) -> bool:
        return self.limit is not None and self.value > self.limit

    def line(self) -> str:
        if self.limit is None:
            return f"  {self.what:58} {self.value:7.2f}"
        verdict = "FAIL" if self.missed() else "PASS"
        return f"  {self.what:58} {self.value:7.2f}   limit {self.limit:.1f}   {verdict}"


def main(options: Sequence[str] = ()) -> int:
    """Print the table; 1 when a limit was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench pipeline", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="bars, 2,000 a symbol")
    rows = parser.parse_known_args(list(options))[0].rows
    symbols = max(1, rows // SESSIONS)
    print(f"Pipeline: {symbols * SESSIONS:,} bars of {symbols} symbols. {_machine()}\n", flush=True)
    # Not under a folder closed to others: as root the server is another user.
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        (folder / "files").mkdir()
        with embedded.start(folder / "server") as server:
            server.ensure_database(DATABASE)
            ratios = _bench(server, str(folder / "files"), symbols)
            if symbols * SESSIONS < FEWEST_TO_JUDGE:
                ratios = [replace(ratio, limit=None) for ratio in ratios]
    finally:
        shutil.rmtree(folder)
    print("\nRatios, the median of those within each round")
    for ratio in ratios:
        print(ratio.line())
    print(f"\nAt the end: {_load()}.")
    return int(any(ratio.missed() for ratio in ratios))


def _bench(server: embedded.EmbeddedServer, place: str, symbols: int) -> list[Ratio]:
    where = [str(server.socket_dir), DATABASE, embedded.SUPERUSER]
    print(f"  {'step':42} {'seconds':>8} {'peak MB':>8} {'before':>8}   each run")
    _report("(generate and load)", measure(steps.load, where, symbols, SESSIONS))
    extract, nowhere, by_pandas = [], [], []
    for _ in range(ROUNDS):  # in turns, so that the machine's other work falls on all of them
        extract.append(measure(steps.extract, where, place, symbols))
        query = extract[-1].result
        nowhere.append(measure(steps.copy_to_nowhere, where, query))
        by_pandas.append(measure(steps.read_sql, where, query))
    _report("extract", *extract)
    _report("  COPY … TO '/dev/null'", *nowhere)
    _report("  pandas.read_sql", *by_pandas)
    generic, by_hand = [], []
    for _ in range(ROUNDS):
        generic.append(measure(steps.generic_suite, place))
        by_hand.append(measure(steps.by_hand, place))
    _report("gate: a generic suite", *generic)
    _report("  the same by hand in pandas", *by_hand)
    gate = _report("gate: the committed suite", measure(steps.gate, place, f"{place}/results"))
    _report("transform", measure(steps.transform, place))
    publish = _report("publish", measure(steps.publish, where, place, symbols, "run 1"))
    again = _report("publish again", measure(steps.publish, where, place, symbols, "run 2"))
    copied = _report("  COPY into an unlogged copy", measure(steps.copy_into_copy, where, place))
    return [
        Ratio("extract / COPY … TO '/dev/null'", in_turns(extract, nowhere), 2.5),
        Ratio("extract / pandas.read_sql", in_turns(extract, by_pandas), 0.4),
        Ratio("gate, generic suite / the same by hand", in_turns(generic, by_hand), 2.0),
        Ratio("gate, committed suite / generic suite", gate.seconds / _median(generic)),
        Ratio("publish / COPY into an unlogged copy", publish.seconds / copied.seconds),
        Ratio("publish again / COPY into an unlogged copy", again.seconds / copied.seconds),
    ]


def in_turns(these: Sequence[Measurement], those: Sequence[Measurement]) -> float:
    """The median over the rounds of the ratio within a round."""
    return statistics.median(a.seconds / b.seconds for a, b in zip(these, those, strict=True))


def _median(found: Sequence[Measurement]) -> float:
    return statistics.median(one.seconds for one in found)


def _report(name: str, *found: Measurement) -> Measurement:
    """Print one line, and return the last measurement."""
    peak, before = max(one.peak_mb for one in found), max(one.before_mb for one in found)
    each = " ".join(f"{one.seconds:.2f}" for one in found) if len(found) > 1 else ""
    print(f"  {name:42} {_median(found):8.2f} {peak:8.0f} {before:8.0f}   {each}", flush=True)
    return found[-1]


def _machine() -> str:
    return f"Python {platform.python_version()}, {os.cpu_count()} cores; {_load()}."


def _load() -> str:
    return "load " + ", ".join(f"{load:.2f}" for load in os.getloadavg()) + " (1, 5, 15 minutes)"
