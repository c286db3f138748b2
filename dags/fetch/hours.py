"""What Interactive Brokers says of a contract's hours: on which day its exchange is still open."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from dags.fetch.closed import MARGIN

# As 20240722:0930-20240722:1600, or without the second day; a closed day has none.
_SESSION = re.compile(r"(\d{8}):(\d{4})-(?:(\d{8}):)?(\d{4})")
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class OpenDay:
    """The first day whose session has not ended, and when it does, at the exchange."""

    day: date
    ends: datetime

    @property
    def shown(self) -> str:
        """For people: ``until 16:00 US/Eastern``."""
        return f"until {self.ends:%H:%M} {self.ends.tzinfo}"


def open_day(hours: str, zone: str, now: datetime) -> OpenDay | None:
    """The first day of `hours` (TWS API, ContractDetails) that has not ended; None where none says.

    A session that ends on the next day is that day's; one that ends at midnight is not.
    """
    try:
        at = ZoneInfo(zone)
        ends = [_end(found, at) for found in _SESSION.finditer(hours)]
    except (KeyError, ValueError, OSError):  # hours of a zone that nobody knows tell nothing
        return None
    left = [one for one in ends if one > now - MARGIN]
    return min((OpenDay((one - _INSTANT).date(), one) for one in left), default=None, key=_day)


def _day(one: OpenDay) -> tuple[date, float]:
    return one.day, -one.ends.timestamp()


def _end(session: re.Match[str], zone: ZoneInfo) -> datetime:
    begun, _, ended, until = session.groups()
    return datetime.strptime(f"{ended or begun}{until}", "%Y%m%d%H%M").replace(tzinfo=zone)
