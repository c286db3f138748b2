"""Contracts: what can be asked for, how a request names it, and when it is traded."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from tests.ib_gateway.wire import Field, Fields

DAYS_OF_HOURS = 7


@dataclass(frozen=True)
class Asked:
    """A contract as a request describes it; what is empty leaves it open."""

    con_id: int
    symbol: str
    kind: str
    exchange: str
    primary_exchange: str
    currency: str

    @classmethod
    def read(cls, fields: Fields) -> "Asked":
        """From the twelve fields that every request writes."""
        con_id, symbol, kind = fields.number(), fields.text(), fields.text()
        for _ in ("last trade date", "strike", "right", "multiplier"):
            fields.text()
        exchange, primary, currency = fields.text(), fields.text(), fields.text()
        for _ in ("local symbol", "trading class"):
            fields.text()
        return cls(con_id, symbol, kind, exchange, primary, currency)


@dataclass(frozen=True)
class Listing:
    """A contract that the gateway knows; its bars are those of its symbol in the file."""

    symbol: str
    kind: str = "STK"
    currency: str = "USD"
    primary_exchange: str = "NYSE"
    exchange: str = "SMART"
    con_id: int = 0
    zone: str = "US/Eastern"
    calendar: str = "XNYS"
    min_tick: float = 0.01
    name: str = ""

    @property
    def id(self) -> int:
        """The conId: the one that was given, or one that follows from what it is."""
        named = f"{self.symbol}/{self.kind}/{self.currency}/{self.primary_exchange}"
        return self.con_id or 100_000_000 + zlib.crc32(named.encode()) % 800_000_000

    def twin(self) -> "Listing":
        """Another contract of the same symbol, listed elsewhere."""
        other = "ARCA" if self.primary_exchange != "ARCA" else "NYSE"
        return replace(self, primary_exchange=other, con_id=self.id + 1)

    def fits(self, asked: Asked) -> bool:
        """Whether ``asked`` may mean this one."""
        if asked.con_id:
            return asked.con_id == self.id
        return (
            asked.symbol == self.symbol
            and asked.kind in {"", self.kind}
            and asked.currency in {"", self.currency}
            and asked.exchange in {"", self.exchange, self.primary_exchange}
            and asked.primary_exchange in {"", self.primary_exchange}
        )

    def details(self, request: int, now: datetime) -> list[Field]:
        """The contractDetails message of server version 178."""
        trading, liquid = hours(self, now)
        exchanges = ",".join(dict.fromkeys((self.exchange, self.primary_exchange)))
        return [
            *(10, request, self.symbol, self.kind, "", "0", "", self.exchange, self.currency),
            *(self.symbol, self.symbol, self.symbol, self.id, self.min_tick, ""),
            *("ACTIVETIM,AD,LMT,MKT", exchanges, 1, 0, self.name or self.symbol),
            *(self.primary_exchange, "", "", "", "", self.zone, trading, liquid, "", "", 0),
            *(1, "", "", "26", "", "COMMON" if self.kind == "STK" else "", 0.0001, 0.0001, 100),
        ]


class Book:
    """The listings, found as a request describes them."""

    def __init__(self, listings: Iterable[Listing]) -> None:
        self._listings = tuple(listings)

    def find(self, asked: Asked, *, ambiguous: bool = False) -> list[Listing]:
        """All that ``asked`` may mean; with ``ambiguous`` each has a twin."""
        known = self._listings
        if ambiguous:
            known = tuple(each for one in known for each in (one, one.twin()))
        return [one for one in known if one.fits(asked)]


@dataclass(frozen=True)
class Session:
    """A day's trading, from when until when."""

    opens: datetime
    closes: datetime


def session_of(listing: Listing, day: date) -> Session | None:
    """When the contract trades on ``day``; None where its calendar has no session."""
    return sessions(listing.calendar).get(day)


def session_or_day(listing: Listing, day: date) -> Session:
    """When the contract trades on ``day``, or the whole day where its calendar has no session."""
    zone = ZoneInfo(listing.zone)
    midnight = datetime.combine(day, time(), zone)
    next_one = datetime.combine(day + timedelta(days=1), time(), zone)
    return session_of(listing, day) or Session(midnight.astimezone(UTC), next_one.astimezone(UTC))


@lru_cache(maxsize=8)
def sessions(calendar: str) -> dict[date, Session]:
    """The calendar's sessions, in order: of twenty years back and the year to come."""
    import exchange_calendars

    known = exchange_calendars.get_calendar(calendar)
    times = zip(known.sessions, known.opens, known.closes, strict=True)
    return {
        day.date(): Session(opens.to_pydatetime(), closes.to_pydatetime())
        for day, opens, closes in times
    }


def hours(listing: Listing, now: datetime) -> tuple[str, str]:
    """The trading and the liquid hours of the next days, as ``20240722:0930-20240722:1600;…``."""
    zone = ZoneInfo(listing.zone)
    first = now.astimezone(zone).date()
    days = [first + timedelta(days=number) for number in range(DAYS_OF_HOURS)]
    return (
        ";".join(_hours_of(listing, day, early=time(4), late=time(20)) for day in days),
        ";".join(_hours_of(listing, day) for day in days),
    )


def _hours_of(
    listing: Listing, day: date, early: time | None = None, late: time | None = None
) -> str:
    found = session_of(listing, day)
    if found is None:
        return f"{day:%Y%m%d}:CLOSED"
    zone = ZoneInfo(listing.zone)
    opens, closes = found.opens.astimezone(zone), found.closes.astimezone(zone)
    if listing.kind == "STK" and early and late:
        opens = datetime.combine(day, early, zone)
        closes = datetime.combine(day, late, zone)
    return f"{opens:%Y%m%d:%H%M}-{closes:%Y%m%d:%H%M}"
