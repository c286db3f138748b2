"""Kept formats: how a person's files are to be read, one small file each in gx/formats/."""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from gx.atomic import create_file
from gx.errors import GateError
from gx.files.asked.format import Format, columns_of
from gx.nearest import nearest
from gx.project import FORMATS

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class FormatError(GateError):
    """What is said of how files are to be read cannot be meant."""


def asked_format(given: Mapping[str, str | None], folder: Path = FORMATS) -> Format:
    """What options say, over the kept format that ``format_name`` names.

    Raises FormatError that tells all faults.
    """
    name = given.get("format_name")
    said: dict[str, object] = {
        key: value for key, value in given.items() if value is not None and key != "format_name"
    }
    faults: list[str] = []
    if isinstance(columns := said.pop("columns", None), str):
        try:
            said |= columns_of(columns)
        except ValueError as error:
            faults.append(f"--columns: {error}")
    asked, more = _checked(said)
    faults += [f"--{_option(key)}: {fault}" for key, fault in more]
    if faults:
        raise FormatError("\n".join(faults))
    return asked if name is None else asked.over(read_format(name, folder))


def read_format(name: str, folder: Path = FORMATS) -> Format:
    """A kept format; raises FormatError for one that is not there or has faults, all at once."""
    path = folder / f"{name}.yml"
    if not path.is_file():
        known = format_names(folder)
        raise FormatError(
            f"there is no format {name!r}{nearest(name, known)}"
            + (f" There are: {', '.join(known)}" if known else " `gate format add` makes one")
        )
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FormatError(f"{path}: is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict):
        raise FormatError(f"{path}: says nothing; its keys are {', '.join(Format.model_fields)}")
    found, faults = _checked(document)
    if faults:
        said = [f"{key}: {fault}" for key, fault in faults]
        raise FormatError("\n".join(f"{path}: {one}" for one in said))
    return found


def format_names(folder: Path = FORMATS) -> list[str]:
    """The names of the kept formats."""
    return sorted(path.stem for path in folder.glob("*.yml"))


def add_format(name: str, kept: Format, folder: Path = FORMATS) -> Path:
    """Keep a format under a new name; raises FormatError for one that is taken, or says nothing."""
    if not _NAME.fullmatch(name):
        raise FormatError(f"{name!r} is no name of a format: letters, digits, - and _, 64 at most")
    if not kept.model_fields_set:
        raise FormatError("a format says something: give it --columns, --date-format, …")
    path = folder / f"{name}.yml"
    folder.mkdir(exist_ok=True)
    try:
        create_file(path, as_yaml(kept).encode())
    except FileExistsError:
        raise FormatError(
            f"{path} is there already; change it there, or choose another name"
        ) from None
    return path


def as_yaml(kept: Format) -> str:
    """A format as its file has it."""
    said: Any = kept.model_dump(mode="json", exclude_none=True)
    return str(yaml.safe_dump(said, sort_keys=False, allow_unicode=True))


def _checked(document: Mapping[Any, object]) -> tuple[Format, list[tuple[str, str]]]:
    try:
        return Format.model_validate(document), []
    except ValidationError as error:
        faults = [_said(one) for one in error.errors(include_url=False)]
        return Format(), faults


def _said(fault: Any) -> tuple[str, str]:
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, Format.model_fields, n=1)
        hint = (
            f"; did you mean {near[0]}?"
            if near
            else f"; there are {', '.join(Format.model_fields)}"
        )
        return key, f"is no key of a format{hint}"
    return key, str(fault["msg"]).removeprefix("Value error, ")


def _option(key: str) -> str:
    return {"order": "columns"}.get(key, key).replace("_", "-")
