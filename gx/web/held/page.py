"""The page "Quarantine": what is held now, by symbol; and the held bars of one."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

import pandas as pd
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gx.report.labels import date_label
from gx.suite.texts import REASON_LIMIT
from gx.suite.waivers import DAYS, today
from gx.terms import BAR_COLUMNS
from gx.web.guard import Forbidden, User, base_of, page, reader
from gx.web.held.actions import discard, judge_again, known_dataset, release
from gx.web.held.kept import HeldBar, HeldError, HeldSymbol
from gx.web.held.release import Release, release_of
from gx.web.runs.page import page_number
from gx.web.sources import ListedDataset, Sources, made_up_names
from gx.web.static_files import embedded
from gx.web.suites.datasets import may_save

PER_PAGE, BARS_PER_PAGE = 50, 25
_NUMBERS = BAR_COLUMNS[2:]
Numbers = tuple[float | None, ...]


@dataclass(frozen=True)
class Listed:
    """What is held of a symbol, with whose it is and the address of the run's report, if kept."""

    held: HeldSymbol
    dag_id: str
    run_path: str


@dataclass(frozen=True)
class Compared:
    """A held bar beside what the source has today (None: no such bar) and what is published.

    ``changed`` and ``differs`` are the places of the numbers that are others there.
    """

    bar: HeldBar
    run_path: str
    today: Numbers | None
    changed: tuple[int, ...] = ()
    differs: tuple[int, ...] = ()


def held_routes() -> list[Route]:
    """Every route about held bars."""
    api = "/api/quarantine/{dataset}"
    return [
        Route("/quarantine/", every),
        Route("/quarantine/{dataset}", of_symbol),
        Route(f"{api}/judge", judge_again, methods=["POST"]),
        Route(f"{api}/release", release, methods=["POST"]),
        Route(f"{api}/discard", discard, methods=["POST"]),
    ]


async def every(request: Request) -> Response:
    """What is held of every dataset, the longest held first; 50 symbols on a ``page``."""
    user = await reader(request)
    return await run_in_threadpool(_every, request, user)


def _every(request: Request, user: User) -> Response:
    sources: Sources = request.app.state.sources
    query = request.query_params
    wanted = {name: query.get(name, "").strip() for name in ("symbol", "dataset")}
    datasets = [one for one in sources.datasets() if one.known and user.may_read(one.dag_id)]
    held, faults = _held(sources, [one for one in datasets if wanted["dataset"] in ("", one.name)])
    found = [one for one in held if wanted["symbol"].casefold() in (one.symbol or "").casefold()]
    number, pages = page_number(query, len(found), PER_PAGE)
    shown = found[(number - 1) * PER_PAGE : number * PER_PAGE]
    return page(
        request,
        "quarantine.html",
        made_up=made_up_names(datasets),
        listed=_listed(sources, datasets, shown),
        faults=faults,
        datasets=[one.name for one in datasets],
        wanted=wanted,
        asked=urlencode({name: text for name, text in wanted.items() if text}),
        symbols=len(held),
        bars=sum(one.bars for one in held),
        found=len(found),
        number=number,
        pages=pages,
        may_judge={one.name for one in datasets if user.may_change(one.dag_id)},
        reason_limit=REASON_LIMIT,
        data=embedded({"api": f"{base_of(request)}/api"}),
    )


def _held(
    sources: "Sources", datasets: Sequence["ListedDataset"]
) -> tuple[list[HeldSymbol], list[str]]:
    """What is held of them, the longest held first, and what keeps it from being told."""
    found: list[HeldSymbol] = []
    faults: list[str] = []
    for one in datasets:
        try:
            found += sources.held.symbols(one.name)
        except HeldError as error:
            faults.append(f"{one.name}: what is held cannot be told: {error}")
    return sorted(found, key=lambda one: one.since), faults


def _listed(
    sources: "Sources", datasets: Sequence["ListedDataset"], shown: Sequence[HeldSymbol]
) -> list[Listed]:
    """These symbols with all that is known of them, in their order."""
    dags = {one.name: one.dag_id for one in datasets}
    paths = _run_paths(sources)
    complete = {
        (name, one.symbol): one
        for name, those in groupby(sorted(shown, key=lambda s: s.dataset), lambda s: s.dataset)
        for one in sources.held.completed(name, list(those))
    }
    told = (complete[one.dataset, one.symbol] for one in shown)
    return [
        Listed(one, dags[one.dataset], paths.get((dags[one.dataset], one.run_id), ""))
        for one in told
    ]


def _run_paths(sources: "Sources") -> Mapping[tuple[str, str], str]:
    return {(run.dag_id, run.run_id): run.path for run in sources.runs()}


async def of_symbol(request: Request) -> Response:
    """The held bars of the ``symbol`` that the query names (empty: of none), and what to do."""
    user = await reader(request)
    return await run_in_threadpool(_of_symbol, request, user)


