"""Which requests bring the bars of a span, oldest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pandas as pd

from gx.dataset.fetch import What

DAY = 1_440
# How much IB gives at once of bars of at least so many minutes ("Valid duration and bar sizes").
_STEPS = ((30, 30, "1 M"), (3, 7, "1 W"), (2, 2, "2 D"), (1, 1, "1 D"))
_MOST_DAYS = 365  # beyond that IB wants years


@dataclass(frozen=True)
class Ask:
    """One request: so much up to ``end`` (None: now), to learn of ``first`` to ``last``."""

    first: datetime
    last: datetime
    end: datetime | None
    duration: str


def asks(minutes: int, what: What, first: datetime, last: datetime, now: datetime) -> Iterator[Ask]:
    """The requests for the bars of ``minutes`` from ``first`` to ``last`` (all aware).

    Days come in one request, and so does ADJUSTED_LAST, of which IB gives no other end than now.
    """
    if first >= last:
        return
    if what == "ADJUSTED_LAST":
        yield Ask(first, now, None, _days(first, now))
        return
    if minutes >= DAY:
        yield Ask(first, last, None if last >= now else last, _days(first, last))
        return
    days, duration = next((days, said) for least, days, said in _STEPS if minutes >= least)
    start = first
    while start < last:
        end = min(start + timedelta(days=days), last)
        # IB's day ends with a session, not 24 hours later: the newest piece asks up to now.
        yield Ask(start, end, None if end >= now else end, duration)
        start = end


def _days(first: datetime, now: datetime) -> str:
    span = (now - first).days + 1
    return f"{span} D" if span <= _MOST_DAYS else f"{-(-span // _MOST_DAYS)} Y"


def as_utc(moment: datetime) -> datetime:
    """The same instant in UTC, as plain a datetime; one without a zone is in UTC already."""
    plain = moment.to_pydatetime() if isinstance(moment, pd.Timestamp) else moment
    return plain.replace(tzinfo=UTC) if plain.tzinfo is None else plain.astimezone(UTC)
