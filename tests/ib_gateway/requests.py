"""Requests as they come over the wire, and answers as they go."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from math import isfinite
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tests.ib_gateway import errors
from tests.ib_gateway.bars import LEGAL_SIZES, SIZES, SPELLED, Bar, Query, parted
from tests.ib_gateway.contracts import Listing
from tests.ib_gateway.errors import Said
from tests.ib_gateway.pacing import Asked
from tests.ib_gateway.wire import Field

LONGEST_DAYS = 365
END = re.compile(r"(?P<day>\d{8})(?P<mark>[ -]+)(?P<time>\d\d:\d\d:\d\d)( (?P<zone>\S+))?")
WHAT_NEEDS_NO_VOLUME = {"MIDPOINT", "BID", "ASK", "BID_ASK"}
WHATS = {"TRADES", "ADJUSTED_LAST", *WHAT_NEEDS_NO_VOLUME}
# The codes are known, these two texts are ours.
ADJUSTED_ENDS_NOW = "ADJUSTED_LAST takes no end date"
NO_SUCH_WHAT = "Please enter valid data to show"


class Refused(Exception):
    """A request that can't be answered, and what is said instead."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.text)
        self.said = said


def query_of(asked: Asked, zone: str, now: datetime) -> Query:
    """What is asked for. Raises Refused, with what TWS says of a request that it can't read."""
    size = SPELLED.get(asked.bar_size, asked.bar_size)
    if size not in SIZES:
        cause = f"Historical data bar size setting is invalid. Legal ones are: {LEGAL_SIZES}"
        raise Refused(errors.invalid(cause))
    if asked.contract is None or not asked.contract.exchange:
        raise Refused(errors.NO_EXCHANGE)
    if asked.what not in WHATS:
        raise Refused(errors.invalid(NO_SUCH_WHAT))
    if asked.what == "ADJUSTED_LAST" and asked.end:
        raise Refused(errors.invalid(ADJUSTED_ENDS_NOW))
    _check_duration(asked.duration)
    end = end_of(asked.end, zone, now)
    return Query(end, asked.duration, size, asked.what, asked.use_rth)


def _check_duration(duration: str) -> None:
    try:
        number, unit = parted(duration)
    except ValueError as reason:
        raise Refused(errors.invalid(str(reason))) from reason
    if unit == "D" and number > LONGEST_DAYS:
        raise Refused(
            errors.invalid(
                "Historical data requests for durations longer than 365 days must be made in years."
            )
        )


def end_of(text: str, zone: str, now: datetime) -> datetime:
    """Until when: ``20240628 21:00:00 UTC``, ``20240628-21:00:00`` (UTC), or now if empty."""
    if not text:
        return now
    found = END.fullmatch(text)
    try:
        if not found:
            raise ValueError(text)
        named = found["zone"] or ("UTC" if found["mark"] == "-" else zone)
        moment = datetime.strptime(found["day"] + found["time"], "%Y%m%d%H:%M:%S")
        return moment.replace(tzinfo=ZoneInfo(named)).astimezone(UTC)
    except (ValueError, ZoneInfoNotFoundError) as reason:
        raise Refused(Said(10314, BAD_END)) from reason


BAD_END = (
    "End Date/Time: The date, time, or time-zone entered is invalid. The correct format is "
    "yyyymmdd hh:mm:ss xx/xxxx where yyyymmdd and xx/xxxx are optional. E.g.: 20031126 15:59:00 "
    "US/Eastern. Note that there is a space between the date and time, and between the time and "
    "time-zone. If no date is specified, current date is assumed. If no time-zone is specified, "
    "local time-zone is assumed(deprecated). You can also provide yyyymmddd-hh:mm:ss time is in "
    "UTC. Note that there is a dash between the date and time in UTC notation."
)


def history(
    request: int, bars: Iterable[Bar], listing: Listing, query: Query, format_date: int
) -> list[Field]:
    """The historicalData message of server version 178."""
    rows = list(bars)
    zone = ZoneInfo(listing.zone)
    end = f"{query.end.astimezone(zone):%Y%m%d %H:%M:%S} {listing.zone}"
    start = when(rows[0].start, listing.zone, 1) if rows else end
    fields: list[Field] = [17, request, start, end, len(rows)]
    counted = query.what not in WHAT_NEEDS_NO_VOLUME
    for bar in rows:
        numbers = (bar.volume, bar.wap, bar.trades) if counted else (-1, -1, -1)
        fields += [when(bar.start, listing.zone, format_date), *bar[1:5], *map(whole, numbers)]
    return fields


def when(start: date, zone: str, format_date: int) -> str:
    """A day as ``20240628``; a time in the contract's zone, or in seconds with format 2."""
    if not isinstance(start, datetime):
        return f"{start:%Y%m%d}"
    if format_date != 1:
        return str(int(start.timestamp()))
    return f"{start.astimezone(ZoneInfo(zone)):%Y%m%d %H:%M:%S} {zone}"


def whole(number: float) -> Field:
    """A whole number without a point, as TWS writes volumes."""
    return int(number) if isfinite(number) and number == int(number) else number
