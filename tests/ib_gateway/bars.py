"""Bars from a file, and which of them a request for history means."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from tests.ib_gateway.contracts import Listing, session_of, session_or_day, sessions

PRICES = ("open", "high", "low", "close")
DAY = 86400
SIZES = {
    **{f"{n} secs": n for n in (1, 5, 10, 15, 30)},
    "1 min": 60,
    **{f"{n} mins": n * 60 for n in (2, 3, 5, 10, 15, 20, 30)},
    "1 hour": 3600,
    **{f"{n} hours": n * 3600 for n in (2, 3, 4, 8)},
    "1 day": DAY,
    "1W": 7 * DAY,
    "1M": 30 * DAY,
}
SPELLED = {"1 week": "1W", "1 month": "1M"}
LEGAL_SIZES = ", ".join(SIZES)
UNKNOWN = -1


class Bar(NamedTuple):
    """A bar from ``start``, a time in UTC, or a day, of which it is the whole."""

    start: date
    open: float
    high: float
    low: float
    close: float
    volume: float = UNKNOWN
    wap: float = UNKNOWN
    trades: int = UNKNOWN

    def times(self, factor: float) -> "Bar":
        """The bar with its prices ``factor`` times as high, to the hundredth of a cent."""
        return self._replace(
            open=round(self.open * factor, 4),
            high=round(self.high * factor, 4),
            low=round(self.low * factor, 4),
            close=round(self.close * factor, 4),
            wap=self.wap if self.wap == UNKNOWN else round(self.wap * factor, 4),
        )

    def so_far(self, share: float) -> "Bar":
        """The bar when ``share`` of its time has gone: less far, and with less volume."""
        close = round(self.open + (self.close - self.open) * share, 4)
        high = max(self.open, close, round(self.open + (self.high - self.open) * share, 4))
        low = min(self.open, close, round(self.open + (self.low - self.open) * share, 4))
        volume = self.volume if self.volume == UNKNOWN else float(int(self.volume * share))
        trades = self.trades if self.trades == UNKNOWN else int(self.trades * share)
        return self._replace(high=high, low=low, close=close, volume=volume, trades=trades)


@dataclass(frozen=True)
class Query:
    """A request for history: until when, how far back, how long each bar, of what."""

    end: datetime
    duration: str
    bar_size: str
    what: str
    use_rth: bool

    @property
    def seconds(self) -> int:
        """How long a bar lasts."""
        return SIZES[self.bar_size]

    @property
    def of_days(self) -> bool:
        """Whether its bars are days, weeks or months."""
        return self.seconds >= DAY


@dataclass(frozen=True)
class Series:
    """The bars of one symbol and size, in order: their starts in seconds, and their numbers."""

    seconds: int
    starts: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    values: "np.ndarray[tuple[int, int], np.dtype[np.float64]]"

    def between(self, first: datetime, last: datetime) -> list[Bar]:
        """The bars that start from ``first`` on and before ``last``."""
        low, high = np.searchsorted(self.starts, [first.timestamp(), last.timestamp()])
        starts, values = self.starts[low:high].tolist(), self.values[low:high].tolist()
        return [self._bar(start, row) for start, row in zip(starts, values, strict=True)]

    @property
    def head(self) -> date:
        """When the first bar starts."""
        return self._start(int(self.starts[0]))

    def _start(self, second: int) -> date:
        moment = datetime.fromtimestamp(second, UTC)
        return moment.date() if self.seconds == DAY else moment

    def _bar(self, second: int, row: list[float]) -> Bar:
        return Bar._make([self._start(second), *row[:-1], int(row[-1])])


class Bars:
    """All bars that the gateway has."""

    def __init__(self) -> None:
        self._series: dict[str, dict[int, Series]] = {}

    @classmethod
    def of(cls, symbols: Mapping[str, Iterable[Bar]]) -> "Bars":
        """The bars of each symbol; days and times are told apart by their type."""
        rows = [(symbol, *bar) for symbol, bars in symbols.items() for bar in bars]
        return cls.of_frame(pd.DataFrame(rows, columns=["symbol", "start", *Bar._fields[1:]]))

    @classmethod
    def read(cls, path: Path) -> "Bars":
        """From a CSV file: symbol, date or datetime (UTC), the prices, volume, wap and count.

        What is written as a day is a daily bar, what has a time is one within the day. ``wap``
        and ``count`` may be missing.
        """
        table = pd.read_csv(path, dtype={"symbol": str})
        table = table.rename(columns={"date": "start", "datetime": "start", "count": "trades"})
        missing = [n for n in ("symbol", "start", *PRICES, "volume") if n not in table]
        if missing:
            raise ValueError(f"{path} has no column {', '.join(missing)}")
        return cls.of_frame(table)

    @classmethod
    def of_frame(cls, table: pd.DataFrame) -> "Bars":
        """From a table with ``symbol``, ``start`` and a bar's other fields."""
        bars = cls()
        days = table["start"].map(_is_day)
        for table_of, daily in ((table[days], True), (table[~days], False)):
            for symbol, rows in table_of.groupby("symbol"):
                bars.add(str(symbol), rows, daily=daily)
        return bars

    def add(self, symbol: str, rows: pd.DataFrame, *, daily: bool) -> None:
        """Add the bars of one symbol, all of one size."""
        starts = pd.to_datetime(rows["start"], utc=True, format="mixed").to_numpy("datetime64[s]")
        order = np.argsort(starts, kind="stable")
        seconds = starts.astype(np.int64)[order]
        if rows[list(PRICES)].isna().to_numpy().any():
            raise ValueError(f"a bar of {symbol} lacks a price")
        filled = rows.reindex(columns=list(Bar._fields[1:])).astype(float).fillna(UNKNOWN)
        size = DAY if daily else _shortest(seconds)
        series = Series(size, seconds, filled.to_numpy()[order])
        self._series.setdefault(symbol, {})[size] = series

    @property
    def symbols(self) -> Sequence[str]:
        """The symbols that have bars, in order."""
        return sorted(self._series)

    def head(self, symbol: str) -> date | None:
        """When the first bar of ``symbol`` starts."""
        series = self._series.get(symbol, {})
        return series[max(series)].head if series else None

    def select(self, listing: Listing, query: Query, now: datetime) -> list[Bar]:
        """The bars that ``query`` means, as far as they have begun ``now``.

        A bar that has not ended yet is as far as it has come.
        """
        series = self._source(listing.symbol, query.seconds)
        if series is None:
            return []
        until = min(query.end, now)
        found = _days(series, listing, query, until) if series.seconds == DAY else None
        if found is None:
            found = _times(series, listing, query, until)
        return list(
            _unfinished(_grouped(found, series.seconds, listing, query), listing, query, now)
        )

    def _source(self, symbol: str, seconds: int) -> Series | None:
        """The bars that those of ``seconds`` are made from: as long ones as there are."""
        sizes = [
            size for size in self._series.get(symbol, {}) if size <= seconds and seconds % size == 0
        ]
        return self._series[symbol][max(sizes)] if sizes else None


