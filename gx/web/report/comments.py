"""Comments on a run's report, so that a hand-over needs no chat."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gx.errors import GateError
from gx.suite.texts import author_of, comment_of
from gx.web.bodies import RequestFault, read_body
from gx.web.guard import Forbidden, json_response, writer
from gx.web.report.page import run_files
from gx.web.summary import Comment

if TYPE_CHECKING:
    from gx.web.sources import Sources

MOST = 200


def comment_routes() -> list[Route]:
    """Where a comment is added."""
    runs = ("/runs/{run_id}", "/dags/{dag_id}/runs/{run_id}")
    return [Route(f"/api{run}/comments", add, methods=["POST"]) for run in runs]


async def add(request: Request) -> Response:
    """Add a comment; ``seen`` is how many its author saw: whoever is second sees the first's."""
    user = await writer(request)
    files = await run_files(request)
    if not user.may_change(files.summary.dag_id):
        raise Forbidden(f"{user.name} may not comment on runs of {files.summary.dag_id}")
    sources: Sources = request.app.state.sources
    try:
        body = await read_body(request, {"text": str, "seen": int})
        comment = Comment(
            datetime.now(UTC).isoformat(timespec="microseconds"),
            author_of(user.name),
            comment_of(body["text"]),
        )
    except RequestFault as error:
        return json_response({"error": str(error)}, 400)
    except GateError as error:
        return json_response({"error": str(error)}, 422)
    there = await run_in_threadpool(files.comments)
    if len(there) != body["seen"]:
        newest = f"{there[-1].author}: {there[-1].text}" if there else "they are gone"
        told = f"there are other comments meanwhile ({newest}); send yours again to add it"
        return json_response({"error": told, "seen": len(there)}, 409)
    if len(there) >= MOST:
        return json_response({"error": f"this run has {MOST} comments; more help nobody"}, 422)
    try:
        await run_in_threadpool(sources.add_comment, files.summary, comment)
    except OSError as error:
        return json_response({"error": f"the comment cannot be kept: {error}"}, 503)
    return json_response({"seen": len(there) + 1})
