"""What the suite editor asks for and sends, as JSON."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Any

import pandas as pd
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gx.errors import GateError, SuiteConflictError, SuiteError, UnknownSuiteError
from gx.suite_diff import compare
from gx.suite_store import Check, SuiteStore, Version
from gx.web.guard import json_response, reader, writer
from gx.web.sources import Sources
from gx.web.trial import Workbench, WorkbenchError

MAX_BYTES = 2_000_000
MOST_BARS = 2_000_000
Body = dict[str, Any]
Endpoint = Callable[[Request], Awaitable[Response]]


class RequestFault(Exception):
    """A request that no editor sends."""


def suite_store(sources: Sources, check: Check | None = None) -> SuiteStore:
    """The suites that ``sources`` points at."""
    return SuiteStore(sources.suites, sources.history, check)


class SuiteApi:
    """Every JSON route about suites."""

    def __init__(self, workbench: Workbench) -> None:
        self.workbench = workbench
        self._catalogue: Any = None

    def routes(self) -> list[BaseRoute]:
        """Reading ones by GET; everything else is for writers."""
        suite = "/api/suites/{name}"
        return [
            Route("/api/catalogue", _told(self.catalogue)),
            Route("/api/suites", _told(self.create), methods=["POST"]),
            Route(suite, _told(self.read), methods=["GET"]),
            Route(suite, _told(self.save), methods=["PUT"]),
            Route(f"{suite}/check", _told(self.check_saved), methods=["GET"]),
            Route(f"{suite}/check", _told(self.check), methods=["POST"]),
            Route(f"{suite}/try", _told(self.try_draft), methods=["POST"]),
            Route(f"{suite}/restore", _told(self.restore), methods=["POST"]),
            Route(f"{suite}/versions/{{version}}", _told(self.version), methods=["GET"]),
        ]

    async def catalogue(self, request: Request) -> Response:
        """Every expectation with its form; the same until the server starts anew."""
        await reader(request)
        if self._catalogue is None:
            self._catalogue = await self._ask("catalogue")
        return json_response(self._catalogue)

    async def read(self, request: Request) -> Response:
        """The version in force."""
        await reader(request)
        store = suite_store(request.app.state.sources)
        return json_response(
            _version(await run_in_threadpool(store.read, request.path_params["name"]))
        )

    async def version(self, request: Request) -> Response:
        """Any version."""
        await reader(request)
        store, given = suite_store(request.app.state.sources), request.path_params
        found = await run_in_threadpool(store.version, given["name"], given["version"])
        return json_response(_version(found))

    async def save(self, request: Request) -> Response:
        """Save ``document``, which was made from ``base_sha256``, for ``reason``."""
        user = await writer(request)
        body = await _body(request, document=dict, base_sha256=str, reason=str)
        store = suite_store(request.app.state.sources, self._trust)
        name, document = request.path_params["name"], body["document"]
        given = {"base_sha256": body["base_sha256"], "reason": body["reason"]}
        try:
            saved = await run_in_threadpool(store.save, name, document, author=user.name, **given)
        except SuiteConflictError as error:
            base = body.get("base") if isinstance(body.get("base"), dict) else {}
            theirs = await run_in_threadpool(store.read, name)
            return json_response(_conflict(error, base, theirs, document), 409)
        return json_response(_version(saved))

    async def restore(self, request: Request) -> Response:
        """Save an earlier ``version`` again."""
        user = await writer(request)
        body = await _body(request, version=str, base_sha256=str, reason=str)
        store = suite_store(request.app.state.sources, self._trust)
        saved = await run_in_threadpool(
            store.restore,
            request.path_params["name"],
            body["version"],
            base_sha256=body["base_sha256"],
            author=user.name,
            reason=body["reason"],
        )
        return json_response(_version(saved))

    async def check_saved(self, request: Request) -> Response:
        """The faults and sentences of the version in force."""
        await reader(request)
        name = request.path_params["name"]
        saved = await run_in_threadpool(suite_store(request.app.state.sources).read, name)
        found = await self._ask("check", document=saved.document, name=name)
        return json_response({**found, "changes": []})

    async def check(self, request: Request) -> Response:
        """The faults and sentences of a draft, and how it differs from the version in force."""
        await writer(request)
        body = await _body(request, document=dict)
        name, document = request.path_params["name"], body["document"]
        saved = await run_in_threadpool(suite_store(request.app.state.sources).read, name)
        found = await self._ask("check", document=document, name=name)
        changes = [asdict(change) for change in compare(_document(saved), document)]
        return json_response({**found, "changes": changes, "sha256": saved.sha256})

    async def try_draft(self, request: Request) -> Response:
        """Judge bars by a draft: those of ``run_id``, or of ``symbols``, ``start`` and ``end``."""
        await writer(request)
        body = await _body(request, document=dict)
        name, sources = request.path_params["name"], request.app.state.sources
        entry = body.get("entry")
        if entry is not None and (not isinstance(entry, int) or isinstance(entry, bool)):
            raise RequestFault("entry must be a whole number")
        saved = await run_in_threadpool(suite_store(sources).read, name)
        bars, as_of, lookback = await run_in_threadpool(_bars, sources, body)
        answer = await self._ask(
            "try",
            document=body["document"],
            name=name,
            bars=bars,
            saved=_document(saved) or None,
            entry=entry,
            as_of=as_of,
            lookback=lookback,
        )
        return json_response(answer)

    async def create(self, request: Request) -> Response:
        """Draft a suite ``name`` from bars, and save it."""
        user = await writer(request)
        body = await _body(request, name=str)
        sources = request.app.state.sources
        bars, _, _ = await run_in_threadpool(_bars, sources, body)
        document = await self._ask("draft", bars=bars, name=body["name"])
        chosen = pd.unique(bars["symbol"].dropna().astype(str))
        reason = f"Drafted from {len(bars):,} bars of {', '.join(chosen[:5])}"
        reason += " …" if len(chosen) > 5 else ""
        store = suite_store(sources, self._trust)
        create = partial(store.create, author=user.name, reason=reason)
        return json_response(_version(await run_in_threadpool(create, body["name"], document)), 201)

    async def _ask(self, question: str, **arguments: Any) -> Any:
        return await run_in_threadpool(partial(self.workbench.ask, question, **arguments))

    def _trust(self, raw: bytes, name: str) -> None:
        self.workbench.ask("trust", raw=raw, name=name)


def _told(endpoint: Endpoint) -> Endpoint:
    """The endpoint; what goes wrong is told with what to do, and where in the draft it is."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except UnknownSuiteError as error:
            return json_response({"error": str(error)}, 404)
        except SuiteConflictError as error:
            return json_response({"error": str(error)}, 409)
        except SuiteError as error:
            where = {"entry": error.entry, "field": error.field}
            return json_response({"error": str(error), **where}, 422)
        except WorkbenchError as error:
            return json_response({"error": str(error)}, 503)
        except (RequestFault, GateError) as error:
            return json_response({"error": str(error)}, 400)
        except OSError as error:
            said = f"the file could not be read or written: {error.strerror or error}"
            return json_response({"error": said}, 503)

    return answer


