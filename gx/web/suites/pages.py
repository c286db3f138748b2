"""The pages about suites: the list, the editor, the history, and a new suite from data."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gx.editing.shelf import refuse_needed
from gx.editing.store import ListedSuite, Past, SuiteStore, history_changes
from gx.errors import HistoryError, SuiteError, UnknownSuiteError
from gx.suite.texts import DESCRIPTION_LIMIT, NOTES_LIMIT, REASON_LIMIT
from gx.terms import BAR_COLUMNS
from gx.web.guard import User, base_of, page, reader
from gx.web.sources import Sources, made_up_names
from gx.web.static_files import embedded
from gx.web.suites.api import SuiteApi, suite_store
from gx.web.suites.datasets import datasets_of, may_save, readable, tryable, used_by
from gx.web.suites.new_dataset import NewDataset
from gx.web.suites.trial import Workbench
from gx.web.summary import RunSummary

RECENT_RUNS, FEWER_RUNS = 50, 20  # of a dataset, alone and among others
RUNS_A_VERSION = 10
COLUMNS = (*BAR_COLUMNS, "created_at")


@dataclass(frozen=True)
class SuiteLine:
    """A suite in the list, with the datasets that it judges and the run that used it last."""

    listed: ListedSuite
    datasets: tuple[str, ...]
    last_run: RunSummary | None


@dataclass(frozen=True)
class VersionLine:
    """A version in the history, and the latest runs that used it."""

    past: Past
    runs: tuple[RunSummary, ...]
    used: int


def suite_routes(workbench: Workbench | None = None) -> list[BaseRoute]:
    """Every route about suites; ``workbench`` is the process that knows Great Expectations."""
    bench = workbench or Workbench()
    pages, api = SuitePages(bench), SuiteApi(bench)
    return [
        Route("/suites/", _found(pages.suites)),
        Route("/suites/new", _found(pages.new)),
        Route("/suites/{name}", _found(pages.editor)),
        Route("/suites/{name}/history", _found(pages.history)),
        *api.routes(),
        *NewDataset(bench).routes(),
    ]


class SuitePages:
    """The pages; each one asks for a reader first."""

    def __init__(self, workbench: Workbench) -> None:
        self.workbench = workbench

    async def suites(self, request: Request) -> Response:
        """Every suite with its datasets, its last edit and its last run."""
        user = await reader(request)
        sources: Sources = request.app.state.sources
        lines = await run_in_threadpool(_suite_lines, sources, user)
        gone = await run_in_threadpool(suite_store(sources).gone)
        return page(request, "suites.html", lines=lines, gone=gone)

    async def new(self, request: Request) -> Response:
        """The form for a suite that is drafted from data."""
        user = await reader(request)
        self.workbench.warm()
        data = await run_in_threadpool(_choices, request.app.state.sources, user)
        names = await run_in_threadpool(suite_store(request.app.state.sources).names)
        data |= {"api": f"{base_of(request)}/api", "base": base_of(request), "suites": names}
        return page(request, "suite_new.html", data=embedded(data), may_write=user.may_write)

    async def editor(self, request: Request) -> Response:
        """The editor of one suite."""
        user = await reader(request)
        self.workbench.warm()
        name = request.path_params["name"]
        sources: Sources = request.app.state.sources
        data = await run_in_threadpool(_editor_data, sources, user, name)
        may_write = may_save(user, sources, name)
        data |= {
            "api": f"{base_of(request)}/api",
            "base": base_of(request),
            "may_write": may_write,
        }
        return page(
            request,
            "suite_editor.html",
            name=name,
            made_up=await run_in_threadpool(_made_up, sources, user, name),
            data=embedded(data),
            may_write=may_write,
            needed=await run_in_threadpool(_needed, sources, name),
            reason_limit=REASON_LIMIT,
        )

    async def history(self, request: Request) -> Response:
        """Every version of one suite."""
        user = await reader(request)
        name, sources = request.path_params["name"], request.app.state.sources
        lines = await run_in_threadpool(_version_lines, sources, user, name)
        interrupted = await run_in_threadpool(suite_store(sources).interrupted, name)
        data = {"api": f"{base_of(request)}/api", "name": name}
        data["sha256"] = lines[0].past.version.sha256
        return page(
            request,
            "suite_history.html",
            name=name,
            lines=lines,
            gone=name not in await run_in_threadpool(suite_store(sources).names),
            interrupted=interrupted,
            reason_limit=REASON_LIMIT,
            data=embedded(data),
            may_write=may_save(user, sources, name),
        )


def _found(
    endpoint: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint; what it does not find is a page that is not there."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except UnknownSuiteError as error:
            raise HTTPException(404, f"{error}.".capitalize()) from None
        except HistoryError as error:
            raise HTTPException(503, f"{error}.".capitalize()) from None

    return answer


def _suite_lines(sources: Sources, user: User) -> list[SuiteLine]:
    runs = _visible(sources, user)
    return [
        SuiteLine(
            listed,
            tuple(
                one.name for one in datasets_of(sources, listed.name) if user.may_read(one.dag_id)
            ),
            next((run for run in runs if run.suite == listed.name), None),
        )
        for listed in suite_store(sources).listed()
    ]


def _made_up(sources: Sources, user: User, suite: str) -> str:
    """The datasets that it judges whose bars are made up, of those that the user may see."""
    return made_up_names(readable(user, datasets_of(sources, suite)))


def _editor_data(sources: Sources, user: User, name: str) -> dict[str, object]:
    store = suite_store(sources)
    version = store.read(name)
    return {
        "name": name,
        "text": version.text,
        "sha256": version.sha256,
        "time": version.time,
        "author": version.author,
        "reason": version.reason,
        "columns": list(COLUMNS),
        "limits": {
            "reason": REASON_LIMIT,
            "description": DESCRIPTION_LIMIT,
            "notes": NOTES_LIMIT,
        },
        **_choices(sources, user, name),
    }


def _choices(sources: Sources, user: User, suite: str = "") -> dict[str, object]:
    """The datasets to take bars from, with their latest runs; ``symbols`` are the first one's."""
    datasets = tryable(user, sources, suite)
    most = RECENT_RUNS if len(datasets) == 1 else FEWER_RUNS
    runs = [run for run in sources.runs() if run.rows]
    return {
        "datasets": [
            {
                "name": one.name,
                "runs": [_run_choice(run) for run in runs if run.dag_id == one.dag_id][:most],
            }
            for one in datasets
        ],
        "symbols": list(sources.symbols(datasets[0].name)) if datasets else [],
    }


def _needed(sources: Sources, name: str) -> str:
    """Why a suite cannot be renamed or deleted; empty for one that can."""
    try:
        refuse_needed(name, used_by(sources, name))
    except SuiteError as error:
        return f"{error}."
    return ""


def _visible(sources: Sources, user: User) -> list[RunSummary]:
    return [run for run in sources.runs() if user.may_read(run.dag_id)]


def _run_choice(run: RunSummary) -> dict[str, object]:
    return {
        "run_id": run.run_id,
        "started": run.started,
        "rows": run.rows,
        "state": "symbols held" if run.state == "open" and run.held else run.state,
        "span": run.span,
        "trigger": run.trigger,
    }


def _version_lines(sources: Sources, user: User, name: str) -> list[VersionLine]:
    store: SuiteStore = suite_store(sources)
    runs = _visible(sources, user)
    lines = []
    for past in history_changes(store.versions(name)):
        used = [r for r in runs if r.suite == name and r.suite_sha256 == past.version.sha256]
        lines.append(VersionLine(past, tuple(used[:RUNS_A_VERSION]), len(used)))
    return lines
