"""Where runs are tracked: an MLflow server, or its PostgreSQL database directly."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, unquote, urlsplit

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from tracking.errors import StoreUnreachableError

PROBE_SECONDS = 5
# Any number nobody else uses: it names the lock under which MLflow's tables are created.
_SCHEMA_LOCK = 7_316_207_454
_SCHEMA_LOCK_SECONDS = 60


@dataclass(frozen=True)
class TrackingStore:
    """An MLflow store.

    `uri` is ``http(s)://…`` of an MLflow server or ``postgresql+psycopg2://…`` of its database
    (it may hold a password and is kept out of the repr). `artifact_root` is where a *new*
    experiment keeps its files (a folder or URI): give it with a database, which has no server to
    take files; leave it None with a server, so that the server decides.
    """

    uri: str = field(repr=False)
    experiment: str
    artifact_root: str | None = None

    @property
    def is_server(self) -> bool:
        """Whether the store is reached over HTTP."""
        return urlsplit(self.uri).scheme in ("http", "https")

    @property
    def client_uri(self) -> str:
        """The URI for MLflow, with the driver named and a limit on waiting for a connection."""
        if self.is_server:
            return self.uri.rstrip("/")
        url = make_url(self.uri).set(drivername="postgresql+psycopg2")
        if "connect_timeout" not in url.query:
            url = url.update_query_dict({"connect_timeout": str(PROBE_SECONDS)})
        return url.render_as_string(hide_password=False)

    @property
    def label(self) -> str:
        """The store as messages name it: no user, no password."""
        if self.is_server:
            return f"MLflow server {_without_login(urlsplit(self.uri)).geturl()}"
        url = make_url(self.uri)
        host = url.host or url.query.get("host") or "localhost"
        return f"MLflow database '{url.database}' on {host}:{url.port or 5432}"

    def redact(self, message: str) -> str:
        """The message without this store's password, in clear or as it stands in the URI."""
        if self.is_server:
            password = unquote(urlsplit(self.uri).password or "")
        else:
            password = str(make_url(self.uri).password or "")
        for secret in {password, quote(password, safe=""), quote(password)} - {""}:
            message = message.replace(secret, "***")
        return message


def probe(store: TrackingStore) -> None:
    """Find out within seconds whether the store answers.

    Raises StoreUnreachableError. MLflow itself would try for minutes before it gives up.
    """
    check_scheme(store)
    if store.is_server:
        _probe_server(store)
    else:
        with _connection(store):
            pass


def check_scheme(store: TrackingStore) -> None:
    """Refuse a URI that is neither a server's nor a PostgreSQL database's."""
    try:
        scheme = urlsplit(store.uri).scheme
        known = scheme in ("http", "https") or make_url(store.uri).get_backend_name() in (
            "postgresql",
            "postgres",
        )
    except (ArgumentError, ValueError):
        known = False
    if not known:
        raise StoreUnreachableError(
            "the tracking URI is neither http(s)://HOST:PORT of an MLflow server nor "
            "postgresql+psycopg2://… of its database; correct it"
        )


@contextmanager
def schema_lock(store: TrackingStore) -> Iterator[None]:
    """Let one process at a time open a database store: the first creates MLflow's tables.

    Two at once would run the same migrations against each other. A server does it for itself.
    Raises StoreUnreachableError when another process holds the lock for over a minute.
    """
    if store.is_server:
        yield
        return
    with _connection(store) as connection:
        _take_schema_lock(store, connection)
        yield


def _take_schema_lock(store: TrackingStore, connection: Connection) -> None:
    try:
        connection.execute(text(f"set statement_timeout = '{_SCHEMA_LOCK_SECONDS}s'"))
        connection.execute(text("select pg_advisory_lock(:key)"), {"key": _SCHEMA_LOCK})
    except SQLAlchemyError as error:
        raise StoreUnreachableError(
            f"{store.label} cannot be opened: {_reason(store, error)}"
        ) from None


@contextmanager
def _connection(store: TrackingStore) -> Iterator[Connection]:
    engine = create_engine(store.client_uri, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        connection = engine.connect()
    except SQLAlchemyError as error:
        raise StoreUnreachableError(
            f"{store.label} does not answer ({_reason(store, error)}). Start the database, or "
            "correct the tracking URI, then run the task again"
        ) from None
    with connection:
        yield connection


def _probe_server(store: TrackingStore) -> None:
    # The health page needs no login, and urllib would take one for a part of the host's name.
    address = _without_login(urlsplit(store.client_uri)).geturl() + "/health"
    try:
        with urllib.request.urlopen(address, timeout=PROBE_SECONDS):
            pass
    except urllib.error.HTTPError as error:
        raise StoreUnreachableError(
            f"{store.label} answered {error.code} to GET /health: check that it is an MLflow "
            "server, that it is healthy, and that MLFLOW_SERVER_ALLOWED_HOSTS names this host"
        ) from None
    except (OSError, ValueError, OverflowError, http.client.HTTPException) as error:
        raise StoreUnreachableError(
            f"{store.label} does not answer ({_reason(store, error)}). Start the server, or "
            "correct the tracking URI, then run the task again"
        ) from None


def _without_login(parts: SplitResult) -> SplitResult:
    return parts._replace(netloc=parts.netloc.rpartition("@")[2])


def _reason(store: TrackingStore, error: Exception) -> str:
    """The first line of what the network or the driver said."""
    cause = getattr(error, "reason", None) or getattr(error, "orig", None) or error
    return store.redact(str(cause).strip().partition("\n")[0])
