"""One run of the pipeline, every task in a process of its own, watched for memory."""

import functools
import logging
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import psutil

from dags.run.context import Run, RunIdentity
from dags.run.request import RunRequest
from dags.run.settings import Settings
from dags.staging.run_folder import Staging
from sql.embedded import EmbeddedServer
from tests.bench.bars import symbol_names

SAMPLED_EVERY = 0.2
MB = 1e6


@dataclass
class Usage:
    """Seconds by step; the most memory of all tasks together, of one, and of PostgreSQL, in MB."""

    seconds: dict[str, float] = field(default_factory=dict)
    together: float = 0.0
    one: float = 0.0
    postgres: float = 0.0
    at_once: float = 0.0

    @property
    def total(self) -> float:
        """Seconds of the whole run."""
        return sum(self.seconds.values())


def bench_run(
    server: EmbeddedServer, database: str, folder: str, *, symbols: int, partition: int
) -> Run:
    """A run over the first symbols, divided into partitions of at most `partition`."""
    settings = Settings.of(
        {
            "POSTGRES_HOST": str(server.socket_dir),
            "POSTGRES_DB": database,
            "STAGING_URL": f"file://{folder}/staging",
            "RESULTS_DIR": f"{folder}/quality",
            "PARTITION_SYMBOLS": str(partition),
        }
    )
    run_id = f"bench-{symbols}-{partition}"
    return Run(
        settings=settings,
        request=RunRequest(tuple(symbol_names(symbols)), None, None),
        staging=Staging.of_run(settings.staging_url, "bench", run_id, (b"bench",)),
        identity=RunIdentity("bench", run_id, "manual", "", datetime.now(UTC)),
    )


def whole(run: Run, server: EmbeddedServer) -> Usage:
    """Extract, judge, transform and publish in one piece."""
    with _Watched(1, server) as tasks:
        for step in ("extract", "validate", "transform", "publish"):
            tasks.do(step, step, [run])
        return tasks.usage


def in_partitions(run: Run, server: EmbeddedServer, workers: int) -> Usage:
    """The same, with so many workers at a time."""
    with _Watched(workers, server) as tasks:
        (planned,) = tasks.do("plan", "extract", [run])
        numbers = [part["number"] for part in planned]
        tasks.do("check", "check", [run], numbers)
        tasks.do("gate", "validate", [run])
        tasks.do("publish", "publish_part", [run], numbers)
        tasks.do("account", "publish", [run])
        return tasks.usage


class _Watched:
    """Processes that each do one task, forked from one that has the libraries loaded."""

    def __init__(self, workers: int, server: EmbeddedServer) -> None:
        _step("extract"), _step("check")
        (
            __import__("gx.market.store"),
            __import__("gx.gate.checkpoint"),
            __import__("gx.report.render"),
        )
        logging.disable(logging.WARNING)
        self.usage = Usage()
        self._server = psutil.Process(_postmaster(server))
        self._pool = multiprocessing.get_context("fork").Pool(workers, maxtasksperchild=1)
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._watch.join()
        self._pool.close()
        self._pool.join()

    def do(self, name: str, step: str, given: list[Any], numbers: Iterable[int] = ()) -> list[Any]:
        began = time.perf_counter()
        work = functools.partial(_do, step, *given)
        tasks: list[tuple[int, ...]] = [(number,) for number in numbers] or [()]
        found = self._pool.starmap(work, tasks, chunksize=1)
        self.usage.seconds[name] = time.perf_counter() - began
        return found

    def _sample(self) -> None:
        me = psutil.Process()
        while not self._ended.wait(SAMPLED_EVERY):
            tasks = [_pss(process) for process in _family(me)]
            postgres = sum(_pss(process) for process in [self._server, *_family(self._server)])
            usage = self.usage
            usage.one = max(usage.one, *tasks, 0)
            usage.together = max(usage.together, sum(tasks))
            usage.postgres = max(usage.postgres, postgres)
            usage.at_once = max(usage.at_once, sum(tasks) + postgres)


def _postmaster(server: EmbeddedServer) -> int:
    return int((server.folder / "data" / "postmaster.pid").read_text().splitlines()[0])


def _do(step: str, *arguments: Any) -> Any:
    return _step(step)(*arguments)


def _step(name: str) -> Callable[..., Any]:
    from dags import steps
    from dags.work import partition as partition_steps

    found: Callable[..., Any] = getattr(partition_steps, name, None) or getattr(steps, name)
    return found


def _family(process: psutil.Process) -> list[psutil.Process]:
    """The processes below it; those of PostgreSQL are somebody else's."""
    try:
        return [p for p in process.children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]
    except psutil.NoSuchProcess:
        return []


def _pss(process: psutil.Process) -> float:
    """What a process holds, with its share of what it shares."""
    try:
        return float(process.memory_full_info().pss) / MB
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0.0
