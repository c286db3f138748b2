"""Expectations about bars and the sessions of their exchange."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

from great_expectations.compatibility import pydantic
from great_expectations.core.suite_parameters import SuiteParameterDict

from gx.plugins.expectations import tells
from gx.plugins.expectations.base import BarExpectation
from gx.plugins.expectations.kernels import holes, missing_bars, sessions
from gx.plugins.expectations.kernels.attendance import (
    ARRAYS,
    NOTHING,
    Attendance,
    Wanted,
    attendance,
)
from gx.plugins.expectations.kernels.bars import Bars, MarketJudgement
from gx.plugins.expectations.market_wide import MarketWideExpectation, Said, SpokenPart
from gx.plugins.expectations.metrics import Detector
from gx.plugins.expectations.tells import Teller

KEY_COLUMNS = ("symbol", "date")
WANTED = ("calendar", "calendars", "symbols", "first_date", "last_date", "as_of", "ended")
CREATED_COLUMNS = ("symbol", "date", "created_at")
COLUMNS_HELP = "Names of the columns, in this order: "
AS_OF_HELP = (
    "From which moment to look back: the end of this day (2025-01-31), or this "
    "instant; empty means now."
)
ENDED_HELP = (
    "Symbols that trade no more, with their last day, after which nothing is "
    "expected of them; the suite's meta has them for all."
)


class SessionExpectation(BarExpectation):
    """An expectation that knows which calendar each symbol keeps."""

    column_list: list[str] = pydantic.Field(
        list(KEY_COLUMNS), description=COLUMNS_HELP + ", ".join(KEY_COLUMNS)
    )
    calendar: str = pydantic.Field(
        "XNYS",
        description="The exchange whose sessions count: XNYS for New York, XLON for London, XTKS "
        "for Tokyo, 24/7 for what never closes, FX for currencies.",
    )
    calendars: dict[str, str] = pydantic.Field(
        {},
        description="Symbols that trade elsewhere than the others, each with its exchange's "
        "calendar.",
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
    teller: ClassVar[Teller | None] = tells.day
    sentence: ClassVar[str] = (
        "No bar may be dated after the last closed session of $calendar, as of $as_of."
    )


class ExpectBarsOnTradingSessions(SessionExpectation):
    """Expect every bar to be dated on a session of its exchange.

    Weekends and holidays fail, and of bars within the day those outside the session's hours: at
    night, in its break, after an early close. A bar may be stamped by its start or by its end, and
    one of a closing auction may come after the close. With `hours` "extended" any bar on a
    session's local day passes. Without `hours` each symbol's bars tell: more than a tenth of them
    outside, in sessions with bars near both ends, are extended hours. Times without a zone are the
    exchange's own. Bars longer than a day are not judged.

    Args:
        calendar, calendars: which exchange's sessions.
        hours: "regular" or "extended" (by what each symbol's bars show).

    Source: exchange calendars (exchange_calendars); the shares are this project's.
    """

    hours: Literal["regular", "extended"] | None = pydantic.Field(
        None,
        description="Hours of bars within the day: regular, extended, or empty for what each "
        "symbol's bars show.",
    )

    success_keys = ("mostly", "calendar", "calendars", "hours")
    detector: ClassVar[Detector] = sessions.off_session
    teller: ClassVar[Teller | None] = tells.day
    sentence: ClassVar[str] = "Every bar must be on a trading session of $calendar."


class AttendanceExpectation(SessionExpectation, MarketWideExpectation):
    """An expectation about sessions that did not come: it knows what was asked for."""

    symbols: list[str] | SuiteParameterDict = pydantic.Field(
        [],
        description="Symbols that were asked for, and are expected even where they have no bar "
        "at all.",
    )
    first_date: str | SuiteParameterDict | None = pydantic.Field(
        None,
        description="The day from which sessions are expected; empty for that of the symbol's "
        "first bar.",
    )
    last_date: str | SuiteParameterDict | None = pydantic.Field(
        None,
        description="The day up to which sessions are expected of every symbol; empty for that "
        "of the newest bar.",
    )
    as_of: str | SuiteParameterDict | None = pydantic.Field(None, description=AS_OF_HELP)
    ended: dict[str, str] | SuiteParameterDict = pydantic.Field({}, description=ENDED_HELP)

    success_keys: ClassVar[tuple[str, ...]] = ("mostly", *WANTED)
    by_symbol: ClassVar[tuple[str, ...]] = ("calendar",)

    @property
    def wanted(self) -> Wanted:
        """What was asked for, once it is fitted (see gx.suite.fitting)."""
        return Wanted(**{name: getattr(self, name) for name in WANTED})

    @abstractmethod
    def judge(self, parts: Sequence[Sequence[Attendance]]) -> MarketJudgement:
        """Judge all parts by the sessions that their symbols have and lack."""

    def of_part(self, bars: Bars, *, judged: int) -> Said:
        """The sessions that the symbols have and lack, by calendar."""
        said = attendance(bars, self.calendar, self.calendars)
        document = {
            "not_judged": bars.table.symbol_count,
            "calendars": [[one.calendar, one.symbols] for one in said],
        }
        arrays = {
            f"{place}.{name}": getattr(one, name)
            for place, one in enumerate(said)
            for name in ARRAYS
        }
        return Said(document, arrays)

    def of_market(self, parts: Sequence[SpokenPart]) -> MarketJudgement:
        """Bars longer than a day are not judged."""
        if all(part.bar_size == "longer" for part in parts):
            not_judged = sum(part.document["not_judged"] for part in parts)
            return MarketJudgement([NOTHING for _ in parts], not_judged_symbols=not_judged)
        return self.judge([_attendance(part) for part in parts])


def _attendance(part: SpokenPart) -> tuple[Attendance, ...]:
    return tuple(
        Attendance(calendar, tuple(symbols), *(part.array(f"{place}.{name}") for name in ARRAYS))
        for place, (calendar, symbols) in enumerate(part.document["calendars"])
    )


class ExpectNoMissingSessions(AttendanceExpectation):
    """Expect a bar on every session from a symbol's first bar to the newest that was due.

    Due is every session up to the end of the range that was asked for, or else up to the newest
    that any symbol of the same calendar has; of a symbol that has ended, up to its end. A missing
    bar is no row: the bar that follows a hole fails, and where none follows the symbol itself. The
    missing sessions are named in the result's details. Bars longer than a day are not judged.

    Args:
        calendar, calendars: which exchange's sessions.
        symbols, first_date, last_date, as_of: what was asked for, and when.
        ended: symbols that trade no more, with their last day.
        allowed: sessions that a symbol may lack in all (0).

    Source: exchange calendars (exchange_calendars).
    """

    allowed: int = pydantic.Field(
        0,
        ge=0,
        description="How many sessions a symbol may lack before that is reported; higher reports "
        "fewer.",
    )

    success_keys = ("mostly", *WANTED, "allowed")
    by_symbol: ClassVar[tuple[str, ...]] = ("calendar", "allowed")
    detector: ClassVar[Detector] = holes.missing_sessions
    teller: ClassVar[Teller | None] = tells.gap
    sentence: ClassVar[str] = (
        "No symbol may lack more than $allowed sessions of $calendar between its first bar and the "
        "newest session that was due (the bar after a hole is shown)."
    )

    def judge(self, parts: Sequence[Sequence[Attendance]]) -> MarketJudgement:
        """Symbols that lack too many of their sessions."""
        return holes.judge_missing(parts, self.wanted, allowed=self.allowed)


class ExpectNoMissingBarsWithinSessions(SessionExpectation):
    """Expect a bar in every slot of the sessions that a symbol has, from its first bar on.

    A session's slots begin at its opening and after its break, every so many minutes, until its
    close; early closes are kept. A missing bar is no row: the bar behind the gap fails, and where
    none follows the symbol's last one. The gaps are named in the result's details. Bars may be
    stamped by their start or by their end. Sessions without any bar are those of
    expect_no_missing_sessions, and one that has not closed yet is not judged.

    Two things are a symbol's habit and pass, but are named in the details: the same gap inside half
    of its sessions (an auction in the middle of the day), and bars that are missing by nature: in a
    symbol of which fewer than `habit` of the bars have one in the next slot nothing is judged. Bars
    of a day or longer are not judged.

    Args:
        calendar, calendars: which exchange's sessions.
        minutes: length of a slot (the commonest distance of the symbol's bars).
        habit: share of the bars followed by the next one, from which a symbol is judged (0.9).
        first_date: gaps before this day are not named.
        as_of: the moment to judge from; a date means that day's end (default now).

    Source: exchange calendars (exchange_calendars); the habits are this project's.
    """

    minutes: int | None = pydantic.Field(
        None,
        ge=1,
        lt=1_200,
        description="How many minutes lie from one bar to the next; empty for what is commonest "
        "in each symbol.",
    )
    habit: float = pydantic.Field(
        0.9,
        ge=0,
        le=1,
        description="How regularly a symbol must trade to be judged: the part of its bars that "
        "the next one follows at once (0.9: nine in ten); higher leaves more thin "
        "symbols alone.",
    )
    first_date: str | SuiteParameterDict | None = pydantic.Field(
        None, description="The day from which gaps are reported; those before it are not."
    )
    as_of: str | SuiteParameterDict | None = pydantic.Field(None, description=AS_OF_HELP)

    success_keys = ("mostly", "calendar", "calendars", "minutes", "habit", "first_date", "as_of")
    within_the_day_only: ClassVar[bool] = True
    detector: ClassVar[Detector] = missing_bars.missing_bars
    teller: ClassVar[Teller | None] = tells.gap
    sentence: ClassVar[str] = (
        "No symbol may lack bars within its sessions of $calendar (the bar behind a gap is shown)."
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
        "UTC", description="The time zone in which times of writing are meant that name none."
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

    The last bar of a symbol that is behind fails; how far is in the result's details. Bars longer
    than a day are not judged.

    Args:
        calendar, calendars: which exchange's sessions.
        as_of: the moment to judge from; a date means that day's end (default now).
        ended: symbols that trade no more, with their last day.
        allowed: closed sessions that may lie after the last bar (1).

    Source: exchange calendars (exchange_calendars).
    """

    as_of: str | SuiteParameterDict | None = pydantic.Field(None, description=AS_OF_HELP)
    ended: dict[str, str] | SuiteParameterDict = pydantic.Field({}, description=ENDED_HELP)
    allowed: int = pydantic.Field(
        1,
        ge=0,
        description="How many sessions may have closed since a symbol's last bar; higher reports "
        "fewer.",
    )

    success_keys = ("mostly", "calendar", "calendars", "as_of", "ended", "allowed")
    # That nothing has come since says nothing about the bar that came.
    doubts: ClassVar[bool] = False
    detector: ClassVar[Detector] = sessions.stale_feeds
    teller: ClassVar[Teller | None] = tells.last
    sentence: ClassVar[str] = (
        "At most $allowed closed sessions of $calendar may lie after a symbol's last bar, as of "
        "$as_of."
    )


class ExpectNoMarketWideHoles(AttendanceExpectation):
    """Expect no session on which much of the market lacks a bar.

    A session is a hole when more than `percent` of the symbols of which it is expected, and at
    least two, lack a bar: then the feed failed and not the symbol. It is expected of a symbol from
    its first bar to the newest session that was due (see expect_no_missing_sessions), and of one
    without any bar in all of the range. The next bar of each of these symbols fails; a session that
    no bar follows fails the market as a whole. The sessions are named in the result's details. Bars
    longer than a day are not judged.

    Args:
        calendar, calendars: which exchange's sessions.
        symbols, first_date, last_date, as_of: what was asked for, and when.
        ended: symbols that trade no more, with their last day.
        percent: share of the symbols that may lack a bar, in percent (20).

    Source: exchange calendars (exchange_calendars); the share is this project's.
    """

    percent: float = pydantic.Field(
        20.0,
        ge=0,
        le=100,
        description="How many of the symbols may lack a session before the feed as a whole is "
        "taken to have failed, in percent; higher reports fewer.",
    )

    success_keys = ("mostly", *WANTED, "percent")
    detector: ClassVar[Detector] = holes.market_holes
    teller: ClassVar[Teller | None] = tells.gap
    sentence: ClassVar[str] = (
        "On no session of $calendar may more than $percent % of the symbols lack a bar (the bars "
        "after the hole are shown)."
    )

    def judge(self, parts: Sequence[Sequence[Attendance]]) -> MarketJudgement:
        """Sessions that too many symbols lack."""
        return holes.judge_holes(parts, self.wanted, percent=self.percent)
