"""The logins of an MLflow server that runs with `--app-name basic-auth`."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Login:
    """A user of the server; one who is no administrator manages his own, and reads the rest."""

    name: str
    password: str = field(repr=False)
    admin: bool = False


def ensure_logins(database: str, logins: Sequence[Login]) -> None:
    """Make each login, or set its password and rank anew.

    ``database`` is the URI of the database that the server keeps its users in. It is written
    directly, so that a password can be changed by somebody who does not know the old one. Raises
    `mlflow.exceptions.MlflowException` for a password that MLflow finds too short.
    """
    from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore

    store = SqlAlchemyStore()
    store.init_db(database)  # type: ignore[no-untyped-call]
    for login in logins:
        if store.has_user(login.name):
            store.update_user(login.name, login.password, login.admin)
        else:
            store.create_user(login.name, login.password, login.admin)
    store.engine.dispose()