async def _body(request: Request, **needed: type) -> Body:
    raw = await request.body()
    if len(raw) > MAX_BYTES:
        raise RequestFault(f"the request is larger than {MAX_BYTES:,} bytes")
    try:
        body = json.loads(raw)
    except ValueError:
        raise RequestFault("the request is no JSON") from None
    if not isinstance(body, dict):
        raise RequestFault("the request must be an object")
    for key, kind in needed.items():
        if not isinstance(body.get(key), kind):
            raise RequestFault(f"the request lacks {key!r}")
    return body


def _bars(sources: Sources, body: Body) -> tuple[pd.DataFrame, str | None, pd.DataFrame | None]:
    """The bars to try a draft on, the day to judge them at, and the bars before them."""
    if "run_id" in body:
        return _bars_of_run(sources, body["run_id"])
    symbols = body.get("symbols") or []
    if not isinstance(symbols, list) or not all(isinstance(s, str) for s in symbols):
        raise RequestFault("symbols must be a list of names")
    start, end = _day(body, "start"), _day(body, "end")
    try:
        bars = sources.fresh_bars(symbols or sources.symbols(), start, end)
    except Exception as error:  # its messages are for people, see Sources.fresh_bars
        raise RequestFault(f"the bars could not be read: {error}") from error
    return _bounded(bars), end.isoformat() if end else None, None


def _bars_of_run(
    sources: Sources, run_id: Any
) -> tuple[pd.DataFrame, str | None, pd.DataFrame | None]:
    files = sources.run(run_id) if isinstance(run_id, str) else None
    if files is None:
        raise RequestFault("there is no such run")
    bars = files.bars()
    if bars is None:
        raise RequestFault("the bars of this run have been cleaned up; choose a fresh extract")
    return _bounded(bars), files.summary.as_of or files.summary.started, files.lookback()


def _bounded(bars: pd.DataFrame) -> pd.DataFrame:
    if bars.empty:
        raise RequestFault("there are no bars of these symbols on these dates")
    if len(bars) > MOST_BARS:
        raise RequestFault(
            f"these are {len(bars):,} bars; choose fewer symbols or dates ({MOST_BARS:,} at most)"
        )
    return bars


def _day(body: Body, key: str) -> date | None:
    given = body.get(key)
    if given in (None, ""):
        return None
    try:
        return date.fromisoformat(given)
    except (TypeError, ValueError):
        raise RequestFault(f"{key} must be a date like 2025-10-05") from None


def _version(version: Version) -> Body:
    return asdict(version)


def _document(version: Version) -> Body:
    """The suite, empty when its file is no JSON: the editor is where that is mended."""
    try:
        return version.document
    except SuiteError:
        return {}


def _conflict(error: Exception, base: Any, theirs: Version, mine: Body) -> Body:
    saved = _document(theirs)
    return {
        "error": str(error),
        "theirs": _version(theirs),
        "their_changes": [asdict(change) for change in compare(base, saved)] if base else [],
        "difference": [asdict(change) for change in compare(saved, mine)],
    }
