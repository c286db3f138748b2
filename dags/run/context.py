"""The run that a task belongs to: its settings, request, folder and identity."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowSkipException

from dags.errors import AlteredError, NothingDue, RequestError
from dags.run.datasets import (
    dataset_of,
    default_dataset,
    default_symbols,
    published_at,
    read_from,
    settings_for,
    source_of,
)
from dags.run.links import airflow_root
from dags.run.request import RunRequest, parse_request, require_suite
from dags.run.seal_keys import seal_keys
from dags.run.settings import Settings
from dags.staging.layout import REPORT_PAGE, report_path
from dags.staging.run_folder import Staging
from gx.dataset.model import DEFAULT, Dataset
from gx.dataset.read import read_dataset
from gx.symbols import EVERY
from sql.connection import ConnectionSettings

if TYPE_CHECKING:
    from sql.source import Source


@dataclass(frozen=True)
class RunIdentity:
    """Which DAG run this is, in Airflow's own words."""

    dag_id: str
    run_id: str
    trigger_type: str
    execution_date: str
    started: datetime
    user: str = "airflow"

    @property
    def key(self) -> str:
        """The name under which the MLflow run is found again."""
        return f"{self.dag_id}/{self.run_id}"


@dataclass(frozen=True)
class Run:
    """One DAG run as its steps see it; ``fault`` is set when its parameters cannot be meant.

    ``settings`` are those of its dataset.
    """

    settings: Settings
    request: RunRequest
    staging: Staging
    identity: RunIdentity
    fault: str = ""
    dataset: Dataset = field(default_factory=default_dataset)

    @property
    def source(self) -> "Source":
        """The table that the bars are read from."""
        return source_of(self.dataset)

    @property
    def read_from(self) -> ConnectionSettings:
        """The database that has it."""
        return read_from(self.dataset, self.settings)

    @property
    def published_at(self) -> ConnectionSettings:
        """Where the gate's own tables of this dataset are."""
        return published_at(self.dataset, self.settings)

    @property
    def suite(self) -> str:
        """The suite that judges: the one that was asked for, or else the dataset's own."""
        return self.request.suite or self.dataset.suite

    @property
    def instead_of(self) -> str:
        """The dataset's own suite where another one judges in its place; empty else."""
        return self.dataset.suite if self.suite != self.dataset.suite else ""

    @cached_property
    def moments(self) -> tuple[date | None, date | None]:
        """The first and last moment of the range (None: open); of daily bars the days."""
        start, end = self.request.start, self.request.end
        if self.dataset.is_daily:
            return start, end
        from gx.dataset.sessions import moments_of  # what knows calendars takes a second

        return moments_of(self.dataset, start, end)

    @property
    def report(self) -> str:
        """Where the report of this run is, or will be."""
        return str(self.staging.root / REPORT_PAGE)

    @property
    def report_url(self) -> str:
        """The report's page in Airflow; its file when nobody knows Airflow's address."""
        root = airflow_root()
        path = report_path(self.identity.dag_id, self.identity.run_id)
        return f"{root}{path}" if root else self.report


def current_run(*, first: bool = False, tolerant: bool = False) -> Run:
    """The run of the task that is running; ``first`` is the one that begins it, or begins it anew.

    Raises RequestError for parameters that nobody can mean, AlteredError when it cannot be told
    any more which symbols the run is about; ``tolerant`` puts that into ``fault`` instead, for the
    step that has to track such a run too.
    """
    context = get_current_context()
    # What somebody is asked for, when a task asks, is no parameter of the run.
    asked_for = getattr(context["task"], "asks_for", ())
    params = {name: given for name, given in context["params"].items() if name not in asked_for}
    dag_run = context["dag_run"]
    dataset = read_dataset(dataset_of(dag_run.dag_id) or DEFAULT)
    settings = settings_for(dataset, Settings())
    staging = Staging.of_run(
        settings.staging_url, dag_run.dag_id, dag_run.run_id, seal_keys(settings)
    )
    request, fault = RunRequest((), None, None), ""
    try:
        request = parse_request(
            params,
            interval=_interval(dag_run),
            none_is_every=default_symbols(dataset, settings) == [EVERY],
        )
        if first or (tolerant and not staging.records()):  # later the suite may be gone
            require_suite(request.suite)
    except RequestError as error:
        if not tolerant:
            raise
        fault = f"RequestError: {error}"
    if request.every and not first:
        try:
            request = replace(request, symbols=_every_symbol(staging))
        except AlteredError as error:
            if not tolerant:
                raise
            fault = f"AlteredError: {error}"
    return Run(
        settings=settings,
        request=request,
        staging=staging,
        identity=_identity(dag_run),
        fault=fault,
        dataset=dataset,
    )


def _every_symbol(staging: Staging) -> tuple[str, ...]:
    """Those that were found when the run began."""
    begun = staging.records().get("extract")
    return (begun.symbols if begun else None) or ()


@contextmanager
def skipping() -> Iterator[None]:
    """End the task as skipped when nothing was due: that is no failure."""
    try:
        yield
    except NothingDue as reason:
        raise AirflowSkipException(str(reason)) from None


def state_of(task_id: str) -> str | None:
    """The state of another task of this run."""
    task = get_current_context()["ti"]
    found = task.get_task_states(task.dag_id, task_ids=[task_id], run_ids=[task.run_id])
    state = found.get(task.run_id, {}).get(task_id)
    return state if state is None else str(getattr(state, "value", state))


def _identity(dag_run: Any) -> RunIdentity:
    moment = dag_run.logical_date or dag_run.run_after
    return RunIdentity(
        dag_id=dag_run.dag_id,
        run_id=dag_run.run_id,
        trigger_type=_run_type(dag_run),
        execution_date=moment.isoformat(),
        started=dag_run.start_date or datetime.now(UTC),
        user=getattr(dag_run, "triggering_user_name", None) or "airflow",
    )


def _interval(dag_run: Any) -> tuple[datetime, datetime] | None:
    """The data interval of a scheduled run; a manual one is about what its parameters say."""
    start, end = dag_run.data_interval_start, dag_run.data_interval_end
    scheduled = _run_type(dag_run) in ("scheduled", "backfill")
    return (start, end) if scheduled and start and end else None


def _run_type(dag_run: Any) -> str:
    return str(getattr(dag_run.run_type, "value", dag_run.run_type))
