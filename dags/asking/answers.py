"""One answer to a question, none without its reason. The plugin puts it around Airflow's API.

Airflow looks whether a question was answered before it waits for the other who answers just now,
and knows of no reason. So answers to one question go through one after the other (within this
api-server), the second is told of the first, and one that would be asked for again is refused.
"""

import json
import re
from asyncio import Lock
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote
from weakref import WeakValueDictionary

from anyio.to_thread import run_sync
from starlette.requests import Request

from dags.asking.choices import PUBLISH
from dags.run.datasets import dataset_of
from gx.errors import SuiteError
from gx.suite.texts import reason_of

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asked = tuple[str, str, str, int]  # DAG, run, task and its place among mapped ones

CONFLICT, UNPROCESSABLE = 409, 422
_PATH = re.compile(
    r"/api/v2/dags/([^/]+)/dagRuns/([^/]+)/taskInstances/([^/]+)/(-?\d{1,9})/hitlDetails/?$"
)


class OneAnswer:
    """An ASGI middleware that lets one answer to a question of ours through, if it can count."""

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]]) -> None:
        self._app = app
        self._locks: WeakValueDictionary[Asked, Lock] = WeakValueDictionary()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass on everything else."""
        asked = question_at(scope["path"]) if scope["type"] == "http" else None
        if asked is None or scope["method"] != "PATCH":
            await self._app(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        fault = fault_in(body)
        if fault:
            await _say(send, UNPROCESSABLE, fault)
            return
        given = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return given.pop() if given else await receive()

        lock = self._locks.setdefault(asked, Lock())
        async with lock:
            refused = _Refusal(send)
            await self._app(scope, again, refused)
        if refused.held_back:
            said = await run_sync(answer_to, asked)
            await _say(send, CONFLICT, said or "This question was answered already.")


class _Refusal:
    """Where an answer of Airflow's goes; one that says "answered already" is held back."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.held_back = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.held_back = message["status"] == CONFLICT
        if not self.held_back:
            await self._send(message)


def question_at(path: str) -> Asked | None:
    """The question of a workflow of ours that is answered at this path."""
    found = _PATH.search(path)
    if found is None or dataset_of(found[1]) is None:
        return None
    return found[1], unquote(found[2]), found[3], int(found[4])


def fault_in(body: bytes) -> str:
    """Why an answer cannot count; empty when it can, or when Airflow is to refuse it."""
    try:
        said = json.loads(body)
        chosen, given = said["chosen_options"], said.get("params_input") or {}
        why = str(given.get("reason") or "").strip()
        if why or PUBLISH in chosen:
            reason_of(why)
    except SuiteError as error:
        needs = f"{PUBLISH!r} needs a reason" if PUBLISH in chosen else "the reason is none"
        return f"{needs}: {error}. Nothing was answered."
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        pass
    return ""


def answer_to(asked: Asked) -> str:
    """Who answered what to a question; empty when that is not known."""
    from airflow.models.hitl import HITLDetail
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    dag_id, run_id, task_id, map_index = asked
    query = (
        select(HITLDetail.responded_by, HITLDetail.chosen_options, HITLDetail.responded_at)
        .join(TaskInstance, TaskInstance.id == HITLDetail.ti_id)
        .where(TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id)
        .where(TaskInstance.task_id == task_id, TaskInstance.map_index == map_index)
    )
    with create_session() as session:
        found = session.execute(query).first()
    if found is None or found[2] is None:
        return ""
    return told(*found)


def told(who: Any, chosen: Any, at: Any) -> str:
    """Who was first, with what."""
    name = who["name"] if who else "The time limit"
    what = ", ".join(chosen or ())
    return (
        f"{name} has answered already, {at:%Y-%m-%d %H:%M:%S} UTC: {what!r}. Yours does not count."
    )


async def _say(send: Send, status: int, detail: str) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"detail": detail}).encode()})
