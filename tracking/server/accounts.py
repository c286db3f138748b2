"""The logins of an MLflow server that `tracking.server` runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore

# MLflow's words: every experiment, also those that somebody else made.
_EXPERIMENTS = ("experiment", "*", "MANAGE")

Rank = Literal["admin", "writer", "reader"]


@dataclass(frozen=True)
class Login:
    """A user of the server: an admin does all, a writer logs runs, a reader looks."""

    name: str
    password: str = field(repr=False)
    rank: Rank


def ensure_logins(database: str, logins: Sequence[Login]) -> None:
    """Make each login, or set its password and rank anew; a reader loses what he was granted.

    ``database`` is the URI of the database that the server keeps its users in. It is written
    directly, so that a password can be changed by somebody who does not know the old one. Raises
    `mlflow.exceptions.MlflowException` for a password that MLflow finds too short.
    """
    from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore

    store = SqlAlchemyStore()
    store.init_db(database)  # type: ignore[no-untyped-call]
    for login in logins:
        admin = login.rank == "admin"
        if store.has_user(login.name):
            store.update_user(login.name, login.password, admin)
        else:
            store.create_user(login.name, login.password, admin)
        _grant(store, login)
    store.engine.dispose()


def _grant(store: "SqlAlchemyStore", login: Login) -> None:
    if login.rank == "writer":
        store.grant_user_permission(login.name, *_EXPERIMENTS)
    elif login.rank == "reader":
        for granted in store.list_experiment_permissions(login.name):
            store.revoke_user_resource_permission(login.name, "experiment", granted.experiment_id)
