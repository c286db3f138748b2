"""Who may see and who may change, and the headers of every page.

Whoever mounts the app hands it a guard; a route asks `reader` or `writer` before anything else.
"""

import secrets
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from gx.report.render import add_filters
from gx.web.static_files import import_map, static_url

_HERE = Path(__file__).parent
_TEMPLATES = [_HERE / "assets" / "templates", _HERE.parent / "report" / "templates"]
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
PAGES = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
add_filters(PAGES)
PAGES.filters["path"] = lambda value: quote(str(value), safe="")
PAGES.globals |= {"static_url": static_url, "import_map": import_map}


@dataclass(frozen=True)
class User:
    """Somebody who is logged in.

    ``reads`` and ``writes`` are the workflows (DAG ids) that this user may see and change; None is
    every one. ``may_write``: is there any that this user may change? ``may_add``: a dataset too?
    ``decides``: may this user decide on held bars, release and repair them, where there is the
    right to change?
    """

    name: str
    may_write: bool
    reads: Collection[str] | None = None
    writes: Collection[str] | None = None
    may_add: bool = False
    decides: bool = False

    def may_read(self, dag_id: str) -> bool:
        """May this user see the runs of this workflow?"""
        return self.reads is None or dag_id in self.reads

    def may_change(self, dag_id: str) -> bool:
        """May this user change this workflow, and what judges its bars?"""
        return self.may_write and (self.writes is None or dag_id in self.writes)

    def may_decide(self, dag_id: str) -> bool:
        """May this user decide on bars of this workflow, release and repair them?"""
        return self.decides and self.may_change(dag_id)


Guard = Callable[[Request], Awaitable[User | None]]


class LoginNeeded(Exception):
    """Nobody is logged in."""


class Forbidden(Exception):
    """Somebody is logged in, but may not do this."""


async def reader(request: Request) -> User:
    """The user who asks; raises LoginNeeded, or Forbidden when the guard says so."""
    guard: Guard = request.app.state.guard
    user = await guard(request)
    if user is None:
        raise LoginNeeded
    request.state.reader = user  # not `user`: Airflow's own middleware keeps its user there
    return user


def require_decider(user: User, dag_id: str) -> None:
    """Raise Forbidden for who may not decide on bars of this workflow."""
    if not user.may_decide(dag_id):
        raise Forbidden(
            f"{user.name} may not decide on bars of {dag_id}: ask somebody who may "
            "(the setting DECIDERS says who)"
        )


async def writer(request: Request) -> User:
    """The user who changes something; raises LoginNeeded or Forbidden.

    There is no CSRF token in Airflow: a change must come as JSON, by POST or PUT, from a page of
    this very origin.
    """
    user = await reader(request)
    if not user.may_write:
        raise Forbidden(f"{user.name} may look, but not change anything")
    if request.method not in ("POST", "PUT"):
        raise Forbidden("a change comes by POST or PUT")
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise Forbidden("a change comes as application/json")
    if not _same_origin(request):
        raise Forbidden("a change must come from a page of this site")
    return user


def page(request: Request, template: str, **context: Any) -> Response:
    """Render ``gx/web/assets/templates/<template>`` under a strict policy.

    Besides ``context`` a template knows ``nonce`` (for its script and link elements), ``base`` (the
    path that the app is mounted at, without a slash at its end), ``user``, and ``here`` (the path
    below ``base``). ``made_up`` in ``context`` names the datasets on the page whose bars are made
    up, or is that of its ``summary`` or ``dataset``. Values are escaped. ``status_code`` in
    ``context`` sets the status.
    """
    nonce = secrets.token_urlsafe(16)
    status = context.pop("status_code", 200)
    base = base_of(request)
    user = getattr(request.state, "reader", None)
    here = request.url.path.removeprefix(base)
    known = {"nonce": nonce, "base": base, "user": user, "here": here}
    about = (context.get("summary"), context.get("dataset"))
    known["made_up"] = any(getattr(one, "made_up", False) for one in about)
    text = PAGES.get_template(template).render(**{**known, **context})
    return HTMLResponse(text, status, headers={**HEADERS, "Content-Security-Policy": _csp(nonce)})


def json_response(document: object, status_code: int = 200) -> Response:
    """A JSON answer that no cache keeps and no browser takes for a page."""
    return JSONResponse(document, status_code, headers=HEADERS)


def base_of(request: Request) -> str:
    """The path that the app's own addresses start with."""
    mount: str = request.app.state.mount
    root = str(request.scope.get("root_path", ""))
    return root if root.endswith(mount) else root + mount


async def on_login_needed(request: Request, error: Exception) -> Response:  # noqa: ARG001  # Starlette's
    """A page sends its reader to the login; whatever else is asked is refused with 401."""
    if "text/html" not in request.headers.get("accept", ""):
        return json_response({"error": "log in first"}, 401)
    target = quote(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
    return RedirectResponse(f"{request.app.state.login_url}?next={target}", 303, headers=HEADERS)


async def on_forbidden(request: Request, error: Exception) -> Response:
    """Say why it is refused."""
    if "text/html" not in request.headers.get("accept", ""):
        return json_response({"error": str(error)}, 403)
    return page(request, "refused.html", title="Not allowed", reason=str(error), status_code=403)


def _same_origin(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    try:
        host = urlsplit(request.headers.get("origin", "")).netloc
    except ValueError:  # "http://[" is no address
        return False
    return bool(host) and host == request.headers.get("host")


def _csp(nonce: str) -> str:
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        "img-src 'self' data:; connect-src 'self'; frame-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'self'"
    )
