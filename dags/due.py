"""What a run asked for, in the gate's terms, and whether anything was due."""

from typing import TYPE_CHECKING

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
        request = run.request
        days = f"on {request.start}" if request.start == request.end else ""
        raise NothingDue(
            f"No exchange had a session {days or f'from {request.start} to {request.end}'}, and "
            "there are no bars: nothing was due."
        )


def why_nothing_was_due(run: Run) -> str | None:
    """Why an earlier step found that there is nothing to do; None when there is."""
    for record in run.staging.records().values():
        if record["status"] == "skipped":
            return str(record["error"]).removeprefix(f"{NothingDue.__name__}: ")
    return None