def _of_symbol(request: Request, user: User) -> Response:
    sources: Sources = request.app.state.sources
    dataset = readable_dataset(sources, user, request.path_params["dataset"])
    symbol = request.query_params.get("symbol", "")
    try:
        nowhere = "\0" in symbol
        found = None if nowhere else sources.held.symbol(dataset.name, symbol or None)
        discards = [] if nowhere else sources.held.discards(dataset.name, symbol or None)
    except HeldError as error:
        raise HTTPException(503, f"What is held cannot be told: {error}") from None
    context: dict[str, Any] = {"dataset": dataset, "symbol": symbol, "held": found}
    context["discards"] = discards
    if found is None:
        return page(request, "quarantine_symbol.html", **context, status_code=404)
    return page(
        request,
        "quarantine_symbol.html",
        **context,
        **_bars(request, sources, dataset, found),
        **_actions(sources, user, dataset, found),
        data=embedded({"api": f"{base_of(request)}/api", "seen": found.seen, "symbol": symbol}),
    )


def _bars(
    request: Request, sources: "Sources", dataset: "ListedDataset", found: HeldSymbol
) -> dict[str, Any]:
    """A page of the held bars, beside those of the source."""
    number, pages = page_number(request.query_params, found.bars, BARS_PER_PAGE)
    bars = sources.held.bars(
        dataset.name,
        found.symbol,
        limit=BARS_PER_PAGE,
        offset=(number - 1) * BARS_PER_PAGE,
    )
    fault, frame = "", None
    try:
        frame = sources.held.today(dataset.name, found.symbol, bars)
    except HeldError as error:
        fault = str(error)
    paths = {run: path for (dag, run), path in _run_paths(sources).items() if dag == dataset.dag_id}
    return {
        "compared": list(_compared(bars, frame, paths)),
        "source_fault": fault,
        "number": number,
        "pages": pages,
        "names": _NUMBERS,
        "asked": urlencode({"symbol": found.symbol or ""}),
        "paths": paths,
    }


def _actions(
    sources: "Sources", user: User, dataset: "ListedDataset", found: HeldSymbol
) -> dict[str, Any]:
    """What the reader may do about it, and what of it can't be done."""
    decides = user.may_decide(dataset.dag_id)
    saves = may_save(user, sources, dataset.suite)
    releasing = Release((), ())
    if decides and saves:
        releasing = release_of(sources, dataset, found)
    return {
        "may_judge": user.may_change(dataset.dag_id),
        "may_decide": decides,
        "may_save": saves,
        "releasing": releasing,
        "expires": (today() + timedelta(days=DAYS)).isoformat(),
        "reason_limit": REASON_LIMIT,
    }


def readable_dataset(sources: "Sources", user: User, name: str) -> "ListedDataset":
    """The dataset of this name, if its file can be read and the user may see it."""
    found = known_dataset(sources, name)
    if not user.may_read(found.dag_id):
        raise Forbidden(f"{user.name} may not see the workflow {found.dag_id}")
    return found


def _compared(
    bars: Sequence[HeldBar], frame: pd.DataFrame | None, paths: Mapping[str, str]
) -> Iterator[Compared]:
    """Each bar beside one of the same date in the source: an equal one if there is, else another.

    A date may be there twice, in the source as among the held bars.
    """
    there = _by_date(frame)
    equal: dict[int, Numbers] = {}
    for place, bar in enumerate(bars):
        same = [one for one in there[date_of(bar.date)] if _alike(one) == _alike(bar.numbers)]
        if same:
            equal[place] = same[0]
            there[date_of(bar.date)].remove(same[0])
    for place, bar in enumerate(bars):
        others = there[date_of(bar.date)]
        now = equal[place] if place in equal else others.pop(0) if others else None
        yield Compared(
            bar,
            paths.get(bar.run_id, ""),
            now,
            _others(bar.numbers, now),
            _others(bar.numbers, bar.published),
        )


def _by_date(frame: pd.DataFrame | None) -> defaultdict[str | None, list[Numbers]]:
    found: defaultdict[str | None, list[Numbers]] = defaultdict(list)
    if frame is not None:
        numbers = frame[list(_NUMBERS)].itertuples(index=False, name=None)
        for moment, values in zip(frame["date"], numbers, strict=True):
            found[date_of(moment)].append(values)
    return found


def date_of(moment: object) -> str | None:
    """A bar's date as reports write it, moments in UTC; None without one."""
    if pd.isna(moment):  # type: ignore[call-overload]
        return None
    stamp = pd.Timestamp(moment)  # type: ignore[arg-type]
    return date_label(stamp if stamp.tzinfo is None else stamp.tz_convert("UTC"))


def _alike(numbers: Numbers) -> Numbers:
    """Numbers to compare: missing and NaN are one."""
    return tuple(None if one is None or one != one else one for one in numbers)


def _others(numbers: Numbers, other: Numbers | None) -> tuple[int, ...]:
    if other is None:
        return ()
    pairs = zip(_alike(numbers), _alike(other), strict=True)
    return tuple(place for place, (one, two) in enumerate(pairs) if one != two)
