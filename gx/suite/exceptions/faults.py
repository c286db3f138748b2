"""What is wrong with a table of exceptions: sentences, each with its row and the field in it."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from great_expectations.expectations.expectation import Expectation
from pydantic.v1 import ValidationError

from gx.engine.looked_at import OF_THE_SCHEMA
from gx.nearest import nearest
from gx.plugins.expectations.kernels.currencies import calendar_names
from gx.plugins.expectations.market_wide import MarketWideExpectation
from gx.suite.exceptions.table import (
    KEYS,
    MOST_ROWS,
    SymbolException,
    covers,
    fits_all,
    rows_of,
)
from gx.suite.exceptions.variants import OF_ALL, WHICH_BARS, changeable, variant
from gx.suite.strict_json import shown
from gx.symbols import LONGEST, symbol_fault
from gx.terms import EXCEPTIONS, SEVERITIES

Fault = tuple[str, str | None]
# What is wrong with an expectation that was built, and which of its kwargs it is.
Tried = Callable[[Sequence[Expectation]], Sequence[tuple[str, str | None]]]
MOST_CHARACTERS = 2_000  # of a row's values, as JSON
_CANNOT = {
    **dict.fromkeys(WHICH_BARS, "says which bars and columns are looked at"),
    **dict.fromkeys(OF_ALL, "is the run's, of all symbols alike"),
    "calendars": "is for single symbols already; give a row's 'calendar'",
}


def table_faults(entry: Mapping[str, Any], implementation: type[Expectation]) -> Iterator[Fault]:
    """What is wrong with an entry's table by itself, whatever its kwargs say."""
    meta = entry.get("meta")
    if not isinstance(meta, Mapping) or EXCEPTIONS not in meta:
        return
    rows = meta[EXCEPTIONS]
    if not isinstance(rows, list):
        yield f"meta.{EXCEPTIONS} must be a list of rows like {_EXAMPLE}", EXCEPTIONS
    elif rows and implementation.expectation_type in OF_THE_SCHEMA:
        yield (
            "it asks about the columns, which are the same for all symbols: it can have no "
            "exception by symbol",
            EXCEPTIONS,
        )
    elif len(rows) > MOST_ROWS:
        yield f"has {len(rows):,} exceptions; {MOST_ROWS} are the most", EXCEPTIONS
    else:
        for number, row in enumerate(rows):
            for fault, key in _of_row(row, rows[:number], implementation):
                yield placed(number, row, fault, key)


_EXAMPLE = '{"symbols": "BRK*", "kwargs": {"max_value": 8}}'


def variant_faults(
    entry: Mapping[str, Any], expectation: Expectation, tried: Tried
) -> Iterator[Fault]:
    """What is wrong with what rows without a fault of their own make of the entry.

    ``tried`` says of expectations why they cannot run.
    """
    rows = rows_of(entry)
    built: list[tuple[int, Expectation]] = []
    for number, row in enumerate(rows):
        found = SymbolException.read(row)
        try:
            built += [(number, variant(expectation, found))] if found.kwargs else []
        except ValidationError as error:
            yield placed(number, row, *_refused(error, found.kwargs))
    for (number, one), (why, key) in zip(built, tried([one for _, one in built]), strict=True):
        if crossed := _crossed_bounds(one):
            yield placed(number, rows[number], crossed, "min_value")
        elif why:
            yield placed(number, rows[number], why, key)


def _refused(error: ValidationError, kwargs: Mapping[str, Any]) -> Fault:
    """What pydantic says first, and of which kwarg of the row."""
    fault = error.errors()[0]
    named = str(fault["loc"][0])
    if named not in kwargs:
        return str(fault["msg"]), None
    kinds = {one["type"] for one in error.errors() if one["loc"][0] == named}
    if {"type_error.float", "value_error.date"} <= kinds:
        return f"{named} is no number, and no date like 2025-11-03", named
    return f"{named}: {fault['msg']}", named


def placed(number: int, row: object, fault: str, key: str | None) -> Fault:
    """A fault of a row (from 0), with the field by which an editor finds it."""
    named = row.get("symbols") if isinstance(row, Mapping) else None
    whose = f" ({shown(named)[1:-1]})" if isinstance(named, str) and named else ""
    field = f"{EXCEPTIONS}.{number}" + (f".{key}" if key else "")
    return f"exception {number + 1}{whose}: {fault}", field


