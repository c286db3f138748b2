"""Requests that carry something: not too much of it, and JSON that says one thing only."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gx.errors import ConflictError, GateError, JsonError
from gx.suite.strict_json import read_json, shown
from gx.web.guard import json_response

MOST_BYTES = 1_000_000  # the suite of stock_data has 9,000
Body = dict[str, Any]
Kinds = type | tuple[type, ...]
_CALLED: Mapping[type, str] = {
    str: "a text",
    dict: "an object",
    list: "a list",
    int: "a whole number",
}


class RequestFault(Exception):
    """A request that no editor sends."""


class TooLarge(Exception):
    """More is being sent than any route takes."""


class BodyLimit:
    """Give an app no more than so many bytes of a request, whatever its Content-Length says.

    Nothing is refused before a route asks for the body: until then its guard has the word.
    """

    def __init__(self, app: ASGIApp, most: int = MOST_BYTES) -> None:
        self.app, self.most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced, read = _announced(scope), 0

        async def limited() -> Message:
            nonlocal read
            if announced > self.most:
                raise TooLarge(_too_large(self.most))
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.most:
                raise TooLarge(_too_large(self.most))
            return message

        await self.app(scope, limited, send)


async def on_too_large(request: Request, error: Exception) -> Response:  # noqa: ARG001  # Starlette's
    """413; the connection ends with it, because the rest of the body is still on its way."""
    answer = json_response({"error": str(error)}, 413)
    answer.headers["Connection"] = "close"
    return answer


async def read_body(request: Request, needed: Mapping[str, Kinds], **optional: Kinds) -> Body:
    """The JSON object that a request carries.

    ``needed`` and ``optional`` give the type of each field. Raises RequestFault for whatever is no
    object of exactly such fields, and TooLarge.
    """
    raw = await request.body()
    try:
        body = read_json(raw)
    except JsonError as error:
        raise RequestFault(f"the request {error}") from None
    if not isinstance(body, dict):
        raise RequestFault("the request must be a JSON object")
    known = {**needed, **optional}
    for key, value in body.items():
        if key not in known:
            raise RequestFault(
                f"the request has an unknown field {shown(key)}; there is {', '.join(known)}"
            )
        kinds = _all_of(known[key])
        if type(value) not in kinds:  # a bool is no whole number here
            called = " or ".join(_CALLED[kind] for kind in kinds if kind in _CALLED)
            raise RequestFault(f"the request's {key} must be {called}")
    for key in needed:
        if key not in body:
            raise RequestFault(f"the request lacks {key!r}")
    return body


def texts(body: Body, key: str) -> list[str]:
    """A list of texts, empty when the field is not there; raises RequestFault for another."""
    found = body.get(key) or []
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise RequestFault(f"the request's {key} must be a list of texts")
    return found


def numbers(body: Body, key: str) -> list[int]:
    """A list of whole numbers; raises RequestFault for another."""
    found = body[key]
    if not all(type(one) is int for one in found):  # a bool is none here
        raise RequestFault(f"the request's {key} must be a list of whole numbers")
    return list(found)


async def answered(act: Callable[[], Awaitable[Body]]) -> Response:
    """What came of an action: 400 for what no page sends, 409 for who comes second."""
    try:
        return json_response(await act())
    except RequestFault as error:
        return json_response({"error": str(error)}, 400)
    except ConflictError as error:
        return json_response({"error": str(error)}, 409)
    except GateError as error:
        return json_response({"error": str(error)}, 422)


def _all_of(kinds: Kinds) -> tuple[type, ...]:
    return kinds if isinstance(kinds, tuple) else (kinds,)


def _announced(scope: Scope) -> int:
    given = dict(scope["headers"]).get(b"content-length", b"0")
    return int(given) if given.isdigit() and len(given) < 20 else 0


def _too_large(most: int) -> str:
    return f"the request is larger than {most:,} bytes, which no suite needs; send less"
