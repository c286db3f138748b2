"""Every expectation that a suite may hold, with the form to fill it in.

The form is made from the expectation's own pydantic schema, so it offers what the class accepts.
"""

import inspect
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.registry import get_expectation_impl

from gx.editing.tuning.curve import tunable
from gx.engine.looked_at import OF_THE_SCHEMA
from gx.plugins.expectations import BarExpectation
from gx.suite.custom.files import Signature, custom_signature
from gx.suite.custom.load import is_custom
from gx.suite.entries.read import PARAMETERS, known_types
from gx.suite.entries.rehearsal import FRAMES_CANNOT
from gx.suite.exceptions.variants import changeable
from gx.terms import BAR_COLUMNS

# A part of a JSON schema, as pydantic writes it.
Schema = Mapping[str, Any]
Kind = Literal[
    "column", "columns", "number", "integer", "boolean", "choice", "text", "bound", "list", "map",
    "calendar", "json",
]  # fmt: skip

# What an entry of a suite file says beside its kwargs, and what a suite file may not set.
_NOT_KWARGS = {
    *("id", "meta", "notes", "description", "severity", "rendered_content", "metadata"),
    *("batch_id", "windows", "result_format", "catch_exceptions", "library_metadata"),
}
_ADVANCED = {"row_condition", "condition_parser", "ignore_row_if", "mostly", "strict_min",
             "strict_max", "allow_relative_error", "parse_strings_as_datetimes"}  # fmt: skip
_COLUMN_LISTS = {"column_list", "column_set"}
_KINDS_BY_NAME: dict[str, Kind] = {
    **dict.fromkeys(("column", "column_A", "column_B"), "column"),
    **dict.fromkeys(_COLUMN_LISTS, "columns"),
    "calendar": "calendar",
}
_TOPICS = {"Numeric": "Numbers", "Schema": "Columns and types", "Volume": "Number of rows"}
OWN = "Your own"
_MARKET_TOPICS = {
    "price_expectations": "Prices",
    "session_expectations": "Sessions",
    "level_expectations": "Jumps and levels",
    "gross_expectations": "Jumps and levels",
    "declared_expectations": "Jumps and levels",
    "activity_expectations": "Activity",
    "symbol_expectations": "Symbols",
}
# What a person would fill in, for the fields that ask for something.
_EXAMPLES: dict[str, object] = {
    "column": "close",
    "column_A": "high",
    "column_B": "low",
    "value_set": [1, 2],
    "value_pairs_set": [[1, 2]],
    "type_": "float64",
    "type_list": ["float64"],
    "regex": "^[A-Z.]+$",
    "regex_list": ["^[A-Z.]+$"],
    "like_pattern": "A%",
    "like_pattern_list": ["A%"],
    "strftime_format": "%Y-%m-%d",
    "quantile_ranges": {"quantiles": [0.05, 0.95], "value_ranges": [[0, None], [None, 1000]]},
    "partition_object": {"bins": [0, 100, 1000], "weights": [0.5, 0.5]},
    "threshold": 3,
    "double_sided": True,
    "sum_total": 100,
    "value": 5,
    "min_value": 1,
    "method": "iqr",
    "multiplier": 3,
}

# They judge texts, and of a bar's columns only the symbol is one.
_COLUMN_OF_TEXT = {
    "expect_column_values_to_be_dateutil_parseable": "symbol",
    "expect_column_values_to_match_strftime_format": "symbol",
}

# What Great Expectations does not explain, or not in a trader's words.
_HELP = {
    "mostly": "Which part of the bars has to meet it (0.99: one in a hundred may fail); empty for "
    "all of them.",
    "row_condition": 'Which bars it looks at, as in symbol == "TSLA" and volume > 0; empty for '
    "all. A condition that fits no bar checks nothing.",
    "condition_parser": "How the condition is written; pandas for one as above.",
}


@dataclass(frozen=True)
class FormField:
    """One kwarg in a form.

    ``above`` and ``below`` are bounds that are themselves excluded. ``example`` is a value that a
    person might give; ``nullable`` says that empty is a value. ``parameter`` offers the values that
    a run fills in ({"$PARAMETER": "as_of"}). ``by_symbol``: an exception may give it another value.
    """

    name: str
    label: str
    kind: Kind
    required: bool
    default: object
    help: str
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None
    choices: tuple[str, ...] = ()
    advanced: bool = False
    example: object = None
    parameter: bool = False
    by_symbol: bool = False


@dataclass(frozen=True)
class CatalogueEntry:
    """One expectation of the catalogue.

    ``definition`` is its docstring without boilerplate. ``sentence`` is a template for what it
    says ("$column values must …"), empty when there is none. ``unsupported`` says why it cannot be
    used here. ``exceptions``: something of it may differ by symbol. ``tunes`` is the parameter of
    which a curve can be drawn, if any.
    """

    type: str
    title: str
    summary: str
    definition: str
    topic: str
    market: bool
    sentence: str
    fields: tuple[FormField, ...]
    unsupported: str = ""
    exceptions: bool = True
    tunes: str | None = None


def catalogue() -> tuple[CatalogueEntry, ...]:
    """Every expectation: the market ones first, then somebody's own, then the built-in by topic."""
    return _catalogue(custom_signature())


@lru_cache(maxsize=1)
def _catalogue(_: Signature) -> tuple[CatalogueEntry, ...]:
    entries = [_entry(type_, get_expectation_impl(type_)) for type_ in known_types()]
    return tuple(
        sorted(entries, key=lambda e: (not e.market, bool(e.unsupported), e.topic != OWN, e.topic))
    )


def filled(entry: CatalogueEntry) -> dict[str, object]:
    """Kwargs as the form makes them when each field holds its default, or else its example."""
    given = {f.name: f.example if f.default is None else f.default for f in entry.fields}
    return {key: value for key, value in given.items() if value is not None}


