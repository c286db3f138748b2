"""In front of MLflow's server with logins: who may come in, and who may change anything.

MLflow's own basic-auth app checks logins and grants. On its own it leaves open what this closes: a
user who was granted nothing may create experiments and registered models (he becomes their manager,
with an artifact folder of his choice on the server's disk), change the password that he shares,
register scorers, and talk to the assistant; nobody is slowed who guesses passwords; and a page on
another port of localhost may send changes with the browser's login. Here everything but /health
needs a login, and whoever was granted nothing may only read: what is no known read is a change.
"""

import base64
import binascii
import math
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tracking.server.login_limit import Attempt, LoginLimit, TooManyFailuresError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, object]]]
Send = Callable[[MutableMapping[str, object]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]

OPEN = "/health"
_SEARCHES = (
    r"experiments/search(-datasets)?|runs/search|traces/search|datasets/search"
    r"|(logged-models|registered-models|model-versions)/search"
)
# MLflow asks these by POST, and they change nothing.
_READ_BY_POST = re.compile(rf"/(ajax-)?api/\d\.\d/mlflow/({_SEARCHES})|/graphql")
# These act, or talk to others, also when they are asked by GET.
_ACTS = re.compile(r"/gateway|/mlflow/assistant|/ajax-api/3\.0/jobs")
# Headers that MLflow may take a login from. It is handed the one that was checked, and no other.
_LOGINS = (b"authorization", b"x-mlflow-authorization")
_LOG_IN = "Log in: programs with MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."


@dataclass(frozen=True)
class Caller:
    """A user whose password was right."""

    name: str
    may_change: bool


class Accounts:
    """Who a login is. `caller` is None for a wrong one; it may block for tens of milliseconds."""

    def caller(self, user: str, password: str) -> Caller | None:
        """The user that these belong to."""
        raise NotImplementedError


class Guard:
    """An ASGI app that lets through what may be let through, with the login that was checked."""

    def __init__(self, app: App, accounts: Accounts) -> None:
        self._app, self._accounts, self._limit = app, accounts, LoginLimit()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401, 403 or 429, or pass the request on."""
        if scope["type"] == "lifespan" or _is_open(scope):
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # MLflow has no WebSockets
            await send({"type": "websocket.close", "code": 1008})
            return
        attempt = _attempt(scope)
        if attempt is None:
            await _refuse(send, 401, _LOG_IN)
            return
        try:
            caller = await self._limit.check(attempt, lambda: self._ask(attempt), _is_somebody)
        except TooManyFailuresError as error:
            await _refuse(send, 429, str(error), _wait(error))
            return
        if caller is None:
            await _refuse(send, 401, f"User or password is wrong. {_LOG_IN}")
        elif reason := _forbidden(scope, caller):
            await _refuse(send, 403, reason)
        else:
            await self._app({**scope, "headers": _with_login(scope, attempt)}, receive, send)

    async def _ask(self, attempt: Attempt) -> Caller | None:
        from anyio.to_thread import run_sync

        return await run_sync(self._accounts.caller, attempt.user, attempt.password)


def changes(method: str, path: str) -> bool:
    """Whether a request may change something; one that is not known to only read may."""
    if _ACTS.search(path):
        return True
    if method in ("GET", "HEAD"):
        return False
    return not (method == "POST" and _READ_BY_POST.fullmatch(path))


def _is_open(scope: Scope) -> bool:
    reads = scope.get("method") in ("GET", "HEAD")
    return scope["type"] == "http" and reads and scope["path"] == OPEN


def _attempt(scope: Scope) -> Attempt | None:
    """The one login of the request; None when there is none, or not exactly one."""
    given = [value for name, value in scope["headers"] if name.lower() in _LOGINS]
    if len(given) != 1:
        return None
    scheme, _, text = given[0].partition(b" ")
    try:
        user, colon, password = (
            base64.b64decode(text.strip(), validate=True).decode().partition(":")
        )
    except (binascii.Error, UnicodeDecodeError):
        return None
    if scheme.lower() != b"basic" or not colon or not user:
        return None
    return Attempt(user, password, (scope.get("client") or ("",))[0])


def _is_somebody(caller: Caller | None) -> bool:
    return caller is not None


def _forbidden(scope: Scope, caller: Caller) -> str | None:
    if not changes(scope["method"], scope["path"]):
        return None
    if not caller.may_change:
        return f"{caller.name} may look, but not change anything."
    if not _from_here(scope):
        return "A change must not come from a page of another site."
    return None


def _from_here(scope: Scope) -> bool:
    """Whether no page of another site has a browser send this with its user's login."""
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    if b"sec-fetch-site" in headers:
        return headers[b"sec-fetch-site"] in ("same-origin", "none")
    origin = headers.get(b"origin")
    return origin is None or urlsplit(origin).netloc == headers.get(b"host")


def _with_login(scope: Scope, attempt: Attempt) -> Headers:
    login = base64.b64encode(f"{attempt.user}:{attempt.password}".encode())
    others = [(name, value) for name, value in scope["headers"] if name.lower() not in _LOGINS]
    return [*others, (b"authorization", b"Basic " + login)]


def _wait(error: TooManyFailuresError) -> Mapping[bytes, bytes]:
    return {b"retry-after": str(math.ceil(error.seconds)).encode()}


async def _refuse(
    send: Send, status: int, reason: str, more: Mapping[bytes, bytes] | None = None
) -> None:
    headers = {b"content-type": b"text/plain; charset=utf-8", **(more or {})}
    if status == 401:
        headers[b"www-authenticate"] = b'Basic realm="mlflow"'
    await send({"type": "http.response.start", "status": status, "headers": [*headers.items()]})
    await send({"type": "http.response.body", "body": f"{reason}\n".encode()})
