"""Telling OpenLineage of a run, where somebody listens: beside the work, never in its way."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from dags.run.context import Run
from dags.run.settings import Settings
from dags.staging.records import Extracted, Published, Records
from gx.report.document import ReportDocument
from sql.own_tables import COLUMNS, ENRICHED, QUARANTINE, Layout
from sql.terms import BAR
from transforms.indicators import columns_of

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

    from dags.reporting.lineage.events import State, Table, Told

log = logging.getLogger(__name__)
# Behind the work itself: what takes longer is left alone, and said.
PATIENCE_SECONDS = 1.0
TIMEOUT_SECONDS = 5.0


def telling_begin(run: Run) -> AbstractContextManager[None]:
    """While the run's first step works, tell that it has begun."""
    return _beside(run.settings, lambda: _event(run, run.staging.records(), "START"))


def telling_end(
    run: Run, steps: Records, report: ReportDocument | None, sentence: str
) -> AbstractContextManager[None]:
    """While the run is tracked, tell what was judged and published, or why nothing was."""
    if steps.succeeded("publish"):
        return _beside(run.settings, lambda: _event(run, steps, "COMPLETE", report))
    return _beside(run.settings, lambda: _event(run, steps, "FAIL", report, sentence))


@contextmanager
def _beside(settings: Settings, made: "Callable[[], RunEvent]") -> Iterator[None]:
    """Send an event from a thread of its own; nothing that happens there touches the run."""
    event = _made(made) if settings.openlineage_url else None
    thread = Thread(target=_send, args=(settings, event), daemon=True) if event else None
    if thread:
        thread.start()
    try:
        yield
    finally:
        if thread:
            thread.join(PATIENCE_SECONDS)
            if thread.is_alive():
                log.warning("%s does not answer, and is not waited for", settings.openlineage_url)


def _made(made: "Callable[[], RunEvent]") -> "RunEvent | None":
    try:
        return made()
    except Exception as error:  # noqa: BLE001  # what is told of a run must not end it
        log.warning("OpenLineage was not told: %s: %s", type(error).__name__, error)
        return None


def _send(settings: Settings, event: "RunEvent") -> None:
    try:
        from openlineage.client import OpenLineageClient

        client = OpenLineageClient(config={"transport": _transport(settings)})
        client.emit(event)
        client.close(PATIENCE_SECONDS)
    except Exception as error:  # noqa: BLE001  # a receiver's fault is none of the run's
        log.warning("OpenLineage was not told: %s: %s", type(error).__name__, error)


def _transport(settings: Settings) -> dict[str, object]:
    """The client's configuration: a receiver, or a file to which lines are added."""
    address = urlsplit(settings.openlineage_url)
    if address.scheme == "file":
        return {"type": "file", "log_file_path": unquote(address.path), "append": True}
    key = settings.openlineage_api_key.get_secret_value()
    return {
        "type": "http",
        "url": settings.openlineage_url,
        "timeout": TIMEOUT_SECONDS,
        "retry": {"total": 1},
        **({"auth": {"type": "api_key", "apiKey": key}} if key else {}),
    }


def _event(
    run: Run,
    steps: Records,
    state: "State",
    report: ReportDocument | None = None,
    error: str = "",
) -> "RunEvent":
    from dags.reporting.lineage.events import event

    extracted = steps.found(Extracted)
    return event(
        _told(run, steps, extracted.sql if extracted else ""),
        state,
        source=_source(run, extracted.rows if extracted else None),
        outcomes=report.expectations if report else (),
        published=_published(run, steps.found(Published)),
        error=error,
    )


def _told(run: Run, steps: Records, query: str) -> "Told":
    from dags.reporting.lineage.events import Told

    started = steps["extract"].started if "extract" in steps else None
    return Told(
        namespace=run.settings.openlineage_namespace,
        job=run.identity.dag_id,
        run_id=run.identity.run_id,
        begun=datetime.fromisoformat(started) if started else run.identity.started,
        title=run.dataset.title or "",
        query=query,
    )


def _source(run: Run, rows: int | None) -> "Table":
    from dags.reporting.lineage.events import Table

    layout, source = _layout(run), run.source
    columns = [(source.column(name), kind) for name, kind in _typed(layout, BAR)]
    return Table(run.read_from, source.shown, [*columns, *layout.carried.items()], rows)


def _published(run: Run, done: Published | None) -> "Sequence[Table]":
    from dags.reporting.lineage.events import Table

    if done is None:
        return ()
    layout = _layout(run)
    columns = _typed(layout, layout.columns(ENRICHED))
    tables = [Table(run.published_at, run.dataset.published_table, columns, done.rows)]
    if done.held:
        held = _typed(layout, COLUMNS[QUARANTINE])
        tables.append(Table(run.published_at, QUARANTINE, held, done.held))
    return tables


def _layout(run: Run) -> Layout:
    return Layout(
        daily=run.dataset.is_daily,
        carried=dict.fromkeys(run.dataset.carried, ""),
        indicators=columns_of(run.dataset.indicators),
    )


def _typed(layout: Layout, names: Sequence[str]) -> list[tuple[str, str]]:
    """Columns with the type that holds what is written to each."""
    return [(name, layout.holds(name)[0]) for name in names]
