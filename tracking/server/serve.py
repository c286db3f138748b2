"""MLflow's server with logins, behind the guard: python -m tracking.server --host H --port P.

What `mlflow server --app-name basic-auth` does, in one process instead of two (each imports MLflow,
for seconds) and with guard.py in front. It is told by MLflow's own variables, so that no secret is
in an argument: MLFLOW_BACKEND_STORE_URI, MLFLOW_ARTIFACTS_DESTINATION,
MLFLOW_DEFAULT_ARTIFACT_ROOT (default: whatever goes through the server),
MLFLOW_FLASK_SERVER_SECRET_KEY, MLFLOW_AUTH_ADMIN_USERNAME, and PG* for the database of its logins
(see mlflow_auth.ini). The logins must be there: `tracking.server.accounts.ensure_logins`.
"""

import argparse
import math
import os
import time
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path

from tracking.server.accounts import Login, ensure_logins
from tracking.server.first_face import FirstFace
from tracking.server.guard import Accounts, Caller, Guard

# Where the logins are: what libpq's PG* variables name.
LOGINS_DATABASE = "postgresql+psycopg2://"
_CONFIG = Path(__file__).with_name("mlflow_auth.ini")
# A browser that reads slowly does not hold up the end of the desk.
_LAST_SECONDS = 5
_THROUGH_THE_SERVER = "mlflow-artifacts:/"
_REMEMBERED_SECONDS = 60.0
_WRITES = ("EDIT", "MANAGE")


class MlflowAccounts(Accounts):
    """MLflow's own users and grants, asked anew after a minute."""

    def __init__(self) -> None:
        self._may_change: dict[int, tuple[float, bool]] = {}

    def caller(self, user: str, password: str) -> Caller | None:
        """The user that these belong to."""
        # Private, and the only way to share MLflow's memory of passwords: a check costs 50 ms.
        from mlflow.server.auth import _authenticate_cached

        found = _authenticate_cached(user, password)
        if found is None:
            return None
        return Caller(user, may_change=found.is_admin or self._is_granted(found.id))

    def _is_granted(self, number: int) -> bool:
        """Whether any grant lets the user write; which one decides MLflow, every time."""
        from mlflow.server.auth import store

        moment, known = self._may_change.get(number, (-math.inf, False))
        if time.monotonic() - moment > _REMEMBERED_SECONDS:
            grants = (grant for role in store.list_user_roles(number) for grant in role.permissions)
            known = any(grant.permission in _WRITES for grant in grants)
            self._may_change[number] = time.monotonic(), known
        return known


def serve(host: str, port: int, logins: Sequence[Login] = ()) -> None:
    """Make these logins, and serve until told to stop. Raises MlflowException for either."""
    as_the_command_would(os.environ)
    import uvicorn
    from mlflow.server.auth import create_app
    from mlflow.server.handlers import initialize_backend_stores

    ensure_logins(LOGINS_DATABASE, logins)
    store = os.environ["MLFLOW_BACKEND_STORE_URI"]
    initialize_backend_stores(store, store, _artifact_root(os.environ))
    # Whoever may say where a request comes from has as many attempts at a password as he can name
    # addresses: nobody may, unless FORWARDED_ALLOW_IPS names a proxy.
    behind_proxy = "FORWARDED_ALLOW_IPS" in os.environ
    app = Guard(FirstFace(create_app()), MlflowAccounts())
    uvicorn.run(
        app,
        host=host,
        port=port,
        proxy_headers=behind_proxy,
        timeout_graceful_shutdown=_LAST_SECONDS,
    )


def as_the_command_would(environment: MutableMapping[str, str]) -> None:
    """Hand over what `mlflow server` hands to its workers; it is read when MLflow is imported."""
    environment.update(
        {
            "MLFLOW_AUTH_CONFIG_PATH": str(_CONFIG),
            "_MLFLOW_SERVER_FILE_STORE": environment["MLFLOW_BACKEND_STORE_URI"],
            "_MLFLOW_SERVER_ARTIFACT_DESTINATION": environment["MLFLOW_ARTIFACTS_DESTINATION"],
            "_MLFLOW_SERVER_ARTIFACT_ROOT": _artifact_root(environment),
            "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
            "_MLFLOW_SGI_NAME": "uvicorn",  # else create_app() gives the Flask app alone
            # A route that nobody decided about is refused, and so is a foreign Host.
            "MLFLOW_BASIC_AUTH_FAIL_CLOSED": "true",
            "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE": "false",
        }
    )


def _artifact_root(environment: Mapping[str, str]) -> str:
    return environment.get("MLFLOW_DEFAULT_ARTIFACT_ROOT") or _THROUGH_THE_SERVER


def main(arguments: list[str], logins: Sequence[Login] = ()) -> int:
    """Serve on the address that the arguments name; `logins` are made first."""
    parser = argparse.ArgumentParser(prog="python -m tracking.server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5500)
    where = parser.parse_args(arguments)
    serve(where.host, where.port, logins)
    return 0
