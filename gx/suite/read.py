"""Read suite files strictly.

Great Expectations drops what it does not know and then reports success (FACTS: "suites fail
open"), so every file is read here first: each entry must become an expectation, or the run stops.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from great_expectations.core.expectation_suite import ExpectationSuite, expectationSuiteSchema
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.registry import get_expectation_impl
from marshmallow import ValidationError as MarshmallowError
from pydantic.v1 import ValidationError

from gx.atomic import create_file
from gx.errors import JsonError, SuiteError
from gx.plugins.expectations import BarExpectation
from gx.project import SUITES
from gx.suite.calendars import Calendars
from gx.suite.checkpoint_files import add_checkpoint
from gx.suite.entries.read import (
    PARAMETERS,
    Read,
    is_uuid,
    read_entries,
    unknown_keys,
)
from gx.suite.strict_json import read_json, shown
from gx.suite.texts import SUITE_KEYS, is_0x
from gx.suite.weaknesses.find import find_weaknesses


@dataclass(frozen=True)
class Suite:
    """A suite that was read completely.

    ``expectations`` holds one live expectation per entry, in the file's order;
    ``sha256`` is the digest of the file's bytes and ``text`` the bytes themselves. ``weaknesses``
    are sentences about what it cannot find, empty for a suite that can find something everywhere.
    ``ended`` is the entry of this name in the file's meta: symbols that trade no more, and the date
    of their last bar. ``parameters`` are values of {"$PARAMETER": name} of the suite's own.
    """

    name: str
    id: str | None
    sha256: str
    text: str
    expectations: tuple[Expectation, ...]
    weaknesses: tuple[str, ...] = ()
    ended: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, object] = field(default_factory=dict)


def read_suite(path: Path) -> Suite:
    """Read one suite file; raises SuiteError naming file, entry and fault."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise SuiteError(f"{path}: there is no such suite file") from None
    return parse_suite(raw, where=path.name, name=path.stem)


def parse_suite(raw: bytes, *, where: str, name: str) -> Suite:
    """Parse the bytes of a suite file; ``where`` names them in errors.

    Raises SuiteError, which tells all faults at once, for anything short of a suite in which every
    entry is a known expectation with valid kwargs and severity that runs on bars, and with at
    least one entry.
    """
    document = _document(raw, where)
    _refuse_0x(document, where)
    read = entries_of(document, where)
    faults = [*_head_faults(document, where, name)]
    faults += [fault for one in read if not isinstance(one, Expectation) for fault in one]
    if faults:
        raise SuiteError.of(faults, where)
    _refuse_unloadable(document, where)
    expectations = tuple(one for one in read if isinstance(one, Expectation))
    return Suite(
        name=document["name"],
        id=document.get("id"),
        sha256=hashlib.sha256(raw).hexdigest(),
        text=raw.decode(),
        expectations=expectations,
        weaknesses=find_weaknesses(expectations, _own_parameters(document)),
        ended=_ended(document),
        parameters=_own_parameters(document),
    )


def entries_of(document: Mapping[str, object], where: str) -> list[Read]:
    """Each entry's expectation, or all of its faults, whatever else is wrong with the suite."""
    entries = document.get("expectations")
    own = _own_parameters(document)
    return read_entries(entries if isinstance(entries, list) else [], where, own)


