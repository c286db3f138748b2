"""The page "Report of a run": the verdict first, then what failed, worst first."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gx.errors import ReportError
from gx.report.changes import ReportedRun, compare
from gx.report.document import read_document
from gx.report.model import QualityReport, read_report
from gx.report.numbers import Named, told
from gx.report.pictures.prices import price_charts
from gx.report.view import Bounds, view_of
from gx.suite.texts import COMMENT_LIMIT, REASON_LIMIT
from gx.web.guard import HEADERS, Forbidden, base_of, json_response, page, reader
from gx.web.report import failing
from gx.web.report.around import bars_around
from gx.web.report.failing_csv import CsvResponse, opened
from gx.web.report.repairs import choice_of, held_of, proposed_repairs
from gx.web.runs.page import VERDICTS
from gx.web.runs.shares import kind
from gx.web.sources import RunFiles, Sources
from gx.web.static_files import embedded
from gx.web.summary import RunSummary

Endpoint = Callable[[Request], Awaitable[Response]]
# Folded, and searched by name, a table of thousands is small on the page; 3,000 rows are 400 KB.
_BOUNDS = Bounds(symbols=3_000)
_NO_ROWS = pd.DataFrame(columns=["row", "symbol", "date", "severity", "reasons"])


def report_routes() -> list[Route]:
    """The report, and its parts that are asked for on their own.

    A run of the default dataset need not say its workflow.
    """
    parts: dict[str, Endpoint] = {
        "": _file_errors_answered(report),
        "/failing": _file_errors_answered(failing_rows),
        "/failing.csv": _file_errors_answered(failing_csv),
        "/failed": _file_errors_answered(failed),
        "/charts": _file_errors_answered(charts),
        "/proposed": _file_errors_answered(proposed),
        "/repairs": _file_errors_answered(repairs),
        "/changes": _file_errors_answered(changes),
        "/evidence": evidence,
        "/docs": to_docs,
        "/mlflow": to_mlflow,
    }
    runs = ("/runs/{run_id}", "/dags/{dag_id}/runs/{run_id}")
    return [Route(run + part, endpoint) for run in runs for part, endpoint in parts.items()]


async def report(request: Request) -> Response:
    """The whole report; its pictures and its changes are fetched by the page itself."""
    files = await run_files(request)
    return await run_in_threadpool(_report, request, files)


def _report(request: Request, files: RunFiles) -> Response:
    summary, document = files.summary, files.report
    shared = {
        "summary": summary,
        "kind": kind(summary),
        "verdicts": VERDICTS,
        "steps": files.steps,
        "docs_page": files.docs_page,
        "log_url": files.log_url,
        **_comments(request, files),
    }
    if document is None:
        return page(request, "run_without_verdict.html", **shared)
    read = read_report(document, _NO_ROWS)
    return page(  # noqa: S604  # a template's block
        request,
        "run.html",
        **shared,
        **_rows(request, files, read.outcomes),
        **_over_runs(request, summary),
        shell="base.html",
        view=view_of(read, _BOUNDS, provenance=_provenance(read, files)),
        before=_before(request, summary),
    )


async def failing_rows(request: Request) -> Response:
    """A page of failing bars, as a piece of HTML, or as JSON for who asks for that."""
    files = await run_files(request)
    rows = await run_in_threadpool(_rows, request, files)
    if "application/json" in request.headers.get("accept", ""):
        shown: failing.Page = rows["rows"]
        listed = [failing.plain(row) for row in shown.rows]
        return json_response(
            {"rows": listed, "found": shown.found, "page": shown.number, "pages": shown.pages}
        )
    over_runs = _over_runs(request, files.summary)
    return page(request, "failing.html", summary=files.summary, **rows, **over_runs)


async def failing_csv(request: Request) -> Response:
    """Every failing bar that fits the query, as CSV; one that breaks off says so at its end."""
    files = await run_files(request)
    file = await run_in_threadpool(opened, files)
    run = files.summary
    # The default dataset, whose runs need not name it, is not named here either.
    of = f"{run.dataset}_" if run.path.startswith("/dags/") else ""
    name = "".join(c if c.isalnum() and c.isascii() else "_" for c in f"{of}{run.run_id}")
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="failing_{name}.csv"'}
    return CsvResponse(file, failing.View.of(request.query_params), request.method, headers)


async def failed(request: Request) -> Response:
    """What failed, with its pictures."""
    files = await run_files(request)
    return await run_in_threadpool(_failed, request, files)


def _failed(request: Request, files: RunFiles) -> Response:
    document, bars = files.report, files.bars()
    if document is None:
        raise HTTPException(404, "This run has no verdict.")
    bad = read_report(document, _NO_ROWS)
    drawn = {outcome.symbols[0] for outcome in bad.failed if outcome.symbols}
    rows = files.failing(["row", "symbol", "date", "severity", "reasons"])
    few = rows.filter(pc.is_in(rows["symbol"], pa.array(sorted(drawn), pa.string())))
    read = read_report(document, few.to_pandas())
    shown = {"failed": view_of(read, bars=bars).failed, "rows": read.rows}
    over_runs = _over_runs(request, files.summary)
    return page(request, "failed.html", summary=files.summary, **shown, **over_runs)


async def charts(request: Request) -> Response:
    """The prices of the symbol that the query names, around its worst bar."""
    files = await run_files(request)
    return await run_in_threadpool(_charts, request, files)


def _charts(request: Request, files: RunFiles) -> Response:
    symbol = request.query_params.get("symbol", "")
    bad = files.failing(["symbol", "date", "severity"])
    bad = bad.filter(pc.equal(bad["symbol"], symbol)).to_pandas()
    bars = files.bars((symbol,))
    drawn = price_charts(bars, bad, (symbol,)) if bars is not None else ()
    return page(request, "charts.html", charts=drawn, kept=bars is not None, symbol=symbol)


async def proposed(request: Request) -> Response:
    """What could be repaired, a piece of the report: before and after, with pictures."""
    files = await run_files(request)
    found = await run_in_threadpool(proposed_repairs, files)
    return page(request, "proposed.html", summary=files.summary, proposed=found)


async def repairs(request: Request) -> Response:
    """What could be repaired, to be accepted; what was accepted, to be revoked."""
    files = await run_files(request)
    return await run_in_threadpool(_repairs, request, files)


def _repairs(request: Request, files: RunFiles) -> Response:
    user, run = request.state.reader, files.summary
    sources: Sources = request.app.state.sources
    choice = choice_of(files, sources)
    holding = {one.first.symbol for one in choice.accepted if one.first.is_open}
    return page(
        request,
        "repairs.html",
        summary=run,
        choice=choice,
        held=held_of(sources, run.dataset, holding) if holding else (),
        may_decide=user.may_decide(run.dag_id),
        reason_limit=REASON_LIMIT,
        data=embedded({"api": f"{base_of(request)}/api", "run": run.path}),
    )


async def changes(request: Request) -> Response:
    """What is different from the run before."""
    files = await run_files(request)
    return await run_in_threadpool(_changes, request, files)


def _changes(request: Request, files: RunFiles) -> Response:
    if stored := files.changes():
        return page(request, "changes.html", changes=stored)
    sources: Sources = request.app.state.sources
    before = _before(request, files.summary)
    run_before = sources.run(before.run_id, before.dag_id) if before else None
    if run_before is None or run_before.report is None or files.report is None:
        raise HTTPException(404, "There is no earlier run to compare with.")
    return page(
        request, "changes.html", changes=compare(_reported_run(run_before), _reported_run(files))
    )


def _reported_run(files: RunFiles) -> ReportedRun:
    assert files.report is not None
    digest = files.steps.get("extract", {}).get("digest")
    return ReportedRun(
        files.report,
        files.suite_text(),
        digest,
        bars=files.bars,
        failing=lambda: files.failing(["symbol", "date", "reasons"]).to_pandas(),
    )


async def evidence(request: Request) -> Response:
    """Whether MLflow's copy of the run is what the run wrote."""
    files = await run_files(request)
    return page(request, "evidence.html", copy=await run_in_threadpool(files.copy_check))


