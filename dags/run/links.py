"""Links from a run's tasks to what was found about it."""

from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.sdk import BaseOperator, BaseOperatorLink
from airflow.sdk.types import TaskInstanceKey

from dags.run.datasets import dataset_of
from dags.staging.layout import report_path


def airflow_root() -> str:
    """Airflow's address as people reach it; empty when nobody has told it."""
    return str(conf.get("api", "base_url", fallback="")).rstrip("/")


class RunLink(BaseOperatorLink):
    """A button on each task of our DAGs; ``part`` is below the run's report, empty for itself.

    The plugin hands it to the api-server, which asks when somebody looks. As a property of the
    tasks each would have to send its address, a request per link and task.
    """

    def __init__(self, label: str, part: str = "") -> None:
        self._label, self._part = label, part

    @property
    def name(self) -> str:
        """What the button says."""
        return self._label

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The page's address, relative to the host; empty, and no button, for another DAG."""
        if dataset_of(ti_key.dag_id) is None:
            return ""
        root = urlsplit(airflow_root()).path
        part = f"/{self._part}" if self._part else ""
        return f"{root}{report_path(ti_key.dag_id, ti_key.run_id)}{part}"


LINKS = [
    RunLink("Quality report"),
    RunLink("Data Docs", "docs"),
    RunLink("MLflow run", "mlflow"),
]
