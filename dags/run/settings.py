"""Settings, the only reader of the environment.

Every field is an environment variable of the same name in capitals; `.env.example` lists them.
"""

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator
from pydantic.config import JsonDict
from pydantic_settings import BaseSettings, SettingsConfigDict

from dags.errors import RequestError
from dags.run.request import parse_symbols
from gx.nearest import nearest
from gx.repair.proposal import RULES
from gx.terms import Policy
from sql.connection import ConnectionSettings

ROOT = Path(__file__).resolve().parents[2]
VAR = ROOT / "var"


# Its default depends on where it runs; the description says how.
VARIES: JsonDict = {"varies": True}


class Settings(BaseSettings):
    """Where the services are and how a run behaves when its parameters do not say.

    `make settings` makes the table in dags/README.md of the descriptions.
    """

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore")

    postgres_host: str = Field(
        "localhost",
        json_schema_extra=VARIES,
        description="where the bars are; unset, the embedded PostgreSQL under `var/` or compose's "
        "`postgres`",
    )
    postgres_port: int = Field(5432, description="its port")
    postgres_db: str = Field("bars", description="the database of `stock_data`")
    postgres_user: str = Field(
        "postgres",
        json_schema_extra=VARIES,
        description="`postgres`; in compose `gate`, who may only do what a run does",
    )
    postgres_password: SecretStr = Field(SecretStr(""), description="its password")

    stock_symbols: str = Field("TSLA,NVDA", description="the symbols of a run that names none")
    debug_mode: bool = Field(
        False, description="keep SQL, samples, settings and versions of every run"
    )
    on_critical: Policy = Field(
        "fail", description="or `quarantine`, or `ask`: see [the gate](../README.md#the-gate)"
    )
    ask_hours: float = Field(
        12,
        ge=0,
        description="how long a run of policy `ask` waits for a decision; then it holds; 0: nobody "
        "is asked, it holds at once",
    )
    auto_repair: str = Field(
        "",
        description="rules of [repairs](../gx/README.md#repairs) that a run applies by itself, "
        "with commas between them (`unit,sign`); unset, nothing is repaired before somebody "
        "accepts it",
    )
    context_days: int = Field(
        120,
        ge=0,
        description="days before a run's range that tell what is ordinary for a symbol; of each at "
        "least its last ten bars",
    )
    removed_share: float = Field(
        0.01,
        ge=0,
        le=1,
        description="of a symbol's published bars, that the source may lose without its being held",
    )
    partition_symbols: int = Field(
        500, ge=1, description="a run of more symbols works in partitions of as many"
    )
    workflow_schedule: str | None = Field(
        None, description="a cron string (UTC); a scheduled run works on its data interval"
    )

    ib_host: str = Field(
        "127.0.0.1", description="where TWS or IB Gateway is, of datasets that are fetched from it"
    )
    ib_port: int = Field(
        4002,
        ge=1,
        le=65_535,
        description="its API's port; IB Gateway's 4001 (4002 on paper), TWS's 7496 (7497)",
    )
    ib_client_id: int = Field(
        17, ge=0, le=2**31 - 1, description="who we are there; each program needs one of its own"
    )
    ib_schedule: str | None = Field(
        None, description="a cron string (UTC) of `ibkr_fetch_bars`, the workflow that fetches bars"
    )
    ib_answer_seconds: float = Field(
        60,
        gt=0,
        description="how long an answer of IB's may take; silence is a fault",
    )
    ib_return_minutes: float = Field(
        20, ge=0, description="how long a gateway that is away, as each night, is waited for"
    )

    staging_url: str = Field(
        f"file://{VAR / 'staging'}",
        json_schema_extra=VARIES,
        description="where steps leave files for the next one; `var/staging`, or "
        "`s3://BUCKET/staging`",
    )
    staging_keep_days: int = Field(7, ge=1, description="how long bars stay there")
    seal_key: SecretStr = Field(
        SecretStr(""),
        description="signs what steps leave there, 32 letters or more, `NEW,OLD` while it is "
        "replaced; Airflow's Fernet key",
    )
    archive_root: str = Field(
        f"file://{VAR / 'archive'}",
        json_schema_extra=VARIES,
        description="where archived bars are; `var/archive`, another folder, or "
        "`s3://BUCKET/archive`",
    )
    results_dir: Path = Field(
        VAR / "quality",
        json_schema_extra=VARIES,
        description="validation results and Data Docs; `var/quality`",
    )

    mlflow_tracking_uri: str = Field(
        "http://127.0.0.1:5500",
        json_schema_extra=VARIES,
        description="a server, or its PostgreSQL database (then with a folder for artifacts)",
    )
    mlflow_url: str | None = Field(
        None, description="MLflow as a browser reaches it, if that is another address"
    )
    mlflow_experiment_name: str = Field("ibkr-stock-data", description="the experiment of the runs")
    mlflow_artifact_root: str | None = Field(
        None, description="the folder for artifacts, without a server"
    )

    alert_urls: SecretStr = Field(
        SecretStr(""), description="who is told, with spaces between them: see [alerts](#alerts)"
    )
    alert_every_minutes: float = Field(
        60, ge=0, description="at most one alert a suite in this time"
    )

    openlineage_url: str = Field(
        "",
        description="who is told of each run as OpenLineage has it: a receiver "
        "(http://marquez:5000), or a file (file:///var/log/lineage.jsonl); see "
        "[OpenLineage](#openlineage)",
    )
    openlineage_namespace: str = Field(
        "market-data-gate", min_length=1, description="the namespace of the workflows there"
    )
    openlineage_api_key: SecretStr = Field(
        SecretStr(""), description="what the receiver asks for, if it does"
    )

    deciders: str = Field(
        "",
        description="who may decide on bars that the gate holds, release and repair them: names of "
        "users or of roles, with commas between them; unset, whoever may change Airflow's "
        "connections",
    )

    environment: Literal["development", "production"] = Field(
        "development",
        description="or `production`; a tag of every run; in compose, `production` keeps the "
        "sample out",
    )
    task_retries: int = Field(
        2, ge=0, description="how often what can pass by itself is tried again"
    )
    retry_delay_seconds: float = Field(120, ge=0, description="and after how long")

    @field_validator("stock_symbols")
    @classmethod
    def _known_form(cls, value: str) -> str:
        parse_symbols(value)
        return value

    @field_validator("auto_repair")
    @classmethod
    def _known_rules(cls, value: str) -> str:
        unknown = [one for one in _listed(value) if one not in RULES]
        if unknown:
            named = ", ".join(repr(one) + nearest(one, RULES) for one in unknown)
            raise RequestError(
                f"AUTO_REPAIR has no rule of this name: {named}. The rules are {', '.join(RULES)}"
            )
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

    @field_validator("openlineage_url")
    @classmethod
    def _reachable(cls, value: str) -> str:
        if value and not re.match(r"(https?://[^/\s]+|file:///\S+)", value):
            raise ValueError("must be http://…, https://… or file:///…")
        return value

    @property
    def channels(self) -> list[str]:
        """Where alerts go, as addresses that Apprise knows; they hold passwords and tokens."""
        return self.alert_urls.get_secret_value().split()

    @property
    def named_deciders(self) -> frozenset[str]:
        """The users and roles of DECIDERS; none when it is not set."""
        return frozenset(_listed(self.deciders))

    @property
    def auto_rules(self) -> frozenset[str]:
        """The rules of AUTO_REPAIR; none when it is not set."""
        return frozenset(_listed(self.auto_repair))

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


class MlflowLogin(BaseModel):
    """What MLflow's client reads by itself; here it is only described."""

    mlflow_tracking_username: str = Field(
        "", description="the runs' login at a server that asks for one"
    )
    mlflow_tracking_password: SecretStr = Field(SecretStr(""), description="its password")


def _listed(value: str) -> list[str]:
    return [name for one in value.split(",") if (name := one.strip())]


def mask_url(url: str) -> str:
    """``url`` with its password replaced by ``***``."""
    head, at, tail = url.rpartition("@")
    if not at:
        return url
    scheme, _, login = head.partition("://")
    user, colon, _ = login.partition(":")
    return f"{scheme}://{user}{':***' if colon else ''}@{tail}"
