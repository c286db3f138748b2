"""Turn a suite of Great Expectations 0.x into one of 1.x, and say what is not carried over."""

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from great_expectations.expectations.expectation import Expectation

from gx.errors import JsonError, SuiteError
from gx.project import SUITES
from gx.suite.entries.read import is_uuid, known_types, parameter_faults, read_entries
from gx.suite.read import new_suite
from gx.suite.strict_json import read_json, shown
from gx.suite.texts import is_0x

SEVERITY = "critical"  # 0.x knew none: whatever failed had failed
DATES = ("date", "created_at")
_WITHIN = "expect_select_column_values_to_be_unique_within_record"
_RENAMED = {"expect_multicolumn_values_to_be_unique": _WITHIN}
_OF_THE_RUN = "a run decides that itself"
_FOUND = "nothing here finds bounds by itself; those that were found are kept"
# Kwargs that 1.x does not have, and why that changes no verdict.
_DROPPED = {
    "result_format": _OF_THE_RUN,
    "catch_exceptions": _OF_THE_RUN,
    "include_config": _OF_THE_RUN,
    "batch_id": _OF_THE_RUN,
    "auto": _FOUND,
    "profiler_config": _FOUND,
}
_AS_DATES = "parse_strings_as_datetimes"
_PARSERS = {
    "great_expectations__experimental__": "great_expectations",
    "great_expectations": "great_expectations",
    "pandas": "pandas",
    "python": "pandas",
}
_NO_OBJECT = "it is no object"
_SUITE_KEYS = {"expectation_suite_name", "expectations", "evaluation_parameters", "meta",
               "ge_cloud_id", "name", "id", "notes"}  # fmt: skip
_ENTRY_KEYS = {"expectation_type", "kwargs", "meta", "ge_cloud_id", "expectation_context", "type",
               "id", "notes", "description", "severity"}  # fmt: skip
Document = dict[str, Any]


class Remark(NamedTuple):
    """What became of a part of the old suite; ``lost`` if it is not in the new one."""

    text: str
    lost: bool


@dataclass(frozen=True)
class Converted:
    """The new suite, how many entries the old one had, and what there is to say."""

    document: Document
    entries: int
    remarks: tuple[Remark, ...]

    @property
    def whole(self) -> bool:
        """Was everything carried over?"""
        return not any(remark.lost for remark in self.remarks)


def convert_file(old: Path, new: str) -> tuple[Path, Converted]:
    """Write the suite of file ``old`` anew; ``new`` is a file that is not there yet, or a name.

    Raises SuiteError when ``old`` is no suite of 0.x or nothing of it can be carried over, and when
    ``new`` is taken; nothing is written then.
    """
    path = Path(new) if "/" in new or new.endswith(".json") else SUITES / f"{new}.json"
    if path.suffix != ".json":
        raise SuiteError(f"{path}: the file of a suite ends in .json")
    converted = convert(_read(old), path.stem, old.name)
    return new_suite(path.stem, converted.document, path.parent), converted


def convert(document: Document, name: str, where: str) -> Converted:
    """The suite ``name`` with what 1.x can say of ``document``, which is named ``where``."""
    if not is_0x(document):
        raise SuiteError(f"{where}: is no suite of Great Expectations 0.x")
    entries = document.get("expectations")
    if not isinstance(entries, list) or not entries:
        raise SuiteError(f"{where}: holds no expectation")
    parameters = document.get("evaluation_parameters")
    suite = _Suite(_mapping(parameters))
    remarks = _Remarks("the suite", suite.remarks)
    remarks.unknown(document, _SUITE_KEYS)
    if parameters and not isinstance(parameters, dict):
        remarks.lost(f"its evaluation_parameters = {shown(parameters)}: {_NO_OBJECT}")
    meta, notes = _meta(document, remarks), _notes(document, remarks)
    id_ = _id_of(document, remarks)
    for number, entry in enumerate(entries, 1):
        suite.take(number, entry)
    if not suite.entries:
        lines = "".join(f"\n  {remark.text}" for remark in suite.remarks)
        raise SuiteError(f"{where}: none of its entries can be carried over{lines}")
    if version := meta.pop("great_expectations_version", None):
        meta["converted_from_version"] = version
    return Converted(
        {
            "name": name,
            "id": id_ or str(uuid.uuid4()),
            "meta": meta,
            "notes": notes,
            **({"suite_parameters": suite.parameters} if suite.parameters else {}),
            "expectations": suite.entries,
        },
        len(entries),
        tuple(suite.remarks),
    )


