"""Which runs may go: the old ones that no kept run needs."""

import itertools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Trace:
    """What one place (staging, MLflow, stored results) holds of a run.

    ``run`` is the run's id made safe, which every place knows it by. ``dag`` and ``suite`` are
    empty where the place does not know them. Times are aware.
    """

    run: str
    began: datetime
    last_used: datetime
    dag: str = ""
    suite: str = ""
    running: bool = False


def old_runs(traces: Iterable[Trace], limit: datetime) -> set[str]:
    """The runs of which every trace was last used before ``limit``, but for those still needed.

    A run that is under way stays. So does the newest of each DAG and suite, and the run before
    each one that stays for its age: its report says what has changed since.
    """
    found = list(traces)
    every = {trace.run for trace in found}
    young = {trace.run for trace in found if trace.running or trace.last_used >= limit}
    return every - young - _needed(found, young)


def _needed(traces: list[Trace], young: set[str]) -> set[str]:
    needed = set()
    for line in _lines(traces):
        needed.add(line[-1])
        needed |= {before for before, after in itertools.pairwise(line) if after in young}
    return needed


def _lines(traces: list[Trace]) -> list[list[str]]:
    """The runs of each DAG, and of each DAG with a suite, in the order in which they began."""
    began: dict[tuple[str, ...], dict[str, datetime]] = defaultdict(dict)
    for trace in traces:
        keys = [(trace.dag,), (trace.dag, trace.suite)] if trace.suite else [(trace.dag,)]
        for key in keys if trace.dag else []:
            known = began[key].get(trace.run, trace.began)
            began[key][trace.run] = min(known, trace.began)
    return [sorted(runs, key=lambda run: (runs[run], run)) for runs in began.values()]
