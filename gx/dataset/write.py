"""A dataset as the text of its file, with a comment above what it was decided by."""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from gx.dataset.model import Dataset
from gx.dataset.read import parse_dataset
from gx.errors import DatasetError

WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./+-]*( [A-Za-z0-9_./+-]+)*")
_NOTHING = ("null", "Null", "NULL")
Why = Mapping[str, str]


def dataset_text(dataset: Dataset, why: Why | None = None, head: str = "") -> str:
    """The text of a dataset's file, which is read back as the same dataset.

    ``why`` has comments by the place that they stand above, such as ``source.columns.close``;
    ``head`` stands above all.
    """
    lines = [*_comment(head, ""), *_entries(_said(dataset), why or {}, "", "")]
    text = "\n".join(lines) + "\n"
    if parse_dataset(dataset.name, text) != dataset:
        raise DatasetError(f"{dataset.name}.yml: would be read as another dataset\n{text}")
    return text


def _said(dataset: Dataset) -> dict[str, Any]:
    """What the file has to say: not what it would be without saying."""
    said = dataset.model_dump(exclude={"name"}, exclude_defaults=True, by_alias=True)
    for key in ("suite", "bar"):
        said[key] = getattr(dataset, key)
    order = [one for one in Dataset.model_fields if one in said]
    return {key: said[key] for key in order}


def _entries(said: Mapping[str, Any], why: Why, place: str, indent: str) -> Iterator[str]:
    for key, value in said.items():
        here = f"{place}{key}"
        yield from _comment(why.get(here, ""), indent)
        if isinstance(value, Mapping):
            yield f"{indent}{_scalar(key)}:"
            yield from _entries(value, why, f"{here}.", f"{indent}  ")
        elif isinstance(value, list | tuple):
            yield from _listed(_scalar(key), value, indent)
        elif isinstance(value, str) and "\n" in value.strip():
            yield f"{indent}{_scalar(key)}: {json.dumps(value, ensure_ascii=False)}"
        else:
            yield f"{indent}{_scalar(key)}: {_scalar(str(value))}"


def _listed(key: str, values: list[str] | tuple[str, ...], indent: str) -> Iterator[str]:
    shown = f"{indent}{key}: [{', '.join(map(_scalar, values))}]"
    if len(shown) <= WIDTH:
        yield shown
        return
    yield f"{indent}{key}:"
    yield from (f"{indent}  - {_scalar(value)}" for value in values)


def _scalar(text: str) -> str:
    """A text as YAML has it; quoted as JSON, which YAML reads, unless it is plain."""
    if _PLAIN.fullmatch(text) and text not in _NOTHING:
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _comment(text: str, indent: str) -> Iterator[str]:
    for paragraph in text.splitlines():
        for line in textwrap.wrap(paragraph, WIDTH - len(indent) - 2, break_long_words=False):
            yield f"{indent}# {line}"
