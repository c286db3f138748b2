"""What the pages show: runs from the staging folder, suites, Data Docs, and bars as they are."""

import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dags.errors import RequestError
from dags.pages.comments import keep_comment, read_comments, told_to_mlflow
from dags.pages.copies import Copies
from dags.pages.datasets import Datasets
from dags.pages.held import Held
from dags.pages.repairs import Repairs
from dags.run.datasets import default_symbols, read_from, source_of
from dags.run.known_symbols import remembered
from dags.run.settings import ROOT, Settings
from dags.staging.files import Folder
from dags.staging.layout import (
    ACTIONS,
    BARS,
    CHANGES,
    CONTEXT,
    DAG_ID,
    FAILING,
    PARTITIONS,
    PLAN,
    PROPOSED,
    REPORT,
    STEPS,
    SUITE,
    SUMMARY,
    TASKS,
    page_path,
    results_name,
    run_path,
    safe_name,
)
from dags.staging.store import entries, place_at
from dags.staging.summaries import read_summary
from gx.dataset.read import read_dataset
from gx.repair.proposal import Proposal
from gx.report.changes import Changes, from_json
from gx.symbols import EVERY
from gx.web.sources import CopyCheck, ListedDataset, LookedAt, RunFiles
from gx.web.summary import Comment, RunSummary

if TYPE_CHECKING:
    from dags.staging.store import Place
    from gx.report.standing import DatasetVerdict

LISTED_FOR, LOOKED_FOR = 1.0, 10.0  # seconds
_NO_ROWS = pa.table(
    {
        "row": pa.array([], pa.int64()),
        **{name: pa.array([], pa.string()) for name in ("symbol", "date", "severity")},
        **{name: pa.array([], pa.float64()) for name in ("open", "high", "low", "close", "volume")},
        **{name: pa.array([], pa.list_(pa.string())) for name in ("expectations", "reasons")},
    }
)


@dataclass(frozen=True)
class StagedRun:
    """One run's folder, read file by file as it is asked for (see RunFiles)."""

    folder: Folder
    summary: RunSummary
    data_docs: Path
    copies: Copies

    @cached_property
    def report(self) -> Mapping[str, object] | None:
        """The report without its rows; None when there is no verdict."""
        if self.summary.state == "no_verdict":
            return None
        found: dict[str, object] | None = self.folder.find_json(REPORT)
        return found

    @cached_property
    def steps(self) -> Mapping[str, Mapping[str, object]]:
        """What each step that has begun said of itself."""
        return {step: record.to_json() for step, record in self.folder.unverified_records().items()}

    @property
    def log_url(self) -> str | None:
        """The log of the task that failed first, or of the first one when none began."""
        if self.summary.state != "no_verdict" or not self.summary.started:
            return None
        failed = (step for step, said in self.steps.items() if said.get("status") == "failed")
        step = next(failed, None if self.steps else STEPS[0])
        return f"{self.summary.airflow_url}/tasks/{TASKS[step]}" if step else None

    @property
    def docs_page(self) -> str | None:
        """The newest Data Docs page of this run, relative to the site."""
        name = results_name(self.summary.dag_id, self.summary.run_id)
        pages = self.data_docs.glob(f"validations/*/{name}/*/*.html")
        newest = max(pages, default=None, key=lambda path: path.parent.name)
        return newest.relative_to(self.data_docs).as_posix() if newest else None

    def failing(self, columns: Sequence[str] | None = None) -> pa.Table:
        """One row per failing bar, worst first."""
        return self._table(FAILING, columns) if self.report is not None else _NO_ROWS

    def open_failing(self) -> BinaryIO | None:
        """The file of them, open to be read; None when there is no verdict."""
        if self.report is None:
            return None
        return self.folder.open(FAILING)

    def bars(self, symbols: Sequence[str] | None = None) -> pd.DataFrame | None:
        """The bars that were judged, of all or some symbols; None when they are cleaned up.

        Of a run in partitions only those of some symbols: all of them are too many for a page.
        """
        return self._of(BARS, symbols)

    def lookback(self, symbols: Sequence[str] | None = None) -> pd.DataFrame | None:
        """The dated bars before the range; None when there are none, or they are cleaned up."""
        frame = self._of(CONTEXT, symbols)
        return None if frame is None else frame[frame["date"].notna()]

    def actions(self, symbols: Sequence[str] | None = None) -> pd.DataFrame | None:
        """The splits and dividends that were declared; None where nothing is.

        Of all symbols of the partitions that have some of these: they are few.
        """
        names = self._names(ACTIONS, symbols)
        if not names:
            return None
        frame: pd.DataFrame = pa.concat_tables([self._table(name) for name in names]).to_pandas()
        return frame

    def _names(self, file: str, symbols: Sequence[str] | None) -> list[str]:
        """The run's own file of this name, or those of its partitions with any of these symbols."""
        return [file] if self.folder.exists(file) else self._in_partitions(file, symbols)

    def _of(self, file: str, symbols: Sequence[str] | None) -> pd.DataFrame | None:
        """The rows of a file of all or some symbols, wherever the run has it."""
        wanted = None if symbols is None else [("symbol", "in", list(symbols))]
        names = self._names(file, symbols)
        if not names:
            return None
        table = pa.concat_tables([self._table(name, wanted=wanted) for name in names])
        frame: pd.DataFrame = table.to_pandas(date_as_object=False)
        return frame

    def _in_partitions(self, file: str, symbols: Sequence[str] | None) -> list[str]:
        """The files of this name of the partitions that have any of these symbols."""
        plan = self.folder.find_json(PLAN)
        if symbols is None or plan is None:
            return []
        named = (
            f"{PARTITIONS}/{part['number']:04}/{file}"
            for part in plan["partitions"]
            if set(symbols) & set(part["symbols"])
        )
        return [name for name in named if self.folder.exists(name)]

    def proposals(self) -> Sequence[Proposal]:
        """What the run proposes to repair."""
        return [Proposal.from_json(one) for one in self.folder.find_json(PROPOSED) or ()]

    def changes(self) -> Changes | None:
        """What was different from the run before, as the report says."""
        found = self.folder.find_json(CHANGES)
        return from_json(found) if found else None

    def suite_text(self) -> str | None:
        """The suite file that judged."""
        return self.folder.find_text(SUITE) if self.report is not None else None

    def comments(self) -> Sequence[Comment]:
        """What people wrote about it, oldest first."""
        return read_comments(self.folder)

    def untold(self) -> int:
        """How many of these comments MLflow has not."""
        return len(self.comments()) - told_to_mlflow(self.folder)

    def copy_check(self) -> CopyCheck:
        """Whether MLflow still shows what the run wrote."""
        return self.copies.check(f"{self.summary.dag_id}/{self.summary.run_id}")

    def _table(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        wanted: list[tuple[str, str, list[str]]] | None = None,
    ) -> pa.Table:
        with self.folder.open(name) as source:
            return pq.read_table(source, columns=list(columns) if columns else None, filters=wanted)


