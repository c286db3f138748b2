"""Waivers: failures that somebody has accepted, for a time, with a reason.

Those of a suite are in one file beside the suites, ``gx/waivers/SUITE.json``, so that they are
reviewed like code. A waived failure is judged and shown, and blocks nobody.
"""

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from gx import project
from gx.errors import JsonError, SuiteError, WaiverError, faults_told
from gx.suite.strict_json import read_json
from gx.suite.texts import author_of, reason_of
from gx.symbols import require_symbol
from gx.terms import BAR_COLUMNS

DAYS = 30  # that a waiver lasts unless told otherwise
SOON = timedelta(days=7)
_STRICT = ConfigDict(extra="forbid", frozen=True)
_NUMBERS = ("open", "high", "low", "close", "volume")


# Nobody can store such a bar, so a waiver would end in a run that cannot publish.
_STORED = {
    **{f"column_values_to_not_be_null({name})": f"without a {name}" for name in BAR_COLUMNS},
    "compound_columns_to_be_unique(symbol, date)": "of a date that has two",
    "compound_columns_to_be_unique(date, symbol)": "of a date that has two",
}
# About a table, or a column as a whole: such a failure is on no bar, symbol or session.
_WHOLE = re.compile(r"table_|column_(?!values?_|pair_)")


def unacceptable(expectation: str) -> str:
    """Why no waiver could accept a failure of this expectation; empty when one could."""
    if expectation in _STORED:
        return (
            f"a bar {_STORED[expectation]} cannot be stored, so nobody can accept it: mend it in "
            "the source, or discard it"
        )
    if _WHOLE.match(expectation):
        return "it is about the table as a whole, so there is no failing bar that could be accepted"
    return ""


def _checked(check: Callable[[str], str]) -> AfterValidator:
    """A check of texts that raises SuiteError, as pydantic wants it."""

    def checked(value: str) -> str:
        try:
            return check(value)
        except SuiteError as error:
            raise ValueError(str(error)) from None

    return AfterValidator(checked)


def today() -> date:
    """The day by which waivers expire: whatever day the bars are judged as of, it is today."""
    return datetime.now(UTC).date()


class WaivedBar(BaseModel):
    """A bar as it was when it was accepted: with other values it is another bar.

    ``date`` is that of a report: a day, or a moment in ISO 8601. An unknown value is null. Of one
    behind a hole ``after`` is the date of the bar before the hole: a larger one is another hole.
    """

    model_config = _STRICT

    date: str
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None
    volume: float | None = None
    after: str | None = None

    def numbers(self) -> tuple[float | None, ...]:
        """Its values, in the order of a table."""
        return tuple(getattr(self, name) for name in _NUMBERS)


class Waiver(BaseModel):
    """What is accepted: failures of one expectation, of a symbol or all, from one day to another.

    ``expectation`` is its short name, as reports have it. Without ``last_date`` the end is open;
    where ``bars`` are named only these are accepted, as they were; where a ``dataset`` is, only
    failures of that. It ends with the day ``expires``, whatever it accepts.
    """

    model_config = _STRICT

    id: str = Field(pattern=r"^[0-9a-f]{8}$")
    expectation: str = Field(min_length=1, max_length=200)
    symbol: Annotated[str, AfterValidator(require_symbol)] | None = None
    dataset: str | None = Field(None, min_length=1, max_length=100)
    first_date: date
    last_date: date | None = None
    bars: tuple[WaivedBar, ...] = ()
    reason: Annotated[str, _checked(reason_of)]
    author: Annotated[str, _checked(author_of)]
    made: datetime
    expires: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last_date is not None and self.last_date < self.first_date:
            raise ValueError(f"it ends on {self.last_date}, before it begins: {self.first_date}")
        if self.expires < self.made.date():
            raise ValueError(f"it expires on {self.expires}, before it was made")
        if self.bars and self.symbol is None:
            raise ValueError("bars are those of one symbol: name it")
        days = [one.date[:10] for one in self.bars]
        last = (self.last_date or date.max).isoformat()
        outside = [day for day in days if not self.first_date.isoformat() <= day <= last]
        if outside:
            raise ValueError(f"the bar of {outside[0]} is not between its first and last day")
        return self

    def expired(self, today: date) -> bool:
        """Is it over?"""
        return today > self.expires

    def counts_for(self, dataset: str) -> bool:
        """Does it accept failures of this dataset? A suite may judge several."""
        return self.dataset in (None, dataset)

    def expires_soon(self, today: date) -> bool:
        """Is it over within a week?"""
        return not self.expired(today) and self.expires - today <= SOON


class _File(BaseModel):
    model_config = _STRICT

    suite: str
    waivers: tuple[Waiver, ...]


_FORM = TypeAdapter(_File)


def read_waivers(suite: str, folder: Path | None = None) -> tuple[Waiver, ...]:
    """The waivers of a suite; none where there is no file of them.

    Raises WaiverError that tells all faults of the file: what can't be read accepts nothing, and
    nobody would know.
    """
    path = (folder or project.WAIVERS) / f"{suite}.json"
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return ()
    return parse_waivers(suite, raw)


def waivers_with(suite: str, more: Iterable[Waiver], dataset: str) -> tuple[Waiver, ...]:
    """The waivers of a suite for a dataset, and those of ``more`` that are not among them."""
    there = [one for one in read_waivers(suite) if one.counts_for(dataset)]
    known = {one.id for one in there}
    return (*there, *(one for one in more if one.id not in known))


def parse_waivers(suite: str, raw: bytes) -> tuple[Waiver, ...]:
    """The waivers in the bytes of such a file; raises WaiverError."""
    where = f"waivers/{suite}.json"
    try:
        found = _FORM.validate_python(read_json(raw.decode("utf-8")), strict=False)
    except UnicodeDecodeError:
        raise WaiverError(f"{where}: is not UTF-8 text") from None
    except JsonError as error:
        raise WaiverError(f"{where}: {error}") from None
    except ValidationError as error:
        raise WaiverError(faults_told(_faults(error), where)) from None
    if found.suite != suite:
        raise WaiverError(f"{where}: its suite is {found.suite!r}; it must be {suite!r}")
    ids = [one.id for one in found.waivers]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise WaiverError(f"{where}: the id {twice[0]} stands twice")
    return found.waivers


def waivers_text(suite: str, waivers: Iterable[Waiver]) -> str:
    """The stable text of the file: as ``parse_waivers`` reads it, in the order of making."""
    ordered = sorted(waivers, key=lambda one: (one.made, one.id))
    document = {
        "suite": suite,
        "waivers": [one.model_dump(mode="json", exclude_defaults=True) for one in ordered],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def made_waiver(**given: object) -> Waiver:
    """A waiver of what was typed; raises WaiverError that tells all that is wrong with it."""
    try:
        return Waiver.model_validate(given)
    except ValidationError as error:
        raise WaiverError(faults_told(_faults(error), "this waiver")) from None


def _faults(error: ValidationError) -> list[str]:
    return [_fault(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors()]


def _fault(place: str, message: str) -> str:
    said = message.removeprefix("Value error, ")
    return f"{place}: {said}" if place else said
