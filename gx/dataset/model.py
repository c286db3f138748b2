"""What is known about a table of bars: all that a file in gx/datasets may say."""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from croniter import croniter
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from gx.dataset.actions import Dividends, Splits
from gx.dataset.fetch import Fetch
from gx.dataset.indicators import DAILY_ALONE, columns_of, indicator_faults
from gx.dataset.train import Train
from gx.nearest import nearest
from gx.suite.calendars import Calendars
from gx.symbols import EVERY, require_symbol, symbol_fault
from gx.terms import Policy

DEFAULT = "stock_data"
# What a bar has, in the order of a table; `created_at` is when its row was written.
MEANINGS = ("symbol", "date", "open", "high", "low", "close", "volume", "created_at")
# What a published bar has beside those: no column that is carried along may be called so.
TAKEN = (
    *MEANINGS,
    *("daily_return", "price_range", "price_range_pct", "session"),
    *("run_id", "published_at", "extracted_at", "remarks", "doubts", "repaired", "digest"),
)
# Units of whole numbers that are moments since 1970, and days written as one number.
UNITS = ("s", "ms", "us", "ns", "yyyymmdd")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_BAR = re.compile(r"(?:(1) day|([1-9]\d?) mins?|([1-9]\d?) hours?)")
_MINUTES_OF_A_DAY = 1_440
# Those of Airflow that have an interval.
_PRESETS = ("@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")


def name_fault(name: str) -> str | None:
    """Why ``name`` can't be a dataset's; None when it can."""
    if _NAME.fullmatch(name):
        return None
    return "must be of small letters, digits and underscores, 40 at most, and begin with a letter"


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"there is no time zone {value!r}; write it as America/New_York") from None
    return value


def _bar(value: str) -> str:
    found = _BAR.fullmatch(value)
    if not found or (found[3] and int(found[3]) >= 24):
        raise ValueError(f"{value!r} is no size of a bar; write 1 day, 5 mins or 1 hour")
    return value


def _publish(value: str) -> str:
    schema, dot, view = value.partition(".")
    for part in (schema, view) if dot else (schema,):
        if fault := name_fault(part):
            raise ValueError(f"{part!r} {fault}")
    if schema.startswith("pg_") or schema in ("public", "information_schema"):
        raise ValueError(f"{schema!r} is not a schema of the dataset's own; name another one")
    if view.startswith(DEFAULT):
        raise ValueError(f"{view!r} is a name of the gate's own tables; name another one")
    return value


def _schedule(value: str) -> str:
    known = value in _PRESETS or (len(value.split()) == 5 and croniter.is_valid(value))
    if not known:
        raise ValueError(
            f"{value!r} is no cron string: five fields, such as 0 22 * * 1-5, or one of "
            f"{', '.join(_PRESETS)}"
        )
    return value


def _listed(value: object) -> object:
    return [value] if value == EVERY else value


Zone = Annotated[str, AfterValidator(_zone)]
_STRICT = ConfigDict(extra="forbid", frozen=True)


