"""Run a DAG in the desk that is up, and wait for the run's end."""

import os
import time
import urllib.error
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import psutil

from dags.local.desk.airflow_api import AirflowApi, fetch
from dags.local.desk.lock import DeskRecord
from dags.local.errors import LocalError
from dags.local.passwords import logins, passwords_file
from dags.run.settings import Settings
from dags.staging.layout import run_path

_POLL_SECONDS = 0.3
# What a run is told by its own parameters.
_OF_THE_REQUEST = {"STOCK_SYMBOLS", "DEBUG_MODE", "ON_CRITICAL"}


class DeskRun:
    """A run that the desk of ``var`` works on. The desk may still be starting."""

    def __init__(self, desk: DeskRecord, var: Path, dag_id: str, run_id: str) -> None:
        self._desk, self._dag_id, self._run_id, self._asked = desk, dag_id, run_id, 0.0
        self._wait_until_up()
        passwords = logins(passwords_file(var)).passwords
        self._api = AirflowApi(desk.airflow, "admin", passwords["admin"])

    @property
    def page(self) -> str:
        """The run's page in Airflow."""
        return self._desk.airflow + run_path(self._dag_id, self._run_id)

    def trigger(self, body: Mapping[str, object]) -> None:
        """Start the run. Raises LocalError when the desk refuses it or ends."""
        while True:
            try:
                given = {"dag_run_id": self._run_id, **body}
                self._api.post(f"/dags/{self._dag_id}/dagRuns", given)
                return
            except urllib.error.HTTPError as error:
                if error.code == 409:  # an earlier attempt's answer was lost
                    return
                if error.code != 404:  # 404: the desk does not know the DAG yet
                    raise LocalError(f"the desk refused the run: {error.read().decode()}") from None
            except OSError:
                pass
            self._require_desk()

    def succeeded(self) -> bool | None:
        """Whether the run succeeded; None while it is on. Raises LocalError when the desk ends."""
        if time.monotonic() - self._asked < _POLL_SECONDS:
            return None
        self._asked = time.monotonic()
        try:
            state = self._api.get(f"/dags/{self._dag_id}/dagRuns/{quote(self._run_id)}")["state"]
        except OSError:
            self._require_desk()
            return None
        return {"success": True, "failed": False}.get(state)

    def _wait_until_up(self) -> None:
        said = False
        while True:
            try:
                fetch("GET", f"{self._desk.airflow}/api/v2/version")
                return
            except OSError:
                if not said:
                    print("  … the desk is starting", flush=True)
                said = True
            self._require_desk()

    def _require_desk(self) -> None:
        if not self._desk.alive:
            raise LocalError(
                f"the desk ended. Start it again (`make up`) and it goes on with {self._run_id}, "
                "or start another run"
            )
        time.sleep(_POLL_SECONDS)


def require_same_settings(desk: DeskRecord, outside: Mapping[str, str] = os.environ) -> None:
    """Raises LocalError when the desk was started with other settings than ``outside``."""
    theirs = psutil.Process(desk.pid).environ()
    names = {name.upper() for name in Settings.model_fields} - _OF_THE_REQUEST
    other = sorted(name for name in names if outside.get(name, "") != theirs.get(name, ""))
    if other:
        raise LocalError(
            f"the desk at {desk.airflow} would do this run, but was started with another "
            f"{', '.join(other)}. Stop it first (`make down`), or start it with the same"
        )
