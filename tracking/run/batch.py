"""A record's metrics, parameters and tags as few requests within MLflow's limits."""

import json
import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tracking.names import MAX_TAG, cut, metric_name
from tracking.run.identity import COMPLETE, LOGGING_TAG, params_of, tags_of
from tracking.run.record import RunRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow.entities import Metric, Param, Run, RunTag

# MLflow's limits of one request; its own byte limit is 1,000,000.
_MAX_PARAMS = 100
_MAX_TAGS = 100
_MAX_ENTITIES = 1000
_MAX_BYTES = 800_000
_ENTITY_OVERHEAD_BYTES = 100


@dataclass
class Batch:
    """One `log_batch` request in the making."""

    params: "list[Param]" = field(default_factory=list)
    tags: "list[RunTag]" = field(default_factory=list)
    metrics: "list[Metric]" = field(default_factory=list)
    size: int = 0

    def has_room(self, group: str, size: int) -> bool:
        """Whether another entity of this group and size in bytes fits into the request."""
        count = len(self.params) + len(self.tags) + len(self.metrics)
        limit = {"params": _MAX_PARAMS, "tags": _MAX_TAGS, "metrics": _MAX_ENTITIES}[group]
        return (
            count < _MAX_ENTITIES
            and len(getattr(self, group)) < limit
            and self.size + size <= _MAX_BYTES
        )

    def add(self, group: str, entity: "Param | RunTag | Metric", size: int) -> None:
        """Put the entity into the request."""
        getattr(self, group).append(entity)
        self.size += size


def batches(run: "Run", record: RunRecord) -> list[Batch]:
    """What is still missing in the run, in as few batches as MLflow allows: nearly always one.

    The last of them says that the run's logging is complete.
    """
    from mlflow.entities import RunTag

    done: list[Batch] = []
    for group, entity in _missing(run, record):
        _add(done, group, entity, done)
    _add(done, "tags", RunTag(LOGGING_TAG, COMPLETE), done[-1:])
    return done


def _add(
    done: list[Batch], group: str, entity: "Param | RunTag | Metric", candidates: list[Batch]
) -> None:
    size = _ENTITY_OVERHEAD_BYTES + len(json.dumps([entity.key, str(entity.value)]))
    room = next((batch for batch in candidates if batch.has_room(group, size)), None)
    if room is None:
        room = Batch()
        done.append(room)
    room.add(group, entity, size)


def _missing(run: "Run", record: RunRecord) -> "Iterator[tuple[str, Param | RunTag | Metric]]":
    from mlflow.entities import Param, RunTag

    for key, value in tags_of(run, record).items() | _not_finite(record).items():
        if run.data.tags.get(key) != value:
            yield "tags", RunTag(key, value)
    for key, value in params_of(record).items():
        if key not in run.data.params:
            yield "params", Param(key, value)
    for metric in _metrics(run, record):
        yield "metrics", metric


def _metrics(run: "Run", record: RunRecord) -> "Iterator[Metric]":
    """The points to add: none for a value that the run already shows.

    MLflow keeps every point for ever and shows the latest. A value that changed between two
    attempts is therefore one more point at the time of this attempt.
    """
    from mlflow.entities import Metric

    for name, value in record.metrics.items():
        key = metric_name(name)
        if not math.isfinite(value) or run.data.metrics.get(key) == value:
            continue
        changed = key in run.data.metrics
        at = int(time.time() * 1000) if changed else record.end_time_ms
        yield Metric(key, float(value), at, 0)


def _not_finite(record: RunRecord) -> dict[str, str]:
    # MLflow would store infinity as 1.8e308 and draw it; a name in a tag is the honest answer.
    names = sorted(name for name, value in record.metrics.items() if not math.isfinite(value))
    return {"metrics_not_finite": cut(", ".join(names), MAX_TAG)} if names else {}
