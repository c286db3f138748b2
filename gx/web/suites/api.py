"""What the suite editor asks for and sends, as JSON."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial
from typing import Any

import pandas as pd
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gx.editing.history import Version
from gx.editing.shelf import Shelf
from gx.editing.store import Check, SuiteStore, copied
from gx.errors import (
    GateError,
    HistoryError,
    SuiteConflictError,
    SuiteError,
    UnknownSuiteError,
    WaiverError,
    WeakSuiteError,
)
from gx.suite.custom.files import Signature, custom_signature
from gx.suite.diff import compare
from gx.suite.strict_json import shown
from gx.web.bodies import Body, RequestFault, read_body, texts
from gx.web.guard import User, json_response, reader, writer
from gx.web.sources import Sources
from gx.web.suites.bars import bars_asked, dataset_asked, last_bars, past_bars
from gx.web.suites.datasets import require_may_save, tryable, used_by
from gx.web.suites.trial import DraftError, Workbench, WorkbenchError

_NOTHING = type(None)
# Which bars: all of ``symbols`` (all there are when empty) from ``start`` to ``end``.
_BARS: dict[str, Any] = {
    "dataset": str,
    "symbols": list,
    "start": (str, _NOTHING),
    "end": (str, _NOTHING),
}
Endpoint = Callable[[Request], Awaitable[Response]]
_STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (UnknownSuiteError, 404),
    (SuiteConflictError, 409),
    (SuiteError, 422),
    (WaiverError, 422),
    (DraftError, 422),
    (WorkbenchError, 503),
    (HistoryError, 503),
)
_ABOUT_NO_DRAFT = UnknownSuiteError | SuiteConflictError


def suite_store(sources: Sources, check: Check | None = None) -> SuiteStore:
    """The suites that ``sources`` points at."""
    return SuiteStore(sources.suites, sources.history, check)


class SuiteApi:
    """Every JSON route about suites."""

    def __init__(self, workbench: Workbench) -> None:
        self.workbench = workbench
        self._catalogue: tuple[Signature, Any] | None = None

    def routes(self) -> list[BaseRoute]:
        """Reading ones by GET; everything else is for writers."""
        suite = "/api/suites/{name}"
        return [
            Route("/api/catalogue", _errors_as_json(self.catalogue)),
            Route("/api/datasets/{name}/symbols", _errors_as_json(self.symbols)),
            Route("/api/suites", _errors_as_json(self.create), methods=["POST"]),
            Route(suite, _errors_as_json(self.read), methods=["GET"]),
            Route(suite, _errors_as_json(self.save), methods=["PUT"]),
            Route(f"{suite}/check", _errors_as_json(self.check_saved), methods=["GET"]),
            Route(f"{suite}/check", _errors_as_json(self.check), methods=["POST"]),
            Route(f"{suite}/try", _errors_as_json(self.try_draft), methods=["POST"]),
            Route(f"{suite}/tune", _errors_as_json(self.tune), methods=["POST"]),
            Route(f"{suite}/restore", _errors_as_json(self.restore), methods=["POST"]),
            Route(f"{suite}/rename", _errors_as_json(self.rename), methods=["POST"]),
            Route(f"{suite}/delete", _errors_as_json(self.delete), methods=["POST"]),
            Route(f"{suite}/versions/{{version}}", _errors_as_json(self.version), methods=["GET"]),
        ]

    async def catalogue(self, request: Request) -> Response:
        """Every expectation with its form; the same until gx/plugins/custom/ changes."""
        await reader(request)
        signature = custom_signature()
        if self._catalogue is None or self._catalogue[0] != signature:
            self._catalogue = (signature, await self._ask("catalogue"))
        return json_response(self._catalogue[1])

    async def symbols(self, request: Request) -> Response:
        """Every symbol that a dataset has bars of."""
        user, sources = await reader(request), request.app.state.sources
        dataset = await run_in_threadpool(dataset_asked, sources, user, request.path_params["name"])
        return json_response(await run_in_threadpool(sources.symbols, dataset.name))

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
        """Save ``document``, which was made from ``base_sha256``, for ``reason``.

        ``accepted_weaknesses`` are the new ones that the author saw; ``base`` is the document that
        the author started from, to tell what others changed meanwhile. The answer's ``merged`` says
        with what of theirs it was merged; 409 what cannot be.
        """
        user = await writer(request)
        needed = {"document": dict, "base_sha256": str, "reason": str}
        body = await read_body(request, needed, base=dict, accepted_weaknesses=list)
        name, document = request.path_params["name"], body["document"]
        store = await self._store(request, user, name, tried=True)
        given = {key: body[key] for key in ("base_sha256", "reason")}
        given["accepted"] = texts(body, "accepted_weaknesses")
        try:
            saved = await run_in_threadpool(
                partial(store.save, name, document, author=user.name, **given)
            )
        except SuiteConflictError as error:
            base = body.get("base", {})
            theirs = await run_in_threadpool(store.read, name)
            return json_response(_conflict(error, base, theirs, document), 409)
        merged = await run_in_threadpool(_merged, store, saved)
        return json_response({**_version(saved), "merged": merged})

    async def restore(self, request: Request) -> Response:
        """Save an earlier ``version`` again; ``accepted_weaknesses`` as in ``save``.

        It comes back as it was, so with nothing it is merged: 409 when somebody saved meanwhile.
        """
        user = await writer(request)
        needed = {"version": str, "base_sha256": str, "reason": str}
        body = await read_body(request, needed, accepted_weaknesses=list)
        accepted, name = texts(body, "accepted_weaknesses"), request.path_params["name"]
        store = await self._store(request, user, name, tried=True)
        saved = await run_in_threadpool(
            store.restore,
            name,
            body["version"],
            base_sha256=body["base_sha256"],
            author=user.name,
            reason=body["reason"],
            accepted=accepted,
        )
        return json_response(_version(saved))

    async def rename(self, request: Request) -> Response:
        """Give a suite, with its checkpoint and waivers, the name ``to``."""
        user = await writer(request)
        needed = {"to": str, "base_sha256": str, "reason": str}
        body = await read_body(request, needed)
        sources: Sources = request.app.state.sources
        await run_in_threadpool(require_may_save, user, sources, body["to"])
        shelf, name, given = await self._shelf(request, user, body)
        made = await run_in_threadpool(partial(shelf.rename, name, body["to"], **given))
        return json_response(_version(made), 201)

    async def delete(self, request: Request) -> Response:
        """Delete a suite; its history stays, and every version can be restored."""
        user = await writer(request)
        body = await read_body(request, {"base_sha256": str, "reason": str})
        shelf, name, given = await self._shelf(request, user, body)
        return json_response(
            _version(await run_in_threadpool(partial(shelf.delete, name, **given)))
        )

    async def _shelf(
        self, request: Request, user: User, body: Body
    ) -> tuple[Shelf, str, dict[str, Any]]:
        """Where a suite is renamed or deleted, its name, and what both need to know."""
        sources: Sources = request.app.state.sources
        name = request.path_params["name"]
        await run_in_threadpool(require_may_save, user, sources, name)
        given = {key: body[key] for key in ("base_sha256", "reason")}
        given |= {"author": user.name, "used_by": await run_in_threadpool(used_by, sources, name)}
        return Shelf(suite_store(sources), sources.waivers), name, given

    async def check_saved(self, request: Request) -> Response:
        """The faults, weaknesses and sentences of the version in force."""
        await reader(request)
        name = request.path_params["name"]
        saved = await run_in_threadpool(suite_store(request.app.state.sources).read, name)
        whole = saved.document
        found = await self._ask("check", document=whole, name=name, saved=whole)
        return json_response({**found, "changes": []})

    async def check(self, request: Request) -> Response:
        """The same of a draft, and how it differs from its ``base``, or the version in force."""
        await writer(request)
        body = await read_body(request, {"document": dict}, base=dict)
        name, document = request.path_params["name"], body["document"]
        saved = await run_in_threadpool(suite_store(request.app.state.sources).read, name)
        before = _document(saved)
        found = await self._ask("check", document=document, name=name, saved=before or None)
        changes = [asdict(change) for change in compare(body.get("base", before), document)]
        return json_response({**found, "changes": changes, "sha256": saved.sha256})

    async def try_draft(self, request: Request) -> Response:
        """Judge bars of a ``dataset`` by a draft.

        Those of its ``run_id``, or of ``symbols``, ``start`` and ``end``; without a ``dataset`` the
        first one that the suite judges.
        """
        user = await writer(request)
        body = await read_body(
            request, {"document": dict}, run_id=str, entry=(int, _NOTHING), **_BARS
        )
        name, sources = request.path_params["name"], request.app.state.sources
        saved = await run_in_threadpool(suite_store(sources).read, name)
        dataset = await run_in_threadpool(dataset_asked, sources, user, body.get("dataset"), name)
        tried = await run_in_threadpool(bars_asked, sources, dataset, body)
        answer = await self._ask(
            "try",
            document=body["document"],
            name=name,
            saved=_document(saved) or None,
            entry=body.get("entry"),
            dataset=dataset.name,
            **vars(tried),
        )
        return json_response(answer)

    async def tune(self, request: Request) -> Response:
        """What each level of an entry's threshold costs on the bars of past runs of a ``dataset``.

        See gx.editing.tuning.curve.Curve; ``on`` says which bars. Nothing is written.
        """
        user = await writer(request)
        body = await read_body(request, {"document": dict, "entry": int}, dataset=str)
        name, sources = request.path_params["name"], request.app.state.sources
        dataset = await run_in_threadpool(dataset_asked, sources, user, body.get("dataset"), name)
        past = await run_in_threadpool(past_bars, sources, dataset)
        asked = {"document": body["document"], "name": name, "entry": body["entry"]}
        return json_response({**await self._ask("tune", **asked, bars=past.bars), "on": past.told})

    async def create(self, request: Request) -> Response:
        """Draft a suite ``name`` from bars of a ``dataset`` (the default one), and save it.

        ``copy_of`` names a suite to take instead; ``accepted_weaknesses`` as in ``save``.
        """
        user = await writer(request)
        body = await read_body(
            request, {"name": str}, accepted_weaknesses=list, copy_of=str, **_BARS
        )
        accepted = texts(body, "accepted_weaknesses")
        sources = request.app.state.sources
        store = await self._store(request, user, body["name"])
        await run_in_threadpool(store.refuse_name, body["name"])  # before bars are read for it
        given: dict[str, Any] = {"author": user.name, "accepted": accepted}
        if original := body.get("copy_of"):
            found = await run_in_threadpool(store.read, original)
            create = partial(store.create, reason=f"Copied from {original}", **given)
            document = copied(found.document, body["name"])
            return json_response(
                _version(await run_in_threadpool(create, body["name"], document)), 201
            )
        dataset = await run_in_threadpool(dataset_asked, sources, user, body.get("dataset"))
        bars = (await run_in_threadpool(bars_asked, sources, dataset, body)).bars
        document = await self._ask("draft", bars=bars, name=body["name"])
        create = partial(store.create, reason=_drafted_from(bars), **given)
        return json_response(_version(await run_in_threadpool(create, body["name"], document)), 201)

    async def _ask(self, question: str, **arguments: Any) -> Any:
        return await run_in_threadpool(partial(self.workbench.ask, question, **arguments))

    async def _store(
        self, request: Request, user: User, suite: str, *, tried: bool = False
    ) -> SuiteStore:
        """Where a suite is saved, once it was ``tried`` on the last run's bars.

        Raises Forbidden for who may not save it.
        """
        sources: Sources = request.app.state.sources
        await run_in_threadpool(require_may_save, user, sources, suite)
        if not tried:
            return suite_store(sources, self._trust)

        def check(raw: bytes, name: str) -> tuple[str, ...]:
            return (*self._trust(raw, name), *self._effects(sources, user, raw, name))

        return suite_store(sources, check)

    def _effects(self, sources: Sources, user: User, raw: bytes, name: str) -> tuple[str, ...]:
        """What the draft would newly do to the bars of the last run that has them still."""
        dataset = next(iter(tryable(user, sources, name)), None)
        tried = last_bars(sources, dataset, name) if dataset else None
        store = suite_store(sources)
        saved = _document(store.read(name)) if name in store.names() else {}
        if tried is None or not saved:
            return ()  # also of a suite that was deleted, and is being restored
        given = {"document": json.loads(raw), "name": name, "saved": saved, **vars(tried)}
        found: tuple[str, ...] = self.workbench.ask("effects", **given)
        return found

    def _trust(self, raw: bytes, name: str) -> tuple[str, ...]:
        found: tuple[str, ...] = self.workbench.ask("trust", raw=raw, name=name)
        return found


def _errors_as_json(endpoint: Endpoint) -> Endpoint:
    """The endpoint; what goes wrong is answered with what to do, and where in the draft it is."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except (RequestFault, GateError) as error:
            said = {"error": str(error), **_where_in_the_draft(error)}
            return json_response(said, _status_of(error))
        except OSError as error:
            fault = f"the file could not be read or written: {error.strerror or error}"
            return json_response({"error": fault}, 503)

    return answer


