"""What is expected of the bars that a run asked for."""

from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import Any

from gx.asked import Asked
from gx.plugins.expectations.kernels.attendance import last_days
from gx.plugins.expectations.kernels.bars import Ints
from gx.plugins.expectations.kernels.calendars import Sessions, sessions_from
from gx.plugins.expectations.kernels.moments import Moment
from gx.plugins.expectations.session_expectations import SessionExpectation
from gx.suite_calendars import Calendars
from gx.suites import Suite

EPOCH = date(1970, 1, 1)


def parameters(suite: Suite, as_of: str | None, asked: Asked) -> dict[str, Any]:
    """Every value of {"$PARAMETER": name}: the suite's own, and what a run gives."""
    return {
        **suite.parameters,
        "as_of": as_of or datetime.now(UTC).isoformat(timespec="seconds"),
        "symbols": list(asked.symbols),
        "first_date": asked.first_date,
        "last_date": asked.last_date,
        "ended": dict(suite.ended),
    }


def without_bars(
    suite: Suite, as_of: str | None, asked: Asked, present: Collection[str]
) -> tuple[str, ...]:
    """The symbols that were asked for, have no bar, and should have one, in order.

    None is due of a symbol that had ended before the range, or whose calendar has no closed session
    in it.
    """
    over, first = last_days(suite.ended), _day(asked.first_date)
    calendars = calendars_of(suite)
    return tuple(
        sorted(
            symbol
            for symbol in set(asked.symbols).difference(present)
            if not (first is not None and over.get(symbol, first) < first)
            and _due(calendars.of(symbol), as_of, asked)
        )
    )


def any_session(suite: Suite, asked: Asked) -> bool:
    """Whether an exchange of any symbol asked for has a session in the range, closed or not."""
    calendars = calendars_of(suite)
    names = {calendars.of(symbol) for symbol in asked.symbols or ("",)}
    return any(len(_sessions(name, asked)) for name in names)


def calendars_of(suite: Suite) -> Calendars:
    """The calendars that the suite's first expectation about sessions gives."""
    for expectation in suite.expectations:
        if isinstance(expectation, SessionExpectation):
            return Calendars(expectation.calendar, expectation.calendars)
    return Calendars()


def _due(calendar: str, as_of: str | None, asked: Asked) -> bool:
    """Whether a session of the range has closed; an open range has always had one."""
    if asked.first_date is None:
        return True
    days = _sessions(calendar, asked)
    sessions = _load(calendar, asked)
    closed = Moment.of(as_of).closed(sessions)
    return bool(len(days) and closed and days[0] <= sessions.days[closed - 1])


def _sessions(calendar: str, asked: Asked) -> Ints:
    """The days of the sessions in the range."""
    days, first, last = _load(calendar, asked).days, _day(asked.first_date), _day(asked.last_date)
    days = days if first is None else days[days >= first]
    return days if last is None else days[days <= last]


def _load(calendar: str, asked: Asked) -> Sessions:
    return sessions_from(calendar, int((asked.first_date or asked.last_date or "2000")[:4]))


def _day(text: str | None) -> int | None:
    return None if text is None else (date.fromisoformat(text[:10]) - EPOCH).days