class Desk:
    """The sources of the pages (see Sources), from settings; safe to ask from several threads."""

    def __init__(self, settings: Settings, *, airflow: str = "", project: Path = ROOT) -> None:
        """``airflow`` is Airflow's address, or the path that it is served under."""
        self._settings, self._airflow = settings, airflow.rstrip("/")
        self.suites = project / "gx" / "expectations"
        self.waivers = project / "gx" / "waivers"
        self.history = project / "gx" / "history"
        self.data_docs = settings.results_dir / "data_docs"
        self.default_dag = DAG_ID
        self.held = Held(settings)
        self.repairs = Repairs(settings)
        self._datasets = Datasets(self._airflow)
        self._read: dict[tuple[str, str], tuple[float, RunSummary]] = {}
        self._listed: tuple[float, tuple[RunSummary, ...]] = (0.0, ())
        self._staged: tuple[float, tuple[ListedDataset, ...]] = (-LOOKED_FOR, ())
        self._lock, self._copies = Lock(), Copies(settings)

    @cached_property
    def _staging(self) -> "Place":
        return place_at(self._settings.staging_url)

    def datasets(self) -> Sequence[ListedDataset]:
        """Every dataset, the default first; behind them those that have runs and no file."""
        return (*self._datasets.listed(), *self.gone())

    def gone(self) -> Sequence[ListedDataset]:
        """The datasets whose file is gone; what is staged is looked through every ten seconds."""
        known = {one.dag_id for one in self._datasets.listed()}
        moment, found = self._staged
        if time.monotonic() - moment > LOOKED_FOR:
            staged = entries(self._staging) if self._staging.exists() else []
            others = (one for one in staged if one.name not in known and one.is_dir())
            found = self._datasets.gone(one.name for one in others if entries(one))
            self._staged = (time.monotonic(), found)
        return [one for one in found if one.dag_id not in known]

    def runs(self) -> Sequence[RunSummary]:
        """Every run that has come to its end, newest first; listed anew after a second."""
        with self._lock:
            moment, found = self._listed
            if time.monotonic() - moment > LISTED_FOR:
                found = self._list()
                self._listed = (time.monotonic(), found)
            return found

    def run(self, run_id: str, dag_id: str) -> RunFiles | None:
        """One run of a DAG, also one that is under way; None when there is no folder of it."""
        dataset = next((one for one in self.datasets() if one.dag_id == dag_id), None)
        if dataset is None:
            return None
        named = (run for run in self.runs() if (run.run_id, run.dag_id) == (run_id, dag_id))
        known = next(named, None)
        folder = self._staging / dag_id / safe_name(run_id)
        if known is None:
            if safe_name(run_id).strip(".") == "" or not (folder / "steps").exists():
                return None
            known = self._under_way(run_id, dataset)
        return StagedRun(Folder(folder), known, self.data_docs, self._copies)

    def add_comment(self, run: RunSummary, comment: Comment) -> None:
        """Keep a comment with its run; the audit and MLflow are told where they answer."""
        folder = Folder(self._staging / run.dag_id / safe_name(run.run_id))
        keep_comment(folder, run, comment, self._settings)

    def fresh_bars(
        self, dataset: str, symbols: Sequence[str], start: date | None, end: date | None
    ) -> pd.DataFrame:
        """Bars as a dataset's table has them now, on days of its calendar's clock.

        Raises DatasetError, RequestError, and what sql.extract.extract_bars does.
        """
        from dags.archive.files import fetcher
        from gx.dataset.sessions import moments_of
        from sql.connection import connected
        from sql.extract import extract_bars

        known, sink = read_dataset(dataset), io.BytesIO()
        first, last = moments_of(known, start, end)
        with connected(read_from(known, self._settings)) as engine:
            extract_bars(
                engine,
                sink,
                source=source_of(known),
                symbols=symbols,
                start=first,
                end=last,
                archive=fetcher(self._settings),
            )
        sink.seek(0)
        frame: pd.DataFrame = pq.read_table(sink).to_pandas(date_as_object=False)
        return frame

    def verdict(
        self, dataset: str, as_of: date | None, symbols: Sequence[str] | None
    ) -> "DatasetVerdict":
        """Which of a dataset's symbols are good; raises OSError that says why nobody knows."""
        from sqlalchemy.exc import SQLAlchemyError

        from dags.reporting.standings import dataset_verdict
        from sql.errors import BarStoreError

        try:
            return dataset_verdict(
                read_dataset(dataset), self._settings, as_of=as_of, symbols=symbols
            )
        except BarStoreError as error:
            raise OSError(str(error)) from None
        except SQLAlchemyError as error:
            why = " ".join(str(getattr(error, "orig", error)).split())
            raise OSError(f"the database does not answer: {why}") from None

    def symbols(self, dataset: str) -> list[str]:
        """Every symbol that a dataset has bars of; without the database those that there were."""
        from sqlalchemy.exc import SQLAlchemyError

        from sql.connection import connected
        from sql.errors import BarStoreError
        from sql.extract import known_symbols

        known = read_dataset(dataset)
        try:
            with connected(read_from(known, self._settings)) as engine:
                return known_symbols(engine, source_of(known))
        except (SQLAlchemyError, BarStoreError, RequestError):  # whoever reads bars is told
            default = [one for one in default_symbols(known, self._settings) if one != EVERY]
            return remembered(self._settings.results_dir, default, dataset)

    def look_at(self, name: str, asked: Mapping[str, Any]) -> LookedAt:
        """The table of a new dataset; raises DatasetError that says why it cannot be read."""
        from dags.pages.new_dataset import look_at

        return look_at(self._settings, name, asked)

    def _list(self) -> tuple[RunSummary, ...]:
        fresh = {
            (dataset.dag_id, folder.name): found
            for dataset in self.datasets()
            for folder in self._folders(dataset.dag_id)
            if (found := self._summary(folder, dataset))
        }
        self._read = fresh
        runs = [run for _, run in fresh.values()]
        latest = sorted(runs, key=lambda run: (run.started, run.dag_id, run.run_id), reverse=True)
        return tuple(latest)

    def _folders(self, dag_id: str) -> "list[Place]":
        folder = self._staging / dag_id
        return entries(folder) if folder.exists() else []

    def _summary(self, folder: "Place", dataset: ListedDataset) -> tuple[float, RunSummary] | None:
        try:
            changed = (folder / SUMMARY).stat().st_mtime
        except (FileNotFoundError, NotADirectoryError):
            return None  # the run is under way, or being cleaned up at this very moment
        known = self._read.get((dataset.dag_id, folder.name))
        if known and known[0] == changed:
            return known
        found = read_summary(Folder(folder))
        return (changed, self._complete(found, dataset)) if found else None

    def _complete(self, summary: RunSummary, dataset: ListedDataset) -> RunSummary:
        """The summary with its addresses; whose run it is, its place says, not the file."""
        return replace(
            summary,
            dag_id=dataset.dag_id,
            dataset=dataset.name,
            path=page_path(dataset.dag_id, summary.run_id),
            mlflow_url=self._mlflow(summary.mlflow_page),
            airflow_url=self._airflow + run_path(dataset.dag_id, summary.run_id),
        )

    def _under_way(self, run_id: str, dataset: ListedDataset) -> RunSummary:
        begun = RunSummary(
            run_id=run_id,
            dag_id=dataset.dag_id,
            started="",
            verdict="No verdict yet: the run is under way",
            state="no_verdict",
        )
        return self._complete(begun, dataset)

    def _mlflow(self, page: str | None) -> str | None:
        root = self._settings.mlflow_page_root
        return f"{root}/{quote(page, safe='#/?=&')}" if root and page else None
