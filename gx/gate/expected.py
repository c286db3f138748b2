"""What is expected of the bars that a run asked for."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

import pandas as pd

from gx.gate.asked import Asked
from gx.plugins.expectations.kernels.attendance import day_number, last_days
from gx.plugins.expectations.kernels.bars import Ints
from gx.plugins.expectations.kernels.calendars import Sessions, sessions_from
from gx.plugins.expectations.kernels.moments import Moment
from gx.plugins.expectations.session_expectations import SessionExpectation
from gx.suite.calendars import Calendars
from gx.suite.read import Suite


def parameters(suite: Suite, as_of: str | None, asked: Asked) -> dict[str, object]:
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
    absent = sorted(set(asked.symbols).difference(present))
    ends, calendars, first = last_days(suite.ended, absent), calendars_of(suite), asked.first_date
    due = {name: _due(name, as_of, asked) for name in {calendars.of(symbol) for symbol in absent}}
    began = None if first is None else day_number(first, "first_date")
    return tuple(
        symbol
        for symbol, end in zip(absent, ends, strict=True)
        if (began is None or end >= began) and due[calendars.of(symbol)]
    )


def any_session(suite: Suite, asked: Asked, *, closed: bool = False) -> bool:
    """Whether an exchange of any symbol asked for has a session in the range.

    With `closed` only sessions count that have closed by now: no bar of another one is due yet.
    """
    calendars, now = calendars_of(suite), Moment.of(None)
    names = {calendars.of(symbol) for symbol in asked.symbols or ("",)}
    loaded = (_load(name, asked) for name in names)
    return any(
        len(_within(one.days[: now.closed(one)] if closed else one.days, asked)) for one in loaded
    )


def beyond_their_end(suite: Suite, bars: pd.DataFrame) -> dict[str, str]:
    """Of symbols that have ended, as the suite says, the date of a later bar: the newest."""
    if not suite.ended or not {"symbol", "date"} <= set(bars.columns):
        return {}
    own = bars[bars["symbol"].isin(list(suite.ended))]
    newest = pd.to_datetime(own["date"], errors="coerce").groupby(own["symbol"]).max()
    dates = {str(symbol): str(day)[:10] for symbol, day in newest.dropna().items()}
    return {symbol: day for symbol, day in dates.items() if day > suite.ended[symbol]}


def end_remarks(suite: Suite, beyond: Mapping[str, str]) -> tuple[str, ...]:
    """What is wrong with the ends that a suite gives, a sentence each."""
    return tuple(
        f"The suite's meta.ended says that {symbol} ended on {suite.ended[symbol]}, and it has a "
        f"bar of {day}: correct the date, or take {symbol} out."
        for symbol, day in sorted(beyond.items())
    )


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
    sessions = _load(calendar, asked)
    return bool(len(_within(sessions.days[: Moment.of(as_of).closed(sessions)], asked)))


def _within(days: Ints, asked: Asked) -> Ints:
    """The days in the range."""
    if asked.first_date is not None:
        days = days[days >= day_number(asked.first_date, "first_date")]
    if asked.last_date is not None:
        days = days[days <= day_number(asked.last_date, "last_date")]
    return days


def _load(calendar: str, asked: Asked) -> Sessions:
    return sessions_from(calendar, int((asked.first_date or asked.last_date or "2000")[:4]))
