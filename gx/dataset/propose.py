"""What is proposed of a dataset by its table: from names, types and a sample of its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from gx.dataset.columns import Mapped
from gx.dataset.model import MEANINGS, Dataset
from gx.dataset.read import valid_dataset
from gx.dataset.signs.bar_size import bar_size
from gx.dataset.signs.hours import HOUR, fit_hours
from gx.dataset.signs.moments import DAY, Ints, Kind, Moments, moments
from gx.dataset.signs.patterns import calendar_patterns
from gx.dataset.signs.zones import Stamped, daily_zone
from gx.editing.suggest import CalendarFit
from gx.errors import DatasetError
from gx.files.dates.day_fit import local_clock
from gx.files.meaning.names import NUMBERS
from gx.suite.calendars import known_calendar
from gx.symbols import EVERY, symbol_fault

MOST_NAMED = 20  # more symbols are asked for as all there are


@dataclass(frozen=True)
class Given:
    """What a person has said of a new dataset; None where nothing was."""

    connection: str | None = None
    schema: str | None = None
    table: str | None = None
    query: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    symbol: str | None = None
    zone: str | None = None
    unit: str | None = None
    bar: str | None = None
    calendar: str | None = None
    policy: str | None = None
    schedule: str | None = None
    publish: str | None = None
    suite: str | None = None
    symbols: str | None = None

    @property
    def named(self) -> list[str]:
        """The symbols that are said, with commas between them."""
        return [one.strip() for one in (self.symbols or "").split(",")] if self.symbols else []

    @property
    def place(self) -> str:
        """What the table is called."""
        if self.query is not None:
            return "the query"
        return f"{self.schema}.{self.table}" if self.schema else str(self.table)


@dataclass(frozen=True)
class Sample:
    """Rows of a table.

    ``types`` are those of all its columns, ``symbols`` all that it holds. ``rows`` has symbol
    (text), stamp (microseconds of dates and timestamps, numbers and texts as they are), open,
    high, low, close, volume (float64): the newest of each of some symbols. ``hours``, of bars
    within the day, has symbol and hour (whole hours since 1970) over some weeks.
    """

    types: Mapping[str, str]
    symbols: Sequence[str]
    rows: pd.DataFrame
    hours: pd.DataFrame | None = None

    @classmethod
    def of(
        cls, types: Mapping[str, str], symbols: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> Self:
        """Of rows as they were read: symbol, stamp, open, high, low, close, volume."""
        frame = pd.DataFrame(rows, columns=["symbol", "stamp", *NUMBERS])
        return cls(types, symbols, frame.astype(dict.fromkeys(NUMBERS, "float64")))

    def with_hours(self, hours: Sequence[tuple[str, int]]) -> Self:
        """The same, with the hours in which there are rows."""
        return replace(self, hours=pd.DataFrame(hours, columns=["symbol", "hour"]))


@dataclass(frozen=True)
class Proposal:
    """A dataset, why each part of it is as it is (by its place), and what is uncertain.

    ``bars`` are the sample's as they would be read: symbol, date, open, high, low, close, volume.
    """

    dataset: Dataset
    why: Mapping[str, str]
    unsure: tuple[str, ...]
    bars: pd.DataFrame
    fit: CalendarFit
    mapped: Mapping[str, str]


def require_asked(name: str, asked: Given) -> None:
    """Raise DatasetError, which tells all faults, for what no dataset could say."""
    columns = {one: column for one, column in asked.columns.items() if one in MEANINGS}
    valid_dataset(
        {
            "name": name,
            "source": {
                "connection": asked.connection,
                "schema": asked.schema,
                "table": asked.table,
                "query": asked.query,
                "columns": columns,
                "symbol": asked.symbol,
                "zone": asked.zone,
                "unit": asked.unit,
            },
            "bar": asked.bar or "1 day",
            "symbols": asked.named,
            "calendar": asked.calendar,
            "suite": asked.suite or name,
            "policy": asked.policy,
            "schedule": asked.schedule,
            "publish": asked.publish or name,
        },
        name,
    )
    if asked.calendar is not None:
        known_calendar(asked.calendar)


def times_within_the_day(asked: Given, mapping: Mapped, sample: Sample) -> Moments | None:
    """The moments of a sample whose bars are less than a day; None for daily ones.

    Raises DatasetError as `propose` does.
    """
    column = mapping.columns["date"]
    read = moments(sample.rows["stamp"], column, sample.types[column], asked.unit)
    if read.kind is Kind.DAY or asked.bar == "1 day" or not read.known.any():
        return None
    symbols = pd.factorize(sample.rows["symbol"][read.known])[0]
    daily = asked.bar is None and bar_size(symbols, read.times[read.known])[0] == "1 day"
    return None if daily else read


def propose(name: str, asked: Given, mapping: Mapped, sample: Sample) -> Proposal:
    """Propose the dataset ``name``; raises DatasetError that says which option has to help."""
    return _Proposal(name, asked, mapping, sample).made()


class _Proposal:
    def __init__(self, name: str, asked: Given, mapping: Mapped, sample: Sample) -> None:
        self.name, self.asked, self.mapping, self.sample = name, asked, mapping, sample
        self.why: dict[str, str] = {}
        self.unsure = list(mapping.unsure)

    def made(self) -> Proposal:
        require_asked(self.name, self.asked)
        if not len(self.sample.rows):
            raise DatasetError(f"{self.asked.place} holds no bar: nothing can be told from it")
        column = self.mapping.columns["date"]
        read = moments(
            self.sample.rows["stamp"], column, self.sample.types[column], self.asked.unit
        )
        if not read.known.any():
            raise DatasetError(f"no row of {self.asked.place} has a date in {column!r}")
        rows = self.sample.rows[read.known]
        symbols, times = rows["symbol"].fillna("").to_numpy(dtype=object), read.times[read.known]
        bar = self._bar(read, symbols, times)
        zone, fit, days = self._fitted(read, symbols, times, daily=bar == "1 day")
        self._note_twice(symbols, days)
        source = self._source(read, zone)
        document = {
            "name": self.name,
            "title": f"Bars of {self.asked.place}" if self.asked.query is None else "",
            "source": source,
            "bar": bar,
            **self._calendars(fit),
            "symbols": self._symbols(),
            "suite": self.asked.suite or self.name,
            "publish": self.asked.publish or self.name,
            **self._as_said("policy", "schedule"),
        }
        dates = days.astype("datetime64[us]").astype("datetime64[ms]")
        bars = rows.drop(columns="stamp").assign(date=dates)
        bars = bars[["symbol", "date", "open", "high", "low", "close", "volume"]]
        bars = bars.reset_index(drop=True)
        dataset = valid_dataset(document, self.name)
        return Proposal(dataset, self.why, tuple(self.unsure), bars, fit, self.mapping.columns)

    def _bar(self, read: Moments, symbols: Any, times: Ints) -> str:
        if self.asked.bar is not None:
            self.why["bar"] = "as --bar says"
            return self.asked.bar
        if read.kind is Kind.DAY:
            self.why["bar"] = f"{read.why}, without a time of day"
            return "1 day"
        size, self.why["bar"] = bar_size(pd.factorize(symbols)[0], times)
        return size

    def _fitted(
        self, read: Moments, symbols: Any, times: Ints, *, daily: bool
    ) -> tuple[str | None, CalendarFit, Ints]:
        """The zone that has to be said, the calendars, and each bar's date or moment (in µs)."""
        if not daily:
            return self._within_the_day(read, symbols, times)
        stamped = Stamped(symbols, times)
        if read.kind is not Kind.MOMENT:
            days = times // DAY
            if (times % DAY).any():
                self.unsure.append(
                    "source.columns.date: its times of day are dropped; the day is as it is written"
                )
            fit = self._asked_fit() or stamped.fit(days)
            self._say_fit(fit, f"of {len(np.unique(days)):,} dates")
            return None, fit, days * DAY
        zone, found = self._daily_zone(stamped)
        days = local_clock(times, zone) // DAY
        fit = self._asked_fit() or found or stamped.fit(days)
        self._say_fit(fit, f"of {len(np.unique(days)):,} dates")
        return zone, fit, days * DAY

    def _daily_zone(self, stamped: Stamped) -> tuple[str, CalendarFit | None]:
        if self.asked.zone is not None:
            self.why["source.zone"] = "as --zone says"
            return self.asked.zone, None
        reading, unsure = daily_zone(stamped)
        self.unsure += unsure
        self.why["source.zone"] = reading.why
        return reading.zone, reading.fit

    def _within_the_day(
        self, read: Moments, symbols: Any, times: Ints
    ) -> tuple[str | None, CalendarFit, Ints]:
        if read.kind is Kind.DAY:
            raise DatasetError(
                f"{read.why}: bars within the day need a time; say --columns date=… if another "
                "column has it, or --bar '1 day'"
            )
        zoned = read.kind is Kind.MOMENT
        own = _hours(self.sample.hours, symbols, times)
        if self.asked.zone is not None and not zoned:
            own = {symbol: _in_utc(mine, self.asked.zone) for symbol, mine in own.items()}
            times = _in_utc(times, self.asked.zone)
        known = zoned or self.asked.zone is not None
        asked = self._asked_fit()
        if asked and known:
            self._say_fit(asked, "")
            zone = None if zoned else self.asked.zone
        else:
            found = fit_hours(own, zoned=known)
            self.unsure += found.unsure
            zone = None if zoned else self.asked.zone or found.zone
            times = times if known else _in_utc(times, found.zone)
            asked = asked or found.fit
            self._say_fit(asked, f"of {found.hours:,} hours")
        if zone is not None:
            said = f"the hours of trade are those of {asked.calendar} in {zone}"
            self.why["source.zone"] = "as --zone says" if self.asked.zone else said
        return zone, asked, times

    def _asked_fit(self) -> CalendarFit | None:
        return None if self.asked.calendar is None else CalendarFit(self.asked.calendar)

    def _say_fit(self, fit: CalendarFit, among: str) -> None:
        if self.asked.calendar is not None:
            self.why["calendar"] = "as --calendar says"
            return
        others = f"; {len(fit.others)} symbols keep another one" if fit.others else ""
        self.why["calendar"] = (
            f"fits best: {fit.misfits:,} {among} and sessions do not match{others}"
        )

    def _calendars(self, fit: CalendarFit) -> dict[str, object]:
        own = dict.fromkeys(self.sample.rows["symbol"].dropna().unique(), fit.calendar)
        own |= fit.others
        by_pattern = calendar_patterns(own, fit.calendar)
        if by_pattern:
            self.why["calendars"] = "the sessions of these symbols fit another exchange better"
        return {"calendar": fit.calendar, "calendars": by_pattern}

    def _note_twice(self, symbols: Any, stamps: Ints) -> None:
        bars = pd.DataFrame({"symbol": symbols, "stamp": stamps})
        twice = int(bars.duplicated().sum())
        if twice:
            self.unsure.append(
                f"source.columns.date: {twice:,} of {len(bars):,} rows of the sample are a bar "
                "that is there already (the same symbol and date); if another column has the time, "
                "say --columns date=… and --bar"
            )

    def _source(self, read: Moments, zone: str | None) -> dict[str, object]:
        columns = {one: name for one, name in self.mapping.columns.items() if name != one}
        for meaning, name in columns.items():
            why = self.mapping.why.get(meaning, "")
            self.why[f"source.columns.{meaning}"] = f"{self.sample.types[name]}; {why}"
        if read.unit is not None:
            self.why["source.unit"] = read.why
        return {
            "connection": self.asked.connection,
            "schema": self.asked.schema,
            "table": self.asked.table,
            "query": self.asked.query,
            "columns": columns,
            "symbol": self.asked.symbol,
            "zone": zone,
            "unit": read.unit,
        }

    def _symbols(self) -> list[str]:
        if self.asked.named:
            self.why["symbols"] = "as --symbols says"
            unknown = set(self.asked.named).difference(self.sample.symbols, [EVERY])
            if unknown:
                self.unsure.append(f"symbols: the table does not hold {', '.join(sorted(unknown))}")
            return self.asked.named
        fit = [one for one in self.sample.symbols if symbol_fault(one) is None]
        unfit = [one for one in self.sample.symbols if symbol_fault(one) is not None]
        if unfit:
            said = "; ".join(f"{one!r} {symbol_fault(one)}" for one in unfit[:3])
            self.unsure.append(f"symbols: {len(unfit)} can't be symbols and are left out: {said}")
        if not fit:
            raise DatasetError(
                f"{self.asked.place} holds no symbol: say --columns symbol=… if another column has "
                "them, or --symbol for a table of one"
            )
        if len(fit) > MOST_NAMED:
            self.why["symbols"] = f"{len(fit):,} there are, and whatever joins them"
            return [EVERY]
        self.why["symbols"] = "all there are now; '*' would take in whatever joins them"
        return fit

    def _as_said(self, *names: str) -> dict[str, str]:
        said = {name: getattr(self.asked, name) for name in names}
        return {name: value for name, value in said.items() if value is not None}


def _hours(hours: pd.DataFrame | None, symbols: Any, times: Ints) -> dict[str, Ints]:
    """Each symbol's times: of some weeks, or else those of the sample."""
    if hours is not None and len(hours):
        symbols = hours["symbol"].to_numpy(dtype=object)
        times = hours["hour"].to_numpy(np.int64) * HOUR
    return {str(one): times[symbols == one] for one in pd.unique(symbols) if one}


def _in_utc(times: Ints, zone: str) -> Ints:
    local = pd.DatetimeIndex(times.astype("datetime64[us]"))
    aware = local.tz_localize(zone, ambiguous=False, nonexistent="shift_forward")
    found = aware.tz_convert("UTC").tz_localize(None).to_numpy("datetime64[us]")
    return np.asarray(found.view(np.int64))
