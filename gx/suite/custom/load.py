"""Find the expectations that somebody put into gx/plugins/custom/, and import them.

A file is imported as a whole or not at all: one that fails halfway, or that defines what exists
already, leaves Great Expectations' registries as they were. What is wrong with it is told to
whoever asks for one of its expectations; suites that do not are not concerned.
"""

import ast
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from great_expectations.expectations import registry
from great_expectations.util import camel_to_snake

from gx.suite.custom.files import Signature, custom_files, custom_signature

_LOG = logging.getLogger(__name__)
_PACKAGE = "gx.plugins.custom"
Registries = tuple[dict[str, object], dict[str, object], dict[str, Any]]


@dataclass(frozen=True)
class CustomFault:
    """Why a file is not used; ``types`` are the expectations that its text defines."""

    file: str
    line: int | None
    message: str
    types: tuple[str, ...]

    def __str__(self) -> str:
        """Name file and line first."""
        where = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{where}: {self.message}"


@dataclass
class _Folder:
    """What was imported of the folder, as it looked then."""

    signature: Signature | None = None
    before: Registries | None = None
    owners: dict[str, str] = field(default_factory=dict)
    faults: list[CustomFault] = field(default_factory=list)


_folder = _Folder()


def load_custom() -> tuple[CustomFault, ...]:
    """Import what is in the folder, anew if anything there has changed; return what is wrong."""
    signature = custom_signature()
    if signature != _folder.signature:
        if _folder.before is None:
            _folder.before = _copied()
        _restore(_folder.before)
        _folder.owners, _folder.faults = {}, []
        for path in custom_files():
            _import(path)
        _folder.signature = signature
        for fault in _folder.faults:
            _LOG.warning("%s", fault)
    return tuple(_folder.faults)


def is_custom(implementation: type) -> bool:
    """Is it from the folder?"""
    return implementation.__module__.startswith(f"{_PACKAGE}.")


def why_missing(type_: object) -> str:
    """How a broken file may be the reason that an expectation is unknown; empty if it is not."""
    faults = load_custom()
    own = [fault for fault in faults if type_ in fault.types] or [
        fault for fault in faults if not fault.types
    ]
    return "".join(f"; {fault}" for fault in own)


def _import(path: Path) -> None:
    before = _copied()
    try:
        _execute(path)
        fault = _clash(before) or _unusable(before)
    except (Exception, SystemExit) as error:  # whatever a file of somebody's raises is told
        line = _line(error, path)
        fault = f"cannot be imported: {type(error).__name__}: {_first_line(error)}"
    else:
        line = None
    if not fault:
        new = registry._registered_expectations.keys() - before[0].keys()
        _folder.owners |= dict.fromkeys(new, path.name)
        return
    _restore(before)
    sys.modules.pop(f"{_PACKAGE}.{path.stem}", None)
    name = f"gx/plugins/custom/{path.name}"
    _folder.faults.append(CustomFault(name, line, fault, tuple(_defined(path))))


def _execute(path: Path) -> None:
    """Run the file as a module; not by an importer, which takes an older compiled one for it."""
    module = ModuleType(f"{_PACKAGE}.{path.stem}")
    module.__file__, module.__package__ = str(path), _PACKAGE
    sys.modules[module.__name__] = module
    with _one_line_alone():
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)  # noqa: S102  # a file of the project's own


@contextmanager
def _one_line_alone() -> Iterator[None]:
    """Great Expectations warns of every part of a class that is there already: thirty lines."""
    logger = logging.getLogger(registry.__name__)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _clash(before: Registries) -> str:
    """What the file defines that exists already."""
    live, known = registry._registered_expectations, before[0]
    taken = {type_ for type_ in known if live[type_] is not known[type_]}
    for type_ in sorted(taken | ((live.keys() - known.keys()) & _folder.owners.keys())):
        owner = _folder.owners.get(type_)
        if owner:  # nobody knows which of the two is meant
            known.pop(type_, None)
        by = f"{owner} does already, so that neither is used" if owner else "exists already"
        return f"defines {type_}, which {by}; rename its class"
    for name, metric in before[1].items():
        if registry._registered_metrics[name] != metric:
            return f"defines the metric {name!r}, which exists already; give it another name"
    return ""


def _unusable(before: Registries) -> str:
    new = registry._registered_expectations.keys() - before[0].keys()
    for type_ in sorted(new):
        registry._registered_expectations[type_].schema_json()  # the editor's form
    return "" if new else "defines no expectation: a class needs all that its base asks of it"


def _copied() -> Registries:
    """The registries, down to the dictionaries in them."""
    expectations, metrics, renderers = _live()
    return (
        dict(expectations),
        {name: _deep(metric) for name, metric in metrics.items()},
        {name: dict(found) for name, found in renderers.items()},
    )


def _deep(value: object) -> Any:
    return {k: _deep(v) for k, v in value.items()} if isinstance(value, dict) else value


def _restore(before: Registries) -> None:
    for live, saved in zip(_live(), before, strict=True):
        live.clear()
        live.update({name: _deep(found) for name, found in saved.items()})


def _live() -> Registries:
    # Great Expectations has no way to take back a registration.
    return (
        registry._registered_expectations,
        registry._registered_metrics,
        registry._registered_renderers,
    )


def _line(error: BaseException, path: Path) -> int | None:
    """The last line of the file itself that led to the error."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((f.lineno for f in reversed(frames) if f.filename == str(path)), None)


def _first_line(error: BaseException) -> str:
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    return said.strip().partition("\n")[0] or "no message"


def _defined(path: Path) -> Iterator[str]:
    """The types that the classes of a file would have; none of a file that is no Python."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield camel_to_snake(node.name)
