"""Long-lived runs with one point per DAG run, so that MLflow draws a line over months."""

import math
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Literal

from tracking.names import MAX_TAG, cut, metric_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run

KIND_TAG, TREND = "kind", "trend"
SUBJECT_TAG = "trend.of"
_BARS_TAG = "trend.bars"
# Days of trading and holidays, a symbol more or less: not the same dataset asked for two of them.
_LIKE_BARS = 10
# One request carries 1,000 metrics; a suite has tens.
MAX_METRICS = 1000
_MAX_TRENDS = 1000
_Lines = dict[str, list["Run"]]
# MLflow's own choice gives two lines the same blue. Okabe and Ito's, which most people tell apart.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")


@dataclass(frozen=True)
class TrendPoint:
    """What one DAG run says of a suite or of a symbol.

    ``at`` is the last date of the data, not the day of the run: a run that is made up for later
    stands where its data does. Values that are not finite are left out. ``rows`` among the
    ``metrics`` are the bars it is of. ``parts`` are values of which most are 0 for ever: each is
    drawn from the first run on in which it is not. ``made_up``: no price of its bars was ever paid.
    """

    kind: Literal["suite", "symbol"]
    name: str
    at: date
    metrics: "Mapping[str, float]"
    parts: "Mapping[str, float]" = field(default_factory=dict)
    made_up: bool = False

    @property
    def subject(self) -> str:
        """By what the trend's run is found again."""
        return cut(f"{self.kind}/{self.name}", MAX_TAG)


def add_points(client: "MlflowClient", experiment_id: str, points: Sequence[TrendPoint]) -> None:
    """Put each point into the run of its trend, which is created when it is missing.

    A run of 46 bars and one of 450,000 never share a line: a point goes to the line of its subject
    whose last point is of a like number of bars. One search, and one request for each point,
    however long the history is. The same point twice is one point: a retry adds nothing. Raises
    MlflowException.
    """
    lines = _lines(client, experiment_id)
    missing = [point for point in points if _line_of(point, lines) is None]
    if missing:
        lines = _create(client, experiment_id, missing, lines)
    for point in points:
        line = _line_of(point, lines)
        assert line is not None
        client.log_batch(line.info.run_id, metrics=_metrics(point, line))


def _metrics(point: TrendPoint, line: "Run") -> "list[Metric]":
    from mlflow.entities import Metric

    at = datetime(point.at.year, point.at.month, point.at.day, tzinfo=UTC)
    milliseconds = int(at.timestamp() * 1000)
    drawn = line.data.metrics
    parts = {name: v for name, v in point.parts.items() if v or metric_name(name) in drawn}
    values = {**point.metrics, **parts}
    finite = [(name, value) for name, value in values.items() if math.isfinite(value)]
    # Days since 1970 as the step: MLflow shows the value of the highest step as the latest, and
    # draws a line rather than a bar only of what has steps above 0.
    day = milliseconds // 86_400_000
    return [
        Metric(metric_name(name), float(value), milliseconds, day)
        for name, value in finite[:MAX_METRICS]
    ]


def _line_of(point: TrendPoint, lines: _Lines) -> "Run | None":
    """The line that a point belongs to: of several the first that was made."""
    return next((run for run in lines.get(point.subject, ()) if _alike(point, run)), None)


def _alike(point: TrendPoint, run: "Run") -> bool:
    """Is the point of as many bars as the line's last, within a factor of ten?"""
    bars, tagged = point.metrics.get("rows"), run.data.tags.get(_BARS_TAG)
    last = run.data.metrics.get("rows", float(tagged) if tagged else None)
    if bars is None or last is None:
        return True
    few, many = sorted((bars, last))
    return many <= _LIKE_BARS * max(few, 1)


def _lines(client: "MlflowClient", experiment_id: str) -> _Lines:
    """The runs of each trend; the first that was made stands first."""
    runs = client.search_runs(
        [experiment_id],
        f"tags.`{KIND_TAG}` = '{TREND}'",
        max_results=_MAX_TRENDS,
        order_by=["attributes.start_time ASC", "attributes.run_id ASC"],
    )
    found: _Lines = {}
    for run in runs:
        found.setdefault(run.data.tags.get(SUBJECT_TAG, ""), []).append(run)
    return found


def _create(
    client: "MlflowClient", experiment_id: str, points: Sequence[TrendPoint], lines: _Lines
) -> _Lines:
    made = [_create_run(client, experiment_id, one, one.subject in lines) for one in points]
    # Looked up again: another process may have created one in the meantime, or a create that was
    # retried on its way may have left two.
    found = _lines(client, experiment_id)
    used = {line.info.run_id for point in points if (line := _line_of(point, found))}
    for run in made:
        if run.info.run_id not in used:
            client.delete_run(run.info.run_id)
    return found


def _create_run(
    client: "MlflowClient", experiment_id: str, point: TrendPoint, another: bool
) -> "Run":
    now = int(time.time() * 1000)
    bars = point.metrics.get("rows")
    size = f", about {float(f'{bars:.2g}'):,.0f} bars" if another and bars is not None else ""
    run = client.create_run(
        experiment_id,
        start_time=now,
        run_name=cut(f"Trend: {point.name}{size}", MAX_TAG),
        tags={
            KIND_TAG: TREND,
            SUBJECT_TAG: point.subject,
            **({} if bars is None else {_BARS_TAG: f"{bars:.0f}"}),
            "mlflow.runColor": _COLOURS[
                zlib.crc32(f"{point.subject}{size}".encode()) % len(_COLOURS)
            ],
            "trend.kind": point.kind,
            **({"made_up": "true"} if point.made_up else {}),
            "mlflow.note.content": (
                f"{'These bars are made up. ' if point.made_up else ''}"
                "One point for each DAG run, at the last date of its data: see *Model metrics*."
            ),
            "mlflow.source.name": "tracking/history/trends.py",
            "mlflow.source.type": "JOB",
        },
    )
    # A run that is over still takes points, and nobody takes it for one that is under way.
    client.set_terminated(run.info.run_id, end_time=now)
    return run
