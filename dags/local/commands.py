"""What the commands of `gate` do, once cli.py has understood what was typed."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING

from dags.local.services import services
from dags.run.datasets import (
    default_symbols,
    published_at,
    read_from,
    settings_for,
    source_of,
)
from dags.run.request import RunRequest, parse_date, parse_request, parse_symbols, require_suite
from dags.run.settings import Settings
from gx.dataset.model import DEFAULT, Dataset
from gx.dataset.read import read_dataset
from gx.statuses import COULD_NOT_RUN, DONE
from gx.symbols import EVERY
from sql.connection import connected
from sql.postgres_programs import path

if TYPE_CHECKING:
    from tracking.store import TrackingStore


@dataclass(frozen=True)
class TypedRequest:
    """A run as it was typed; None where nothing was."""

    symbols: str | None = None
    start: str | None = None
    end: str | None = None
    policy: str | None = None
    accept_removals: str | None = None
    debug: bool = False
    suite: str | None = None

    def request(self, dataset: Dataset, settings: Settings) -> RunRequest:
        """What is to be run; what was not typed is as the dataset says, or else the settings.

        Raises RequestError.
        """
        settings = settings_for(dataset, settings)
        every = self.symbols is not None and self.symbols.strip() == EVERY
        named = default_symbols(dataset, settings) if self.symbols is None else None
        every = every or named == [EVERY]
        return parse_request(
            {
                "symbols": None if every else named or parse_symbols(self.symbols or ""),
                "more_symbols": EVERY if every else None,
                "start_date": self.start,
                "end_date": self.end,
                "debug_mode": self.debug or settings.debug_mode,
                "policy": self.policy or settings.on_critical,
                "accept_removals": self.accept_removals,
                "suite": self.suite,
            }
        )


def run_once(var: Path, asked: TypedRequest, name: str) -> int:
    """Run a dataset's DAG once on the embedded services, and say what came of it."""
    from dags.local.once.run import run

    dataset = read_dataset(name)
    request = asked.request(dataset, Settings())
    require_suite(request.suite)  # before any service is started
    symbols = "every symbol" if request.every else ", ".join(request.symbols)
    of = "" if name == DEFAULT else f"{name}: "
    print(f"Checking {of}{symbols} …", flush=True)
    with services(var) as found:
        outcome = run(found, request, dataset)
    print("\n" + outcome.text)
    return outcome.status


@contextmanager
def exported(var: Path, name: str) -> Iterator[Path]:
    """The bars of a dataset's table in a Parquet file that is gone at the end."""
    from dags.archive.files import fetcher
    from dags.local.datasets import as_airflow
    from sql.extract import extract_bars, known_symbols

    dataset = read_dataset(name)
    source = source_of(dataset)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{name}.parquet"
        with (
            services(var) as found,
            as_airflow(found.environment, dataset),
            file.open("wb") as sink,
            connected(read_from(dataset, Settings.of(found.environment))) as engine,
        ):
            symbols = known_symbols(engine, source)
            extract_bars(
                engine,
                sink,
                source=source,
                symbols=symbols,
                start=None,
                end=None,
                archive=fetcher(Settings.of(found.environment)),
            )
        yield file


def discard_bars(
    var: Path, name: str, symbol: str, reason: str, dates: tuple[str | None, str | None]
) -> int:
    """Resolve held bars of a dataset's symbol ('' for those without) in a range of dates."""
    from dags.local.held import named
    from gx.dataset.sessions import moments_of
    from sql.quarantine import discard

    dataset = read_dataset(name)
    first, last = moments_of(dataset, *map(parse_date, dates))
    with (
        services(var) as found,
        connected(published_at(dataset, Settings.of(found.environment))) as engine,
        engine.begin() as connection,
    ):
        done = discard(
            connection, symbol=symbol or None, start=first, end=last, by=getuser(), reason=reason
        )
    print(f"{done:,} held bars of {named(symbol)} are discarded; they stay readable")
    return DONE


def diff_runs(store: "TrackingStore", before: str, now: str, *, as_json: bool) -> str:
    """What is different in the tracked run ``now``: lines, or JSON.

    A run is named by its id, its name, ``latest`` or ``previous``. Raises TrackingError, and
    ReportError for a report that can't be read.
    """
    from gx.report.changes import ReportedRun
    from gx.report.difference import ComparedRun, difference, difference_lines
    from tracking.commands import read_runs

    runs = [
        ComparedRun(
            run.name,
            ReportedRun(run.report, run.suite_text, run.digest),
            run.published,
            run.sentence,
        )
        for run in read_runs(store, [before, now])
    ]
    found = difference(*runs)
    return found.to_json() if as_json else "\n".join(difference_lines(found))


def prune_runs(var: Path, *, keep_days: int, dry_run: bool) -> int:
    """Remove old runs, wherever they left something."""
    from dags.prune.runs import prune

    with services(var) as found:
        return prune(Settings.of(found.environment), keep_days=keep_days, dry_run=dry_run)


def psql(var: Path) -> int:
    """Open psql on the database that the bars are in, the embedded one or another."""
    with services(var) as found:
        bars = Settings.of(found.environment).bars()
        where = {
            "PGHOST": bars.host,
            "PGPORT": str(bars.port),
            "PGDATABASE": bars.database,
            "PGUSER": bars.user,
        }
        if bars.password:
            where["PGPASSWORD"] = bars.password
        # Ctrl-C is psql's: it breaks off a query there, and must not end psql from here.
        before = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            ended = subprocess.run([path("psql")], env={**os.environ, **where}, check=False)
        finally:
            signal.signal(signal.SIGINT, before)
    return COULD_NOT_RUN if ended.returncode else DONE