def _status_of(error: Exception) -> int:
    """The status of the first kind that the error is of; 400 for one that no editor causes."""
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 400)


def _where_in_the_draft(error: Exception) -> dict[str, object]:
    """What the editor marks; nothing for an error that is about no draft."""
    if isinstance(error, WeakSuiteError):
        return {"weaknesses": error.weaknesses}
    if isinstance(error, SuiteError) and not isinstance(error, _ABOUT_NO_DRAFT):
        return {"entry": error.entry, "field": error.field}
    return {}


def _drafted_from(bars: pd.DataFrame) -> str:
    chosen = [shown(str(name))[1:-1] for name in pd.unique(bars["symbol"].dropna())[:5]]
    more = " …" if bars["symbol"].nunique() > 5 else ""
    return f"Drafted from {len(bars):,} bars of {', '.join(chosen)}{more}"


def _version(version: Version) -> Body:
    return asdict(version)


def _document(version: Version) -> Body:
    """The suite, empty when its file is no JSON: the editor is where that is mended."""
    try:
        return version.document
    except SuiteError:
        return {}


def _merged(store: SuiteStore, saved: Version) -> Body | None:
    """With whose changes a save was merged, in a sentence and one by one."""
    said, changes = store.merged_in(saved)
    return {"said": f"{said}; both are saved", "changes": [*map(asdict, changes)]} if said else None


def _conflict(error: SuiteConflictError, base: Any, theirs: Version, mine: Body) -> Body:
    saved = _document(theirs)
    return {
        "error": str(error),
        "conflicts": list(error.conflicts),
        "theirs": _version(theirs),
        "their_changes": [asdict(change) for change in compare(base, saved)] if base else [],
        "difference": [asdict(change) for change in compare(saved, mine)],
    }
