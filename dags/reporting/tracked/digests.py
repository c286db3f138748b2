"""What a run hands to MLflow, digested into the database of the bars (see sql.evidence)."""

import hashlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from sql.connection import connected
from sql.errors import EvidenceError
from sql.evidence import Evidence, FileDigest, insert_evidence

if TYPE_CHECKING:
    from dags.run.context import Run

_log = logging.getLogger(__name__)


def digest_folder(folder: Path) -> tuple[FileDigest, ...]:
    """Every file below the folder, by its path relative to it."""
    return tuple(
        _digest(path, path.relative_to(folder).as_posix())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    )


def store_digests(run: "Run", mlflow_run_id: str, folder: Path) -> dict[str, str]:
    """Keep the digests of what MLflow has just taken; empty, or why that was not possible.

    The evidence is in MLflow by then, so a database that is away makes no run fail: its report says
    that nothing can be compared.
    """
    evidence = Evidence(mlflow_run_id, digest_folder(folder))
    try:
        with connected(run.published_at) as engine:
            insert_evidence(engine, run.identity.key, evidence)
    except EvidenceError as error:
        _log.warning("%s", error)
        return {"undigested": str(error)}
    return {}


def _digest(path: Path, name: str) -> FileDigest:
    with path.open("rb") as file:
        return FileDigest(
            name, hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
        )
