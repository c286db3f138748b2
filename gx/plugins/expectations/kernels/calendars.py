"""Sessions of the exchanges, as plain arrays."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import exchange_calendars
import numpy as np
import pandas as pd
from exchange_calendars.errors import InvalidCalendarName
from numpy.typing import NDArray

from gx.plugins.expectations.errors import UnknownCalendarError
from gx.plugins.expectations.kernels import currencies  # noqa: F401  # makes FX known
from gx.plugins.expectations.kernels.bars import MICROSECONDS_PER_HOUR, Bars, Ints

MICROSECONDS_PER_DAY = 24 * MICROSECONDS_PER_HOUR
RECENT = ("2024-01-01", "2024-12-31")  # a short calendar, to ask for the bounds
# The library gives their sessions as whole days; Globex stops from 16:00 to 17:00 in Chicago.
WITH_A_LAST_HOUR_OFF = ("CMES", "us_futures")
EARLIEST_YEAR = 1950  # bars dated before are on no session: a typo must not cost a century


@dataclass(frozen=True)
class Sessions:
    """An exchange's sessions: days since 1970; the others in microseconds, UTC.

    A session with a break has trading until `pauses` and again from `resumes`; one without has
    NO_TIME in both.
    """

    name: str
    zone: str
    days: Ints
    opens: Ints
    closes: Ints
    pauses: Ints
    resumes: Ints


@dataclass(frozen=True)
class SessionRows:
    """For each sorted row its session's ordinal in its calendar, -1 when it is on none."""

    ordinal: Ints
    calendar: NDArray[np.int32]
    sessions: tuple[Sessions, ...]


def microseconds(stamp: pd.Timestamp) -> int:
    """Return an instant in microseconds since 1970, the unit of every time here."""
    return stamp.value // 1000


def session_rows(bars: Bars, calendar: str, calendars: Mapping[str, str] | None) -> SessionRows:
    """Find each row's session; `calendars` names the calendar of single symbols.

    A timestamp at midnight is a session's label; another one belongs to the session during
    which it falls, or else to the session of its local day (before and after hours).
    Timestamps without zone are the exchange's own time.
    """
    table = bars.table
    names = _calendar_names(bars, calendar, calendars or {})
    unique = sorted(set(names))
    which = np.array([unique.index(name) for name in names], dtype=np.int32)
    row_calendar = which[table.code] if len(which) else np.zeros(len(table), dtype=np.int32)
    first = table.memo("first year", lambda: _first_year(bars))
    found = tuple(sessions_from(name, first) for name in unique)

    def compute() -> Ints:
        ordinal = np.full(len(table), -1, dtype=np.int64)
        for number, sessions in enumerate(found):
            rows = np.flatnonzero((row_calendar == number) & (table.code >= 0))
            ordinal[rows] = _ordinals(bars, rows, sessions)
        return ordinal

    key = ("sessions", tuple(names), tuple((item.name, len(item.days)) for item in found))
    return SessionRows(table.memo(key, compute), row_calendar, found)


def instants(bars: Bars, sessions: Sessions) -> Ints:
    """Return every row's instant (UTC), reading times without zone as the exchange's own."""
    table = bars.table
    if table.zone is not None:
        return table.instant
    local = pd.DatetimeIndex(table.local.astype("datetime64[us]"))
    aware = local.tz_localize(sessions.zone, ambiguous=False, nonexistent="shift_forward")
    return aware.tz_convert("UTC").tz_localize(None).to_numpy("datetime64[us]").view(np.int64)


def local_days(bars: Bars, sessions: Sessions) -> Ints:
    """Return every row's day at the exchange, in days since 1970."""
    table = bars.table
    if table.zone is None or table.date_labels:
        return table.local // MICROSECONDS_PER_DAY
    aware = pd.DatetimeIndex(table.instant.astype("datetime64[us]")).tz_localize("UTC")
    local = aware.tz_convert(sessions.zone).tz_localize(None)
    return local.to_numpy("datetime64[us]").view(np.int64) // MICROSECONDS_PER_DAY


