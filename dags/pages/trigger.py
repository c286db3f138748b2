"""Runs that somebody starts from the pages: asked of Airflow's own API, with that user's login."""

import os
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

import httpx
from airflow.api_fastapi.app import cached_app
from starlette.requests import Request

from gx.web.guard import Forbidden
from gx.web.held.kept import HeldError

# By which Airflow knows who asks, and that it was from its own pages.
_HANDED_ON = ("authorization", "cookie", "referer")


async def trigger_run(
    request: Request, dag_id: str, run_id: str, conf: Mapping[str, object], note: str
) -> str:
    """Start a run of a workflow as the user of ``request``; say what keeps it waiting, if anything.

    The API is called in this very process, with no address in between, and checks rights and
    parameters as for its own pages. Raises Forbidden, and HeldError that says what it refuses.
    """
    headers = {name: request.headers[name] for name in _HANDED_ON if name in request.headers}
    # The arguments are those of airflow.api_fastapi.main: the app that serves this request.
    app = cached_app(apps=os.environ.get("AIRFLOW_API_APPS", "all"))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    where = f"/api/v2/dags/{quote(dag_id, safe='')}"
    body = {"logical_date": None, "dag_run_id": run_id, "conf": dict(conf), "note": note}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://airflow", headers=headers
    ) as airflow:
        answer = await airflow.post(f"{where}/dagRuns", json=body)
        _require_started(answer, dag_id)
        workflow = await airflow.get(where)
    paused = workflow.status_code == HTTPStatus.OK and workflow.json().get("is_paused")
    return f"the workflow {dag_id} is paused in Airflow: the run waits for it" if paused else ""


def _require_started(answer: httpx.Response, dag_id: str) -> None:
    if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise Forbidden(f"Airflow does not let you start a run of {dag_id}")
    if answer.is_success:
        return
    try:
        said = answer.json().get("detail")
    except ValueError:
        said = answer.text[:200]
    raise HeldError(f"Airflow started no run of {dag_id} ({answer.status_code}): {said}")
