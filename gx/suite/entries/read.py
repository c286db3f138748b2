"""Read the entries of a suite: each becomes an expectation, or says everything that is wrong."""

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import great_expectations.expectations.core  # noqa: F401  registers the built-in expectations
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.registry import (
    get_expectation_impl,
    list_registered_expectation_implementations,
)
from pydantic.v1 import ValidationError

from gx.engine.batches import entry_key
from gx.errors import SuiteError
from gx.nearest import nearest
from gx.suite.custom.load import load_custom, why_missing
from gx.suite.entries.named_columns import column_faults
from gx.suite.entries.rehearsal import GIVEN, rehearse, unasked
from gx.suite.exceptions.faults import table_faults, variant_faults
from gx.suite.exceptions.table import rows_of
from gx.suite.strict_json import shown
from gx.terms import SEVERITIES

ENTRY_KEYS = ("type", "kwargs", "severity", "meta", "notes", "description", "id")
PARAMETERS = tuple(GIVEN)
Read = Expectation | tuple[SuiteError, ...]


def known_types() -> list[str]:
    """Every expectation type that a suite file may name, those in gx/plugins/custom/ too."""
    load_custom()
    return sorted(list_registered_expectation_implementations())


def read_entries(entries: Sequence[object], where: str, own: Mapping[str, Any]) -> list[Read]:
    """Each entry's expectation, which runs on bars, or all of its faults.

    ``own`` are the suite's parameters; a fault names its entry (from 1) behind ``where``.
    """
    read: list[Read] = []
    for number, entry in enumerate(entries, 1):
        try:
            read.append(_built(entry, own))
        except _Faults as found:
            read.append(tuple(_placed(where, number, entry, *fault) for fault in found.faults))
    sound = {number: one for number, one in enumerate(read) if isinstance(one, Expectation)}
    for number, (why, field) in zip(sound, rehearse(list(sound.values()), own), strict=True):
        if why:
            read[number] = (_placed(where, number + 1, entries[number], why, field),)
    read = [
        _with_exceptions(one, entry, own, where, number)
        for number, (one, entry) in enumerate(zip(read, entries, strict=True), 1)
    ]
    return _without_repeats(read, entries, where)


def _with_exceptions(
    read: Read, entry: Any, own: Mapping[str, Any], where: str, number: int
) -> Read:
    """An expectation of which every row of its table can be judged, too."""
    if not isinstance(read, Expectation) or not rows_of(entry):
        return read
    found = variant_faults(entry, read, lambda several: rehearse(several, own))
    faults = tuple(_placed(where, number, entry, *fault) for fault in found)
    return faults or read


def parameter_faults(
    kwargs: Mapping[str, Any], own: Mapping[str, object]
) -> Iterator[tuple[str, str]]:
    """What a kwarg asks of parameters that nobody gives, and which one it is."""
    known = sorted({*PARAMETERS, *own})
    for key, value in kwargs.items():
        asked = isinstance(value, dict) and "$PARAMETER" in value
        if not asked and "$PARAMETER" in str(value):
            yield f"kwarg {key!r} has a parameter inside it; a parameter is a whole kwarg", key
        elif asked and not isinstance(value["$PARAMETER"], str):
            yield f"kwarg {key!r} asks for a parameter without a name", key
        elif asked and f"$PARAMETER.{value['$PARAMETER']}" not in value:
            for name in _names(value["$PARAMETER"]):
                if name not in known:
                    yield (
                        f"kwarg {key!r} asks for the parameter {name!r}, which no run gives; there "
                        f"is {', '.join(known)}{nearest(name, known)}",
                        key,
                    )


def unknown_keys(found: Mapping[str, object], known: Sequence[str]) -> Iterator[tuple[str, str]]:
    """A fault for every key that nobody reads."""
    for key in found:
        if key not in known:
            yield f"unknown key {shown(key)}{nearest(key, known)}", str(key)


class _Faults(Exception):
    """What is wrong with an entry: sentences, each with the field that it is about."""

    def __init__(self, faults: Sequence[tuple[str, str | None]]) -> None:
        super().__init__()
        self.faults = faults


def _placed(where: str, number: int, entry: object, fault: str, field: str | None) -> SuiteError:
    type_ = entry.get("type") if isinstance(entry, dict) else None
    known = f" ({type_})" if isinstance(type_, str) and type_ in known_types() else ""
    return SuiteError(f"{where}, entry {number}{known}: {fault}", entry=number, field=field)


