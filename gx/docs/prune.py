"""Removing what is stored of old runs: validation results, and their pages in Data Docs."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from gx.docs.stored_results import RESULTS, SITE, StoredResult, find_files
from gx.project import PROJECT


@dataclass(frozen=True)
class ResultFile:
    """A validation result, or a page of one; ``size`` in bytes."""

    result: StoredResult
    path: Path
    size: int

    def remove(self) -> None:
        """Remove the file, and the folders of its time and its run that it leaves empty.

        Great Expectations' own `remove_key` leaves them, and every listing walks them for ever.
        """
        self.path.unlink(missing_ok=True)
        for folder in self.path.parents[:2]:
            with contextlib.suppress(OSError):  # not empty: there are other results of the run
                folder.rmdir()


def stored_results(results: Path) -> list[ResultFile]:
    """Every validation result under ``results``."""
    return _files(results / RESULTS, ".json")


def stored_pages(results: Path) -> list[ResultFile]:
    """Every page of a validation result under ``results``, with or without the result itself."""
    return _files(results / SITE / RESULTS, ".html")


def rebuild_index(results: Path, project: Path = PROJECT) -> None:
    """Build the front page of Data Docs anew, if there is one."""
    if not (results / SITE / "index.html").exists():
        return
    # Seconds of import, which nobody pays who has no site.
    from gx.engine.context import project_context

    context = project_context(results, project)
    for site in (context.variables.data_docs_sites or {}).values():
        context._load_site_builder_from_site_config(site).site_index_builder.build()


def _files(root: Path, suffix: str) -> list[ResultFile]:
    return [
        ResultFile(found, path, path.stat().st_size) for found, path in find_files(root, suffix)
    ]
