"""Airflow's and MLflow's HTTP interfaces, as far as the desk needs them."""

import base64
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

TIMEOUT_SECONDS = 10.0
Answer = Any  # JSON, of the form that the path asked has


@dataclass
class AirflowApi:
    """Airflow's REST API as one user. Every method raises OSError when the server is away."""

    base: str
    user: str
    password: str = field(repr=False)
    _token: str = field(default="", repr=False)

    def get(self, path: str) -> Answer:
        """GET a path below /api/v2."""
        return self._call("GET", path, None)

    def post(self, path: str, body: Mapping[str, object]) -> Answer:
        """POST to a path below /api/v2."""
        return self._call("POST", path, body)

    def patch(self, path: str, body: Mapping[str, object]) -> Answer:
        """PATCH a path below /api/v2."""
        return self._call("PATCH", path, body)

    def heartbeats(self) -> dict[str, datetime]:
        """When each healthy component was last heard of."""
        found = fetch("GET", f"{self.base}/api/v2/monitor/health")
        return {
            name: datetime.fromisoformat(health[f"latest_{name}_heartbeat"])
            for name, health in found.items()
            if health.get("status") == "healthy" and health.get(f"latest_{name}_heartbeat")
        }

    def _call(self, method: str, path: str, body: Mapping[str, object] | None) -> Answer:
        url = f"{self.base}/api/v2{path}"
        try:
            return fetch(method, url, body, token=self._token or self._log_in())
        except urllib.error.HTTPError as error:
            if error.code != 401:
                raise
        return fetch(method, url, body, token=self._log_in())  # the token was too old

    def _log_in(self) -> str:
        login = {"username": self.user, "password": self.password}
        self._token = fetch("POST", f"{self.base}/auth/token", login)["access_token"]
        return self._token


def fetch(
    method: str,
    url: str,
    body: Mapping[str, object] | None = None,
    *,
    token: str = "",
    login: tuple[str, str] | None = None,
) -> Answer:
    """One request; its answer as JSON (or as text, when it is none). Raises OSError.

    Airflow takes a ``token``, MLflow a ``login``: user and password.
    """
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if login:
        encoded = base64.b64encode(":".join(login).encode()).decode()
        headers["Authorization"] = f"Basic {encoded}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            text = answer.read().decode()
    except http.client.HTTPException as error:
        raise ConnectionError(f"{url} broke off its answer") from error
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
