"""A deployment's settings: each field is an environment variable, listed in `.env.example`.

`make settings` makes the table in dags/README.md of the descriptions.
"""

from pathlib import Path

from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from sql.connection import ConnectionSettings

SUPERUSER, BARS_OWNER, AIRFLOW, MLFLOW = "postgres", "bars_owner", "airflow", "mlflow"


class DeploymentSettings(BaseSettings):
    """What `init` needs: where the deployment's own services are, and what `make env` made."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore")

    database_host: str = "postgres"
    database_port: int = 5432
    postgres_superuser_password: SecretStr = Field(description="of `postgres`; made by `make env`")
    bars_owner_password: SecretStr = Field(
        description="of the owner of the bars' tables; made by `make env`"
    )
    airflow_db_password: SecretStr = Field(description="of Airflow's database; made by `make env`")
    mlflow_db_password: SecretStr = Field(description="of MLflow's database; made by `make env`")

    airflow_admin_password: SecretStr = Field(
        description="of Airflow's user `admin`; made by `make env`"
    )
    airflow_viewer_password: SecretStr = Field(
        description="of `viewer`, who may only read, in MLflow too; made by `make env`"
    )
    passwords_file: Path = Field(
        validation_alias="AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"
    )

    mlflow_admin_user: str = "admin"
    mlflow_admin_password: SecretStr = Field(
        description="of MLflow's user `admin`; made by `make env`"
    )
    mlflow_tracking_username: str = "gate"
    mlflow_tracking_password: SecretStr

    s3_bucket: str

    def superuser(self) -> ConnectionSettings:
        """PostgreSQL as its superuser."""
        return self._database("postgres", SUPERUSER, self.postgres_superuser_password)

    def bars_owner(self, database: str) -> ConnectionSettings:
        """The bars as the owner of their tables."""
        return self._database(database, BARS_OWNER, self.bars_owner_password)

    def mlflow(self) -> ConnectionSettings:
        """MLflow's database."""
        return self._database(MLFLOW, MLFLOW, self.mlflow_db_password)

    def _database(self, name: str, user: str, password: SecretStr) -> ConnectionSettings:
        host, port = self.database_host, self.database_port
        return ConnectionSettings(host, port, name, user, password.get_secret_value())


class ComposeSettings(BaseModel):
    """What docker-compose.yml reads of .env for itself, as text; here it is only described."""

    bind_address: str = Field("127.0.0.1", description="where the ports listen")
    airflow_port: str = Field("8080", description="Airflow's")
    mlflow_port: str = Field("5500", description="MLflow's")
    airflow_url: str = Field("http://localhost:8080", description="Airflow as a browser reaches it")
    trusted_proxies: str = Field(
        "127.0.0.1", description="proxies whose word on https Airflow takes"
    )
    mlflow_allowed_hosts: str = Field(
        "", description="further host names by which MLflow is reached"
    )
    compose_profiles: str = Field("", description="`distributed` adds Redis and Celery workers")
    airflow_executor: str = Field(
        "dags.local.executor.PreloadedLocalExecutor",
        description="`CeleryExecutor` for several machines",
    )
    airflow_parallelism: str = Field("4", description="tasks at a time, in all")
    worker_concurrency: str = Field("4", description="and on each worker")
    rclone_image: str = Field(
        "rclone/rclone:1.75.2", description="the S3 server that compose starts, `rclone serve s3`"
    )
    s3_endpoint_url: str = Field("http://s3:9000", description="or any other S3 server")
    s3_region: str = Field("us-east-1", description="its region")
    s3_bucket: str = Field("market-data-gate", description="made at the start")
    s3_access_key: str = Field("", description="made by `make env`")
    s3_secret_key: str = Field("", description="made by `make env`")
    redis_password: str = Field("", description="of the broker; made by `make env`")
    airflow_fernet_key: str = Field(
        "", description="encrypts Airflow's connections; made by `make env`"
    )
    airflow_jwt_secret: str = Field("", description="signs Airflow's tokens; made by `make env`")
    airflow_secret_key: str = Field("", description="signs Airflow's sessions; made by `make env`")
    mlflow_secret_key: str = Field("", description="signs MLflow's sessions; made by `make env`")
    postgres_memory: str = Field("2g", description="the most memory of the container")
    s3_memory: str = Field("1g", description="the same")
    mlflow_memory: str = Field("2g", description="the same")
    apiserver_memory: str = Field("2g", description="the same")
    scheduler_memory: str = Field(
        "6g", description="the same; with the default executor the tasks run here"
    )
    dag_processor_memory: str = Field("1g", description="the same")
    triggerer_memory: str = Field("1g", description="the same")
    redis_memory: str = Field("512m", description="the same")
    worker_memory: str = Field("6g", description="the same")
    gate_version: str = Field("latest", description="the tag of the image")
    base_image: str = Field("python:3.11-slim-bookworm", description="what it is built from")
    gate_uid: str = Field(
        "50000",
        description="the user inside: the owner of this folder, so that he owns the suites saved "
        "in the browser",
    )
    pip_index_url: str = Field("", description="a package index of your own, for the build")
    pip_extra_index_url: str = Field("", description="another")
    pip_trusted_host: str = Field("", description="its host, if it has no certificate")
    extra_ca_base64: str = Field(
        "", description="its certificate authority: `base64 -w0 ca.pem`; the image does not hold it"
    )
