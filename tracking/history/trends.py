"""Long-lived runs with one point per DAG run, so that MLflow draws a line over months."""

import math
import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Literal

from tracking.names import MAX_TAG, cut, metric_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run

KIND_TAG, TREND = "kind", "trend"
SUBJECT_TAG = "trend.of"
# One request carries 1,000 metrics; a suite has tens.
MAX_METRICS = 1000
_MAX_TRENDS = 1000
# MLflow's own choice gives two lines the same blue. Okabe and Ito's, which most people tell apart.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")


@dataclass(frozen=True)
class TrendPoint:
    """What one DAG run says of a suite or of a symbol.

    ``at`` is the last date of the data, not the day of the run: a run that is made up for later
    stands where its data does. Values that are not finite are left out.
    """

    kind: Literal["suite", "symbol"]
    name: str
    at: date
    metrics: "Mapping[str, float]"

    @property
    def subject(self) -> str:
        """By what the trend's run is found again."""
        return cut(f"{self.kind}/{self.name}", MAX_TAG)


def add_points(client: "MlflowClient", experiment_id: str, points: Sequence[TrendPoint]) -> None:
    """Put each point into the run of its trend, which is created when it is missing.

    One search, and one request for each point, however long the history is. The same point twice
    is one point: a retry adds nothing. Raises MlflowException.
    """
    found = _trend_runs(client, experiment_id)
    missing = {point.subject: point for point in points if point.subject not in found}
    if missing:
        found = _create(client, experiment_id, list(missing.values()))
    for point in points:
        client.log_batch(found[point.subject].info.run_id, metrics=_metrics(point))


def _metrics(point: TrendPoint) -> "list[Metric]":
    from mlflow.entities import Metric

    at = datetime(point.at.year, point.at.month, point.at.day, tzinfo=UTC)
    milliseconds = int(at.timestamp() * 1000)
    finite = [(name, value) for name, value in point.metrics.items() if math.isfinite(value)]
    # Days since 1970 as the step: MLflow shows the value of the highest step as the latest, and
    # draws a line rather than a bar only of what has steps above 0.
    day = milliseconds // 86_400_000
    return [
        Metric(metric_name(name), float(value), milliseconds, day)
        for name, value in finite[:MAX_METRICS]
    ]


def _trend_runs(client: "MlflowClient", experiment_id: str) -> "dict[str, Run]":
    """The run of each trend: the first that was made, when two processes made one at once."""
    runs = client.search_runs(
        [experiment_id],
        f"tags.`{KIND_TAG}` = '{TREND}'",
        max_results=_MAX_TRENDS,
        order_by=["attributes.start_time DESC", "attributes.run_id DESC"],
    )
    return {run.data.tags.get(SUBJECT_TAG, ""): run for run in runs}


def _create(
    client: "MlflowClient", experiment_id: str, points: Iterable[TrendPoint]
) -> "dict[str, Run]":
    made = [_create_run(client, experiment_id, point) for point in points]
    # Looked up again: another process may have created one in the meantime, or a create that was
    # retried on its way may have left two.
    found = _trend_runs(client, experiment_id)
    of_trends = {run.info.run_id for run in found.values()}
    for run in made:
        if run.info.run_id not in of_trends:
            client.delete_run(run.info.run_id)
    return found


def _create_run(client: "MlflowClient", experiment_id: str, point: TrendPoint) -> "Run":
    now = int(time.time() * 1000)
    run = client.create_run(
        experiment_id,
        start_time=now,
        run_name=cut(f"Trend: {point.name}", MAX_TAG),
        tags={
            KIND_TAG: TREND,
            SUBJECT_TAG: point.subject,
            "mlflow.runColor": _COLOURS[zlib.crc32(point.subject.encode()) % len(_COLOURS)],
            "trend.kind": point.kind,
            "mlflow.note.content": (
                "One point for each DAG run, at the last date of its data: see *Model metrics*."
            ),
            "mlflow.source.name": "tracking/history/trends.py",
            "mlflow.source.type": "JOB",
        },
    )
    # A run that is over still takes points, and nobody takes it for one that is under way.
    client.set_terminated(run.info.run_id, end_time=now)
    return run
