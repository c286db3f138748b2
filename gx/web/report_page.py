"""The page "Report of a run": the verdict first, then what failed, worst first."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pandas as pd
import pyarrow as pa
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from gx.charts import price_charts, worst_symbols
from gx.render import WORST_SYMBOLS, worst_first
from gx.report import read_report
from gx.web import failing
from gx.web.changes import compare_bars, compare_expectations
from gx.web.guard import base_of, json_response, page, reader
from gx.web.runs import VERDICTS, kind
from gx.web.sources import RunFiles, RunSummary, Sources

SHOWN_CHARTS = 6
_NO_ROWS = pd.DataFrame(columns=["row", "symbol", "date", "severity"])


def report_routes() -> list[Route]:
    """The report, and its parts that are asked for on their own."""
    return [
        Route("/runs/{run_id}", report),
        Route("/runs/{run_id}/failing", failing_rows),
        Route("/runs/{run_id}/failing.csv", failing_csv),
        Route("/runs/{run_id}/charts", charts),
        Route("/runs/{run_id}/changes", changes),
        Route("/runs/{run_id}/docs", to_docs),
        Route("/runs/{run_id}/mlflow", to_mlflow),
    ]


async def report(request: Request) -> Response:
    """The whole report; its charts and its changes are fetched by the page itself."""
    files = await _files(request)
    return await run_in_threadpool(_report, request, files)


def _report(request: Request, files: RunFiles) -> Response:
    summary, document = files.summary, files.report
    shared = {
        "summary": summary,
        "kind": kind(summary),
        "verdicts": VERDICTS,
        "steps": files.steps,
        "docs_page": files.docs_page,
    }
    if document is None:
        return page(request, "run_without_verdict.html", **shared)
    read = read_report(document, _NO_ROWS)
    return page(
        request,
        "run.html",
        **shared,
        **_rows(request, files),
        report=read,
        symbols=worst_first(read.symbols)[:WORST_SYMBOLS],
        passed=[o for o in read.outcomes if o.status in ("passed", "skipped")],
        before=_before(request, summary),
    )


async def failing_rows(request: Request) -> Response:
    """A page of failing bars, as a piece of HTML, or as JSON for who asks for that."""
    files = await _files(request)
    rows = await run_in_threadpool(_rows, request, files)
    if "application/json" in request.headers.get("accept", ""):
        shown: failing.Page = rows["rows"]
        listed = [failing.plain(row) for row in shown.rows]
        return json_response(
            {"rows": listed, "found": shown.found, "page": shown.number, "pages": shown.pages}
        )
    return page(request, "failing.html", summary=files.summary, **rows)


async def failing_csv(request: Request) -> Response:
    """Every failing bar that fits the query, as CSV."""
    files = await _files(request)
    view = failing.View.of(request.query_params)
    chosen = await run_in_threadpool(_chosen, files, view)
    name = "".join(c if c.isalnum() and c.isascii() else "_" for c in files.summary.run_id)
    headers = {
        "Content-Disposition": f'attachment; filename="failing_{name}.csv"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return StreamingResponse(failing.to_csv(chosen), media_type="text/csv", headers=headers)


def _chosen(files: RunFiles, view: failing.View) -> pa.Table:
    table = files.failing()
    return table.take(failing.positions(table, view))


async def charts(request: Request) -> Response:
    """Price charts of the worst symbols, or of the one that the query names."""
    files = await _files(request)
    return await run_in_threadpool(_charts, request, files)


def _charts(request: Request, files: RunFiles) -> Response:
    bad = files.failing(["symbol", "date", "severity"]).to_pandas()
    wanted = request.query_params.get("symbol")
    symbols = (wanted,) if wanted else worst_symbols(bad, SHOWN_CHARTS)
    bars = files.bars(symbols) if symbols else None
    bad = bad[bad["symbol"].isin(symbols)]
    drawn = price_charts(bars, bad, symbols) if bars is not None else ()
    return page(request, "charts.html", charts=drawn, kept=bars is not None, asked=symbols)


async def changes(request: Request) -> Response:
    """What is different from the run before."""
    files = await _files(request)
    return await run_in_threadpool(_changes, request, files)


def _changes(request: Request, files: RunFiles) -> Response:
    sources: Sources = request.app.state.sources
    before = _before(request, files.summary)
    earlier = sources.run(before.run_id) if before else None
    if earlier is None or earlier.report is None or files.report is None:
        raise HTTPException(404, "There is no earlier run to compare with.")
    same = _digest(earlier.steps) is not None and _digest(earlier.steps) == _digest(files.steps)
    old, new = (None, None) if same else (earlier.bars(), files.bars())
    return page(
        request,
        "changes.html",
        expectations=compare_expectations(earlier.report, files.report),
        same=same,
        bars=compare_bars(old, new) if old is not None and new is not None else None,
    )


async def to_docs(request: Request) -> Response:
    """On to the run's page in Data Docs."""
    files = await _files(request)
    if files.docs_page is None:
        raise HTTPException(404, "Data Docs has no page of this run: its bars were not validated.")
    return RedirectResponse(f"{base_of(request)}/docs/?page={quote(files.docs_page)}", 303)


async def to_mlflow(request: Request) -> Response:
    """On to the run's page in MLflow."""
    files = await _files(request)
    if files.summary.mlflow_url is None:
        raise HTTPException(404, "This run has not been tracked in MLflow.")
    return RedirectResponse(files.summary.mlflow_url, 303)


async def _files(request: Request) -> RunFiles:
    await reader(request)
    sources: Sources = request.app.state.sources
    files = await run_in_threadpool(sources.run, request.path_params["run_id"])
    if files is None:
        raise HTTPException(404, "There is no such run, or nothing is kept of it any more.")
    return files


def _rows(request: Request, files: RunFiles) -> dict[str, Any]:
    view = failing.View.of(request.query_params)
    rows = failing.read_page(files.failing(), view, request.query_params)
    return {"view": view, "rows": rows, "sortable": failing.SORTABLE}


def _before(request: Request, summary: RunSummary) -> RunSummary | None:
    """The latest earlier run of the same suite that came to a verdict."""
    sources: Sources = request.app.state.sources
    earlier = (
        run
        for run in sources.runs()
        if run.started < summary.started
        and run.state != "no_verdict"
        and (run.dag_id, run.suite) == (summary.dag_id, summary.suite)
    )
    return next(earlier, None)


def _digest(steps: Mapping[str, Mapping[str, Any]]) -> Any:
    return steps.get("extract", {}).get("digest")
