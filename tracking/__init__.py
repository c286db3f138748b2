"""The only package that knows MLflow: one DAG run in, one tracked run out.

Importing it is light; MLflow itself (5 to 6 s) is imported by the first `log_run`.
"""

from tracking.dataset import Dataset
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
from tracking.tables import write_table
from tracking.trends import TrendPoint

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
