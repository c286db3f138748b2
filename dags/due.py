"""What a run asked for, in the gate's terms, and whether anything was due."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dags.errors import NothingDue
from dags.run import Run
from gx.asked import Asked

if TYPE_CHECKING:
    from gx.suites import Suite


def asked(run: Run) -> Asked:
    """The symbols and dates of the request."""
    request = run.request
    return Asked(
        request.symbols,
        request.start.isoformat() if request.start else None,
        request.end.isoformat() if request.end else None,
    )


def refuse_if_nothing_was_due(run: Run, suite: "Suite") -> None:
    """Raise NothingDue when a schedule asked for a range in which no exchange had a session.

    A person who asks for such a range is told that there are no bars.
    """
    from gx.expected import any_session

    if run.identity.trigger_type in ("scheduled", "backfill") and not any_session(
        suite, asked(run)
    ):
        start, end = run.request.start, run.request.end
        days = f"on {start}" if start == end else f"from {start} to {end}"
        raise NothingDue(
            f"No exchange had a session {days}, and there are no bars: nothing was due."
        )


def why_nothing_was_due(records: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Why a step, by what the records say, found that there is nothing to do; None else."""
    for record in records.values():
        if record["status"] == "skipped":
            return str(record["error"]).removeprefix(f"{NothingDue.__name__}: ")
    return None


def why_not_published(records: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Why, by what the records say, a run may not end green; None when it may."""
    if why_nothing_was_due(records):
        return None
    status = records.get("publish", {}).get("status", "not there")
    if status == "success":
        return None
    return (
        f"Nothing says that this run has published: the record of publishing is {status}. "
        "Was a task marked as a success? Clear publish_data and everything after it."
    )
