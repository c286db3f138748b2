"""A run in short, in its folder: one file, so that a thousand runs can be listed at once."""

from dataclasses import asdict

from pydantic import TypeAdapter

from dags.staging.files import Folder
from dags.staging.layout import SUMMARY
from gx.web.summary import RunSummary

_SUMMARY = TypeAdapter(RunSummary)


def write_summary(folder: Folder, summary: RunSummary) -> None:
    """Write it; links to other places are left to whoever shows it."""
    folder.write_json(SUMMARY, asdict(summary))


def read_summary(folder: Folder) -> RunSummary | None:
    """Read it; None of a run that is under way, or is being cleaned up at this very moment."""
    document = folder.find_json(SUMMARY)
    try:
        return None if document is None else _SUMMARY.validate_python(document)
    except ValueError:
        return None  # of a version that said less
