"""Reading dataset files: strictly, and all faults at once."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from gx import project
from gx.dataset.actions import Dividends, Splits
from gx.dataset.fetch import Fetch
from gx.dataset.model import DEFAULT, Dataset, Source, name_fault
from gx.errors import DatasetError
from gx.nearest import nearest

# What pydantic calls by Python's names.
_PLAINLY = {
    "missing": "is not there",
    "string_type": "is to be one text",
    "tuple_type": "is to be a list, as [A, B]",
    **dict.fromkeys(("dict_type", "mapping_type", "model_type"), "is to have entries, as A: B"),
}
_PARTS: Mapping[str, type[BaseModel]] = {
    "source": Source,
    "fetch": Fetch,
    "splits": Splits,
    "dividends": Dividends,
}
# What YAML calls nothing.
_NOTHING = ("", "~", "null", "Null", "NULL")


class _TextLoader(yaml.CBaseLoader):  # type: ignore[misc]  # it has no types
    """Every scalar as it is written: of YAML's own readings a symbol NO would be a falsehood.

    A key that stands twice is refused; YAML would take the second.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[object] = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if not isinstance(name, str):
                raise yaml.MarkedYAMLError(None, None, "a key is no text", key.start_mark)
            if name in seen:
                raise yaml.MarkedYAMLError(None, None, f"{name!r} stands twice", key.start_mark)
            seen.add(name)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


def dataset_names(folder: Path | None = None) -> list[str]:
    """Every dataset that there is a file of, the default first."""
    names = sorted(path.stem for path in (folder or project.DATASETS).glob("*.yml"))
    return sorted(names, key=lambda name: name != DEFAULT)


def read_dataset(name: str, folder: Path | None = None) -> Dataset:
    """The dataset of this name.

    Raises DatasetError that tells all faults of its file, or the nearest name when there is none.
    """
    path = (folder or project.DATASETS) / f"{name}.yml"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        known = dataset_names(folder)
        hint = nearest(name, known) or f"; there is {', '.join(known) or 'none'}"
        raise DatasetError(f"there is no dataset {name!r}{hint}") from None
    except UnicodeDecodeError:
        raise DatasetError(f"{path.name}: is not UTF-8 text") from None
    return parse_dataset(name, text)


@lru_cache(maxsize=256)  # each dataset is compared with every other one
def parse_dataset(name: str, text: str) -> Dataset:
    """A dataset from the text of its file; raises DatasetError that tells all its faults."""
    where = f"{name}.yml"
    if fault := name_fault(name):
        raise DatasetError(f"{where}: the name of a dataset {fault}")
    document = _mapping(where, text)
    if "name" in document:
        raise DatasetError(f"{where}: has a name; a dataset is called as its file is")
    filled = {"name": name, "suite": name, **({} if name == DEFAULT else {"publish": name})}
    return valid_dataset({**filled, **document}, where)


def valid_dataset(document: Mapping[str, object], where: str) -> Dataset:
    """The dataset that a document says; raises DatasetError that tells all faults of ``where``."""
    try:
        return Dataset.model_validate(document)
    except ValidationError as error:
        raise DatasetError.of([_said(fault) for fault in error.errors()], where) from None


def _mapping(where: str, text: str) -> dict[str, Any]:
    try:
        document = yaml.load(text, _TextLoader)  # noqa: S506  # it makes texts of everything
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f", line {mark.line + 1}" if mark else ""
        raise DatasetError(f"{where}{place}: {error.problem}") from None
    except yaml.YAMLError as error:
        raise DatasetError(f"{where}: is no YAML ({error})") from None
    if not isinstance(document, dict):
        raise DatasetError(f"{where}: has no entries such as source: and bar:")
    return _without_nothing(document)


def _without_nothing(document: Mapping[str, Any]) -> dict[str, Any]:
    """Without entries that are left empty."""
    return {
        key: _without_nothing(value) if isinstance(value, dict) else value
        for key, value in document.items()
        if not (isinstance(value, str) and value in _NOTHING)
    }


def _said(fault: Any) -> str:
    """A fault of pydantic's as a person would say it."""
    place = ".".join(str(part) for part in fault["loc"])
    text = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        model = _PARTS.get(place.partition(".")[0] if "." in place else "", Dataset)
        known = [field.alias or name for name, field in model.model_fields.items()]
        key = place.rpartition(".")[2]
        text = f"is not known{nearest(key, [one for one in known if one != 'name'])}"
    text = _PLAINLY.get(fault["type"], text)
    return f"{place}: {text}" if place else text
