"""The only package that knows MLflow: one DAG run in, one tracked run out.

Importing it is light; MLflow itself (5 to 6 s) is imported by the first `log_run`.
"""

from tracking.errors import (
    ExperimentDeletedError,
    RunIncompleteError,
    StoreUnreachableError,
    TrackingError,
)
from tracking.names import metric_name
from tracking.record import RunRecord
from tracking.run_log import LoggedRun, log_run
from tracking.store import TrackingStore

__all__ = [
    "ExperimentDeletedError",
    "LoggedRun",
    "RunIncompleteError",
    "RunRecord",
    "StoreUnreachableError",
    "TrackingError",
    "TrackingStore",
    "log_run",
    "metric_name",
]
