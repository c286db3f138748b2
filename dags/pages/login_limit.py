"""Slow down whoever guesses passwords at Airflow's login. The plugin puts it around its server."""

import json
import math
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from tracking.server.login_limit import Attempt, LoginLimit, TooManyFailuresError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# Where SimpleAuthManager takes a password: its page sends it to the first, a program to either.
LOGINS = ("/auth/token", "/auth/token/cli")
# A login is some 100 bytes.
LARGEST = 64 * 1024
_WRONG, _LARGE, _TOO_SOON, _BROKEN_OFF = 401, 413, 429, 500


class SlowGuesses:
    """An ASGI middleware: after five wrong passwords in a row the next ones wait (see LoginLimit).

    What comes too soon is answered 429 with Retry-After, and is not checked.
    """

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]]) -> None:
        self._app, self._limit = app, LoginLimit()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass on everything but a login that comes too soon, or is far too long."""
        if not _is_login(scope):
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            await _refuse(send, _LARGE, "a login is short")
            return
        attempt = _attempt(scope, body)
        try:
            await self._limit.check(attempt, lambda: self._ask(scope, body, receive, send), _let_in)
        except TooManyFailuresError as error:
            await _refuse(send, _TOO_SOON, str(error), error.seconds)

    async def _ask(self, scope: Message, body: bytes, receive: Receive, send: Send) -> int:
        """Airflow's answer to the login, passed on; its status."""
        given = [{"type": "http.request", "body": body, "more_body": False}]
        statuses: list[int] = []

        async def again() -> Message:
            return given.pop() if given else await receive()

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            await send(message)

        await self._app(scope, again, noted)
        return statuses[0] if statuses else _BROKEN_OFF


def _is_login(scope: Message) -> bool:
    if scope["type"] != "http" or scope["method"] != "POST":
        return False
    return str(scope["path"]).endswith(LOGINS)  # Airflow may be served below a path


def _let_in(status: int) -> bool | None:
    if status == _WRONG:
        return False
    return True if status < 300 else None  # what could not be read was no login


async def _read(receive: Receive) -> bytes | None:
    """The body; None when it is larger than any login."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
        if len(body) > LARGEST:
            return None
    return body


def _attempt(scope: Message, body: bytes) -> Attempt:
    """Who says that he is who; nobody in particular when that cannot be read."""
    address = (scope.get("client") or ("",))[0]
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        fields = parse_qs(body.decode("utf-8", "replace"))
        found = {name: values[-1] for name, values in fields.items()}
    named = found if isinstance(found, dict) else {}
    return Attempt(str(named.get("username")), str(named.get("password")), address)


async def _refuse(send: Send, status: int, reason: str, wait: float | None = None) -> None:
    headers = [(b"content-type", b"application/json")]
    if wait is not None:
        headers.append((b"retry-after", str(math.ceil(wait)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"detail": reason}).encode()})
