"""Read suite files strictly.

Great Expectations drops what it does not know and then reports success (FACTS: "suites fail
open"), so every file is read here first: each entry must become an expectation, or the run stops.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import great_expectations.expectations.core  # noqa: F401  registers the built-in expectations
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.registry import (
    get_expectation_impl,
    list_registered_expectation_implementations,
)
from pydantic.v1 import ValidationError

from gx.atomic import create_file
from gx.errors import JsonError, SuiteError
from gx.plugins.expectations import BarExpectation
from gx.report import SEVERITIES
from gx.strict_json import read_json, shown
from gx.weaknesses import find_weaknesses

SUITES = Path(__file__).parent / "expectations"
_SUITE_KEYS = ("name", "id", "meta", "notes", "expectations")
# What a run gives: see gx.expected.
PARAMETERS = ("as_of", "symbols", "first_date", "last_date", "ended")
_ENTRY_KEYS = ("type", "kwargs", "severity", "meta", "notes", "description", "id")


@dataclass(frozen=True)
class Suite:
    """A suite that was read completely.

    ``expectations`` holds one live expectation per entry, in the file's order;
    ``sha256`` is the digest of the file's bytes and ``text`` the bytes themselves. ``weaknesses``
    are sentences about what it cannot find, empty for a suite that can find something everywhere.
    ``ended`` is the entry of this name in the file's meta: symbols that trade no more, and the date
    of their last bar.
    """

    name: str
    id: str
    sha256: str
    text: str
    expectations: tuple[Expectation, ...]
    weaknesses: tuple[str, ...] = ()
    ended: Mapping[str, str] = field(default_factory=dict)


def suite_path(name: str, folder: Path = SUITES) -> Path:
    """The file of suite ``name``; raises SuiteError with the nearest name if there is none."""
    known = sorted(path.stem for path in folder.glob("*.json"))
    if name not in known:
        hint = _nearest(name, known) or f"; there is {', '.join(known)}"
        raise SuiteError(f"there is no suite {name!r}{hint}")
    return folder / f"{name}.json"


def read_suite(path: Path) -> Suite:
    """Read one suite file; raises SuiteError naming file, entry and fault."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise SuiteError(f"{path}: there is no such suite file") from None
    return parse_suite(raw, where=path.name, name=path.stem)


def parse_suite(raw: bytes, *, where: str, name: str) -> Suite:
    """Parse the bytes of a suite file; ``where`` names them in errors.

    Raises SuiteError for anything short of a suite in which every entry is a known expectation
    with valid kwargs and severity, and with at least one entry.
    """
    document = _document(raw, where)
    _check_head(document, where, name)
    entries = document["expectations"]
    expectations = tuple(_numbered(entry, where, number) for number, entry in enumerate(entries, 1))
    _refuse_repeats(expectations, where)
    return Suite(
        name=document["name"],
        id=document["id"],
        sha256=hashlib.sha256(raw).hexdigest(),
        text=raw.decode(),
        expectations=expectations,
        weaknesses=find_weaknesses(expectations),
        ended=_ended(document, where),
    )


