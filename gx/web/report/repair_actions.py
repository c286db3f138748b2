"""Accepting what a run proposes to repair, and taking it back, each with a reason."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gx.errors import GateError
from gx.suite.texts import reason_of
from gx.web.bodies import RequestFault, numbers, read_body
from gx.web.guard import json_response, require_decider, writer
from gx.web.report.accepted import RepairsConflictError
from gx.web.report.page import run_files
from gx.web.report.repairs import held_of

if TYPE_CHECKING:
    from gx.web.sources import Sources


def repair_routes() -> list[Route]:
    """Where repairs that a run proposed are accepted and revoked."""
    return [
        Route(f"/api{run}/repairs/{act.__name__}", act, methods=["POST"])
        for run in ("/runs/{run_id}", "/dags/{dag_id}/runs/{run_id}")
        for act in (accept, revoke)
    ]


async def accept(request: Request) -> Response:
    """Accept ``blocks`` of what the run proposed; ``held`` are their symbols that are held."""
    user = await writer(request)
    files = await run_files(request)
    run = files.summary
    require_decider(user, run.dag_id)
    sources: Sources = request.app.state.sources

    async def act() -> dict[str, Any]:
        body = await read_body(request, {"blocks": list, "reason": str})
        given = {"by": user.name, "reason": reason_of(body["reason"])}
        accepting = partial(sources.repairs.accept, run, numbers(body, "blocks"), **given)
        symbols, bars = await run_in_threadpool(accepting)
        held = await run_in_threadpool(held_of, sources, run.dataset, symbols)
        return {"bars": bars, "dataset": run.dataset, "held": held}

    return await _answered(act)


async def revoke(request: Request) -> Response:
    """Take accepted repairs back by their ``ids``."""
    user = await writer(request)
    files = await run_files(request)
    require_decider(user, files.summary.dag_id)
    sources: Sources = request.app.state.sources

    async def act() -> dict[str, Any]:
        body = await read_body(request, {"ids": list, "reason": str})
        given = {"by": user.name, "reason": reason_of(body["reason"])}
        ids = numbers(body, "ids")
        revoking = partial(sources.repairs.revoke, files.summary.dataset, ids, **given)
        return {"bars": await run_in_threadpool(revoking)}

    return await _answered(act)


async def _answered(act: Callable[[], Awaitable[dict[str, Any]]]) -> Response:
    """What came of it: 400 for what no page sends, 409 for who comes second."""
    try:
        return json_response(await act())
    except RequestFault as error:
        return json_response({"error": str(error)}, 400)
    except RepairsConflictError as error:
        return json_response({"error": str(error)}, 409)
    except GateError as error:
        return json_response({"error": str(error)}, 422)
