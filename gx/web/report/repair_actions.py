"""Accepting what a run proposes to repair, and taking it back, each with a reason."""

from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gx.suite.texts import reason_of
from gx.web.bodies import answered, numbers, read_body
from gx.web.guard import require_decider, writer
from gx.web.report.accepted import Done
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
        done: Done = await run_in_threadpool(accepting)
        held = await run_in_threadpool(held_of, sources, run.dataset, list(done.days))
        return {"dataset": run.dataset, "held": held, **_told(done)}

    return await answered(act)


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
        return _told(await run_in_threadpool(revoking))

    return await answered(act)


def _told(done: Done) -> dict[str, Any]:
    days = [[symbol, str(first), str(last)] for symbol, (first, last) in done.days.items()]
    return {"bars": done.bars, "days": days}