def new_suite(name: str, document: Mapping[str, Any], folder: Path = SUITES) -> Path:
    """Write a suite under a name that is not taken, in a stable form; return its path.

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
    return path


def expectation_key(type_: str, kwargs: Mapping[str, Any]) -> str:
    """What makes two expectations the same check: the type and the kwargs, whatever their order."""
    named = {key: value for key, value in kwargs.items() if key != "batch_id"}
    return type_ + json.dumps(named, sort_keys=True, default=str)


def with_kwargs(suite: Suite, **changes: Any) -> Suite:
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


def known_types() -> list[str]:
    """Every expectation type that a suite file may name."""
    return sorted(list_registered_expectation_implementations())


def _document(raw: bytes, where: str) -> dict[str, Any]:
    if raw.startswith(b"\xef\xbb\xbf"):
        raise SuiteError(f"{where}: starts with a byte-order mark; save it as UTF-8 without one")
    try:
        document = read_json(raw)
    except JsonError as error:
        raise SuiteError(f"{where}: {error}") from None
    if not isinstance(document, dict):
        raise SuiteError(f"{where}: must be a JSON object with the keys {', '.join(_SUITE_KEYS)}")
    return document


def _check_head(document: Mapping[str, Any], where: str, name: str) -> None:
    _refuse_unknown_keys(document, _SUITE_KEYS, where)
    if document.get("name") != name:
        raise SuiteError(
            f"{where}: its name is {shown(document.get('name'))}, but the file's is {name!r}"
        )
    try:
        uuid.UUID(str(document.get("id")))
    except ValueError:
        raise SuiteError(
            f"{where}: its id {shown(document.get('id'))} is no UUID; {uuid.uuid4()} is a fresh one"
        ) from None
    entries = document.get("expectations")
    if not isinstance(entries, list) or not entries:
        raise SuiteError(f"{where}: holds no expectation; an empty suite would pass everything")


def _ended(document: Mapping[str, Any], where: str) -> dict[str, str]:
    """The symbols that have ended: {"meta": {"ended": {"TWTR": "2022-10-27"}}}."""
    meta = document.get("meta")
    given = (meta.get("ended") if isinstance(meta, dict) else None) or {}
    if not isinstance(given, dict):
        raise SuiteError(f"{where}: meta.ended must give the last date of each symbol that ended")
    for symbol, day in given.items():
        try:
            date.fromisoformat(str(day))
        except ValueError:
            raise SuiteError(
                f"{where}: meta.ended: {shown(symbol)} ended on {shown(day)}, which is no date; "
                "write it as 2025-01-31"
            ) from None
    return {symbol: str(day) for symbol, day in given.items()}


def _numbered(entry: Any, where: str, number: int) -> Expectation:
    try:
        return _expectation(entry, f"{where}, entry {number}")
    except SuiteError as error:
        error.entry = number
        raise


def _expectation(entry: Any, where: str) -> Expectation:
    if not isinstance(entry, dict):
        raise SuiteError(f"{where}: must be an object with type, kwargs and severity")
    _refuse_unknown_keys(entry, _ENTRY_KEYS, where)
    type_ = entry.get("type")
    if type_ not in known_types():
        raise SuiteError(
            f"{where}: unknown expectation {shown(type_)}{_nearest(type_, known_types())}",
            field="type",
        )
    where = f"{where} ({type_})"
    if entry.get("severity") not in SEVERITIES:
        raise SuiteError(
            f"{where}: severity is {shown(entry.get('severity'))}; it must be one of "
            f"{', '.join(SEVERITIES)}{_nearest(entry.get('severity'), SEVERITIES)}",
            field="severity",
        )
    return _build(entry, where)


def _build(entry: Mapping[str, Any], where: str) -> Expectation:
    implementation = get_expectation_impl(entry["type"])
    kwargs = entry.get("kwargs", {})
    if not isinstance(kwargs, dict):
        raise SuiteError(f"{where}: kwargs must be an object", field="kwargs")
    _refuse_unknown_parameters(kwargs, where)
    rest = {key: value for key, value in entry.items() if key not in ("type", "kwargs")}
    try:
        return implementation(**kwargs, **rest)
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        raise SuiteError(
            f"{where}: {_faults(error, list(implementation.__fields__))}",
            field=None if field == "__root__" else field,
        ) from None
    except (TypeError, ValueError) as error:
        raise SuiteError(f"{where}: {error}") from None


def _faults(error: ValidationError, fields: list[str]) -> str:
    """Pydantic's faults as a sentence: the unknown keys with the nearest field, then the rest."""
    faults: dict[str, str] = {}
    for fault in error.errors():
        field = str(fault["loc"][0])
        if fault["type"] == "value_error.extra":
            text = f"kwarg {shown(field)} is unknown{_nearest(field, fields)}"
        elif field == "__root__":
            text = fault["msg"]
        else:
            text = f"kwarg {field!r}: {fault['msg']}"
        faults.setdefault(field, text)
    return "; ".join(faults.values())


def _refuse_unknown_keys(found: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    for key in found:
        if key not in known:
            raise SuiteError(
                f"{where}: unknown key {shown(key)}{_nearest(key, list(known))}", field=str(key)
            )


def _refuse_unknown_parameters(kwargs: Mapping[str, Any], where: str) -> None:
    for key, value in kwargs.items():
        if isinstance(value, dict) and "$PARAMETER" in value:
            name = value["$PARAMETER"]
            if name not in PARAMETERS:
                raise SuiteError(
                    f"{where}: kwarg {key!r} asks for the parameter {name!r}, which no run "
                    f"gives; there is {', '.join(PARAMETERS)}",
                    field=key,
                )


def _refuse_repeats(expectations: tuple[Expectation, ...], where: str) -> None:
    """Great Expectations keeps one of two equal entries, so a repeated one would go missing."""
    seen: dict[str, int] = {}
    for number, expectation in enumerate(expectations, 1):
        configuration = expectation.configuration
        key = expectation_key(configuration.type, configuration.kwargs)
        if key in seen:
            raise SuiteError(
                f"{where}, entry {number} ({configuration.type}): repeats entry {seen[key]}; "
                "remove one of them",
                entry=number,
            )
        seen[key] = number


def _nearest(name: object, known: Iterable[str]) -> str:
    matches = get_close_matches(str(name), list(known), n=1)
    return f"; did you mean {matches[0]!r}?" if matches else ""
