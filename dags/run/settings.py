"""Settings, the only reader of the environment.

Every field is an environment variable of the same name in capitals; `.env.example` lists them.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dags.run.request import parse_symbols
from sql.connection import ConnectionSettings

ROOT = Path(__file__).resolve().parents[2]
VAR = ROOT / "var"


class Settings(BaseSettings):
    """Where the services are and how a run behaves when its parameters do not say."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore")

    postgres_host: str = "localhost"
    postgres_port: int = 5432
    postgres_db: str = "bars"
    postgres_user: str = "postgres"
    postgres_password: SecretStr = SecretStr("")

    stock_symbols: str = "TSLA,NVDA"
    debug_mode: bool = False
    on_critical: Literal["fail", "quarantine"] = "fail"
    context_days: int = Field(120, ge=0, description="days before a run's range, as context")
    removed_share: float = Field(
        0.01,
        ge=0,
        le=1,
        description="of a symbol's published bars, lost by the source, that hold it",
    )
    partition_symbols: int = Field(500, ge=1, description="symbols above which a run is divided")
    workflow_schedule: str | None = Field(None, description="a cron string; none by default")

    staging_url: str = f"file://{VAR / 'staging'}"
    staging_keep_days: int = Field(7, ge=1)
    seal_key: SecretStr = Field(
        SecretStr(""), description="signs what steps leave; by default Airflow's Fernet key does"
    )
    results_dir: Path = VAR / "quality"

    mlflow_tracking_uri: str = "http://127.0.0.1:5500"
    mlflow_url: str | None = Field(None, description="MLflow for a browser, if it differs")
    mlflow_experiment_name: str = "ibkr-stock-data"
    mlflow_artifact_root: str | None = None

    alert_urls: SecretStr = Field(SecretStr(""), description="channels, with spaces between them")
    alert_every_minutes: float = Field(60, ge=0, description="at most one alert a suite")

    environment: Literal["development", "production"] = "development"
    task_retries: int = Field(2, ge=0)
    retry_delay_seconds: float = Field(120, ge=0)

    @field_validator("stock_symbols")
    @classmethod
    def _known_form(cls, value: str) -> str:
        parse_symbols(value)
        return value

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Settings":
        """The settings of an environment that is not this process's own."""
        named = {name.lower(): value for name, value in environment.items() if value}
        return cls.model_validate({key: named[key] for key in cls.model_fields if key in named})

    @cached_property
    def symbols(self) -> list[str]:
        """The default symbols, checked."""
        return parse_symbols(self.stock_symbols)

    @property
    def channels(self) -> list[str]:
        """Where alerts go, as addresses that Apprise knows; they hold passwords and tokens."""
        return self.alert_urls.get_secret_value().split()

    @property
    def mlflow_page_root(self) -> str | None:
        """MLflow's address for a browser, without a login; None when there is no server."""
        root = urlsplit(self.mlflow_url or self.mlflow_tracking_uri)
        if root.scheme not in ("http", "https"):
            return None
        bare = root._replace(netloc=root.netloc.rpartition("@")[2])
        return bare.geturl().rstrip("/")

    def bars(self) -> ConnectionSettings:
        """How to reach the bars."""
        return ConnectionSettings(
            host=self.postgres_host,
            port=self.postgres_port,
            database=self.postgres_db,
            user=self.postgres_user,
            password=self.postgres_password.get_secret_value(),
        )

    def masked(self) -> dict[str, object]:
        """All settings as JSON can hold them, with secrets masked."""
        shown = self.model_dump(mode="json")
        shown["mlflow_tracking_uri"] = mask_url(self.mlflow_tracking_uri)
        return shown


def mask_url(url: str) -> str:
    """``url`` with its password replaced by ``***``."""
    head, at, tail = url.rpartition("@")
    if not at:
        return url
    scheme, _, login = head.partition("://")
    user, colon, _ = login.partition(":")
    return f"{scheme}://{user}{':***' if colon else ''}@{tail}"
