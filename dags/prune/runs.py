"""Remove old runs: python -m dags.prune --keep-days 90 [--dry-run].

Removes the MLflow runs with their artifacts, the stored validation results, the Data Docs pages and
the staging folders of runs that are older. Kept whatever their age: what is under way, the newest
run of each DAG and suite, and the run before each kept one, which it is compared with. Never
touched: bars, quarantine, suites and their history, MLflow runs that no DAG run made. What a
removal could not finish, the next one goes on with.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from dags.errors import StagingError
from dags.prune.removal import Item, Kind, remove
from dags.prune.retention import Trace, old_runs
from dags.run.datasets import settings_for
from dags.run.settings import Settings
from dags.staging.all_runs import StagedFolder, staged_folders
from dags.staging.layout import run_of_results, safe_name
from gx.dataset.read import dataset_names, read_dataset
from gx.docs.prune import ResultFile, rebuild_index, stored_pages, stored_results
from gx.errors import DatasetError
from tracking.errors import TrackingError
from tracking.prune import PrunableRun, TrackedHistory
from tracking.store import TrackingStore, probe

DONE, FAILED = 0, 2
MAX_DAYS = 36_500
_TRASH = "  The server keeps their records in its trash until `mlflow gc` is run there."


def prune(settings: Settings, *, keep_days: int, dry_run: bool) -> int:
    """Remove what is older than ``keep_days`` days and say so; 2 when not all of it could go.

    Nothing is removed when one of the places cannot be listed: MLflow, staging or the results.
    """
    limit = datetime.now(UTC) - timedelta(days=keep_days)
    try:
        histories = [TrackedHistory(store) for store in _stores(settings)]
        kinds = _kinds(settings, histories)
    except (DatasetError, TrackingError, StagingError, OSError) as error:
        return _failed([f"{error}; nothing was removed"])
    traces = [item.trace for kind in kinds for item in kind.items]
    old = old_runs(traces, limit)
    kept = len({trace.run for trace in traces} - old)
    print(f"Before {limit:%Y-%m-%d %H:%M} UTC: {len(old):,} old runs; {kept:,} are kept")
    complaints = []
    for kind in kinds:
        tally = remove(kind.of(old), dry_run=dry_run)
        print(tally.line(dry_run=dry_run), flush=True)
        if kind.name == kinds[0].name and tally.total and not histories[0].for_good:
            print(_TRASH)
        complaints += tally.complaints()
    return _failed(complaints) if complaints else DONE


def _stores(settings: Settings) -> list[TrackingStore]:
    """The experiment of each dataset; two may share one."""
    names = [settings.mlflow_experiment_name] + [
        settings_for(read_dataset(name), settings).mlflow_experiment_name
        for name in dataset_names()
    ]
    return [
        TrackingStore(settings.mlflow_tracking_uri, name, settings.mlflow_artifact_root)
        for name in dict.fromkeys(names)
    ]


def _kinds(settings: Settings, histories: Sequence[TrackedHistory]) -> list[Kind]:
    """MLflow first: it is what can fail. The index never names what is gone."""
    results = settings.results_dir
    return [
        Kind(
            "MLflow runs",
            [_tracked(run, history) for history in histories for run in history.runs()],
            alive=lambda: probe(histories[0].store),
        ),
        Kind("stored results", [_stored(file) for file in stored_results(results)]),
        Kind(
            "Data Docs pages",
            [_stored(file) for file in stored_pages(results)],
            around=lambda: rebuild_index(results),
        ),
        Kind("staging folders", [_staged(one) for one in staged_folders(settings.staging_url)]),
    ]


def _tracked(run: PrunableRun, history: TrackedHistory) -> Item:
    dag, _, run_id = run.run_key.partition("/")
    trace = Trace(safe_name(run_id), run.began, run.last_used, dag=dag, running=run.running)
    return Item(trace, lambda: history.artifact_bytes(run), lambda: history.remove(run))


def _stored(file: ResultFile) -> Item:
    moment = file.result.moment
    run = run_of_results(file.result.run)
    return Item(Trace(run, moment, moment), lambda: file.size, file.remove)


def _staged(one: StagedFolder) -> Item:
    trace = Trace(one.run, one.began, one.last_written, dag=one.dag, suite=one.suite)
    return Item(trace, lambda: one.size, one.remove)


def _failed(complaints: Sequence[str]) -> int:
    for complaint in complaints:
        print(f"error: {complaint}", file=sys.stderr)
    return FAILED


def main(arguments: Sequence[str] | None = None) -> int:
    """Prune what the settings of this environment name."""
    parser = argparse.ArgumentParser(
        prog="python -m dags.prune",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--keep-days", type=_days, required=True, metavar="DAYS")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    parsed = parser.parse_args(arguments)
    return prune(Settings(), keep_days=parsed.keep_days, dry_run=parsed.dry_run)


def _days(text: str) -> int:
    days = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= days <= MAX_DAYS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of days from 1 to {MAX_DAYS}, for example 90"
        )
    return days
