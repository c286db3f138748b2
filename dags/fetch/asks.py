"""Which requests bring the bars of a span, oldest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from dags.fetch.closed import Clock
from gx.dataset.fetch import What

DAY = 1_440
# How much IB gives at once of bars of at least so many minutes ("Valid duration and bar sizes"),
# and how many days that surely covers: a month is four weeks at least.
_STEPS = ((30, 28, "1 M"), (3, 7, "1 W"), (2, 2, "2 D"), (1, 1, "1 D"))
_MOST_DAYS = 365  # beyond that IB wants years


@dataclass(frozen=True)
class Ask:
    """One request: so much up to ``end`` (None: now), to learn of ``first`` to ``last``."""

    first: datetime
    last: datetime
    end: datetime | None
    duration: str


def asks(clock: Clock, what: What, first: datetime, last: datetime) -> Iterator[Ask]:
    """The requests for the bars from ``first`` to ``last`` (both aware).

    Days come in one request, and so does ADJUSTED_LAST, of which IB gives no other end than now.
    Bars within the day are asked for by whole days at the exchange: IB counts a duration back in
    days, and what it gives of the first of them up to an hour in its middle is not written down.
    """
    if first >= last:
        return
    now = clock.now
    if what == "ADJUSTED_LAST":
        yield Ask(first, now, None, _days(first, now))
        return
    if clock.is_daily:
        yield Ask(first, last, None if last >= now else last, _days(first, last))
        return
    most, duration = _step(clock.minutes)
    begun = first
    for day in _ends(clock.trading_days(first, last), most):
        end = min(clock.midnight(day + timedelta(days=1)), now)
        # IB's day ends with a session, not 24 hours later: the newest piece asks up to now.
        yield Ask(begun, end, None if end >= now else end, duration)
        begun = end


def days_at_once(minutes: int) -> int:
    """How many days one request brings the bars of."""
    return _MOST_DAYS if minutes >= DAY else _step(minutes)[0]


def _step(minutes: int) -> tuple[int, str]:
    return next((most, said) for least, most, said in _STEPS if minutes >= least)


def _ends(days: list[date], most: int) -> Iterator[date]:
    """The last of each group of days that lie within so many days of each other."""
    begun = None
    for day, next_one in zip(days, [*days[1:], None], strict=True):
        begun = begun or day
        if next_one is None or (next_one - begun).days >= most:
            yield day
            begun = None


def _days(first: datetime, now: datetime) -> str:
    span = (now - first).days + 1
    return f"{span} D" if span <= _MOST_DAYS else f"{-(-span // _MOST_DAYS)} Y"


def as_utc(moment: datetime) -> datetime:
    """The same instant in UTC, as plain a datetime; one without a zone is in UTC already."""
    plain = moment.to_pydatetime() if isinstance(moment, pd.Timestamp) else moment
    return plain.replace(tzinfo=UTC) if plain.tzinfo is None else plain.astimezone(UTC)
