"""The run before: what a report compares its own run with."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dags.errors import AlteredError
from dags.staging.files import Folder
from dags.staging.layout import BARS, REPORT, SUITE, SUMMARY
from dags.staging.records import Extracted, read_record
from dags.work.judgement import COMPARED_BARS

if TYPE_CHECKING:
    import pandas as pd

    from gx.report.changes import Account

# A folder is passed over when its run came to no verdict, or was judged by another suite.
LOOKED_AT = 50


def account_before(staging: Folder, suite: str) -> "Account | None":
    """The latest finished run of the same DAG and suite; None when there is none.

    Folders are ordered by when they were written to last, which one listing tells. A store that
    does not say so (S3 has no folders) has no run before.
    """
    for folder in _newest_first(staging):
        summary = _read(folder, SUMMARY)
        report = _read(folder, REPORT) if summary and summary["suite"] == suite else None
        if report:
            return _account(folder, report)
    return None


def _account(folder: Folder, report: dict[str, Any]) -> "Account":
    from gx.report.changes import Account

    said = _read(folder, "steps/extract.json")
    found = read_record("extract", said).found if said else None
    extracted = found if isinstance(found, Extracted) else Extracted(rows=0)

    def bars() -> "pd.DataFrame | None":
        if extracted.rows > COMPARED_BARS or not folder.exists(BARS):
            return None
        try:
            frame: pd.DataFrame = folder.read_table(BARS).to_pandas(date_as_object=False)
        except AlteredError:
            return None  # it is being cleaned up, or spoiled: no reason to stop this run
        return frame

    suite = folder.read_text(SUITE) if _read(folder, SUITE) else None
    return Account(report, suite, extracted.digest or None, bars)


def _newest_first(staging: Folder) -> Iterator[Folder]:
    root = staging.root
    listed = root.fs.ls(root.parent.path, detail=True)
    dated = [entry for entry in listed if entry["type"] == "directory" and entry.get("mtime")]
    dated.sort(key=lambda entry: entry["mtime"], reverse=True)
    for entry in dated[:LOOKED_AT]:
        name = entry["name"].rstrip("/").rsplit("/", 1)[-1]
        if name != root.name:
            yield Folder(str(root.parent / name))


def _read(folder: Folder, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] | None = folder.read_json(name)
    except AlteredError:
        return None  # under way, or being cleaned up at this very moment
    return found
