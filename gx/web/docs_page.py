"""Data Docs behind the guard: the whole site, so that it runs its own script and nothing else."""

import base64
import hashlib
from pathlib import Path
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from gx.web.guard import Forbidden, page, reader
from gx.web.sources import Sources, made_up_names

_SCRIPT = Path(__file__).parents[1] / "docs" / "assets" / "docs.js"
INDEX = "index.html"


def docs_routes() -> list[Route]:
    """The page with the navigation, and the site that it frames."""
    return [Route("/docs/", frame), Route("/docs/{path:path}", site)]


async def frame(request: Request) -> Response:
    """The navigation, and a page of the site (``?page=``, the index by default) below it."""
    sources = await _sources(request)
    path = request.query_params.get("page", INDEX)
    if not (sources.data_docs / INDEX).is_file():
        return page(request, "docs.html", framed=None)
    find_page(sources.data_docs, path)
    made_up = made_up_names(await run_in_threadpool(sources.datasets))
    return page(request, "docs.html", framed=quote(path), made_up=made_up)


async def site(request: Request) -> Response:
    """A file of the site, under a policy that lets only the site's own script run."""
    sources = await _sources(request)
    path = find_page(sources.data_docs, request.path_params["path"])
    return FileResponse(path, headers=sealed_headers())


async def _sources(request: Request) -> "Sources":
    """The sources; raises Forbidden for who may not see every dataset: the site has all of them."""
    user = await reader(request)
    sources: Sources = request.app.state.sources
    hidden = [
        one for one in await run_in_threadpool(sources.datasets) if not user.may_read(one.dag_id)
    ]
    if hidden:
        raise Forbidden(
            "Data Docs has the results of all datasets together, and "
            f"{user.name} may not see all of them; the reports of runs have the same findings"
        )
    return sources


def find_page(root: Path, relative: str) -> Path:
    """The file of the site at a path below ``root``; 404 for whatever is not in there."""
    path = root / relative.lstrip("/")
    try:
        path = path.resolve()
        is_there = path.is_relative_to(root.resolve()) and path.is_file()
    except (OSError, ValueError):  # too long for a name, or with a null byte
        is_there = False
    if not is_there:
        raise HTTPException(404, "Data Docs has no such page.")
    return path


def sealed_headers() -> dict[str, str]:
    """Headers for a page that others wrote: no script but the known one, no request, no form.

    The sandbox keeps the page's own origin: with an opaque one a browser sends no cookie when a
    link in the framed site is followed, and the reader would land on the login.
    """
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; script-src '{_script_hash()}'; style-src 'unsafe-inline'; "
            "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
            "sandbox allow-scripts allow-same-origin"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


def _script_hash() -> str:
    digest = hashlib.sha256(_SCRIPT.read_text(encoding="utf-8").encode()).digest()
    return "sha256-" + base64.b64encode(digest).decode()
