"""The run before: what a report compares its own run with."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dags.errors import AlteredError
from dags.staging.files import Folder
from dags.staging.layout import BARS, FAILING, REPORT, SUITE
from dags.staging.records import Extracted
from dags.staging.store import newest_folders
from dags.staging.summaries import read_summary
from dags.work.judgement import COMPARED_BARS

if TYPE_CHECKING:
    import pandas as pd

    from gx.report.changes import ReportedRun

# A folder is passed over when its run came to no verdict, or was judged by another suite.
LOOKED_AT = 50


def account_before(staging: Folder, suite: str) -> "ReportedRun | None":
    """The latest finished run of the same DAG and suite; None when there is none.

    Folders are ordered by when they were written to last, which one listing tells. A store that
    does not say so (S3 has no folders) has no run before.
    """
    for folder in _newest_first(staging):
        summary = read_summary(folder)
        report = folder.find_json(REPORT) if summary and summary.suite == suite else None
        if report:
            return _account(folder, report)
    return None


def _account(folder: Folder, report: dict[str, object]) -> "ReportedRun":
    from gx.report.changes import ReportedRun

    said = folder.unverified_record("extract")
    extracted = (said.of(Extracted) if said else None) or Extracted(rows=0)

    def bars() -> "pd.DataFrame | None":
        return None if extracted.rows > COMPARED_BARS else _kept(folder, BARS)

    return ReportedRun(
        report,
        folder.find_text(SUITE),
        extracted.digest or None,
        bars=bars,
        failing=lambda: _kept(folder, FAILING),
    )


def _kept(folder: Folder, name: str) -> "pd.DataFrame | None":
    if not folder.exists(name):
        return None
    try:
        frame: pd.DataFrame = folder.read_table(name).to_pandas(date_as_object=False)
    except AlteredError:
        return None  # it is being cleaned up, or spoiled: no reason to stop this run
    return frame


def _newest_first(staging: Folder) -> Iterator[Folder]:
    for place in newest_folders(staging.root.parent, LOOKED_AT):
        if place.name != staging.root.name:
            yield Folder(place)
