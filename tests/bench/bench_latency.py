"""Trigger to success through the real scheduler: the sample run against one that does nothing.

`python -m tests.bench.bench_latency [--rounds 5]` starts a desk twice, with and without libraries
that are loaded before the tasks are forked, and prints seconds and ratios (target: at most 1.5).
"""

import argparse
import json
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from dags.staging.layout import DAG_ID
from tests.desk import Desk, folder, running_desk

NOOP = "bench_noop"
BUNDLE = "airflow.dag_processing.bundles.local.LocalDagBundle"
BUNDLES = [
    {"name": "dags-folder", "classpath": BUNDLE, "kwargs": {}},
    {
        "name": "bench",
        "classpath": BUNDLE,
        "kwargs": {"path": str(Path(__file__).with_name("noop_dags"))},
    },
]
JUDGED, TARGET = "preloaded", 1.5
EXECUTORS = {
    JUDGED: {},
    "not preloaded": {"AIRFLOW__CORE__EXECUTOR": "LocalExecutor"},
}


@dataclass(frozen=True)
class Latency:
    """Seconds from the trigger to the end of a run, in the order of the runs."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one of all but the first, which warms up."""
        return statistics.median(self.seconds[1:] or self.seconds)

    def __str__(self) -> str:
        return f"first {self.seconds[0]:5.2f} s   then {self.median:5.2f} s (median)"


def measure(desk: Desk, rounds: int) -> tuple[Latency, Latency]:
    """The sample run's latency and the empty one's, taken in turns so that they share the noise."""
    sample, empty = [], []
    for _ in range(rounds):
        sample.append(_seconds(desk, DAG_ID))
        empty.append(_seconds(desk, NOOP))
    return Latency(tuple(sample)), Latency(tuple(empty))


def _seconds(desk: Desk, dag_id: str) -> float:
    began = time.perf_counter()
    ended = desk.trigger_and_wait(dag_id=dag_id)
    if ended["state"] != "success":
        raise RuntimeError(f"run {ended['dag_run_id']} of {dag_id} ended {ended['state']}")
    return time.perf_counter() - began


def _wait_for_noop(desk: Desk) -> None:
    deadline = time.monotonic() + 120
    while all(dag["dag_id"] != NOOP for dag in desk.api.get("/dags")["dags"]):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{NOOP} was not found by the dag-processor")
        time.sleep(0.5)


def main(options: list[str]) -> int:
    """Measure both ways and print the table; 1 when the preloaded ratio misses the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_known_args(options)[0].rounds
    ratios = {}
    with folder() as path:
        for name, executor in EXECUTORS.items():
            ratios[name] = _compare(path / "var", name, executor, rounds)
    return int(ratios[JUDGED] > TARGET)


def _compare(var: Path, name: str, executor: dict[str, str], rounds: int) -> float:
    bundles = {"AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(BUNDLES)}
    with running_desk(var, {**bundles, **executor}) as desk:
        _wait_for_noop(desk)
        sample, empty = measure(desk, rounds)
    ratio = sample.median / empty.median
    print(f"Trigger to success, {name}, {rounds} rounds")
    print(f"  sample run     {sample}")
    print(f"  empty tasks    {empty}")
    print(f"  ratio          {ratio:.2f} (target: at most {TARGET:g})", flush=True)
    return ratio


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
