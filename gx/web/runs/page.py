"""The page "Data quality": the latest runs, with what to look for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import ceil
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from gx.errors import ReportError
from gx.report.document import read_document
from gx.web.guard import page, reader
from gx.web.runs.calendar import MARKS, calendar, day_asked
from gx.web.runs.datasets import dataset_lines
from gx.web.runs.shares import SHOWN, kind, share, share_chart
from gx.web.sources import Sources, made_up_names
from gx.web.summary import RunSummary

PER_PAGE = 25
VERDICTS = {
    "passed": "passed",
    "warned": "passed with remarks",
    "held": "symbols held",
    "closed": "gate closed",
    "unpublished": "publishing failed",
    "waits": "waits for a decision",
    "no_verdict": "no verdict",
}


@dataclass(frozen=True)
class RunFilter:
    """What a reader looks for; an empty text is anything."""

    symbol: str = ""
    expectation: str = ""
    verdict: str = ""
    dataset: str = ""
    day: str = ""

    @classmethod
    def of(cls, query: QueryParams) -> "RunFilter":
        """What the query of an address asks for."""
        verdict = query.get("verdict", "")
        return cls(
            query.get("symbol", "").strip(),
            query.get("expectation", ""),
            verdict if verdict in VERDICTS else "",
            query.get("dataset", ""),
            day_asked(query.get("day", "")),
        )

    def fits(self, run: RunSummary) -> bool:
        """Is this a run that the reader looks for?"""
        at_fault = {*run.symbols, *run.held, *run.missing}
        return (
            (not self.symbol or self.symbol.upper() in {name.upper() for name in at_fault})
            and (not self.expectation or self.expectation in run.expectations)
            and (not self.verdict or self.verdict == kind(run))
            and (not self.dataset or self.dataset == run.dataset)
            and (not self.day or self.day == run.started[:10])
        )

    def query(self, **more: object) -> str:
        """As the query of an address."""
        asked = {**self.__dict__, **more}
        return urlencode({name: value for name, value in asked.items() if value})


async def run_list(request: Request) -> Response:
    """The datasets, and the runs that fit a `RunFilter`; 25 on a ``page``, newest first."""
    user = await reader(request)
    sources: Sources = request.app.state.sources
    runs = [run for run in await run_in_threadpool(sources.runs) if user.may_read(run.dag_id)]
    datasets = [one for one in sources.datasets() if user.may_read(one.dag_id)]
    wanted = RunFilter.of(request.query_params)
    found = [run for run in runs if wanted.fits(run)]
    number, pages = page_number(request.query_params, len(found), PER_PAGE)
    shown = found[(number - 1) * PER_PAGE : number * PER_PAGE]
    own = [run for run in found if not run.instead_of]
    drawn = own[:SHOWN]
    of = wanted.dataset or next((one.name for one in datasets), "")
    told = await run_in_threadpool(_of_symbol, sources, [*shown, *drawn], wanted.symbol)
    return page(
        request,
        "runs.html",
        datasets=dataset_lines(datasets, runs),
        made_up=made_up_names(datasets),
        total=len(runs),
        found=len(found),
        shown=[(run, kind(run), share(run)) for run in (told[_key(one)] for one in shown)],
        chart=share_chart([told[_key(one)] for one in drawn]),
        others=len(found) - len(own),
        calendar=calendar(
            [run for run in runs if run.dataset == of], VERDICTS, today=datetime.now(UTC).date()
        ),
        calendar_of=of,
        marks=MARKS,
        wanted=wanted,
        comments=await run_in_threadpool(_comments, sources, shown),
        verdicts=VERDICTS,
        symbols=_sorted_names(
            name for run in runs for name in (*run.symbols, *run.held, *run.missing)
        ),
        expectations=_sorted_names(name for run in runs for name in run.expectations),
        number=number,
        pages=pages,
    )


def _of_symbol(
    sources: "Sources", runs: Sequence[RunSummary], symbol: str
) -> dict[tuple[str, str], RunSummary]:
    """The runs, each read once, with the symbol's own bars and failing bars where one is named."""
    once = {_key(run): run for run in runs}
    if not symbol:
        return once
    return {key: _numbers_of(sources, run, symbol) for key, run in once.items()}


def _comments(sources: "Sources", runs: Sequence[RunSummary]) -> dict[tuple[str, str], int]:
    """How many comments each of the runs has."""
    found = ((_key(run), sources.run(run.run_id, run.dag_id)) for run in runs)
    return {key: len(files.comments()) for key, files in found if files}


def _key(run: RunSummary) -> tuple[str, str]:
    return run.dag_id, run.run_id


def _numbers_of(sources: "Sources", run: RunSummary, symbol: str) -> RunSummary:
    files = sources.run(run.run_id, run.dag_id)
    try:
        known = read_document(files.report).symbols if files and files.report else {}
    except ReportError:  # the run's own page says so
        known = {}
    its = next((found for name, found in known.items() if name.upper() == symbol.upper()), None)
    return replace(run, rows=its.rows if its else 0, failing_rows=its.failing_rows if its else 0)


def page_number(query: QueryParams, rows: int, per_page: int) -> tuple[int, int]:
    """The page asked for, within what there is, and how many pages there are."""
    pages = max(1, ceil(rows / per_page))
    asked = query.get("page", "1")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 1
    return min(max(number, 1), pages), pages


def _sorted_names(names: Iterable[str]) -> Sequence[str]:
    return sorted(set(names))[:1000]
