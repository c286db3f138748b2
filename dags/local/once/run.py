"""`make run`: the DAG from beginning to end, watched, with a summary that a person can read."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from dags.local.desk import lock as desk_lock
from dags.local.desk.lock import DeskRecord
from dags.local.desk.run import DeskRun, require_same_settings
from dags.local.once.summary import RunEnd, Traces, summarise
from dags.local.services import Services
from dags.run.datasets import dag_of, published_at, source_of
from dags.run.request import RunRequest
from dags.run.settings import Settings
from dags.staging.files import Folder
from dags.staging.layout import REPORT, REPORT_PAGE, run_folder
from dags.staging.records import Records, StepRecord, Validated
from gx.dataset.model import Dataset
from gx.report.document import read_document
from gx.symbols import EVERY
from sql.connection import connected
from sql.preflight import make_ready
from transforms.indicators import columns_of

_ALIVE_SECONDS = 10.0
_DOING = {
    "extract": "extracting bars",
    "validate": "validating",
    "transform": "transforming",
    "publish": "publishing",
    "log": "tracking",
}


def run(found: Services, request: RunRequest, dataset: Dataset) -> RunEnd:
    """Run the DAG of ``dataset`` for ``request``, printing each step as it ends.

    Where a desk is up it does the run. Raises LocalError when it refuses or ends.
    """
    moment = datetime.now(UTC)
    run_id = f"manual__{moment.isoformat()}"
    dag_id = dag_of(dataset.name)
    folder = _staging(found, dag_id, run_id)
    with desk_lock.without_desk(found.var) as held:
        if isinstance(held, DeskRecord):
            require_same_settings(held)
        _make_ready(found, dataset)
        if isinstance(held, DeskRecord):
            desk = DeskRun(held, found.var, dag_id, run_id)
            desk.trigger({"logical_date": moment.isoformat(), "conf": _conf(request)})
            try:
                succeeded, log = _watch(lambda: _settled(desk, folder), folder), desk.page
            except KeyboardInterrupt:
                print(f"not watched any more; the desk goes on: {desk.page}", file=sys.stderr)
                raise
        else:
            sink = found.log / f"run-{moment:%Y%m%dT%H%M%S.%f}.log"
            with _child(found, (dag_id, moment), request, sink, held) as process:
                succeeded, log = _watch(lambda: _ended_well(process), folder), str(sink)
    places = {
        "Report": folder / REPORT_PAGE,
        "Data Docs": Path(found.environment["RESULTS_DIR"]) / "data_docs" / "index.html",
    }
    report = Folder(folder).find_json(REPORT)
    traces = Traces(
        steps=Folder(folder).unverified_records(),
        report=read_document(report) if report else None,
        places={name: str(path) for name, path in places.items() if path.exists()} | {"Log": log},
        outage="" if found.server.running else _outage(found),
        run_id=run_id,
        dataset=dataset.name,
    )
    return summarise(traces, succeeded=succeeded)


def _make_ready(found: Services, dataset: Dataset) -> None:
    """Look at the database before anything runs, and say what was noticed there.

    A source in another database is looked at by the run itself, which knows the connection.
    """
    if dataset.source.connection is not None:
        return
    settings = Settings.of(found.environment)
    with (
        connected(published_at(dataset, settings)) as own,
        connected(settings.bars()) as engine,
    ):
        schema, view = dataset.own_schema, dataset.view
        columns = columns_of(dataset.indicators)
        for remark in make_ready(
            own, engine, source_of(dataset), schema=schema, view=view, indicators=columns
        ):
            print(f"  note: {remark}", flush=True)


def _outage(found: Services) -> str:
    return (
        f"PostgreSQL in {found.server.folder} was stopped or killed meanwhile "
        f"({found.server.folder / 'postgres.log'}). Run it again: that starts it."
    )


def _conf(request: RunRequest) -> dict[str, object]:
    return {
        **({"more_symbols": EVERY} if request.every else {"symbols": list(request.symbols)}),
        "start_date": request.start and request.start.isoformat(),
        "end_date": request.end and request.end.isoformat(),
        "debug_mode": request.debug,
        "policy": request.policy,
        "accept_removals": ", ".join(request.accept_removals) or None,
        **({"suite": request.suite} if request.suite else {}),
    }


@contextmanager
def _child(
    found: Services, which: tuple[str, datetime], request: RunRequest, log: Path, lock: int
) -> Iterator[subprocess.Popen[bytes]]:
    """The run in a process that does not outlive this one's interest in it."""
    conf = json.dumps(_conf(request))
    (dag_id, moment), program = which, "dags.local.once.dag_run"
    command = [sys.executable, "-m", program, dag_id, moment.isoformat(), conf]
    # A person is waiting: what can pass by itself is tried again soon.
    # Nobody can be asked: there is no page to answer on.
    environment = {"RETRY_DELAY_SECONDS": "5", **found.environment, "ASK_HOURS": "0"}
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command, env=environment, stdout=sink, stderr=sink, pass_fds=[lock]
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait()


def _settled(desk: DeskRun, folder: Path) -> bool | None:
    """Whether the run succeeded; one that waits for a decision is not waited for."""
    ended = desk.succeeded()
    judged = Folder(folder).unverified_records().found(Validated) if ended is None else None
    if judged and judged.waits:
        print(f"  Decide on {desk.page}/required_actions", flush=True)
        return False
    return ended


def _ended_well(process: subprocess.Popen[bytes]) -> bool | None:
    status = process.poll()
    return None if status is None else status == 0


def _watch(succeeded: Callable[[], bool | None], folder: Path) -> bool:
    """Print each step as it ends, and now and then that a long one is still alive."""
    shown = Records()
    began = said = time.monotonic()
    while True:
        ended = succeeded()
        for step, record in Folder(folder).unverified_records().items():
            if step not in shown or record.status != shown[step].status:
                shown[step] = record
                said = time.monotonic()
                _say(step, record)
        if ended is not None:
            return ended
        if time.monotonic() - said > _ALIVE_SECONDS:
            said = time.monotonic()
            running = [_DOING[s] for s, record in shown.items() if record.status == "running"]
            doing = running[-1] if running else "finishing" if shown else "loading the libraries"
            print(f"  … still {doing} ({said - began:.0f} s)", flush=True)
        time.sleep(0.1)


def _say(step: str, record: StepRecord) -> None:
    if record.status != "running":
        mark = "ok" if record.status == "success" else "FAILED"
        print(f"  {_DOING[step]:<16}{record.seconds or 0.0:>7.1f} s  {mark}", flush=True)


def _staging(found: Services, dag_id: str, run_id: str) -> Path:
    url = run_folder(found.environment["STAGING_URL"], dag_id, run_id)
    return Path(url.removeprefix("file://"))