@dataclass
class _Suite:
    """The new suite while it is being put together."""

    parameters: Document
    entries: list[Document] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    def lose(self, text: str) -> None:
        self.remarks.append(Remark(text, lost=True))

    def take(self, number: int, old: Any) -> None:
        """Carry an entry over, or say why it is left out."""
        type_ = old.get("expectation_type", old.get("type")) if isinstance(old, dict) else None
        if not isinstance(type_, str):
            self.lose(f"entry {number}: is no expectation")
            return
        remarks = _Remarks(f"entry {number} ({type_})", self.remarks)
        before, parameters = len(self.remarks), dict(self.parameters)
        try:
            entry = self._entry(old, type_, remarks)
        except _LeftOut as reason:
            del self.remarks[before:]
            self.parameters = parameters
            self.lose(f"{remarks.where}: left out: {reason}")
            return
        self.entries.append(entry)
        self.numbers.append(number)

    def _entry(self, old: Document, type_: str, remarks: "_Remarks") -> Document:
        renamed = _RENAMED.get(type_.lower(), type_.lower())
        if renamed not in known_types():
            raise _LeftOut("1.x has no such expectation; one of your own needs its file here, too")
        if renamed != type_:
            remarks.changed(f"is now called {renamed}")
        remarks.unknown(old, _ENTRY_KEYS)
        if not isinstance(old.get("kwargs"), dict | None):
            raise _LeftOut(f"its kwargs = {shown(old['kwargs'])}: {_NO_OBJECT}")
        entry = {
            "type": renamed,
            "kwargs": _kwargs(dict(_mapping(old.get("kwargs"))), renamed, remarks, self.parameters),
            "severity": SEVERITY if old.get("severity") is None else old["severity"],
            "description": _description(old, remarks),
            "notes": _notes(old, remarks),
            "meta": _meta(old, remarks),
            "id": _id_of(old, remarks),
        }
        entry = {k: v for k, v in entry.items() if v is not None}
        return self._readable(entry)

    def _readable(self, entry: Document) -> Document:
        """The entry in the form in which 1.x writes its condition, if it runs and is a new one."""
        read = read_entries([*self.entries, entry], "", self.parameters)[-1]
        if not isinstance(read, Expectation):
            faults = "; ".join(str(fault).partition(": ")[2] for fault in read)
            faults = re.sub(
                r"(?<=repeats entry )\d+", lambda m: str(self.numbers[int(m[0]) - 1]), faults
            )
            raise _LeftOut(faults)
        if entry["kwargs"].get("row_condition") is not None:
            written: Any = read.configuration.to_json_dict()["kwargs"]
            entry["kwargs"]["row_condition"] = written["row_condition"]
            entry["kwargs"].pop("condition_parser", None)
        return entry


class _LeftOut(Exception):
    """An entry that cannot be carried over, and why."""


@dataclass(frozen=True)
class _Remarks:
    """Remarks about one entry."""

    where: str
    remarks: list[Remark]

    def changed(self, text: str) -> None:
        self.remarks.append(Remark(f"{self.where}: {text}", lost=False))

    def lost(self, text: str) -> None:
        self.remarks.append(Remark(f"{self.where}: {text}", lost=True))

    def unknown(self, part: Document, known: set[str]) -> None:
        """What 1.x has no place for, unless it says nothing."""
        for key in sorted(key for key in part if key not in known and part[key] is not None):
            self.lost(f"its {shown(key)}: 1.x has no such key")


def _kwargs(kwargs: Document, type_: str, remarks: _Remarks, parameters: Document) -> Document:
    """The kwargs as 1.x has them; a kwarg that is null says what it says when it is not there."""
    kwargs = {key: value for key, value in kwargs.items() if value is not None}
    for key in [key for key in kwargs if key in _DROPPED]:
        remarks.lost(f"kwarg {key} = {shown(kwargs.pop(key))}: {_DROPPED[key]}")
    if "pair" in type_ and kwargs.get("ignore_row_if") == "never":
        kwargs["ignore_row_if"] = "neither"
        remarks.changed("ignore_row_if never is now called neither")
    _condition(kwargs, remarks)
    _dates(kwargs, remarks)
    for key, value in kwargs.items():
        if isinstance(value, dict) and "$PARAMETER" in value:
            kwargs[key] = _parameter(value, remarks, parameters)
    for fault, _ in parameter_faults(kwargs, parameters):
        raise _LeftOut(fault)
    return kwargs


def _parameter(value: Document, remarks: _Remarks, parameters: Document) -> Document:
    """A parameter without the value that 0.x could keep beside it, which becomes the suite's."""
    name = value["$PARAMETER"]
    if str(name).startswith("urn:"):
        raise _LeftOut(f"its parameter {shown(name)} asks for a result of another run")
    given = value.get(f"$PARAMETER.{name}")
    if given is not None and parameters.setdefault(str(name), given) != given:
        raise _LeftOut(f"its parameter {name!r} has another value than the suite's")
    if given is not None:
        remarks.changed(f"the value of its parameter {name!r} is now in suite_parameters")
    return {"$PARAMETER": name}


