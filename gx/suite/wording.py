"""What an expectation is called in a sentence: its own wording, or one made of its parameters.

Own wording ("8 robust deviations") says nothing true any more once the parameters are others. So
whoever changes them and leaves the wording has the parameters that it was written for noted in the
entry's meta, and reports show the made sentence before the wording.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gx.names import short_name
from gx.suite.diff import pair_entries, same
from gx.terms import WORDED_FOR

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation


def described(expectation: "Expectation") -> str:
    """The sentence that reports show; empty for an expectation without a wording of its own."""
    own = expectation.description
    told = (expectation.meta or {}).get(WORDED_FOR)
    # A parameter that the file leaves out has its default.
    asked = {key: _asked(expectation, key, value) for key, value in (told or {}).items()}
    if not own or not is_outdated(asked, expectation.meta):
        return own or ""
    return f"{sentence_of(expectation)} (Worded for other parameters: “{own}”)"


def _asked(expectation: "Expectation", key: str, told: object) -> object:
    value = getattr(expectation, key, None)
    field = expectation.__fields__.get(key)
    return None if told is None and field is not None and value == field.default else value


def is_outdated(kwargs: object, meta: object) -> bool:
    """Was the wording written for other parameters?"""
    told = meta.get(WORDED_FOR) if isinstance(meta, Mapping) else None
    if not isinstance(told, Mapping) or not isinstance(kwargs, Mapping):
        return False
    return any(not same(kwargs.get(key), value) for key, value in told.items())


def with_wordings_noted(
    document: Mapping[str, object], base: Mapping[str, object]
) -> Mapping[str, object]:
    """A suite, of whose entries each that ``base`` has is noted as `with_wording_noted` does."""
    before, entries = base.get("expectations"), document.get("expectations")
    if not isinstance(before, list) or not isinstance(entries, list):
        return document
    if not all(isinstance(entry, Mapping) for entry in (*before, *entries)):
        return document
    noted = list(entries)
    for here, there in pair_entries(before, entries):
        noted[there] = with_wording_noted(entries[there], before[here])
    return {**document, "expectations": noted}


def with_wording_noted(new: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """An entry, with the parameters that its wording was written for where these are others."""
    meta = dict(new.get("meta") or {}) if isinstance(new.get("meta"), Mapping | None) else None
    kwargs, before = new.get("kwargs"), old.get("kwargs")
    if meta is None or not isinstance(kwargs, Mapping) or not isinstance(before, Mapping):
        return dict(new)
    said = new.get("description")
    noted = meta.pop(WORDED_FOR, None) or {}
    keys = {*kwargs, *before} if said and said == old.get("description") else set()
    noted = {**{key: before.get(key) for key in sorted(keys)}, **noted} if keys else {}
    noted = {key: value for key, value in noted.items() if not same(value, kwargs.get(key))}
    if noted:
        meta[WORDED_FOR] = noted
    if meta == (new.get("meta") or {}):
        return dict(new)
    return {**{k: v for k, v in new.items() if k != "meta"}, **({"meta": meta} if meta else {})}


def sentence_of(expectation: "Expectation") -> str:
    """Great Expectations' own words, or the market expectation's, with its parameters in them."""
    from great_expectations.render.renderer.inline_renderer import InlineRenderer

    silent = expectation.configuration
    silent.description = None
    contents = InlineRenderer(render_object=silent).get_rendered_content()
    values = [content.value.to_json_dict() for content in contents]
    said = next((_filled(str(v["template"]), v) for v in values if v.get("template")), "")
    # Without a renderer of its own an expectation is shown as a call in Python.
    return _plain(expectation) if not said or said.startswith("expect_") else said


def _filled(template: str, value: Mapping[str, Any]) -> str:
    params = value.get("params") or {}
    for key in sorted(params, key=len, reverse=True):
        shown = params[key].get("value") if isinstance(params[key], Mapping) else params[key]
        template = template.replace(f"${key}", _word(shown))
    return re.sub(r"\{'\$PARAMETER': '(\w+)'\}", r"the run's \1", template)


def _word(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"-?\d+\.\d+", value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    whole = float(value).is_integer() and abs(value) < 1e16
    return f"{value:,.0f}" if whole else f"{value:,.15g}"


def _plain(expectation: "Expectation") -> str:
    named = short_name("", expectation.configuration.kwargs)
    type_ = expectation.configuration.type.removeprefix("expect_").replace("_", " ")
    return f"{type_.capitalize()} {named}".strip()
