"""What `init` needs to know; each field is an environment variable, listed in `.env.example`."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from sql.connection import ConnectionSettings

SUPERUSER, BARS_OWNER, AIRFLOW, MLFLOW = "postgres", "bars_owner", "airflow", "mlflow"


class DeploymentSettings(BaseSettings):
    """Where the deployment's own services are, and the secrets that `make env` made."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore")

    database_host: str = "postgres"
    database_port: int = 5432
    postgres_superuser_password: SecretStr
    bars_owner_password: SecretStr
    airflow_db_password: SecretStr
    mlflow_db_password: SecretStr

    airflow_admin_password: SecretStr
    airflow_viewer_password: SecretStr
    passwords_file: Path = Field(
        validation_alias="AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"
    )

    mlflow_admin_user: str = "admin"
    mlflow_admin_password: SecretStr
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