def _condition(kwargs: Document, remarks: _Remarks) -> None:
    parser = kwargs.get("condition_parser")
    if "row_condition" not in kwargs:
        if kwargs.pop("condition_parser", None) is not None:
            remarks.changed(
                f"condition_parser {shown(parser)} is not needed: there is no condition"
            )
    elif isinstance(parser, str) and parser not in _PARSERS:
        raise _LeftOut(f"its row_condition is for {shown(parser)}, and a suite judges frames")
    elif isinstance(parser, str):
        kwargs["condition_parser"] = _PARSERS[parser]


def _dates(kwargs: Document, remarks: _Remarks) -> None:
    """1.x compares dates as dates without being told, if the column holds them."""
    for key in ("output_strftime_format", "allow_cross_type_comparisons"):
        if key in kwargs:
            remarks.lost(f"kwarg {key} = {shown(kwargs.pop(key))}: 1.x has no such kwarg")
    asked = kwargs.pop(_AS_DATES, None)
    if not asked:
        if asked is not None:
            remarks.changed(
                f"{_AS_DATES} = {shown(asked)} is not needed: 1.x reads no texts as dates"
            )
        return
    if kwargs.get("column", kwargs.get("column_A")) in DATES:
        remarks.changed(f"{_AS_DATES} is not needed: the column holds dates")
    else:
        remarks.lost(f"kwarg {_AS_DATES}: 1.x reads no texts as dates; store them as dates")
    for key in ("min_value", "max_value", "value_set"):
        if key in kwargs:
            kwargs[key] = _each(kwargs[key], lambda text: _iso(text, remarks))


def _each(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, list):
        return [_each(one, change) for one in value]
    return change(value) if isinstance(value, str) else value


def _iso(text: str, remarks: _Remarks) -> str:
    try:
        moment = pd.Timestamp(text).to_pydatetime()
    except ValueError:
        return text  # reading it tells
    day = moment.time().isoformat() == "00:00:00" and moment.tzinfo is None
    said = moment.date().isoformat() if day else moment.isoformat()
    if said[:10] not in text:
        remarks.changed(f"{text!r} is read as {said}, as 0.x did")
    return said if said[:10] not in text or "T" in said else text


def _description(entry: Document, remarks: _Remarks) -> str | None:
    context = entry.get("expectation_context")
    rest = dict(context) if isinstance(context, dict) else {"": context}
    given = [entry.get("description"), rest.pop("description", None)]
    texts = [one for one in given if isinstance(one, str) and one]
    for one in given:
        if one not in (None, "", *texts[:1]):
            remarks.lost(f"its description {shown(one)}: an entry of 1.x has one text")
    if any(value is not None for value in rest.values()):
        remarks.lost(f"its expectation_context = {shown(context)}: only a description has a place")
    return texts[0] if texts else None


def _notes(part: Document, remarks: _Remarks) -> object:
    """0.x keeps notes in meta, as text, lines, or either with a format beside."""
    first = None
    for notes in (_mapping(part.get("meta")).get("notes"), part.get("notes")):
        plain = isinstance(notes, dict) and not notes.keys() - {"format", "content"}
        content = notes.get("content") if isinstance(notes, dict) and plain else notes
        sound = isinstance(content, str) or (
            isinstance(content, list) and all(isinstance(line, str) for line in content)
        )
        if not content or content == first:
            continue
        if sound and first is None:
            first = content
        else:
            remarks.lost(f"its notes {shown(notes)}: 1.x has one text, or lines of it")
    return first


def _meta(part: Document, remarks: _Remarks) -> Document:
    meta = part.get("meta")
    if meta and not isinstance(meta, dict):
        remarks.lost(f"its meta = {shown(meta)}: {_NO_OBJECT}")
    return {key: value for key, value in _mapping(meta).items() if key != "notes"}


def _id_of(part: Document, remarks: _Remarks) -> str | None:
    given = [part[key] for key in ("ge_cloud_id", "id") if part.get(key) is not None]
    sound = [str(one) for one in given if is_uuid(one)]
    for one in dict.fromkeys(map(str, given)):
        if one not in sound[:1]:
            remarks.lost(f"its id {shown(one)}: an id of 1.x is one UUID")
    return sound[0] if sound else None


def _mapping(value: object) -> Document:
    return value if isinstance(value, dict) else {}


def _read(path: Path) -> Document:
    try:
        document = read_json(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except FileNotFoundError:
        raise SuiteError(f"{path}: there is no such file") from None
    except JsonError as error:
        raise SuiteError(f"{path}: {error}") from None
    if not isinstance(document, dict):
        raise SuiteError(f"{path}: is no suite of Great Expectations 0.x")
    return document


def converted_lines(old: Path, new: Path, converted: Converted) -> Sequence[str]:
    """What the command prints."""
    count = len(converted.document["expectations"])
    words = {True: "not carried over", False: "changed"}
    return [
        f"Written to {new}: {count} of {converted.entries} entries of {old}, each {SEVERITY}",
        *(f"  {words[remark.lost]}  {remark.text}" for remark in converted.remarks),
        f"Read it, change it, then: python -m gx check FILE --suite {new.stem}",
    ]