def _shortest(seconds: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> int:
    """How long bars within the day are: the shortest step from one to the next."""
    steps = np.diff(np.unique(seconds))
    return int(steps.min()) if len(steps) else 60


def _is_day(start: object) -> bool:
    if isinstance(start, str):
        return len(start) == len("2024-06-28")
    return not isinstance(start, datetime)


def _days(series: Series, listing: Listing, query: Query, until: datetime) -> list[Bar]:
    last = until.astimezone(ZoneInfo(listing.zone)).date()
    if session_or_day(listing, last).opens >= until:
        last -= timedelta(days=1)
    first = first_day(listing, last, query.duration)
    return series.between(_midnight(first), _midnight(last + timedelta(days=1)))


def _times(series: Series, listing: Listing, query: Query, until: datetime) -> list[Bar]:
    number, unit = parted(query.duration)
    if unit == "S":
        first = until - timedelta(seconds=number)
    else:
        zone = ZoneInfo(listing.zone)
        # The instant before: until midnight means the day that ends there.
        last = (until - timedelta(microseconds=1)).astimezone(zone).date()
        first = datetime.combine(first_day(listing, last, query.duration), time(), zone)
    found = series.between(first, until)
    return [bar for bar in found if _within(listing, bar.start)] if query.use_rth else found


def _within(listing: Listing, start: date) -> bool:
    assert isinstance(start, datetime)
    session = session_of(listing, start.astimezone(ZoneInfo(listing.zone)).date())
    return session is not None and session.opens <= start < session.closes


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def parted(duration: str) -> tuple[int, str]:
    """The number and the unit (S, D, W, M or Y) of a duration such as ``10 D``."""
    number, _, unit = duration.strip().partition(" ")
    unit = (unit or "S").strip().upper()
    if not number.isdigit() or not int(number) or unit not in set("SDWMY"):
        raise ValueError(f"{duration} is no duration: a number and S, D, W, M or Y")
    return int(number), unit


def first_day(listing: Listing, last: date, duration: str) -> date:
    """The first day of the ``duration`` that ends with ``last``; D counts sessions."""
    number, unit = parted(duration)
    if unit == "D":
        return _sessions_back(listing, last, number)
    if unit in "SW":
        days = number * 7 if unit == "W" else -(-number // DAY)
        return last - timedelta(days=days - 1)
    months = last.year * 12 + last.month - 1 - number * (12 if unit == "Y" else 1)
    year, month = divmod(months, 12)
    end_of_month = (date(year + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(last.day, end_of_month)) + timedelta(days=1)


def _sessions_back(listing: Listing, last: date, number: int) -> date:
    known = list(sessions(listing.calendar))
    position = bisect_left(known, last + timedelta(days=1))
    if position >= number:
        return known[position - number]
    return last - timedelta(days=number - 1)


def _grouped(bars: list[Bar], seconds: int, listing: Listing, query: Query) -> Iterator[Bar]:
    """The bars of the query's size, made from shorter ones of ``seconds``."""
    if query.seconds == seconds:
        return iter(bars)
    group = _group(query, ZoneInfo(listing.zone))
    return (_joined(list(members), daily=query.of_days) for _, members in groupby(bars, group))


def _group(query: Query, zone: ZoneInfo) -> Callable[[Bar], object]:
    def local(bar: Bar) -> date:
        return bar.start.astimezone(zone).date() if isinstance(bar.start, datetime) else bar.start

    match query.bar_size:
        case "1 day":
            return local
        case "1W":
            return lambda bar: local(bar).isocalendar()[:2]
        case "1M":
            return lambda bar: (local(bar).year, local(bar).month)
    return lambda bar: _second(bar.start) // query.seconds


def _second(start: date) -> float:
    assert isinstance(start, datetime)
    return start.timestamp()


def _joined(bars: list[Bar], *, daily: bool) -> Bar:
    first, last = bars[0], bars[-1]
    start = first.start
    if daily:
        # Weeks and months are named after their last day.
        start = last.start.date() if isinstance(last.start, datetime) else last.start
    known = [bar for bar in bars if bar.volume != UNKNOWN]
    volume = sum(bar.volume for bar in known)
    wap = sum(bar.wap * bar.volume for bar in known) / volume if volume else UNKNOWN
    return Bar(
        start,
        first.open,
        max(bar.high for bar in bars),
        min(bar.low for bar in bars),
        last.close,
        volume if known else UNKNOWN,
        round(wap, 6),
        sum(bar.trades for bar in known) if known else UNKNOWN,
    )


def _unfinished(
    bars: Iterator[Bar], listing: Listing, query: Query, now: datetime
) -> Iterator[Bar]:
    """The bars, of which the one that is under way is as far as it has come."""
    for bar in bars:
        if isinstance(bar.start, datetime):
            begins = bar.start
            ends = begins + timedelta(seconds=query.seconds)
        else:
            session = session_or_day(listing, bar.start)
            begins, ends = session.opens, session.closes
        yield bar if ends <= now else bar.so_far((now - begins) / (ends - begins))
