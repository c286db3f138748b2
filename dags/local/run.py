"""`make run`: the DAG from beginning to end, watched, with a summary that a person can read."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from dags.layout import DAG_ID, REPORT, REPORT_PAGE, STEPS, safe_name
from dags.local.services import Services
from dags.local.summary import Outcome, Traces, summarise
from dags.request import RunRequest

_ALIVE_SECONDS = 10.0
_DOING = {
    "extract": "extracting bars",
    "validate": "validating",
    "transform": "transforming",
    "publish": "publishing",
    "log": "tracking",
}
Records = dict[str, dict[str, Any]]


def run(found: Services, request: RunRequest) -> Outcome:
    """Run the DAG for ``request``, printing each step as it ends."""
    moment = datetime.now(UTC)
    folder = _staging(found, f"manual__{moment.isoformat()}")
    log = found.log / f"run-{moment:%Y%m%dT%H%M%S.%f}.log"
    command = [sys.executable, "-m", "dags.local.dag_run", moment.isoformat(), _conf(request)]
    # A person is waiting: what can pass by itself is tried again soon.
    environment = {"RETRY_DELAY_SECONDS": "5", **found.environment}
    with log.open("wb") as sink, _child(command, environment, sink) as process:
        _watch(process, folder)
    report = folder / REPORT
    places = {
        "Report": folder / REPORT_PAGE,
        "Data Docs": Path(found.environment["RESULTS_DIR"]) / "data_docs" / "index.html",
        "Log": log,
    }
    traces = Traces(
        steps=_records(folder),
        report=json.loads(report.read_text()) if report.exists() else None,
        places=places,
    )
    return summarise(traces, succeeded=process.returncode == 0)


def _conf(request: RunRequest) -> str:
    return json.dumps(
        {
            "symbols": list(request.symbols),
            "start_date": request.start and request.start.isoformat(),
            "end_date": request.end and request.end.isoformat(),
            "debug_mode": request.debug,
            "policy": request.policy,
        }
    )


@contextmanager
def _child(
    command: list[str], environment: Mapping[str, str], sink: BinaryIO
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that does not outlive this one's interest in it."""
    process = subprocess.Popen(command, env=environment, stdout=sink, stderr=sink)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait()


def _watch(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Print each step as it ends, and now and then that a long one is still alive."""
    shown: Records = {}
    began = said = time.monotonic()
    while True:
        ended = process.poll() is not None
        for step, record in _records(folder).items():
            if record["status"] != shown.get(step, {}).get("status"):
                shown[step] = record
                said = time.monotonic()
                _say(step, record)
        if ended:
            return
        if time.monotonic() - said > _ALIVE_SECONDS:
            said = time.monotonic()
            running = [_DOING[s] for s, record in shown.items() if record["status"] == "running"]
            doing = running[-1] if running else "finishing" if shown else "loading the libraries"
            print(f"  … still {doing} ({said - began:.0f} s)", flush=True)
        time.sleep(0.1)


def _say(step: str, record: Mapping[str, Any]) -> None:
    if record["status"] != "running":
        mark = "ok" if record["status"] == "success" else "FAILED"
        print(f"  {_DOING[step]:<16}{record['seconds']:>7.1f} s  {mark}", flush=True)


def _records(folder: Path) -> Records:
    """The steps' records; one that is just being written is left out."""
    records = {}
    for step in STEPS:
        try:
            records[step] = json.loads((folder / "steps" / f"{step}.json").read_text())
        except (OSError, json.JSONDecodeError):
            continue
    return records


def _staging(found: Services, run_id: str) -> Path:
    url = found.environment["STAGING_URL"]
    return Path(url.removeprefix("file://")) / DAG_ID / safe_name(run_id)
