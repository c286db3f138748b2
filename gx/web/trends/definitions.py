"""When the definition of an expectation was changed: by whom, and why."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from gx.editing.history import Version
from gx.errors import SuiteError
from gx.names import short_name
from gx.terms import EXCEPTIONS

_MISSING = object()


@dataclass(frozen=True)
class Definition:
    """A version that changed it; ``changes`` say what, as ``max_value: 5 → 8``."""

    time: str
    author: str
    reason: str
    changes: tuple[str, ...]


def definitions(versions: Sequence[Version], name: str) -> list[Definition]:
    """The versions (newest first) in which entries of this short name are others than before."""
    pairs = pairwise(versions)
    compared = (
        (newer, _changes(_entries(older, name), _entries(newer, name))) for newer, older in pairs
    )
    return [
        Definition(newer.time, newer.author, newer.reason, changes)
        for newer, changes in compared
        if changes
    ]


def _entries(version: Version, name: str) -> list[Mapping[str, Any]]:
    """Severity and parameters of the entries; none in a version that can't be read."""
    try:
        listed = version.document.get("expectations")
    except SuiteError:
        return []
    entries = (
        [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    )
    mine = (one for one in entries if short_name(one.get("type"), one.get("kwargs")) == name)
    return [
        {"severity": one.get("severity"), **_mapping(one.get("kwargs")), **_by_symbol(one)}
        for one in mine
    ]


def _by_symbol(entry: Mapping[str, Any]) -> dict[str, object]:
    """What differs for the symbols of each row of its exceptions."""
    rows = _mapping(entry.get("meta")).get(EXCEPTIONS)
    return {
        f"for {row.get('symbols')}": {key: one for key, one in row.items() if key != "symbols"}
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, Mapping)
    }


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _changes(
    older: Sequence[Mapping[str, Any]], newer: Sequence[Mapping[str, Any]]
) -> tuple[str, ...]:
    if len(older) == len(newer) == 1:
        return tuple(
            f"{key}: {_said(older[0], key)} → {_said(newer[0], key)}"
            for key in dict.fromkeys([*older[0], *newer[0]])
            if older[0].get(key, _MISSING) != newer[0].get(key, _MISSING)
        )
    if list(older) == list(newer):
        return ()
    if not older or not newer:
        return ("added to the suite",) if newer else ("taken out of the suite",)
    return (f"{_text(older)} → {_text(newer)}",)


def _said(entry: Mapping[str, Any], key: str) -> str:
    return _text(entry[key]) if key in entry else "not set"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
