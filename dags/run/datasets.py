"""The datasets in Airflow's terms: which DAG is whose, and how each one's bars are reached."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from dags.errors import RequestError
from dags.run.settings import Settings
from dags.staging.layout import DAG_ID
from gx.dataset.model import DEFAULT, Dataset, name_fault
from gx.dataset.read import dataset_names, read_dataset
from gx.errors import GateError
from gx.symbols import EVERY
from sql.connection import ConnectionSettings

if TYPE_CHECKING:
    from sql.actions import ActionsTable
    from sql.source import Source

_BEHIND = "_workflow"
# Of a connection's extras, what libpq knows and a server may ask for.
_LIBPQ = ("sslmode", "sslrootcert", "sslcert", "sslkey", "target_session_attrs", "gssencmode")


def datasets_with(part: Callable[[Dataset], object]) -> list[str]:
    """The datasets whose file has a part; a broken file has a workflow of its own to say so."""
    found = []
    for name in dataset_names():
        try:
            dataset = read_dataset(name)
        except (GateError, OSError):
            continue
        if part(dataset):
            found.append(name)
    return found


def dag_of(name: str) -> str:
    """The id of a dataset's DAG."""
    return DAG_ID if name == DEFAULT else f"{name}{_BEHIND}"


def dataset_of(dag_id: str) -> str | None:
    """The name of the dataset that a DAG is about; None for a DAG that is none of ours."""
    if dag_id == DAG_ID:
        return DEFAULT
    name = dag_id.removesuffix(_BEHIND)
    return name if name != dag_id and name in dataset_names() else None


def name_in(dag_id: str) -> str | None:
    """The name that a dataset of this DAG has, or had: there need be no file of it."""
    name = dag_id.removesuffix(_BEHIND)
    return name if name != dag_id and name_fault(name) is None else None


def default_dataset() -> Dataset:
    """The dataset of every command that names none."""
    return read_dataset(DEFAULT)


def settings_for(dataset: Dataset, settings: Settings) -> Settings:
    """The settings, with what the dataset says in place of the environment."""
    said = {
        "on_critical": dataset.policy,
        "context_days": dataset.lookback_days,
        "workflow_schedule": dataset.schedule,
        "mlflow_experiment_name": dataset.experiment,
    }
    changed: dict[str, object] = {name: value for name, value in said.items() if value is not None}
    if dataset.name != DEFAULT:
        # Two datasets in one experiment, or on one schedule, are nobody's wish unless he says so.
        changed.setdefault("mlflow_experiment_name", dataset.name.replace("_", "-"))
        changed.setdefault("workflow_schedule", None)
    return settings.model_copy(update=changed)


def default_symbols(dataset: Dataset, settings: Settings) -> list[str]:
    """The symbols of a run that names none; EVERY alone for all there are."""
    if dataset.symbols:
        return list(dataset.symbols)
    return settings.symbols if dataset.name == DEFAULT else [EVERY]


def published_at(dataset: Dataset, settings: Settings) -> ConnectionSettings:
    """How to reach the gate's own tables of a dataset."""
    return replace(settings.bars(), schema=dataset.own_schema)


def read_from(dataset: Dataset, settings: Settings) -> ConnectionSettings:
    """How to reach a dataset's source; raises RequestError for a connection that there is not."""
    name = dataset.source.connection
    if name is None:
        return settings.bars()
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowException

    try:
        found = Connection.get(name)
    except AirflowException:
        raise RequestError(
            f"dataset {dataset.name}: there is no Airflow connection {name!r}; add it in Airflow "
            f"(Admin, Connections), or set AIRFLOW_CONN_{name.upper()}=postgres://USER:PASSWORD@"
            "HOST:PORT/DATABASE"
        ) from None
    if found.conn_type not in ("postgres", "postgresql"):
        raise RequestError(
            f"dataset {dataset.name}: the Airflow connection {name!r} is of type "
            f"{found.conn_type}; bars are read from PostgreSQL (type postgres)"
        )
    return ConnectionSettings(
        host=found.host or "localhost",
        port=found.port or 5432,
        database=found.schema or "postgres",
        user=found.login or "postgres",
        password=found.password or "",
        options={key: str(value) for key, value in found.extra_dejson.items() if key in _LIBPQ},
        told_by=f"the Airflow connection {name!r} names",
    )


def source_of(dataset: Dataset) -> "Source":
    """A dataset's source in SQL's terms."""
    from sql.source import OWN, Source  # what reads rows is no business of a DAG file

    said = dataset.source
    plain = said.model_dump(exclude_none=True) == _PLAIN and not dataset.declared_columns
    if dataset.name == DEFAULT and plain:
        return OWN
    return Source(
        name=dataset.name,
        schema=said.db_schema,
        table=said.table,
        query=said.query,
        columns=dict(said.columns),
        symbol=said.symbol,
        zone=said.zone,
        unit=said.unit,
        daily=dataset.is_daily,
        carried=dataset.carried,
    )


def action_tables(dataset: Dataset) -> "list[ActionsTable]":
    """The tables that declare splits and dividends, where they are no columns of the bars."""
    from sql.actions import ActionsTable

    said = {"split": dataset.splits, "dividend": dataset.dividends}
    return [
        ActionsTable(
            kind=kind,
            columns=one.columns,
            schema=one.db_schema,
            table=one.table,
            query=one.query,
            zone=dataset.source.zone,
        )
        for kind, one in said.items()
        if one is not None and one.column is None
    ]


_PLAIN = {"table": DEFAULT, "columns": {}, "carry": ()}