async def to_docs(request: Request) -> Response:
    """On to the run's page in Data Docs."""
    files = await run_files(request)
    if files.docs_page is None:
        raise HTTPException(404, "Data Docs has no page of this run: its bars were not validated.")
    return RedirectResponse(f"{base_of(request)}/docs/?page={quote(files.docs_page)}", 303)


async def to_mlflow(request: Request) -> Response:
    """On to the run's page in MLflow."""
    files = await run_files(request)
    if files.summary.mlflow_url is None:
        raise HTTPException(404, "This run has not been tracked in MLflow.")
    return RedirectResponse(files.summary.mlflow_url, 303)


def _file_errors_answered(endpoint: Endpoint) -> Endpoint:
    """The endpoint; a file that is not kept any more, or is damaged, is told."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except FileNotFoundError:
            raise HTTPException(404, "Not all files of this run are kept any more.") from None
        except (pa.ArrowInvalid, ReportError) as error:
            raise HTTPException(503, f"A file of this run is damaged: {error}.") from error

    return answer


async def run_files(request: Request) -> RunFiles:
    """The run that a request is about, if its reader may see it."""
    user = await reader(request)
    sources: Sources = request.app.state.sources
    dag_id = request.path_params.get("dag_id", sources.default_dag)
    if dag_id not in [one.dag_id for one in await run_in_threadpool(sources.datasets)]:
        raise HTTPException(404, "No dataset has this workflow, so there is no report of its runs.")
    if not user.may_read(dag_id):
        raise Forbidden(f"{user.name} may not see the workflow {dag_id}")
    files = await run_in_threadpool(sources.run, request.path_params["run_id"], dag_id)
    if files is None:
        raise HTTPException(404, "There is no such run, or nothing is kept of it any more.")
    return files


def _rows(
    request: Request, files: RunFiles, outcomes: Sequence[Named] | None = None
) -> dict[str, Any]:
    """A page of the failing bars; ``outcomes`` are the report's, where it has been read."""
    query = failing.View.of(request.query_params)
    shown = failing.read_page(files.failing(), query, request.query_params)
    symbols = sorted({str(row["symbol"]) for row in shown.rows if row["symbol"]})
    if symbols and files.report is not None:
        known = read_document(files.report).expectations if outcomes is None else outcomes
        numbers = told(shown.rows, known, bars_around(files, symbols))
        rows = [{**row, "numbers": said} for row, said in zip(shown.rows, numbers, strict=True)]
        shown = replace(shown, rows=rows)
    return {"query": query, "rows": shown, "sortable": failing.SORTABLE}


