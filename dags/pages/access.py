"""The pages mounted into Airflow: behind its login, with its own rights on the workflow."""

from airflow.api_fastapi.app import get_cookie_path
from airflow.api_fastapi.core_api.security import get_user, requires_access_dag
from anyio.to_thread import run_sync
from fastapi import HTTPException
from fastapi.security import HTTPAuthorizationCredentials
from starlette.applications import Starlette
from starlette.requests import Request

from dags.pages.sources import Desk
from dags.run.settings import Settings
from dags.staging.layout import DAG_ID
from gx.web.app import create_app
from gx.web.guard import Forbidden, User

_MAY_READ = requires_access_dag("GET", param_dag_id=DAG_ID)
_MAY_WRITE = requires_access_dag("PUT", param_dag_id=DAG_ID)


def guarded_app() -> Starlette:
    """The pages for Airflow to mount: who may see the workflow may look, who may edit it, save."""
    root = get_cookie_path().rstrip("/")  # the path in [api] base_url
    desk = Desk(Settings(), airflow=root)
    return create_app(desk, who_asks, login_url=f"{root}/api/v2/auth/login", mount="")


async def who_asks(request: Request) -> User | None:
    """The user of Airflow's session or token; None when there is none.

    Raises Forbidden for a user who may not see the workflow.
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
    try:
        await run_sync(_MAY_READ, request, user)
    except HTTPException:
        raise Forbidden(f"{user.get_name()} may not see the workflow {DAG_ID}") from None
    try:
        await run_sync(_MAY_WRITE, request, user)
    except HTTPException:
        return User(user.get_name(), may_write=False)
    return User(user.get_name(), may_write=True)
