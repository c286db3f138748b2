"""Reading back what a run left in MLflow."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tracking.errors import NothingToCompareError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

REPORT, SUITE = "validation/results.json", "validation/suite.json"
DIGEST_TAG, VERDICT_TAG = "data_digest", "verdict"
# What publishing did to the bars that were there: its counts by the name of their metric.
PUBLISHED = {"new": "rows_new", "changed": "rows_changed", "removed": "rows_removed"}


@dataclass(frozen=True)
class TrackedRun:
    """What a run left: its ``report`` as JSON has it, and the text of the suite that judged.

    ``digest`` tells equal bars. ``published`` counts what the run did to the bars that were
    published before it: ``new``, ``changed`` and ``removed``. ``sentence`` says what became of it.
    None is what it did not leave.
    """

    name: str
    report: Mapping[str, object]
    suite_text: str | None
    digest: str | None
    published: Mapping[str, int] | None
    sentence: str | None


def read_run(client: "MlflowClient", run: "Run") -> TrackedRun:
    """What the run found, from two of its artifacts, a tag and three metrics.

    Raises NothingToCompareError when it left no report, MlflowException.
    """
    report = _read_text(client, run, REPORT)
    if report is None:
        raise NothingToCompareError(
            f"run {run.info.run_name} ({run.info.run_id}) has no {REPORT}: "
            + run.data.tags.get("error", "it ended before its bars were judged")
        )
    metrics = run.data.metrics
    published = {what: int(metrics[key]) for what, key in PUBLISHED.items() if key in metrics}
    return TrackedRun(
        name=str(run.info.run_name),
        report=json.loads(report),
        suite_text=_read_text(client, run, SUITE),
        digest=run.data.tags.get(DIGEST_TAG),
        published=published or None,
        sentence=run.data.tags.get(VERDICT_TAG),
    )


def _read_text(client: "MlflowClient", run: "Run", path: str) -> str | None:
    # Asked for first, since what is raised for a missing file differs from store to store.
    folder = path.rpartition("/")[0]
    if path not in {entry.path for entry in client.list_artifacts(run.info.run_id, folder)}:
        return None
    with tempfile.TemporaryDirectory() as place:
        found = Path(client.download_artifacts(run.info.run_id, path, place))
        return found.read_text(encoding="utf-8")