def _built(entry: object, own: Mapping[str, object]) -> Expectation:
    if not isinstance(entry, dict):
        raise _Faults([("must be an object with type, kwargs and severity", None)])
    faults: list[tuple[str, str | None]] = [*unknown_keys(entry, ENTRY_KEYS), *_head(entry)]
    kwargs = entry.get("kwargs")
    if not isinstance(kwargs, dict):
        raise _Faults([*faults, ("kwargs must be an object", "kwargs")])
    faults += parameter_faults(kwargs, own)
    if kwargs.get("windows"):
        faults.append(("windows ask GX Cloud for bounds; write the bounds out", "windows"))
    if entry.get("type") not in known_types():
        raise _Faults(faults)
    implementation = get_expectation_impl(entry["type"])
    faulty = {field for _, field in faults}
    rest = {k: v for k, v in entry.items() if k in ENTRY_KEYS[2:] and k not in faulty}
    try:
        built = implementation(**kwargs, **rest)
    except ValidationError as error:
        faults += _faults_of(error, list(implementation.__fields__))
    except (
        Exception
    ) as error:  # Great Expectations' parsers of conditions raise errors of their own
        faults.append((str(error) or type(error).__name__, None))
    faults += [*column_faults(implementation, kwargs), *table_faults(entry, implementation)]
    if faults:
        asked = "row_condition" in {field for _, field in faults}
        raise _Faults(faults if asked else [*faults, *unasked(kwargs, own)])
    return built


def _head(entry: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    # Great Expectations before 1.6 wrote none, and takes it for critical.
    type_, severity = entry.get("type"), entry.get("severity", "critical")
    if type_ not in known_types():
        broken = why_missing(type_)
        hint = broken or nearest(type_, known_types())
        yield f"unknown expectation {shown(type_)}{hint}", "type"
    if severity not in SEVERITIES:
        yield (
            f"severity is {shown(severity)}; it must be one of {', '.join(SEVERITIES)}"
            f"{nearest(severity, SEVERITIES)}",
            "severity",
        )
    if entry.get("id") is not None and not is_uuid(entry["id"]):
        yield f"its id {shown(entry['id'])} is no UUID; leave it out, or write a fresh one", "id"
    if not isinstance(entry.get("meta"), dict | None):  # pydantic would make one of a list
        yield "its meta must be an object", "meta"
    if not isinstance(entry.get("description"), str | None):
        yield "its description must be a text", "description"


def is_uuid(value: object) -> bool:
    """Is it a UUID, written in any of its ways?"""
    try:
        uuid.UUID(str(value))
    except ValueError:
        return False
    return True


def _faults_of(error: ValidationError, fields: list[str]) -> Iterator[tuple[str, str | None]]:
    """Pydantic's faults as sentences, one for each field."""
    by_field: dict[str, Any] = {}
    for fault in error.errors():
        by_field.setdefault(str(fault["loc"][0]), fault)
    if len(by_field) > 1:  # what is wrong with the whole follows from a field that is unreadable
        by_field.pop("__root__", None)
    for field, fault in by_field.items():
        kinds = {f["type"] for f in error.errors() if f["loc"][0] == field}
        if fault["type"] == "value_error.extra":
            yield f"kwarg {shown(field)} is unknown{nearest(field, fields)}", field
        elif field == "__root__":
            yield fault["msg"], None
        elif {"type_error.float", "value_error.date"} <= kinds:
            yield f"kwarg {field!r} is no number, and no date like 2025-11-03", field
        else:
            yield f"kwarg {field!r}: {fault['msg']}", field


def _names(expression: str) -> list[str]:
    """The parameters in an expression; its functions, their arguments and e and pi are none."""
    found = re.findall(r"[A-Za-z][\w$]*(?!\s*[(=\w$])", expression)
    return [name for name in dict.fromkeys(found) if name.upper() not in ("E", "PI")] or (
        [] if re.search(r"[\d(]", expression) else [expression]
    )


def _without_repeats(read: list[Read], entries: Sequence[object], where: str) -> list[Read]:
    """Great Expectations keeps one of two equal entries, so a repeated one would go missing."""
    seen: dict[str, int] = {}
    ids: dict[str, int] = {}
    for number, one in enumerate(read, 1):
        if not isinstance(one, Expectation):
            continue
        first = seen.setdefault(entry_key(one), number)
        owner = ids.setdefault(str(one.id), number) if one.id else number
        if first != number:
            fault = f"repeats entry {first}; remove one of them"
        elif owner != number:
            fault = f"has the id of entry {owner}; remove it from the one that is newer"
        else:
            continue
        read[number - 1] = (_placed(where, number, entries[number - 1], fault, None),)
    return read