def new_suite(name: str, document: Mapping[str, object], folder: Path = SUITES) -> Path:
    """Write a suite under a name that is not taken, in a stable form; return its path.

    In a project it gets its checkpoint, too, so that a dataset can name it.

    Raises SuiteError when the name is taken or is no file name, or the suite could not be read
    back; nothing is written then.
    """
    if not re.fullmatch(r"[a-z0-9_]{1,64}", name):
        raise SuiteError(f"suite name {shown(name)} must be 1 to 64 of a-z, 0-9 and _")
    raw = (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
    parse_suite(raw, where=name, name=name)
    path = folder / f"{name}.json"
    try:
        create_file(path, raw)
    except FileExistsError:
        raise SuiteError(f"there is a suite {name!r} already; choose a new name") from None
    add_checkpoint(name, document, folder)
    return path


def with_kwargs(suite: Suite, **changes: object) -> Suite:
    """The suite with these kwargs set on every market expectation that has them.

    The digest stays that of the file. Raises SuiteError for a value that is not valid.
    """
    document = json.loads(suite.text)
    for entry in document["expectations"]:
        implementation = get_expectation_impl(entry["type"])
        if issubclass(implementation, BarExpectation):
            known = implementation.__fields__
            entry["kwargs"] |= {key: value for key, value in changes.items() if key in known}
    changed = parse_suite(json.dumps(document).encode(), where=suite.name, name=suite.name)
    return replace(changed, sha256=suite.sha256, text=suite.text)


def with_calendars(suite: Suite, calendars: Calendars | None) -> Suite:
    """The suite with these calendars in place of its own; None leaves it as it is.

    Raises SuiteError for a calendar that there is not.
    """
    if calendars is None:
        return suite
    others = dict(calendars.others)
    return with_kwargs(suite, calendar=calendars.usual, calendars=others)


def _document(raw: bytes, where: str) -> dict[str, Any]:
    if raw.startswith(b"\xef\xbb\xbf"):
        raise SuiteError(f"{where}: starts with a byte-order mark; save it as UTF-8 without one")
    try:
        document = read_json(raw)
    except JsonError as error:
        raise SuiteError(f"{where}: {error}") from None
    if not isinstance(document, dict):
        raise SuiteError(f"{where}: must be a JSON object with the keys {', '.join(SUITE_KEYS)}")
    return document


def _head_faults(document: Mapping[str, object], where: str, name: str) -> Iterator[SuiteError]:
    for fault, key in unknown_keys(document, SUITE_KEYS):
        yield SuiteError(f"{where}: {fault}", field=key)
    if document.get("name") != name:
        said = shown(document.get("name"))
        yield SuiteError(f"{where}: its name is {said}, but the file's is {name!r}", field="name")
    if document.get("id") is not None and not is_uuid(document["id"]):
        said = shown(document.get("id"))
        fresh = uuid.uuid4()
        yield SuiteError(
            f"{where}: its id {said} is no UUID; leave it out, or write {fresh}", field="id"
        )
    if "meta" in document and not isinstance(document["meta"], dict):
        yield SuiteError(f"{where}: its meta must be an object", field="meta")
    yield from _ended_faults(document, where)
    yield from _parameter_faults(document, where)
    entries = document.get("expectations")
    if not isinstance(entries, list) or not entries:
        yield SuiteError(f"{where}: holds no expectation; an empty suite would pass everything")


def _ended(document: Mapping[str, object]) -> dict[str, Any]:
    """The symbols that have ended: {"meta": {"ended": {"TWTR": "2022-10-27"}}}."""
    meta = document.get("meta")
    given = meta.get("ended") if isinstance(meta, dict) else None
    return given if isinstance(given, dict) else {}


def _ended_faults(document: Mapping[str, object], where: str) -> Iterator[SuiteError]:
    meta = document.get("meta")
    if isinstance(meta, dict) and not isinstance(meta.get("ended"), dict | None):
        said = "must give the last date of each symbol that ended"
        yield SuiteError(f"{where}: meta.ended {said}", field="meta")
    for symbol, day in _ended(document).items():
        if not _is_date(day):
            yield SuiteError(
                f"{where}: meta.ended: {shown(symbol)} ended on {shown(day)}, which is no date; "
                "write it as 2025-01-31",
                field="meta",
            )


def _is_date(given: object) -> bool:
    """Whether it is a text like 2025-01-31: a number, or one without dashes, may mean another."""
    if not isinstance(given, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", given, re.ASCII):
        return False
    try:
        date.fromisoformat(given)
    except ValueError:
        return False
    return True


def _parameter_faults(document: Mapping[str, object], where: str) -> Iterator[SuiteError]:
    own = document.get("suite_parameters")
    if own is not None and not isinstance(own, dict):
        yield SuiteError(f"{where}: its suite_parameters must be an object")
    for name in _own_parameters(document):
        if name in PARAMETERS:
            yield SuiteError(
                f"{where}: its suite_parameters set {name!r}, which each run gives; choose "
                "another name"
            )


def _own_parameters(document: Mapping[str, object]) -> dict[str, Any]:
    own = document.get("suite_parameters")
    return own if isinstance(own, dict) else {}


def _refuse_0x(document: Mapping[str, object], where: str) -> None:
    if is_0x(document):
        raise SuiteError(
            f"{where}: is a suite of Great Expectations 0.x; this turns it into one that can be "
            f"read: gate convert {where} NEW"
        )


def _refuse_unloadable(document: dict[str, Any], where: str) -> None:
    """Great Expectations' own reader, which a checkpoint uses, must take every entry as well."""
    try:
        suite = ExpectationSuite(**expectationSuiteSchema.load(document))
    except (MarshmallowError, ValidationError, TypeError, ValueError) as error:
        raise SuiteError(f"{where}: Great Expectations cannot load it: {error}") from None
    if len(suite.expectations) != len(document["expectations"]):
        raise SuiteError(f"{where}: Great Expectations loads only some of its entries")
