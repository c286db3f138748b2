"""Reading back what a run left in MLflow."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracking.compare.diff import Account
from tracking.errors import NothingToCompareError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

REPORT, SUITE = "validation/results.json", "validation/suite.json"
DIGEST_TAG = "data_digest"
# What publishing did to the bars that were there: its counts by the name of their metric.
PUBLISHED = {"new": "rows_new", "changed": "rows_changed", "removed": "rows_removed"}


def read_account(client: "MlflowClient", run: "Run") -> Account:
    """What the run found, from two of its artifacts, a tag and three metrics.

    Raises NothingToCompareError when it left no report, MlflowException.
    """
    report = _read_json(client, run, REPORT)
    if report is None:
        raise NothingToCompareError(
            f"run {run.info.run_name} ({run.info.run_id}) has no {REPORT}: "
            + run.data.tags.get("error", "it ended before its bars were judged")
        )
    metrics = run.data.metrics
    published = {what: int(metrics[key]) for what, key in PUBLISHED.items() if key in metrics}
    return Account(
        name=str(run.info.run_name),
        report=report,
        suite=_read_json(client, run, SUITE),
        digest=run.data.tags.get(DIGEST_TAG),
        published=published or None,
    )


def _read_json(client: "MlflowClient", run: "Run", path: str) -> Mapping[str, Any] | None:
    # Asked for first, since what is raised for a missing file differs from store to store.
    folder = path.rpartition("/")[0]
    if path not in {entry.path for entry in client.list_artifacts(run.info.run_id, folder)}:
        return None
    with tempfile.TemporaryDirectory() as place:
        found = Path(client.download_artifacts(run.info.run_id, path, place))
        document: Mapping[str, Any] = json.loads(found.read_text(encoding="utf-8"))
    return document
