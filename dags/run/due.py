"""What a run asked for, in the gate's terms, and whether anything was due."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

from dags.errors import NothingDue
from dags.staging.records import Records
from gx.gate.asked import Asked
from sql.errors import NoBarsError

if TYPE_CHECKING:
    from dags.run.context import Run
    from gx.suite.calendars import Calendars
    from gx.suite.read import Suite


def as_of(end: date | None, read: datetime) -> str:
    """The last day of the request, or else the moment of ``read``; no bar to come is excused.

    The database's clock says when bars were read: a worker's may be wrong, and a step that is tried
    again is to judge as it did before. Said once, so that all parts of a run are judged alike.
    """
    read = read.astimezone(UTC)
    return end.isoformat() if end and end < read.date() else read.isoformat(timespec="seconds")


def calendars_of(run: "Run", present: Iterable[str] = ()) -> "Calendars | None":
    """The calendars of what was asked for, and of what is there; None when the suite says."""
    return run.dataset.calendars_for({*run.request.symbols, *present})


def suite_of(run: "Run") -> "Suite":
    """The suite that judges the run's bars, as its file is now."""
    from gx.suite.named import suite_path
    from gx.suite.read import read_suite, with_calendars

    return with_calendars(read_suite(suite_path(run.suite)), calendars_of(run))


def later_than(published: datetime | None, at: datetime) -> datetime:
    """The moment of a read, later than that of whatever was published before it began.

    A clock that was set back would have it older, and what it has read superseded for as long.
    """
    if published is None or at > published:
        return at
    return published + timedelta(microseconds=1)


def asked(run: "Run") -> Asked:
    """The symbols and dates of the request."""
    request = run.request
    return Asked(
        request.symbols,
        request.start.isoformat() if request.start else None,
        request.end.isoformat() if request.end else None,
    )


def refuse_without_bars(run: "Run", suite: "Suite", error: NoBarsError) -> NoReturn:
    """Raise NothingDue when a schedule asked for a range in which no session has closed.

    Else raise the error; a person who asks for a range without sessions is told so with it.
    """
    why = _why_none_was_due(run, suite)
    if why is None:
        raise error
    if run.identity.trigger_type in ("scheduled", "backfill"):
        raise NothingDue(f"{why}, and there are no bars: nothing was due.")
    raise NoBarsError(f"{error} {why}.")


def _why_none_was_due(run: "Run", suite: "Suite") -> str | None:
    """Why the range should have no bar yet; None when it should."""
    from gx.gate.expected import any_session

    if any_session(suite, asked(run), closed=True):
        return None
    start, end = run.request.start, run.request.end
    days = f"on {start}" if start == end else f"from {start} to {end or 'now'}"
    if any_session(suite, asked(run)):
        return f"No session {days} has closed yet"
    return f"No exchange had a session {days}{_weekend(start, end)}"


def _weekend(start: date | None, end: date | None) -> str:
    if start is None or end is None or end - start > timedelta(days=1):
        return ""
    return " (a weekend)" if min(start.weekday(), end.weekday()) >= 5 else ""


def why_nothing_was_due(records: Records) -> str | None:
    """Why a step, by what the records say, found that there is nothing to do; None else."""
    for record in records.values():
        if record.status == "skipped":
            return (record.error or "").removeprefix(f"{NothingDue.__name__}: ")
    return None


def why_not_published(records: Records) -> str | None:
    """Why, by what the records say, a run may not end green; None when it may."""
    if why_nothing_was_due(records):
        return None
    if records.succeeded("publish"):
        return None
    status = records["publish"].status if "publish" in records else "not there"
    return (
        f"Nothing says that this run has published: the record of publishing is {status}. "
        "Was a task marked as a success? Clear publish_data and everything after it."
    )
