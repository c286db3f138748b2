"""The pages as one ASGI app, to be mounted into whatever keeps the login."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from gx.web.audit import audit_routes
from gx.web.bodies import BodyLimit, TooLarge, on_too_large
from gx.web.docs_page import docs_routes
from gx.web.guard import (
    Forbidden,
    Guard,
    LoginNeeded,
    base_of,
    json_response,
    on_forbidden,
    on_login_needed,
    page,
    reader,
)
from gx.web.held.actions import Trigger
from gx.web.held.page import held_routes
from gx.web.report.comments import comment_routes
from gx.web.report.page import report_routes
from gx.web.report.repair_actions import repair_routes
from gx.web.runs.page import run_list
from gx.web.sources import Sources
from gx.web.static_files import cache_control, static_path, static_type
from gx.web.suites.pages import suite_routes
from gx.web.trends.routes import trend_routes
from gx.web.verdict import verdict_routes
from gx.web.waivers import waiver_routes


def create_app(
    sources: Sources,
    guard: Guard,
    *,
    login_url: str,
    mount: str = "/gate",
    trigger: Trigger | None = None,
) -> Starlette:
    """The app: every route asks ``guard`` before it answers.

    ``mount`` is where the routes sit inside this app; "" when the app itself is mounted under a
    path. ``login_url`` takes the address to come back to as ``next``. ``trigger`` starts runs;
    without one the pages can't.
    """
    routes: list[BaseRoute] = [
        Route("/", run_list, name="runs"),
        *report_routes(),
        *comment_routes(),
        *repair_routes(),
        *docs_routes(),
        *suite_routes(),
        *waiver_routes(),
        *held_routes(),
        *audit_routes(),
        *trend_routes(),
        *verdict_routes(),
        Route("/static/{name}", _static),
    ]
    if mount:
        routes = [Route(mount, _add_slash), Mount(mount, routes=routes)]
    handlers = {
        LoginNeeded: on_login_needed,
        Forbidden: on_forbidden,
        TooLarge: on_too_large,
        HTTPException: _on_error,
    }
    limit = Middleware(BodyLimit)
    app = Starlette(routes=routes, exception_handlers=handlers, middleware=[limit])
    app.state.sources, app.state.guard = sources, guard
    app.state.login_url, app.state.mount = login_url, mount
    app.state.trigger = trigger
    return app


async def _add_slash(request: Request) -> Response:
    return RedirectResponse(f"{base_of(request)}/")


async def _static(request: Request) -> Response:
    await reader(request)
    try:
        path = static_path(request.path_params["name"])
    except KeyError:
        raise HTTPException(404, "There is no such file.") from None
    headers = {
        "Cache-Control": cache_control(path, request.query_params.get("v")),
        "X-Content-Type-Options": "nosniff",
    }
    return FileResponse(path, headers=headers, media_type=static_type(path))


async def _on_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    try:  # whoever is not logged in learns nothing about what exists
        await reader(request)
    except LoginNeeded as needed:
        return await on_login_needed(request, needed)
    except Forbidden as refused:
        return await on_forbidden(request, refused)
    if "text/html" not in request.headers.get("accept", ""):
        return json_response({"error": error.detail}, error.status_code)
    title = "Not found" if error.status_code == 404 else "This did not work"
    return page(
        request, "refused.html", title=title, reason=error.detail, status_code=error.status_code
    )
