"""Make what a deployment needs before its services start; what is there already stays."""

import subprocess
import sys
from collections.abc import Callable

from dags.deployed.bucket import ensure_bucket
from dags.deployed.settings import AIRFLOW, BARS_OWNER, MLFLOW, DeploymentSettings
from dags.local.passwords import write_secrets
from dags.run.settings import Settings
from gx.dataset.read import dataset_names, read_dataset
from gx.errors import DatasetError
from sql.accounts import (
    Account,
    ensure_accounts,
    grant_archive,
    grant_fetch,
    grant_gate,
    grant_schema,
    grant_signals,
)
from sql.archived.listed import ensure_list
from sql.connection import ConnectionSettings, connected
from sql.fetched.tables import make_remembered
from sql.schema import create_schema, load_sample
from sql.trained.signals import ensure_signals


def prepare(deployment: DeploymentSettings, settings: Settings, say: Callable[[str], None]) -> None:
    """Databases and their users, tables, the bucket, logins. Passwords become the given ones.

    Raises psycopg2.OperationalError, DeploymentError (the bucket), CalledProcessError (Airflow).
    """
    own_bars = settings.postgres_host == deployment.database_host
    say("roles and databases")
    ensure_accounts(deployment.superuser(), _accounts(deployment, settings, own_bars))
    if own_bars:
        say("tables of the bars")
        _bars(deployment, settings, say)
    say("Airflow's database")
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True)
    say("Airflow's logins")
    write_secrets(deployment.passwords_file, _airflow_logins(deployment))
    say("MLflow's logins")
    _mlflow_logins(deployment)
    say(f"bucket {deployment.s3_bucket}")
    ensure_bucket(deployment.s3_bucket)


def _accounts(deployment: DeploymentSettings, settings: Settings, own_bars: bool) -> list[Account]:
    accounts = [
        Account(AIRFLOW, deployment.airflow_db_password.get_secret_value(), owns=AIRFLOW),
        Account(MLFLOW, deployment.mlflow_db_password.get_secret_value(), owns=MLFLOW),
    ]
    if own_bars:  # bars that are kept elsewhere have accounts of their own there
        owner = deployment.bars_owner_password.get_secret_value()
        user = settings.postgres_password.get_secret_value()
        accounts.append(Account(BARS_OWNER, owner, owns=settings.postgres_db))
        accounts.append(Account(settings.postgres_user, user))
    return accounts


def _bars(deployment: DeploymentSettings, settings: Settings, say: Callable[[str], None]) -> None:
    owner = deployment.bars_owner(settings.postgres_db)
    with connected(owner) as engine:
        for line in create_schema(engine):
            say(line)
        make_remembered(engine)
        ensure_list(engine)
        ensure_signals(engine)
        if settings.environment == "development":
            load_sample(engine)
    grant_gate(owner, settings.postgres_user)
    grant_fetch(owner, settings.postgres_user)
    grant_archive(owner, settings.postgres_user)
    grant_signals(owner, settings.postgres_user)
    for name in dataset_names():
        _schema(name, owner, settings.postgres_user, say)


def _schema(name: str, owner: ConnectionSettings, user: str, say: Callable[[str], None]) -> None:
    """Where a dataset is published and fetched to; a broken file is its own workflow's to tell."""
    try:
        dataset = read_dataset(name)
    except DatasetError as error:
        say(f"passed over: {error}")
        return
    fetched = dataset.source.db_schema if dataset.fetch else None
    for schema in filter(None, (dataset.own_schema, fetched)):
        grant_schema(owner, user, schema)


def _airflow_logins(deployment: DeploymentSettings) -> dict[str, str]:
    return {
        "admin": deployment.airflow_admin_password.get_secret_value(),
        "viewer": deployment.airflow_viewer_password.get_secret_value(),
    }


def _mlflow_logins(deployment: DeploymentSettings) -> None:
    from tracking.server.accounts import Login, ensure_logins

    admin = deployment.mlflow_admin_password.get_secret_value()
    viewer = deployment.airflow_viewer_password.get_secret_value()
    gate = deployment.mlflow_tracking_password.get_secret_value()
    ensure_logins(
        deployment.mlflow().url().render_as_string(hide_password=False),
        [
            Login(deployment.mlflow_admin_user, admin, "admin"),
            Login("viewer", viewer, "reader"),
            Login(deployment.mlflow_tracking_username, gate, "writer"),
        ],
    )