def _of_row(
    row: object, before: Sequence[object], implementation: type[Expectation]
) -> Iterator[Fault]:
    if not isinstance(row, Mapping):
        yield f"must be an object like {_EXAMPLE}", None
        return
    for key in row:
        if key not in KEYS:
            yield f"unknown key {shown(key)}{nearest(str(key), KEYS)}", str(key)
    if fault := _pattern_fault(row.get("symbols")) or _order_fault(row.get("symbols"), before):
        yield fault, "symbols"
    yield from _types(row)
    kwargs = row.get("kwargs") or {}
    if isinstance(kwargs, Mapping) and len(json.dumps(kwargs, default=str)) <= MOST_CHARACTERS:
        yield from _kwargs_faults(kwargs, implementation)


def _types(row: Mapping[str, Any]) -> Iterator[Fault]:
    severity, off, kwargs = row.get("severity"), row.get("off"), row.get("kwargs")
    if severity is not None and severity not in SEVERITIES:
        known = ", ".join(SEVERITIES)
        yield f"severity is {shown(severity)}; it must be one of {known}", "severity"
    if not isinstance(off, bool | None):
        yield f"off is {shown(off)}; it must be true or false", "off"
    if not isinstance(kwargs, Mapping | None):
        yield "kwargs must be an object", "kwargs"
    elif len(json.dumps(kwargs, default=str)) > MOST_CHARACTERS:
        yield f"its values have more than {MOST_CHARACTERS:,} characters", "kwargs"
    elif off and (kwargs or severity):
        yield "is off, so nothing else of it can differ; leave the rest out", "off"
    elif not off and not kwargs and severity is None:
        yield "says nothing: change a parameter or the severity, or switch it off", None


def _pattern_fault(given: object) -> str:
    if not isinstance(given, str) or not given:
        return "names no symbol; give one, or a pattern like BRK*"
    if fits_all(given):
        return f"{shown(given)} fits every symbol: change the expectation itself"
    fault = symbol_fault(given)
    return f"the pattern {shown(given)} {fault}" if fault else ""


def _order_fault(given: object, before: Sequence[object]) -> str:
    """Whether a row before it leaves nothing for it."""
    for number, row in enumerate(before, 1):
        other = row.get("symbols") if isinstance(row, Mapping) else None
        if not isinstance(other, str) or not isinstance(given, str) or _unusable(other):
            continue
        if other == given:
            return f"names what exception {number} names already; only that one counts"
        if covers(other, given):
            return (
                f"is never reached: exception {number} ({shown(other)[1:-1]}) fits all of its "
                "symbols first; move it up"
            )
    return ""


def _kwargs_faults(
    kwargs: Mapping[str, Any], implementation: type[Expectation]
) -> Iterator[tuple[str, str | None]]:
    known = changeable(implementation)
    wide = issubclass(implementation, MarketWideExpectation)
    for key, value in kwargs.items():
        if key in known:
            if isinstance(value, Mapping) and "$PARAMETER" in str(value):
                yield f"{key} asks for a parameter; write the value out", key
            elif key == "calendar" and (fault := _calendar_fault(value)):
                yield fault, key
        elif key in _CANNOT and key in implementation.__fields__:
            yield f"{key} cannot differ by symbol: it {_CANNOT[key]}", key
        elif wide and key in implementation.__fields__:
            rest = ", ".join(known) or "severity and off"
            yield (
                f"{key} cannot differ by symbol: the rule compares all symbols with one another. "
                f"What can is {rest}",
                key,
            )
        else:
            yield f"kwarg {shown(key)} is unknown{nearest(str(key), list(known))}", key


def _calendar_fault(value: object) -> str:
    names = calendar_names()
    if isinstance(value, str) and value in names:
        return ""
    return f"there is no exchange calendar {shown(value)}{nearest(str(value).upper(), names)}"


def _crossed_bounds(expectation: Expectation) -> str:
    low, high = (getattr(expectation, name, None) for name in ("min_value", "max_value"))
    numbers = all(isinstance(b, int | float) and not isinstance(b, bool) for b in (low, high))
    texts = isinstance(low, str) and isinstance(high, str)
    if (numbers or texts) and low > high:  # type: ignore[operator]
        return f"no value can be met: min_value {low} is above max_value {high}"
    return ""


def _unusable(pattern: str) -> bool:
    """Has it a fault itself, so that nothing has to be said of what it covers?"""
    return len(pattern) > LONGEST or fits_all(pattern)
