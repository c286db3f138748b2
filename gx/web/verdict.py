"""The verdict for machines, as JSON: which of a dataset's symbols are good."""

from datetime import date

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gx.report.standing import DatasetVerdict
from gx.symbols import symbol_fault
from gx.web.bodies import RequestFault, answered
from gx.web.guard import json_response, reader
from gx.web.sources import Sources
from gx.web.suites.bars import dataset_asked

MOST_SYMBOLS = 10_000


def verdict_routes() -> list[Route]:
    """One, to be read: with `as_of` (a day) and `symbol` (any number of them), both optional."""
    return [Route("/api/datasets/{name}/verdict", verdict)]


async def verdict(request: Request) -> Response:
    """gx.report.standing.DatasetVerdict; 503 where the database does not answer."""
    user, sources = await reader(request), request.app.state.sources

    async def asked() -> dict[str, object]:
        as_of, symbols = _as_of(request), _symbols(request)
        name = request.path_params["name"]
        dataset = await run_in_threadpool(dataset_asked, sources, user, name)
        found = await run_in_threadpool(_found, sources, dataset.name, as_of, symbols)
        return found.model_dump(mode="json")

    try:
        return await answered(asked)
    except OSError as error:
        return json_response({"error": str(error)}, 503)


def _found(
    sources: Sources, name: str, as_of: date | None, symbols: list[str] | None
) -> DatasetVerdict:
    return sources.verdict(name, as_of, symbols)


def _as_of(request: Request) -> date | None:
    text = request.query_params.get("as_of", "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise RequestFault("as_of must be a day, as 2025-11-04") from None


def _symbols(request: Request) -> list[str] | None:
    symbols = list(dict.fromkeys(request.query_params.getlist("symbol")))
    if len(symbols) > MOST_SYMBOLS:
        raise RequestFault(f"more than {MOST_SYMBOLS:,} symbols are asked for")
    for one in symbols:
        fault = symbol_fault(one)
        if fault:
            raise RequestFault(f"the symbol {one[:40]!r} {fault}")
    return symbols or None
