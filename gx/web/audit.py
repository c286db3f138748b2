"""The page "Audit": who did what, why and when, over every dataset that its reader may see."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gx.editing.deeds import Deed, newest_first, saved_deeds
from gx.web.guard import User, page, reader
from gx.web.held.kept import HeldError
from gx.web.runs.page import page_number
from gx.web.sources import Sources

PER_PAGE = 50


@dataclass(frozen=True)
class DeedFilter:
    """What a reader looks for; an empty text is anything."""

    person: str = ""
    action: str = ""
    symbol: str = ""

    @classmethod
    def of(cls, query: QueryParams) -> "DeedFilter":
        """What the query of an address asks for."""
        return cls(
            query.get("person", ""), query.get("action", ""), query.get("symbol", "").strip()
        )

    def fits(self, deed: Deed) -> bool:
        """Is this what the reader looks for?"""
        return (
            (not self.person or deed.who == self.person)
            and (not self.action or deed.action == self.action)
            and (not self.symbol or deed.about(self.symbol))
        )

    def query(self) -> str:
        """As the query of an address."""
        return urlencode({name: value for name, value in self.__dict__.items() if value})


def audit_routes() -> list[Route]:
    """The page's only route: nothing can be done there."""
    return [Route("/audit/", every)]


async def every(request: Request) -> Response:
    """What was done, the newest first; 50 entries on a ``page``."""
    user = await reader(request)
    return await run_in_threadpool(_every, request, user)


def _every(request: Request, user: User) -> Response:
    sources: Sources = request.app.state.sources
    deeds, faults = all_deeds(sources, user)
    wanted = DeedFilter.of(request.query_params)
    found = [one for one in deeds if wanted.fits(one)]
    number, pages = page_number(request.query_params, len(found), PER_PAGE)
    dags = {one.name: one.dag_id for one in sources.datasets()}
    return page(
        request,
        "audit.html",
        deeds=[
            (one, _run_path(dags, one))
            for one in found[(number - 1) * PER_PAGE : number * PER_PAGE]
        ],
        faults=faults,
        wanted=wanted,
        people=sorted({one.who for one in deeds}),
        actions=sorted({one.action for one in deeds}),
        several=len({one.dataset for one in deeds if one.dataset}) > 1,
        total=len(deeds),
        found=len(found),
        number=number,
        pages=pages,
    )


def all_deeds(sources: Sources, user: User) -> tuple[list[Deed], list[str]]:
    """All that this user may see, the newest first, and what of it cannot be told.

    Who sees no dataset that a suite judges does not see what was done to the suite.
    """
    datasets = [one for one in sources.datasets() if one.known]
    readable = [one for one in datasets if user.may_read(one.dag_id)]
    found: list[Deed] = []
    faults: list[str] = []
    for one in readable:
        try:
            found += sources.held.deeds(one.name)
        except HeldError as error:
            faults.append(f"{one.name}: what was done cannot be told: {error}")
    hidden = {one.suite for one in datasets} - {one.suite for one in readable}
    saved, damaged = saved_deeds(sources.suites, sources.waivers, sources.history)
    found += [one for one in saved if one.suite not in hidden]
    return newest_first(found), [*faults, *damaged]


def _run_path(dags: dict[str, str], deed: Deed) -> str:
    """The report of the run that it was about."""
    if not deed.run_id or deed.dataset not in dags:
        return ""
    return f"/dags/{quote(dags[deed.dataset], safe='')}/runs/{quote(deed.run_id, safe='')}"
