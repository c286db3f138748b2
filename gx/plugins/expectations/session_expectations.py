"""Expectations about bars and the sessions of their exchange."""

from typing import ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.core.suite_parameters import SuiteParameterDict

from gx.plugins.expectations.base import BarExpectation, Detector
from gx.plugins.expectations.kernels import holes, sessions

KEY_COLUMNS = ("symbol", "date")
CREATED_COLUMNS = ("symbol", "date", "created_at")
COLUMNS_HELP = "Names of the columns, in this order: "
AS_OF_HELP = "Judge as of the end of this day (2025-01-31), or of this instant; empty means now."


class SessionExpectation(BarExpectation):
    """An expectation that knows which calendar each symbol keeps."""

    column_list: list[str] = pydantic.Field(
        list(KEY_COLUMNS), description=COLUMNS_HELP + ", ".join(KEY_COLUMNS)
    )
    calendar: str = pydantic.Field(
        "XNYS", description="Calendar of exchange_calendars, such as XNYS, XLON, XTKS or 24/7."
    )
    calendars: dict[str, str] = pydantic.Field(
        {}, description="Calendars of single symbols, where they differ: symbol to calendar."
    )

    needs_columns: ClassVar[tuple[str, ...]] = KEY_COLUMNS


class ExpectNoFutureBars(SessionExpectation):
    """Expect no bar after the last session that had closed.

    A daily bar dated after the exchange's last closed session fails, also today's while the
    exchange is open; a bar within the day fails when it is later than the moment itself.

    Args:
        calendar, calendars: which exchange's sessions.
        as_of: the moment to judge from; a date means that day's end (default now).

    Source: exchange calendars (exchange_calendars).
    """

    as_of: str | SuiteParameterDict | None = pydantic.Field(None, description=AS_OF_HELP)

    success_keys = ("mostly", "calendar", "calendars", "as_of")
    detector: ClassVar[Detector] = sessions.future
    sentence: ClassVar[str] = (
        "No bar may be dated after the last closed session of $calendar, as of $as_of."
    )


class ExpectBarsOnTradingSessions(SessionExpectation):
    """Expect every bar to be dated on a session of its exchange.

    Weekends and holidays fail. A time that is not midnight counts when it falls into a
    session's hours or on its local day. Bars longer than a day are not judged.

    Args:
        calendar, calendars: which exchange's sessions.

    Source: exchange calendars (exchange_calendars).
    """

    success_keys = ("mostly", "calendar", "calendars")
    detector: ClassVar[Detector] = sessions.off_session
    sentence: ClassVar[str] = "Every bar must be on a trading session of $calendar."


class ExpectNoMissingSessions(SessionExpectation):
    """Expect a bar on every session between a symbol's first and last bar.

    A missing bar is no row, so the bar that follows the hole fails; the missing sessions are
    named in the result's details. Bars longer than a day are not judged.

    Args:
        calendar, calendars: which exchange's sessions.
        allowed: sessions that a symbol may lack in all (0).

    Source: exchange calendars (exchange_calendars).
    """

    allowed: int = pydantic.Field(0, ge=0, description="Sessions that a symbol may lack in all.")

    success_keys = ("mostly", "calendar", "calendars", "allowed")
    detector: ClassVar[Detector] = sessions.missing_sessions
    sentence: ClassVar[str] = (
        "No symbol may lack more than $allowed sessions of $calendar between its first and last "
        "bar (the bar after a hole is shown)."
    )


class ExpectLastBarToBeComplete(SessionExpectation):
    """Expect a symbol's newest bar to have been written after its session closed.

    A bar that was written earlier holds part of a session, and stays so until it is read again.
    A bar without a time of writing passes.

    Args:
        calendar, calendars: which exchange's sessions, early closes included.
        created_zone: time zone of times of writing that carry none (UTC).

    Source: exchange calendars (exchange_calendars).
    """

    column_list: list[str] = pydantic.Field(
        list(CREATED_COLUMNS), description=COLUMNS_HELP + ", ".join(CREATED_COLUMNS)
    )
    created_zone: str = pydantic.Field(
        "UTC", description="Time zone of times of writing that carry none."
    )

    success_keys = ("mostly", "calendar", "calendars", "created_zone")
    needs_columns: ClassVar[tuple[str, ...]] = CREATED_COLUMNS
    daily_only: ClassVar[bool] = True
    detector: ClassVar[Detector] = sessions.incomplete_last_bars
    sentence: ClassVar[str] = (
        "The newest bar of each symbol must be written after its session of $calendar closed."
    )


class ExpectBarsToBeFresh(SessionExpectation):
    """Expect at most `allowed` closed sessions since a symbol's last bar.

    The last bar of a symbol that is behind fails. Bars longer than a day are not judged.

    Args:
        calendar, calendars: which exchange's sessions.
        as_of: the moment to judge from; a date means that day's end (default now).
        allowed: closed sessions that may lie after the last bar (1).

    Source: exchange calendars (exchange_calendars).
    """

    as_of: str | SuiteParameterDict | None = pydantic.Field(None, description=AS_OF_HELP)
    allowed: int = pydantic.Field(
        1, ge=0, description="Closed sessions that may lie after a symbol's last bar."
    )

    success_keys = ("mostly", "calendar", "calendars", "as_of", "allowed")
    detector: ClassVar[Detector] = sessions.stale_feeds
    sentence: ClassVar[str] = (
        "At most $allowed closed sessions of $calendar may lie after a symbol's last bar, as of "
        "$as_of."
    )


class ExpectNoMarketWideHoles(SessionExpectation):
    """Expect no session on which much of the market lacks a bar.

    A session is a hole when more than `percent` of the symbols with bars before and after it,
    and at least two, lack a bar: then the feed failed and not the symbol. The next bar of each
    of these symbols fails; the sessions are named in the result's details. Bars longer than a
    day are not judged.

    Args:
        calendar, calendars: which exchange's sessions.
        percent: share of the symbols that may lack a bar, in percent (20).

    Source: exchange calendars (exchange_calendars); the share is this project's.
    """

    percent: float = pydantic.Field(
        20.0, ge=0, le=100, description="Share of the symbols that may lack a session, in percent."
    )

    success_keys = ("mostly", "calendar", "calendars", "percent")
    detector: ClassVar[Detector] = holes.market_holes
    sentence: ClassVar[str] = (
        "On no session of $calendar may more than $percent % of the symbols lack a bar (the bars "
        "after the hole are shown)."
    )
