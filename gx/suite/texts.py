"""What people write into suites: how long it may be, and which characters it may hold."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gx.errors import SuiteError
from gx.suite.strict_json import is_unicode, shown

SUITE_KEYS = ("name", "id", "meta", "notes", "suite_parameters", "expectations")
_0X_KEYS = ("expectation_suite_name", "evaluation_parameters", "data_asset_type", "ge_cloud_id")
REASON_LIMIT = 500
COMMENT_LIMIT = 1_000
DESCRIPTION_LIMIT = 500
NOTES_LIMIT = 2_000
AUTHOR_LIMIT = 200
META_LIMIT = 100_000  # the ends of 3,000 symbols
META_DEPTH = 10
_LIMITS = {"description": DESCRIPTION_LIMIT, "notes": NOTES_LIMIT}
# All but tab and line breaks, and the marks that show a text in another order than it is written.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

UNNOTICED = "no critical expectation notices: "
ADD = "; add what finds it in stock_data: "
# What of a weakness may change though it stays: see gx.suite.weaknesses.find.
_PASSING = re.compile(
    rf"(?<=^entry )\d+| \(entr(?:y|ies) [\d, ]+ could not be tried\)|{ADD}.*", re.DOTALL
)

# Letters, by Unicode, of which nothing is seen.
_FILLERS = "\u115f\u1160\u3164\uffa0"


def is_0x(document: Mapping[str, object]) -> bool:
    """Did Great Expectations before 1.0 write it?"""
    entries = document.get("expectations")
    return any(key in document for key in _0X_KEYS) or any(
        isinstance(entry, Mapping) and "expectation_type" in entry
        for entry in (entries if isinstance(entries, list) else [])
    )


def new_weaknesses(found: Sequence[str], before: Sequence[str]) -> tuple[str, ...]:
    """Those that say something that none of ``before`` did, whatever number an entry then had."""
    known = {part for one in before for part in _parts(one)}
    return tuple(one for one in found if not _parts(one) <= known)


def _parts(weakness: str) -> set[str]:
    """What it says, one by one where it lists kinds of fault."""
    said = _PASSING.sub("", weakness)
    listed = said.removeprefix(UNNOTICED)
    return {said} if listed == said else set(listed.split("; "))


def reason_of(text: str) -> str:
    """The reason of a version without spaces around it; raises SuiteError."""
    if not any(one.isalnum() and one not in _FILLERS for one in text):
        raise SuiteError("say why: the history keeps the reason of every version", field="reason")
    if fault := _fault("the reason", text.strip(), REASON_LIMIT):
        raise SuiteError(fault, field="reason")
    return text.strip()


def comment_of(text: str) -> str:
    """A comment on a run without spaces around it; raises SuiteError."""
    if not any(one.isalnum() and one not in _FILLERS for one in text):
        raise SuiteError("the comment says nothing; write what the next person has to know")
    if fault := _fault("the comment", text.strip(), COMMENT_LIMIT):
        raise SuiteError(fault)
    return text.strip()


def author_of(name: str) -> str:
    """The author as the login names it; raises SuiteError for one that no record can hold."""
    fault = (
        _fault("the author's name", name, AUTHOR_LIMIT) if name.strip() else "there is no author"
    )
    if fault:
        raise SuiteError(fault)
    return name


def text_faults(document: Mapping[str, object]) -> Iterator[SuiteError]:
    """What cannot be saved of a suite's descriptions and notes, and any text that is no Unicode."""
    entries = document.get("expectations")
    yield from _texts_of({k: v for k, v in document.items() if k != "expectations"}, None)
    for number, entry in enumerate(entries if isinstance(entries, list) else [], 1):
        yield from _texts_of(entry if isinstance(entry, Mapping) else {"": entry}, number)


def _texts_of(part: Mapping[str, object], number: int | None) -> Iterator[SuiteError]:
    where = f"entry {number}" if number else "the suite"
    for field, value in part.items():
        limit = _LIMITS.get(str(field))
        # Great Expectations takes notes as a list of lines, too.
        text = "\n".join(map(str, value)) if isinstance(value, list) and limit else value
        fault = _fault(f"its {field}", text, limit) if limit and isinstance(text, str) else ""
        if not fault and field == "meta":
            fault = _meta_fault(value)
        if not fault and not _writable([field, value]):
            fault = f"its {shown(field)} holds half of a character, which no file can hold"
        if fault:
            yield SuiteError(f"{where}: {fault}", entry=number, field=str(field))


def _fault(what: str, text: str, limit: int) -> str:
    if not is_unicode(text):
        return f"{what} holds half of a character ({shown(text)}), which no file can hold"
    if found := _CONTROLS.search(text):
        return f"{what} holds the control character {shown(found[0])}; leave it out"
    if len(text) > limit:
        return f"{what} has {len(text):,} characters; {limit:,} is the most"
    return ""


def _meta_fault(meta: object) -> str:
    level, depth = [meta], 0
    while level := [inner for part in level for inner in _within(part)]:
        depth += 1
        if depth > META_DEPTH:
            return f"its meta is nested deeper than {META_DEPTH} levels; write it flatter"
    size = len(json.dumps(meta, ensure_ascii=False))
    if size > META_LIMIT:
        return f"its meta has {size:,} characters; {META_LIMIT:,} is the most"
    return ""


def _within(part: object) -> Iterable[Any]:
    if isinstance(part, Mapping):
        return part.values()
    return part if isinstance(part, list | tuple) else ()


def _writable(value: object) -> bool:
    left = [value]
    while left:
        part = left.pop()
        if isinstance(part, Mapping):
            left += [*part.keys(), *part.values()]
        elif isinstance(part, list | tuple):
            left += part
        elif isinstance(part, str) and not is_unicode(part):
            return False
    return True
