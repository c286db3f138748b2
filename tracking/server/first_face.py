"""What a browser that is new to the server sees first: the runs and their verdicts, not GenAI.

MLflow 3.17 decides between its two faces by what the browser has chosen before, and by `genai` if
it has chosen nothing; no tag of the experiment and no setting of the server has a say in that, nor
in which columns its table of runs has. So its one page of HTML is handed out with a script that
chooses once, for a browser that has not, and leads from an experiment that has our saved view to
that, once in a window. Who chooses the other face or another view stays there. The same script
keeps the assistant, which nobody may use here (guard.py), from opening by itself over a third of
the first page.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from tracking.history.views import QUALITY

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

# As MLflow's own scripts keep them: JSON, under a name with the version of its form.
CHOICES = {
    "mlflow.workflowType_v1": '"machine_learning"',
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": "true",
}
_SCRIPT = "<script>{{const CHOICES={choices},VIEW={view};{code}}}</script>".format(
    choices=json.dumps(CHOICES),
    view=json.dumps(QUALITY.key),
    code=Path(__file__).with_name("first_face.js").read_text(encoding="utf-8"),
).encode()
_HEAD = b"<head>"
# The page is another than the file that these speak of.
_OF_THE_FILE = (b"content-length", b"etag", b"last-modified")
_IF_CHANGED = (b"if-none-match", b"if-modified-since", b"range")


class FirstFace:
    """An ASGI app that serves another, whose page at ``/`` chooses the face for a new browser."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass everything on but the page."""
        if scope["type"] != "http" or (scope["method"], scope["path"]) != ("GET", "/"):
            await self._app(scope, receive, send)
            return
        asked = [pair for pair in scope["headers"] if pair[0].lower() not in _IF_CHANGED]
        await self._app({**scope, "headers": asked}, receive, _Page(send).take)


class _Page:
    """Gathers the page, which is small, and sends it with the script at its head."""

    def __init__(self, send: Send) -> None:
        self._send, self._start, self._body = send, dict[str, Any](), bytearray()

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = dict(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        page = bytes(self._body).replace(_HEAD, _HEAD + _SCRIPT, 1)
        headers = [h for h in self._start["headers"] if h[0].lower() not in _OF_THE_FILE]
        headers.append((b"content-length", str(len(page)).encode()))
        await self._send({**self._start, "headers": headers})
        await self._send({"type": "http.response.body", "body": page})
