"""Runs the DAG for real and says what came of it.

What `dag.test()` does with a manual run, this does with a scheduled one too, and it can do
something between two steps. Airflow is imported late: its database is chosen when it is imported.
"""

import itertools
import json
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg2

from dags.run.settings import ROOT, Settings
from dags.staging.layout import DAG_ID, safe_name
from sql.connection import ConnectionSettings

STEPS = ("extract_stock_data", "validate_data", "transform_data", "publish_data", "log_to_mlflow")
_moments = itertools.count()


def fresh_moment() -> datetime:
    """A logical date that no other run of this session has."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=next(_moments))


def airflow_session() -> Any:
    """This thread's session of Airflow's database."""
    from airflow import settings

    assert settings.Session is not None
    return settings.Session()


@dataclass(frozen=True)
class Ended:
    """A run that has ended: Airflow's states, and where its traces are."""

    run_id: str
    state: str
    tasks: Mapping[str, str]
    tries: Mapping[str, int]
    staging: Path
    experiment: str = "ibkr-stock-data"

    def step(self, name: str) -> dict[str, Any]:
        """What the step said of itself."""
        return self.json(f"steps/{name}.json")

    def json(self, name: str) -> Any:
        """A JSON file of the run's folder."""
        return json.loads((self.staging / name).read_text())

    def mlflow(self) -> "Tracked":
        """The one MLflow run of this run."""
        from mlflow import MlflowClient

        settings = Settings()
        client = MlflowClient(tracking_uri=settings.mlflow_tracking_uri)
        experiment = client.get_experiment_by_name(self.experiment)
        query = f"tags.airflow_run_id = '{self.run_id}'"
        (found,) = client.search_runs([experiment.experiment_id], filter_string=query)
        return Tracked(found, Path(found.info.artifact_uri.removeprefix("file://")))


@dataclass(frozen=True)
class Tracked:
    """A run in MLflow, and the folder of its artifacts."""

    run: Any
    artifacts: Path

    @property
    def status(self) -> str:
        return str(self.run.info.status)

    @property
    def params(self) -> Mapping[str, str]:
        return self.run.data.params

    @property
    def metrics(self) -> Mapping[str, float]:
        return self.run.data.metrics

    @property
    def tags(self) -> Mapping[str, str]:
        return self.run.data.tags

    def files(self) -> set[str]:
        """The names of its artifacts, relative to their folder."""
        found = (path for path in self.artifacts.rglob("*") if path.is_file())
        return {path.relative_to(self.artifacts).as_posix() for path in found}


@dataclass(frozen=True)
class Database:
    """The database that a test's bars are in."""

    settings: ConnectionSettings

    def execute(self, *commands: str) -> None:
        """Run commands and commit them."""
        with closing(self._connect()) as connection, connection, connection.cursor() as cursor:
            for command in commands:
                cursor.execute(command)

    def empty(self, *tables: str) -> None:
        """Empty tables, whatever keeps their rows."""
        self.execute("set session_replication_role = replica", f"truncate {', '.join(tables)}")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    def one(self, query: str) -> Any:
        """The only value of a query."""
        ((value,),) = self.rows(query)
        return value

    def insert(self, bars: pd.DataFrame) -> None:
        """Put the bars into `stock_data` as they are."""
        names = list(bars.columns)
        marks = ", ".join(["%s"] * len(names))
        command = f"insert into stock_data ({', '.join(names)}) values ({marks})"
        with closing(self._connect()) as connection, connection, connection.cursor() as cursor:
            cursor.executemany(command, bars.astype(object).to_numpy().tolist())

    def _connect(self) -> Any:
        s = self.settings
        return psycopg2.connect(host=s.host, port=s.port, user=s.user, dbname=s.database)


@dataclass(frozen=True)
class Workflow:
    """The DAG of a dataset, as the environment of this moment makes it."""

    dag_id: str = DAG_ID

    def dag(self) -> Any:
        """Parse the DAG file anew, and make it known to Airflow's database."""
        from airflow.dag_processing.bundles.manager import DagBundlesManager
        from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db

        folder = str(ROOT / "dags")
        bag = BundleDagBag(dag_folder=folder, bundle_path=ROOT / "dags", bundle_name="dags-folder")
        assert not bag.import_errors
        DagBundlesManager().sync_bundles_to_db(session=airflow_session())
        airflow_session().commit()
        sync_bag_to_db(bag, "dags-folder", None)
        return bag.dags[self.dag_id]

    def run(
        self,
        *,
        moment: datetime | None = None,
        scheduled: bool = False,
        interval: tuple[datetime, datetime] | None = None,
        before: Mapping[str, Callable[[], None]] | None = None,
        **conf: Any,
    ) -> Ended:
        """Run every task, retries included. ``before`` is called with a task about to start.

        A run of the same ``moment`` replaces the earlier one and goes on in its folder.
        """
        from airflow.models.dagrun import DagRun
        from airflow.sdk.definitions.dag import _run_task
        from airflow.serialization.serialized_objects import DagSerialization
        from airflow.utils.types import DagRunTriggeredByType, DagRunType
        from sqlalchemy import delete

        kind = DagRunType.SCHEDULED if scheduled else DagRunType.MANUAL
        moment = moment or fresh_moment()
        dag, session, hooks = self.dag(), airflow_session(), dict(before or {})
        run_id = DagRun.generate_run_id(run_type=kind, logical_date=moment, run_after=moment)
        session.execute(delete(DagRun).where(DagRun.dag_id == self.dag_id, DagRun.run_id == run_id))
        session.commit()
        plan: Any = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
        # They are lost on the way; a scheduler has the dag-processor call them.
        plan.on_success_callback = dag.on_success_callback
        plan.on_failure_callback = dag.on_failure_callback
        made = plan.create_dagrun(
            run_id=run_id,
            logical_date=moment,
            data_interval=interval or (moment, moment),
            run_after=interval[1] if interval else moment,
            start_date=datetime.now(UTC),
            conf=conf,
            run_type=kind,
            state="running",
            triggered_by=DagRunTriggeredByType.TEST,
            session=session,
        )
        while made.state == "running":
            session.expire_all()
            for ready in made.update_state(session=session)[0]:
                ready.try_number += 1
                ready.state = "scheduled"
            session.commit()
            for task in made.get_task_instances(session=session):
                if task.state == "scheduled":
                    hooks.pop(task.task_id, lambda: None)()
                    _run_task(ti=task, task=dag.task_dict[task.task_id])
        tasks = made.get_task_instances(session=session)
        ended = Ended(
            run_id=run_id,
            state=str(made.state),
            tasks={task.task_id: str(task.state) for task in tasks},
            tries={task.task_id: task.try_number for task in tasks},
            staging=_staging() / self.dag_id / safe_name(run_id),
        )
        session.close()
        return ended


def _staging() -> Path:
    return Path(Settings().staging_url.removeprefix("file://"))
