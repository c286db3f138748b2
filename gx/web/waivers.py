"""Accepting failures of a run's report, and the page of all waivers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from math import isfinite
from typing import Any

import pyarrow.compute as pc
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gx.editing.waivers import WaiverStore
from gx.errors import GateError, WaiverError
from gx.nearest import nearest
from gx.report.labels import date_label
from gx.suite.texts import REASON_LIMIT
from gx.suite.waivers import DAYS, Waiver, today, unacceptable
from gx.terms import BAR_COLUMNS
from gx.web.bodies import Body, RequestFault, read_body, texts
from gx.web.guard import Forbidden, User, base_of, json_response, page, reader, writer
from gx.web.report.page import run_files
from gx.web.sources import RunFiles, Sources
from gx.web.static_files import embedded
from gx.web.suites.datasets import datasets_of, may_save, require_may_save

# Such an expectation blames the bar behind a hole, which says nothing of the hole itself.
_HOLES = {"no_missing_sessions", "no_missing_bars_within_sessions", "no_market_wide_holes"}


@dataclass(frozen=True)
class Listed:
    """A waiver of a suite as the page shows it; ``mine``: the reader may withdraw it.

    ``dataset`` is the first that the suite judges, empty (which is the default one) without any.
    """

    suite: str
    waiver: Waiver
    over: bool
    mine: bool
    dataset: str


def waiver_routes() -> list[BaseRoute]:
    """Every route about waivers; what changes something is for who may change the suite."""
    routes: list[BaseRoute] = [
        Route("/waivers/", every),
        Route("/api/waivers/{suite}/{waiver}/withdraw", withdraw, methods=["POST"]),
    ]
    for run in ("/runs/{run_id}", "/dags/{dag_id}/runs/{run_id}"):
        routes += [
            Route(f"{run}/waive", form),
            Route(f"/api{run}/waivers", accept, methods=["POST"]),
        ]
    return routes


def waiver_store(sources: Sources) -> WaiverStore:
    """The waivers beside the suites that ``sources`` points at."""
    return WaiverStore(sources.waivers, sources.history, sources.suites)


async def every(request: Request) -> Response:
    """All waivers, those that are over last."""
    user = await reader(request)
    sources: Sources = request.app.state.sources
    listed, faults = await run_in_threadpool(_listed, sources, user)
    data = {"api": f"{base_of(request)}/api"}
    shown = {"listed": listed, "faults": faults, "reason_limit": REASON_LIMIT}
    return page(request, "waivers.html", **shown, data=embedded(data))


def _listed(sources: Sources, user: User) -> tuple[list[Listed], list[str]]:
    store, now = waiver_store(sources), today()
    found: list[Listed] = []
    faults: list[str] = []
    for suite in store.names():
        try:
            waivers = store.read(suite)
        except WaiverError as error:
            faults.append(str(error))
            continue
        mine = may_save(user, sources, suite)
        dataset = next((one.name for one in datasets_of(sources, suite)), "")
        found += [Listed(suite, one, one.expired(now), mine, dataset) for one in waivers]
    return sorted(found, key=lambda one: (one.over, one.waiver.expires)), faults


async def form(request: Request) -> Response:
    """What is to be accepted: of an expectation, a symbol, or a bar that the query names."""
    files = await run_files(request)
    report, suite = _report(files), files.summary.suite
    require_may_save(request.state.reader, request.app.state.sources, suite)
    asked = {key: request.query_params.get(key, "") for key in ("expectation", "symbol", "date")}
    bar = await run_in_threadpool(_failing_bar, files, asked["symbol"], asked["date"])
    chosen = bar["expectations"] if bar else [asked["expectation"]]
    names = list(dict.fromkeys([*filter(None, chosen), *files.summary.expectations]))
    data = {
        "api": f"{base_of(request)}/api",
        "run": files.summary.path,
        "back": base_of(request) + files.summary.path,
    }
    return page(
        request,
        "waive.html",
        summary=files.summary,
        suite=suite,
        bar=bar,
        names=names,
        refused={name: why for name in names if (why := unacceptable(name))},
        unstorable=_unstorable(bar),
        chosen=chosen,
        symbol=asked["symbol"],
        first=asked["date"][:10] or report["first_date"] or "",
        last=asked["date"][:10],
        expires=(today() + timedelta(days=DAYS)).isoformat(),
        reason_limit=REASON_LIMIT,
        data=embedded(data),
    )


async def accept(request: Request) -> Response:
    """Accept ``expectations``' failures, for ``reason``, from the next run on.

    ``only_bar`` is the date of a failing bar of ``symbol``: then that one is accepted as it is in
    this run, and another one of the same day is not.
    """
    user = await writer(request)
    files = await run_files(request)
    _report(files)
    suite = files.summary.suite
    sources: Sources = request.app.state.sources
    require_may_save(user, sources, suite)
    try:
        needed = {"expectations": list, "first_date": str, "reason": str}
        body = await read_body(
            request, needed, symbol=str, last_date=str, expires=str, only_bar=str
        )
        wanted = await run_in_threadpool(_wanted, files, body)
        store = waiver_store(sources)
        made = await run_in_threadpool(
            partial(store.accept, suite, wanted, author=user.name, reason=body["reason"])
        )
    except (RequestFault, GateError) as error:
        return json_response({"error": str(error)}, _status(error))
    return json_response([one.model_dump(mode="json") for one in made], 201)


async def withdraw(request: Request) -> Response:
    """Take a waiver back for ``reason``."""
    user = await writer(request)
    suite, waiver_id = request.path_params["suite"], request.path_params["waiver"]
    sources: Sources = request.app.state.sources
    store = waiver_store(sources)
    if suite not in await run_in_threadpool(store.names):
        return json_response({"error": "there is no such suite with waivers"}, 404)
    require_may_save(user, sources, suite)
    try:
        body = await read_body(request, {"reason": str})
        gone = await run_in_threadpool(
            partial(store.withdraw, suite, waiver_id, author=user.name, reason=body["reason"])
        )
    except (RequestFault, GateError) as error:
        return json_response({"error": str(error)}, _status(error))
    return json_response(gone.model_dump(mode="json"))


def _status(error: Exception) -> int:
    """400 for what no page of ours sends."""
    return 400 if isinstance(error, RequestFault) else 422


def _report(files: RunFiles) -> Mapping[str, Any]:
    """The report; raises Forbidden for a run without one."""
    if files.report is None:
        raise Forbidden("this run has no verdict: there is nothing to accept")
    return files.report


def _wanted(files: RunFiles, body: Body) -> list[dict[str, Any]]:
    symbol, only = body.get("symbol", ""), body.get("only_bar", "")
    shared: dict[str, Any] = {"symbol": symbol or None, "first_date": body["first_date"]}
    shared |= {key: body[key] for key in ("last_date", "expires") if body.get(key)}
    if only:
        bar = _failing_bar(files, symbol, only)
        if bar is None:
            raise WaiverError(f"no bar of {symbol or 'no symbol'} of {only} fails in this run")
        shared["bars"] = (bar["as_waived"],)
        shared["dataset"] = files.summary.dataset
    known = _report(files).get("symbols", {})
    if symbol and symbol not in known:
        raise WaiverError(f"this run has no symbol {symbol!r}{nearest(symbol, known)}")
    names = texts(body, "expectations")
    after = _date_before(files, symbol, only) if only and _HOLES & set(names) else None
    return [
        {**shared, "expectation": name}
        if after is None or name not in _HOLES
        else {**shared, "expectation": name, "bars": ({**shared["bars"][0], "after": after},)}
        for name in names
    ]


def _date_before(files: RunFiles, symbol: str, moment: str) -> str | None:
    """The date of the bar before one of a symbol, where a hole before that begins."""
    bars = files.bars([symbol])
    if bars is None:
        return None
    labels = [str(date_label(one)) for one in bars["date"][bars["symbol"] == symbol].dropna()]
    at = labels.index(moment) if moment in labels else 0
    return labels[at - 1] if at else None


def _unstorable(bar: dict[str, Any] | None) -> str:
    """Why nobody can accept this bar as it is; empty when somebody can."""
    if bar is None:
        return ""
    numbers = [bar["as_waived"][name] for name in BAR_COLUMNS[2:]]
    if any(one is None or not isfinite(one) for one in numbers):
        return "without a price or volume, or with an infinite one, it cannot be stored"
    return next(filter(None, map(unacceptable, bar["expectations"])), "")


def _failing_bar(files: RunFiles, symbol: str, moment: str) -> dict[str, Any] | None:
    """The failing bar of a symbol and a date as the report writes it."""
    if not symbol or not moment:
        return None
    rows = files.failing()
    for row in rows.filter(pc.equal(rows["symbol"], symbol)).to_pylist():
        if date_label(row["date"]) == moment:
            numbers = {name: row[name] for name in BAR_COLUMNS[2:]}
            kept = {name: None if one != one else one for name, one in numbers.items()}  # NaN
            return {**row, "as_waived": {"date": moment, **kept}}
    return None
