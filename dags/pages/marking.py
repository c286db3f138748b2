"""Nobody ends a run green by hand that has not published. The plugin puts it around Airflow's API.

`confirm_published` is the last task of a run and the one that fails it. What marks the run, or that
task, as a success (or skips or deletes the task) is answered 409 unless the run has published.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from anyio.to_thread import run_sync
from starlette.requests import Request

from dags.errors import StagingError
from dags.run.datasets import dataset_of
from dags.run.due import why_not_published
from dags.run.seal_keys import seal_keys
from dags.run.settings import Settings
from dags.staging.run_folder import Staging

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

LAST = "confirm_published"
ANY = "~"  # of Airflow's paths: the body says which
_PATH = re.compile(
    r"/api/v2/dags/(?P<dag>[^/]+)/dagRuns(?:/(?P<run>[^/]+)"
    r"(?P<tasks>/taskInstances(?:/(?P<task>[^/]+)(?:/-?\d+)?)?)?)?/?$"
)
_GREEN = ("success", "skipped")


@dataclass(frozen=True)
class Marked:
    """A run that a request would end green; ``others``: and runs before or after it."""

    dag_id: str
    run_id: str
    others: bool = False


class OnlyPublishedGreen:
    """An ASGI middleware that refuses what would have an unpublished run end green."""

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass on everything else, and whoever may not do it anyway."""
        asked = _PATH.search(scope["path"]) if scope["type"] == "http" else None
        if asked is None or scope["method"] not in ("PATCH", "DELETE"):
            await self._app(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        found = list(marked_runs(scope["method"], asked.groupdict(), body))
        if found and (marked := await _changeable(Request(scope), found)):
            reason = await run_sync(why_refused, marked)
            if reason:
                await _refuse(send, reason)
                return
        given = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return given.pop() if given else await receive()

        await self._app(scope, again, send)


def marked_runs(method: str, path: Mapping[str, str | None], body: bytes) -> Iterator[Marked]:
    """The runs of our DAGs that a request to this path would end green."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None  # Airflow refuses it, or does not read it
    named = {"dag_id": path["dag"], "dag_run_id": path["run"], "task_id": path["task"]}
    for entity, deletes in _entities(said, named, deletes=method == "DELETE"):
        if dataset_of(str(entity["dag_id"])) and _ends_green(
            entity, of_tasks=path["tasks"] is not None, deletes=deletes
        ):
            others = bool(entity.get("include_past") or entity.get("include_future"))
            yield Marked(str(entity["dag_id"]), str(entity["dag_run_id"]), others)


def _entities(
    said: object, named: Mapping[str, object], *, deletes: bool
) -> Iterator[tuple[dict[str, object], bool]]:
    """Each run or task that is changed, as a bulk request names it or the path does."""
    if not isinstance(said, dict):
        said = {}
    if not isinstance(said.get("actions"), list):
        yield {**said, **named}, deletes
        return
    key = "dag_run_id" if named["dag_run_id"] is None else "task_id"
    for action in said["actions"]:
        if not isinstance(action, dict) or not isinstance(action.get("entities"), list):
            continue
        for entity in action["entities"]:
            named_by_it = entity if isinstance(entity, dict) else {key: entity}
            given = {name: value for name, value in named_by_it.items() if value is not None}
            yield {**named, **given}, action.get("action") == "delete"


def _ends_green(entity: Mapping[str, object], *, of_tasks: bool, deletes: bool) -> bool:
    if not of_tasks:
        return not deletes and bool(entity.get("state") == "success")
    if deletes:
        return bool(entity["task_id"] == LAST)
    green = str(entity.get("new_state")).lower() in _GREEN
    return green and (entity["task_id"] == LAST or bool(entity.get("include_downstream")))


def why_refused(marked: list[Marked]) -> str | None:
    """Why these runs may not end green; None when all of them have published."""
    settings = Settings()
    for one in marked:
        if one.others:
            return f"{LAST} is not marked for several runs at once: each says whether it published."
        try:
            keys = seal_keys(settings)
            staging = Staging.of_run(settings.staging_url, one.dag_id, one.run_id, keys)
            reason = why_not_published(staging.records())
        except (OSError, StagingError) as error:
            reason = f"Whether the run has published cannot be told: {error}"
        if reason:
            return f"{one.run_id} cannot be marked as a success. {reason}"
    return None


async def _changeable(request: Request, marked: list[Marked]) -> list[Marked]:
    """Those of the runs whose DAG the user may change: of others Airflow refuses to mark any."""
    from dags.pages.access import who_asks
    from gx.web.guard import Forbidden

    try:
        user = await who_asks(request)
    except Forbidden:
        return []
    return [one for one in marked if user is not None and user.may_change(one.dag_id)]


async def _refuse(send: Send, reason: str) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 409, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"detail": reason}).encode()})
