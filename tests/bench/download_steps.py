"""Downloads from the pages, for `tests.bench.measure`."""

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.requests import Request

from dags.pages.sources import Desk
from dags.run.settings import Settings
from gx.web.app import create_app
from gx.web.guard import User


def download(folder: str, path: str, query: str) -> Callable[[], int]:
    """Ask for a page of the desk in ``folder``, and drop what comes; returns its bytes."""

    async def anybody(request: Request) -> User:
        return User("bench", may_write=False)

    settings = Settings.of({"STAGING_URL": f"file://{folder}", "RESULTS_DIR": f"{folder}/quality"})
    app = create_app(Desk(settings), anybody, login_url="/login")
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [],
        "server": ("bench", 80),
    }

    async def work() -> int:
        size, stays = 0, asyncio.Event()

        async def receive() -> MutableMapping[str, Any]:
            await stays.wait()
            return {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            nonlocal size
            size += len(message.get("body", b""))

        await app(scope, receive, send)
        return size

    return lambda: asyncio.run(work())