class Source(BaseModel):
    """Where the bars are, and what their columns mean.

    ``connection`` is the id of an Airflow connection; None is the database of the gate's own
    tables. A date or time that is written without a zone is in ``zone``; ``unit`` is that of whole
    numbers. A table without a column of symbols has bars of one ``symbol``.
    """

    model_config = _STRICT

    connection: str | None = Field(None, pattern=r"^[A-Za-z0-9_.-]{1,60}$")
    db_schema: str | None = Field(None, alias="schema", min_length=1, max_length=63)
    table: str | None = Field(None, min_length=1, max_length=63)
    query: str | None = Field(None, min_length=1)
    columns: Mapping[str, str] = Field(default_factory=dict)
    carry: tuple[str, ...] = ()
    symbol: Annotated[str, AfterValidator(require_symbol)] | None = None
    zone: Zone | None = None
    unit: Literal["s", "ms", "us", "ns", "yyyymmdd"] | None = None

    @field_validator("columns")
    @classmethod
    def _known_meanings(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        faults = [
            f"{name!r} is nothing that a bar has{nearest(name, MEANINGS)}"
            for name in value
            if name not in MEANINGS
        ]
        faults += [f"{name} has no column's name" for name, column in value.items() if not column]
        if faults:
            raise ValueError("; ".join(faults))
        return value

    @field_validator("carry")
    @classmethod
    def _free_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        taken = [name for name in value if name in TAKEN]
        if "" in value:
            raise ValueError("a column without a name cannot be carried along")
        if taken:
            raise ValueError(
                f"{', '.join(taken)} is a column of the gate's own: rename it in a query"
            )
        return tuple(dict.fromkeys(value))

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("name either a table or a query")
        if self.query is not None and self.db_schema is not None:
            raise ValueError("a schema goes with a table; in a query write it before the table")
        if self.symbol is not None and "symbol" in self.columns:
            raise ValueError("there is a symbol and a column of symbols: leave one out")
        return self

    def column(self, meaning: str) -> str:
        """The name of the column with this meaning: the same unless the file says otherwise."""
        return self.columns.get(meaning, meaning)


class Dataset(BaseModel):
    """One table of bars. What is left out here is as the settings of the environment say.

    ``calendars`` gives, by pattern (``*.L``), the calendar of single symbols: the first pattern
    that fits counts. ``calendar`` is that of all others; None leaves both to the suite. ``fetch``
    says which of its bars Interactive Brokers has, ``train`` what a model of them foretells. Of
    bars that are ``made_up`` every page, report and alert says so. ``indicators`` are those that
    its published bars have, in the order of their columns. ``publish`` is the schema of the gate's
    own tables for it, and behind a dot the view under whose name what is published can be read;
    None is the connection's schema.
    ``splits`` and ``dividends`` say where these are declared; ``prices`` whether the splits are in
    the prices (``raw``), or were adjusted for, which is what most feeds do.
    """

    model_config = _STRICT

    name: str
    title: str = ""
    made_up: bool = False
    source: Source
    bar: Annotated[str, AfterValidator(_bar)] = "1 day"
    calendar: str | None = None
    calendars: Mapping[str, str] = Field(default_factory=dict)
    symbols: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    suite: str
    policy: Policy | None = None
    schedule: Annotated[str, AfterValidator(_schedule)] | None = None
    indicators: tuple[str, ...] = ()
    publish: Annotated[str, AfterValidator(_publish)] | None = None
    lookback_days: int | None = Field(None, ge=0, le=36_500)
    experiment: str | None = Field(None, min_length=1, max_length=200)
    fetch: Fetch | None = None
    splits: Splits | None = None
    dividends: Dividends | None = None
    prices: Literal["adjusted", "raw"] | None = None
    train: Train | None = None

    @field_validator("symbols")
    @classmethod
    def _all_symbols(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if EVERY in value and len(value) > 1:
            raise ValueError(f"{EVERY!r} asks for every symbol there is, and stands alone")
        faults = [
            f"symbol {one!r} {fault}"
            for one in value
            if one != EVERY and (fault := symbol_fault(one))
        ]
        if faults:
            raise ValueError("; ".join(faults))
        return tuple(dict.fromkeys(value))

    @field_validator("indicators")
    @classmethod
    def _known_indicators(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        faults = list(indicator_faults(value))
        if faults:
            raise ValueError("; ".join(faults))
        return tuple(dict.fromkeys(value))

    @model_validator(mode="after")
    def _room_for_indicators(self) -> Self:
        annual = [one for one in self.indicators if one in DAILY_ALONE]
        if annual and not self.is_daily:
            raise ValueError(
                f"indicators: {', '.join(annual)} is annualised by 252 days, and these bars are "
                "shorter: leave it out"
            )
        taken = [one for one in columns_of(self.indicators) if one in self.carried]
        if taken:
            raise ValueError(
                f"indicators: {', '.join(taken)} is carried along from the source already: leave "
                "one of them out"
            )
        return self

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        if self.calendars and self.calendar is None:
            raise ValueError("calendars by pattern need a calendar for all other symbols")
        if not self.is_daily and self.source.unit == "yyyymmdd":
            raise ValueError("bars within the day need a time, and yyyymmdd is a day")
        if self.name != DEFAULT and self.publish is None:
            raise ValueError("name the schema to publish into")
        if self.fetch and (fault := self._unfetchable()):
            raise ValueError(f"bars can be fetched into a table of plain columns alone: {fault}")
        if self.fetch and (fault := self.fetch.fault(self.minutes)):
            raise ValueError(f"fetch: {fault}")
        return self

    @model_validator(mode="after")
    def _with_declared(self) -> Self:
        declared = [name for name in ("splits", "dividends") if getattr(self, name) is not None]
        if declared and not self.is_daily:
            raise ValueError(
                f"{' and '.join(declared)} are compared with daily bars alone, and these are "
                "shorter: leave them out"
            )
        if self.splits is None and (self.dividends is not None or self.prices is not None):
            raise ValueError(
                "dividends, and what prices are, say something about splits alone: name where "
                "these are declared, as splits: {column: split_ratio}"
            )
        taken = [one for one in self.declared_columns.values() if one in TAKEN]
        if taken:
            raise ValueError(
                f"{', '.join(taken)} is a column of the gate's own: rename it in a query"
            )
        return self

    @property
    def declared_columns(self) -> dict[str, str]:
        """The columns of the bars that declare splits and dividends, by which of these."""
        of = {"split": self.splits, "dividend": self.dividends}
        return {kind: one.column for kind, one in of.items() if one and one.column is not None}

    @property
    def carried(self) -> tuple[str, ...]:
        """The columns that go along with the bars: those that are named, and that declare."""
        return tuple(dict.fromkeys((*self.source.carry, *self.declared_columns.values())))

    @property
    def is_adjusted(self) -> bool:
        """Are the prices in shares of today?"""
        return self.prices != "raw"

    def _unfetchable(self) -> str | None:
        """What keeps bars from being written into the source."""
        source = self.source
        found = {
            "it is read by a query": source.query,
            "it is read over an Airflow connection": source.connection,
            "its columns have other names, units or zones": (
                source.columns or source.unit or source.zone
            ),
            "its bars are all of one symbol": source.symbol,
        }
        return next((said for said, there in found.items() if there), None)

    @property
    def is_daily(self) -> bool:
        """Is a bar a day?"""
        return self.bar == "1 day"

    @property
    def own_schema(self) -> str | None:
        """The schema of the gate's own tables; None is where the connection looks."""
        return self.publish.partition(".")[0] if self.publish else None

    @property
    def view(self) -> str | None:
        """The name, in that schema, of the view of what is published; None for no view."""
        return (self.publish or "").partition(".")[2] or None

    @property
    def published_table(self) -> str:
        """Where whoever wants published bars finds them."""
        if self.view:
            return str(self.publish)
        return ".".join(filter(None, (self.own_schema, "stock_data_enriched")))

    @cached_property
    def minutes(self) -> int:
        """How long a bar is."""
        found = _BAR.fullmatch(self.bar)
        assert found is not None
        if found[1]:
            return _MINUTES_OF_A_DAY
        return int(found[2]) if found[2] else 60 * int(found[3])

    def calendar_of(self, symbol: str) -> str | None:
        """The name of a symbol's calendar; None when the suite says."""
        by_pattern = (
            name for pattern, name in self.calendars.items() if fnmatchcase(symbol, pattern)
        )
        return next(by_pattern, self.calendar)

    def calendars_for(self, symbols: Iterable[str]) -> Calendars | None:
        """The calendars of these symbols; None when the suite says."""
        if self.calendar is None:
            return None
        named = {one: self.calendar_of(one) for one in symbols} if self.calendars else {}
        others = {one: name for one, name in named.items() if name and name != self.calendar}
        return Calendars(self.calendar, others, named=True)
