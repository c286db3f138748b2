"""Which MLflow the commands about tracked runs ask."""

import json
import os
from pathlib import Path

import psutil
import pytest

from dags.local.cli import LOCAL_URI, _store


def desk(var: Path, pid: int, born: float) -> None:
    record = {"pid": pid, "born": born, "airflow": "http://127.0.0.1:1", "mlflow": "http://desk:2"}
    (var / "desk.lock").write_text(json.dumps(record))


def test_the_desk_that_is_up_is_asked_at_its_own_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    born = psutil.Process().create_time()
    assert _store(tmp_path / "none", None, None).uri == LOCAL_URI
    desk(tmp_path, os.getpid(), born)
    assert _store(tmp_path, None, None).uri == "http://desk:2"
    assert _store(tmp_path, "http://named:3", None).uri == "http://named:3"
    desk(tmp_path, os.getpid(), born - 100)  # another process has its number now
    assert _store(tmp_path, None, None).uri == LOCAL_URI
    (tmp_path / "desk.lock").write_text("")  # one is just starting
    assert _store(tmp_path, None, None).uri == LOCAL_URI
