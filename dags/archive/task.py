"""The task of the workflow that archives: what it is asked, and what it says."""

import logging
from typing import Any

from airflow.sdk import get_current_context

from dags.archive.work import Progress, archive
from dags.errors import RequestError
from dags.run.request import parse_date
from dags.run.settings import Settings
from gx.dataset.read import read_dataset
from gx.report.sentences import counted

log = logging.getLogger(__name__)


def archive_for() -> str:
    """Archive what this run's parameters name; says what was moved."""
    context = get_current_context()
    params: Any = context["params"]
    before = parse_date(params["before_date"])
    if before is None:
        raise RequestError("before which day the bars are to be archived has to be said")
    done = archive(
        read_dataset(str(params["dataset"])),
        before,
        Settings(),
        by=getattr(context["dag_run"], "triggering_user_name", None) or "airflow",
        to=params["to"] or None,
        dry_run=bool(params["dry_run"]),
        told=_tell,
    )
    does = "would move" if params["dry_run"] else "moved"
    what = f"{counted(done.bars, 'bar')} of {counted(done.symbols, 'symbol')}"
    said = f"{does} {what} into {counted(done.files, 'file')}"
    log.info("%s at %s", said, done.place)
    if done.views:
        log.warning("these views have them no more: %s", ", ".join(done.views))
    return said


def _tell(so_far: Progress) -> None:
    log.info("%s", so_far.sentence)
