"""A web hook that keeps what it was told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


@dataclass
class Webhook:
    """What arrived, and what the hook answers."""

    url: str
    posts: list[dict[str, Any]] = field(default_factory=list)
    answer: int = 200


@contextmanager
def webhook() -> Iterator[Webhook]:
    """A hook that listens; its address is one of ALERT_URLS."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.posts.append(json.loads(body))
            self.send_response(hook.answer)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        hook = Webhook(f"json://127.0.0.1:{server.server_port}/hook")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield hook
        server.shutdown()