def sessions_from(name: str, first_year: int) -> Sessions:
    """Load the decades from a year to the next one, so that most frames share a calendar."""
    last = pd.Timestamp.now(tz="UTC").year + 1
    return load_sessions(name, max(min(first_year, last) // 10 * 10, EARLIEST_YEAR), last)


@lru_cache(maxsize=64)
def load_sessions(name: str, first_year: int, last_year: int) -> Sessions:
    """Build a calendar's sessions (half a second for a long one), clipped to what it knows.

    Raises UnknownCalendarError.
    """
    try:
        recent = _calendar(name, *RECENT)
    except InvalidCalendarName as error:
        raise UnknownCalendarError(
            f"calendar {name!r} is unknown; use a name of exchange_calendars, such as "
            "XNYS (New York), XLON (London), XTKS (Tokyo), FX (currencies) or 24/7"
        ) from error
    except ValueError as error:  # its own tables contradict each other, as those of XTAE do
        raise UnknownCalendarError(
            f"calendar {name!r} of exchange_calendars is broken and gives no sessions; use another "
            "exchange's with the same days"
        ) from error
    start, end = pd.Timestamp(first_year, 1, 1), pd.Timestamp(last_year, 12, 31)
    earliest, latest = recent.bound_min(), recent.bound_max()
    start = start if earliest is None else max(start, earliest)
    end = end if latest is None else min(end, latest)
    if start >= end:
        return Sessions(name, "UTC", *(np.zeros(0, dtype=np.int64) for _ in range(5)))
    built = _calendar(name, start, end)
    days = built.sessions.to_numpy("datetime64[us]").view(np.int64) // MICROSECONDS_PER_DAY
    opens, closes = _utc(built.opens), _utc(built.closes)
    pauses, resumes = _utc(built.break_starts), _utc(built.break_ends)
    if built.name in WITH_A_LAST_HOUR_OFF:
        whole = closes - opens == MICROSECONDS_PER_DAY
        pauses = np.where(whole, closes - MICROSECONDS_PER_HOUR, pauses)
        resumes = np.where(whole, closes, resumes)
    return Sessions(name, str(built.tz), days, opens, closes, pauses, resumes)


def _calendar(
    name: str, start: "str | pd.Timestamp", end: "str | pd.Timestamp"
) -> exchange_calendars.ExchangeCalendar:
    with warnings.catch_warnings():  # the library still calls what pandas 4 will drop
        warnings.simplefilter("ignore", category=pd.errors.Pandas4Warning)
        return exchange_calendars.get_calendar(name, start=start, end=end)


def _utc(instants: "pd.Series[pd.Timestamp]") -> Ints:
    index = pd.DatetimeIndex(instants)
    return index.tz_convert("UTC").tz_localize(None).to_numpy("datetime64[us]").view(np.int64)


def _first_year(bars: Bars) -> int:
    times = bars.table.local[bars.table.code >= 0]
    first = times.min() if len(times) else 0
    return int(np.int64(first).astype("datetime64[us]").astype("datetime64[Y]").astype(int)) + 1970


def _calendar_names(bars: Bars, calendar: str, calendars: Mapping[str, str]) -> list[str]:
    return [calendars.get(str(symbol), calendar) for symbol in bars.table.symbols]


def _ordinals(bars: Bars, rows: Ints, sessions: Sessions) -> Ints:
    if not len(sessions.days):
        return np.full(len(rows), -1, dtype=np.int64)
    by_day = _lookup(sessions.days, local_days(bars, sessions)[rows])
    if bars.table.date_labels:
        return by_day
    instant = instants(bars, sessions)[rows]
    during = np.searchsorted(sessions.opens, instant, side="right") - 1
    inside = (during >= 0) & (instant <= sessions.closes[np.maximum(during, 0)])
    return np.where(inside, during, by_day)


def _lookup(days: Ints, wanted: Ints) -> Ints:
    place = np.minimum(np.searchsorted(days, wanted), len(days) - 1)
    return np.where(days[place] == wanted, place, -1)