def _comments(request: Request, files: RunFiles) -> dict[str, Any]:
    """What people wrote about the run, and what a form for more needs."""
    comments = files.comments()
    data = {"api": f"{base_of(request)}/api", "run": files.summary.path, "seen": len(comments)}
    return {
        "comments": comments,
        "untold": files.untold() if comments else 0,
        "may_comment": request.state.reader.may_change(files.summary.dag_id),
        "comment_limit": COMMENT_LIMIT,
        "data": embedded(data),
    }


def _over_runs(request: Request, run: RunSummary) -> dict[str, str]:
    """Where the pages of a symbol and of an expectation begin; its name goes behind."""
    named = {"symbols_at": "symbol", "expectations_at": "expectation"}
    of, base = f"dataset={quote(run.dataset, safe='')}", base_of(request)
    return {at: f"{base}/{what}s/?{of}&{what}=" for at, what in named.items()}


def _before(request: Request, summary: RunSummary) -> RunSummary | None:
    """The latest earlier run of the same suite that came to a verdict."""
    sources: Sources = request.app.state.sources
    candidates = (
        run
        for run in sources.runs()
        if run.started < summary.started
        and run.state != "no_verdict"
        and (run.dag_id, run.suite) == (summary.dag_id, summary.suite)
    )
    return next(candidates, None)


def _provenance(report: QualityReport, files: RunFiles) -> dict[str, object]:
    """Where the verdict comes from, as far as the steps said."""
    steps, instead = files.steps, files.summary.instead_of
    extracted = steps.get("extract", {})
    named = {"Data digest": extracted.get("digest"), "Query": extracted.get("sql")}
    spent = [f"{name} {step['seconds']:g} s" for name, step in steps.items() if "seconds" in step]
    return {
        "Suite": report.suite + (f", instead of {instead}" if instead else ""),
        "Suite sha256": report.suite_sha256,
        **{name: value for name, value in named.items() if value},
        **({"Timings": ", ".join(spent)} if spent else {}),
    }
