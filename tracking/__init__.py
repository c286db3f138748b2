"""The only package that knows MLflow: one DAG run in, one tracked run out.

Importing it is light; MLflow itself (5 to 6 s) is imported by the first `log_run`.
"""

from tracking.errors import (
    ExperimentDeletedError,
    RunIncompleteError,
    StoreUnreachableError,
    TrackingError,
)
from tracking.history.trends import TrendPoint
from tracking.names import metric_name
from tracking.run.dataset import Dataset
from tracking.run.log import LoggedRun, log_run
from tracking.run.record import RunRecord
from tracking.run.tables import write_table
from tracking.store import TrackingStore

__all__ = [
    "Dataset",
    "ExperimentDeletedError",
    "LoggedRun",
    "RunIncompleteError",
    "RunRecord",
    "StoreUnreachableError",
    "TrackingError",
    "TrackingStore",
    "TrendPoint",
    "log_run",
    "metric_name",
    "write_table",
]
