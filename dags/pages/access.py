"""The pages mounted into Airflow: behind its login, with its own rights on each workflow."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Literal

from airflow.api_fastapi.app import get_auth_manager, get_cookie_path
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import get_user
from airflow.models.dag import DagModel
from anyio.to_thread import run_sync
from fastapi import HTTPException
from fastapi.security import HTTPAuthorizationCredentials
from starlette.applications import Starlette
from starlette.requests import Request

from dags.pages.sources import Desk
from dags.pages.trigger import trigger_run
from dags.run.datasets import dag_of
from dags.run.settings import Settings
from gx.dataset.read import dataset_names
from gx.web.app import create_app
from gx.web.guard import Forbidden, User


def guarded_app() -> Starlette:
    """The pages for Airflow to mount: who may see a workflow may look, who may edit it, save."""
    root = get_cookie_path().rstrip("/")  # the path in [api] base_url
    settings = Settings()
    desk = Desk(settings, airflow=root)
    guard = partial(who_asks, desk=desk, deciders=settings.named_deciders)
    return create_app(
        desk, guard, login_url=f"{root}/api/v2/auth/login", mount="", trigger=trigger_run
    )


async def who_asks(
    request: Request, desk: Desk | None = None, deciders: frozenset[str] = frozenset()
) -> User | None:
    """The user of Airflow's session or token, with the workflows that it lets this user see.

    Those of datasets whose file is gone are the ``desk``'s to tell. None when there is no user;
    raises Forbidden for one who may not see any workflow of ours.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    bearer = (
        HTTPAuthorizationCredentials(scheme=scheme, credentials=token)
        if scheme.lower() == "bearer"
        else None
    )
    try:
        user = await get_user(request, None, bearer)
    except HTTPException:
        return None
    gone = [one.dag_id for one in await run_sync(desk.gone)] if desk else []
    found = await run_sync(_with_rights, user, gone, deciders)
    if not found.reads:
        raise Forbidden(f"{found.name} may not see the workflow of any dataset")
    return found


def _with_rights(
    user: BaseUser, gone: Sequence[str] = (), deciders: frozenset[str] = frozenset()
) -> User:
    every = sorted(dag_of(name) for name in dataset_names())
    teams = _by_team([*every, *gone])
    writes = _permitted("PUT", user, teams)
    operates = get_auth_manager().is_authorized_connection(method="POST", user=user)
    reads = _permitted("GET", user, teams)
    return User(
        user.get_name(),
        bool(writes),
        reads,
        writes,
        # A new one reads whatever Airflow's connections reach.
        may_add=operates and writes.issuperset(every),
        decides=bool(deciders & names_of(user)) if deciders else operates,
    )


def names_of(user: BaseUser) -> set[str]:
    """A user's own name and those of the roles that Airflow's login gives."""
    roles = getattr(user, "roles", None) or [getattr(user, "role", None)]
    return {user.get_name(), *(str(getattr(one, "name", one)) for one in roles if one)}


def _by_team(dag_ids: list[str]) -> dict[str | None, set[str]]:
    """The DAGs of each team that Airflow has; those that it has not read yet are nobody's."""
    team_of = DagModel.get_dag_id_to_team_name_mapping(dag_ids)
    found: dict[str | None, set[str]] = defaultdict(set)
    for dag_id in dag_ids:
        found[team_of.get(dag_id)].add(dag_id)
    return found


def _permitted(
    method: Literal["GET", "PUT"], user: BaseUser, teams: dict[str | None, set[str]]
) -> frozenset[str]:
    manager = get_auth_manager()
    return frozenset().union(
        *(
            manager.filter_authorized_dag_ids(
                dag_ids=dag_ids, user=user, method=method, team_name=team
            )
            for team, dag_ids in teams.items()
        )
    )
