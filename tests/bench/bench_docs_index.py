"""What Data Docs cost a run when there are 1 to 1,000 runs before it: the page and the index."""

import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gx.docs.index import MEMORY
from gx.docs.stored_results import RESULTS, SITE
from gx.engine.context import project_context
from gx.gate import checkpoint
from gx.project import PROJECT
from tests.staged_runs import daily_bars

RUNS, TRIES = (1, 150, 1_000), 5
# Of the update between the first run whose index is full and the last.
MAX_GROWTH = 1.5


def main(_options: list[str]) -> int:
    """Print CPU milliseconds; 1 when an update costs much more with 1,000 runs than with 150."""
    with tempfile.TemporaryDirectory(prefix="bench-docs-") as folder:
        results = Path(folder)
        checkpoint.run(daily_bars(["AAA", "BBB"], 250), results=results, run_name="first")
        context = project_context(results, PROJECT)
        copies, made, updates = _copies(context, results), 1, {}
        print(f"{'runs':>6}{'update ms':>11}{'index alone ms':>16}{'index, nothing known ms':>25}")
        for number in RUNS:
            for _ in range(number - made):
                next(copies)
            made = number + TRIES
            _cpu_ms(_builder(context), [])
            updates[number] = statistics.median(
                _cpu_ms(_builder(context), [next(copies)]) for _ in range(TRIES)
            )
            alone = statistics.median(_cpu_ms(_builder(context), []) for _ in range(TRIES))
            (results / SITE / MEMORY).unlink()
            cold = _cpu_ms(_builder(context), [])
            print(f"{number:>6,}{updates[number]:>11.0f}{alone:>16.0f}{cold:>25.0f}")
    growth = updates[RUNS[-1]] / updates[RUNS[1]]
    print(f"from {RUNS[1]} runs to {RUNS[-1]:,} an update grows {growth:.2f}-fold (≤ {MAX_GROWTH})")
    return 1 if growth > MAX_GROWTH else 0


def _cpu_ms(builder: Any, keys: list[Any]) -> float:
    began = time.process_time()
    if keys:
        builder.build(resource_identifiers=keys)
    else:
        builder.site_index_builder.build()
    return 1000 * (time.process_time() - began)


def _builder(context: Any) -> Any:
    return context._load_site_builder_from_site_config(
        context.variables.data_docs_sites["local_site"]
    )


def _copies(context: Any, results: Path) -> Iterator[Any]:
    """Store the first result again and again, each an hour earlier; its key."""
    (key,) = context.validation_results_store.list_keys()
    place = Path(*key.to_tuple())
    moment = datetime.now(UTC)
    while True:
        moment -= timedelta(hours=1)
        name = f"manual__{moment.isoformat()}".replace("+", "_").replace(":", "_")
        for root, suffix in ((results / RESULTS, ".json"), (results / SITE / RESULTS, ".html")):
            folder = root / place.parts[0] / name / f"{moment:%Y%m%dT%H%M%S.%fZ}"
            folder.mkdir(parents=True)
            shutil.copyfile(f"{root / place}{suffix}", folder / f"{place.name}{suffix}")
        yield type(key).from_tuple((place.parts[0], name, folder.name, place.name))
