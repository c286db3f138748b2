"""What is to be tracked of one DAG run, in plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tracking.run.dataset import Dataset

RUN_KEY_TAG = "airflow.run_key"

Status = Literal["FINISHED", "FAILED"]


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One DAG run as it is to be found in MLflow.

    `run_key` names the DAG run for ever (DAG id and run id): a retry finds its run by it.
    Times are milliseconds since 1970, UTC. Names of metrics, parameters and tags may hold any
    character, see `tracking.names.metric_name`. `description` is Markdown, of which MLflow shows
    8,000 characters; a link to ``artifact:validation/report.html`` leads to that artifact of the
    run. `source_name` is what produced the run, `user` who triggered it. `tables` are the paths of
    the artifacts that `tracking.run.tables.write_table` wrote; `dataset` is the data it is about.

    Raises ValueError for a `run_key` that is empty or cannot be searched for.
    """

    run_key: str
    name: str
    status: Status
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    description: str
    start_time_ms: int
    end_time_ms: int
    source_name: str
    user: str
    tables: Sequence[str] = ()
    dataset: Dataset | None = None

    def __post_init__(self) -> None:
        """Refuse a key that MLflow's search language cannot express."""
        if not self.run_key or not self.run_key.isprintable() or "'" in self.run_key:
            raise ValueError(
                f"run_key {self.run_key!r} must not be empty, nor hold a quote ' or a control "
                "character; use '<dag id>/<run id>'"
            )