def _entry(type_: str, implementation: type[Expectation]) -> CatalogueEntry:
    market = issubclass(implementation, BarExpectation)
    schema = json.loads(implementation.schema_json())
    definition = inspect.cleandoc(implementation.__doc__ or "")
    by_symbol = changeable(implementation)
    fields = [
        replace(_field(name, spec, schema, market, type_), by_symbol=name in by_symbol)
        for name, spec in schema["properties"].items()
        if name not in _NOT_KWARGS and not _fixed(spec)
    ]
    return CatalogueEntry(
        type=type_,
        title=_title(type_),
        summary=definition.split("\n\n")[0].replace("\n", " "),
        definition=_readable(definition),
        topic=_topic(implementation, schema, market),
        market=market,
        sentence=getattr(implementation, "sentence", "") if market else "",
        fields=tuple(sorted(fields, key=lambda f: (f.advanced, not f.required))),
        unsupported=FRAMES_CANNOT.get(type_, ""),
        exceptions=type_ not in OF_THE_SCHEMA,
        tunes=tunable(type_),
    )


def _field(
    name: str, spec: Mapping[str, object], schema: Schema, market: bool, type_: str
) -> FormField:
    required = name in schema.get("required", ())
    default, kinds = spec.get("default"), _alternatives(spec, schema)
    plain = next((kind for kind in kinds if kind.get("type") != "object"), kinds[0])
    advanced = name in _ADVANCED or (market and name in _COLUMN_LISTS)
    return FormField(
        name=name,
        label=name.strip("_").replace("_", " ").capitalize(),
        kind=_kind(name, kinds, plain),
        required=required,
        default=default,
        help=_HELP.get(name) or _sentence(str(spec.get("description") or "")),
        minimum=plain.get("minimum"),
        maximum=plain.get("maximum"),
        above=plain.get("exclusiveMinimum"),
        below=plain.get("exclusiveMaximum"),
        choices=tuple(plain.get("enum", ())),
        advanced=advanced,
        example=None if advanced else _example(name, type_),
        parameter=name in PARAMETERS,
    )


def _sentence(text: str) -> str:
    """On one line, with its full stop."""
    line = " ".join(text.split())
    return f"{line}." if line and line[-1] not in ".!?:" else line


def _kind(name: str, kinds: list[dict[str, object]], plain: Schema) -> Kind:
    """What a field holds, by its name where that says it, else by the types of its schema."""
    return _KINDS_BY_NAME.get(name) or _kind_by_types({k.get("type") for k in kinds}, plain)


def _kind_by_types(types: set[object], plain: Schema) -> Kind:
    if "enum" in plain:
        return "choice"
    if inner := plain.get("additionalProperties"):
        return "map" if inner.get("type") == "string" else "json"
    if {"number", "string"} <= types or {"integer", "string"} <= types:
        return "bound"
    if "array" in types or "oneOf" in plain:
        return "list" if _holds_plain_values(plain) else "json"
    simple: dict[str, Kind] = {"number": "number", "integer": "integer", "boolean": "boolean",
                               "string": "text"}  # fmt: skip
    return simple.get(str(plain.get("type")), "json")


def _holds_plain_values(plain: Schema) -> bool:
    shapes = plain.get("oneOf", [plain])
    return all(
        isinstance(shape.get("items"), dict) and shape["items"].get("type") not in ("array", None)
        for shape in shapes
    )


def _alternatives(spec: Schema, schema: Schema) -> list[dict[str, Any]]:
    """The shapes that a value may have, with references followed."""
    found = []
    for shape in spec.get("anyOf") or spec.get("allOf") or [spec]:
        name = str(shape.get("$ref", "")).rpartition("/")[2]
        found.append(schema["definitions"][name] if name else dict(shape))
    return found


def _fixed(spec: Schema) -> bool:
    """There is nothing to choose."""
    return "const" in spec or len(spec.get("enum", (1, 2))) == 1


def _example(name: str, type_: str) -> object:
    if name in _COLUMN_LISTS:
        return list(BAR_COLUMNS) if "match" in type_ else ["open", "close"]
    if "proportion" in type_ and name == "min_value":
        return 0.9
    if name == "column" and type_ in _COLUMN_OF_TEXT:
        return _COLUMN_OF_TEXT[type_]
    return _EXAMPLES.get(name)


def _title(type_: str) -> str:
    return type_.removeprefix("expect_").replace("_", " ").capitalize()


def _topic(implementation: type[Expectation], schema: Schema, market: bool) -> str:
    if is_custom(implementation):
        return OWN
    if market:
        return _MARKET_TOPICS[implementation.__module__.rpartition(".")[2]]
    issues = schema["properties"]["metadata"]["properties"].get("data_quality_issues", {})
    first = str((issues.get("const") or ["Validity"])[0])
    return _TOPICS.get(first, first)


def _readable(definition: str) -> str:
    """The docstring without what every one repeats."""
    head = re.split(r"\n(?:Other Parameters|Returns|See Also|Supported Data|Data Quality|Example)",
                    definition)[0]  # fmt: skip
    notes = re.search(r"\nNotes:\n(.*?)\n\n(?=\S)", definition, re.DOTALL)
    text = head + (f"\n\nNotes:\n{notes.group(1)}" if notes else "")
    boilerplate = r"\n\n\w+ is a[^\n]*\n\n[^\n]*one of the most common types.*?(?=\n\n)"
    text = re.sub(boilerplate, "", text, flags=re.DOTALL)
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    return re.sub(r"(?<=\S)[ \t]{2,}", " ", re.sub(r"\n{3,}", "\n\n", text)).strip()
