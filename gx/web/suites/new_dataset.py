"""A new dataset: the form, and what it asks for and sends."""

from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gx.dataset.columns import NEEDED
from gx.dataset.model import MEANINGS, UNITS
from gx.errors import DatasetError, GateError
from gx.web.bodies import Body, RequestFault, read_body
from gx.web.guard import Forbidden, User, base_of, json_response, page, reader, writer
from gx.web.sources import UnmappedError
from gx.web.static_files import embedded
from gx.web.suites.trial import Workbench, WorkbenchError

if TYPE_CHECKING:
    from gx.web.sources import Sources

# What may be said; an empty text says nothing.
_SAID = (
    *("connection", "schema", "symbol", "zone", "unit", "bar", "calendar"),
    *("policy", "schedule", "publish", "suite", "symbols"),
)


class NewDataset:
    """The page, and its three questions: each reads the table anew."""

    def __init__(self, workbench: Workbench) -> None:
        self.workbench = workbench

    def routes(self) -> list[BaseRoute]:
        """All are for whoever may add a dataset."""
        routes: list[BaseRoute] = [Route("/datasets/new", self.form)]
        for path, act in (("/look", "look"), ("/try", "try"), ("", "create")):
            route = Route(f"/api/datasets{path}", partial(self.asked, act=act), methods=["POST"])
            routes.append(route)
        return routes

    async def form(self, request: Request) -> Response:
        """The form."""
        user = await reader(request)
        _require_may_add(user)
        self.workbench.warm()
        sources: Sources = request.app.state.sources
        suites = sorted(path.stem for path in sources.suites.glob("*.json"))
        data = {
            "api": f"{base_of(request)}/api",
            "base": base_of(request),
            "meanings": list(MEANINGS),
            "needed": list(NEEDED),
        }
        return page(request, "dataset_new.html", suites=suites, units=UNITS, data=embedded(data))

    async def asked(self, request: Request, act: str) -> Response:
        """What is proposed of a table; judged on a sample, or written, as ``act`` says."""
        user = await writer(request)
        _require_may_add(user)
        try:
            body = await read_body(
                request, {"name": str, "table": str}, columns=dict, **dict.fromkeys(_SAID, str)
            )
            found = await self._answer(request, body, act, user.name)
        except (RequestFault, GateError) as error:
            faults = error.faults if isinstance(error, DatasetError) else ()
            said: Body = {"error": str(error), "faults": list(faults or (str(error),))}
            if isinstance(error, UnmappedError):
                said["types"] = dict(error.types)
            return json_response(said, _status_of(error))
        return json_response(found, 201 if act == "create" else 200)

    async def _answer(self, request: Request, body: Body, act: str, author: str) -> Any:
        name, asked = body["name"], _asked(body)
        sources: Sources = request.app.state.sources
        looked = await run_in_threadpool(sources.look_at, name, asked)
        question = partial(self.workbench.ask, "new_dataset", name=name, asked=asked, act=act)
        if act == "create":
            question = partial(question, author=author, history=sources.history)
        return await run_in_threadpool(partial(question, **vars(looked)))


def _status_of(error: Exception) -> int:
    """400 for what the form never sends."""
    if isinstance(error, RequestFault):
        return 400
    return 503 if isinstance(error, WorkbenchError) else 422


def _asked(body: Body) -> dict[str, Any]:
    columns = body.get("columns", {})
    if not all(isinstance(one, str) for one in columns.values()):
        raise RequestFault("the request's columns must be texts")
    said = {key: body[key].strip() for key in ("table", *_SAID) if body.get(key, "").strip()}
    if "table" not in said:
        raise DatasetError("source.table: name the table", ["source.table: name the table"])
    return {**said, "columns": {key: value for key, value in columns.items() if value}}


def _require_may_add(user: User) -> None:
    """Raise Forbidden for who may not: it reads tables through any connection of Airflow's."""
    if not (user.may_write and user.may_add):
        raise Forbidden(
            f"{user.name} may not add a dataset: that is for who may edit Airflow's connections "
            "and every dataset's workflow"
        )
