"""What a suite needs beside its own file: a checkpoint, and a validation definition.

The checkpoint runs the suite, and the definition says on which bars; a run judges by these.
"""

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gx.atomic import create_file, remove_file, replace_file
from gx.project import CHECKPOINTS, DEFINITIONS

CHECKPOINT_FOLDER, DEFINITION_FOLDER = CHECKPOINTS.name, DEFINITIONS.name
# Whose definition says where the bars of a run are; those are the same for every suite.
_MODEL = DEFINITIONS / "stock_data.json"


def suite_id(name: str, document: Mapping[str, object]) -> str:
    """A suite's own id, or the one that follows from its name."""
    return str(document.get("id") or uuid.uuid5(uuid.NAMESPACE_URL, name))


def checkpoint_files(name: str, suite: str, project: Path) -> dict[Path, bytes]:
    """The two files of a suite called ``name`` with the id ``suite``, by where they belong.

    Their ids follow from the name: they are the same wherever they are made.
    """
    definition, checkpoint = (
        str(uuid.uuid5(uuid.NAMESPACE_URL, f"{folder}/{name}"))
        for folder in (DEFINITION_FOLDER, CHECKPOINT_FOLDER)
    )
    data = json.loads(_MODEL.read_text(encoding="utf-8"))["data"]
    written: dict[str, dict[str, Any]] = {
        DEFINITION_FOLDER: {
            "id": definition,
            "name": name,
            "data": data,
            "suite": {"id": suite, "name": name},
        },
        CHECKPOINT_FOLDER: {
            "id": checkpoint,
            "name": name,
            "result_format": "SUMMARY",
            "validation_definitions": [{"id": definition, "name": name}],
            "actions": [{"name": "data_docs", "site_names": [], "type": "update_data_docs"}],
        },
    }
    return {
        project / folder / f"{name}.json": (json.dumps(one, indent=2) + "\n").encode()
        for folder, one in written.items()
    }


def renamed_files(name: str, to: str, project: Path) -> dict[Path, bytes]:
    """The two files of a suite as they are, for another name; nothing where one is missing."""
    if not all(path.is_file() for path in _files_of(name, project)):
        return {}
    definition, checkpoint = (
        json.loads(path.read_text(encoding="utf-8")) for path in _files_of(name, project)
    )
    usual = {path: json.loads(raw) for path, raw in checkpoint_files(to, "", project).items()}
    there, here = _files_of(to, project)
    named = {"name": to, "id": usual[there]["id"]}
    own = {(definition["id"], definition["name"])}
    written = {
        there: definition | named | {"suite": {**definition["suite"], "name": to}},
        here: checkpoint
        | {"name": to, "id": usual[here]["id"]}
        | {
            "validation_definitions": [
                named if (one["id"], one["name"]) in own else one
                for one in checkpoint["validation_definitions"]
            ]
        },
    }
    return {path: (json.dumps(one, indent=2) + "\n").encode() for path, one in written.items()}


def put_away(name: str, project: Path, folder: Path) -> None:
    """Move the two files of a suite that goes into a folder, in which they stay."""
    for path in _files_of(name, project):
        if path.is_file():
            replace_file(folder / f"{path.parent.name}.json", path.read_bytes())
            remove_file(path)


def bring_back(name: str, project: Path, folder: Path) -> None:
    """Bring the two files back that were put away."""
    for path in _files_of(name, project):
        kept = folder / f"{path.parent.name}.json"
        if kept.is_file() and path.parent.is_dir():
            replace_file(path, kept.read_bytes())


def _files_of(name: str, project: Path) -> tuple[Path, Path]:
    definition, checkpoint = (
        project / folder / f"{name}.json" for folder in (DEFINITION_FOLDER, CHECKPOINT_FOLDER)
    )
    return definition, checkpoint


def add_checkpoint(name: str, document: Mapping[str, object], folder: Path) -> None:
    """Give a suite in a project's ``folder`` of suites its checkpoint; one that is there stays.

    A folder of suites that is in no project has no place for it, and needs none.
    """
    for path, raw in checkpoint_files(name, suite_id(name, document), folder.parent).items():
        if path.parent.is_dir() and not path.exists():
            create_file(path, raw)
