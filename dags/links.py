"""Links from a task to what was found about its run."""

from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.sdk import BaseOperator, BaseOperatorLink
from airflow.sdk.types import TaskInstanceKey

from dags.layout import report_path


def airflow_root() -> str:
    """Airflow's address as people reach it; empty when nobody has told it."""
    return str(conf.get("api", "base_url", fallback="")).rstrip("/")


class RunLink(BaseOperatorLink):
    """A button in the task's details; ``part`` is below the run's report, empty for itself."""

    def __init__(self, label: str, part: str = "") -> None:
        self._label, self._part = label, part

    @property
    def name(self) -> str:
        """What the button says."""
        return self._label

    @property
    def xcom_key(self) -> str:
        """Where the address is kept; several links of one class need several keys."""
        return f"_link_{self._label.lower().replace(' ', '_')}"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The page's address, relative to the host."""
        root = urlsplit(airflow_root()).path
        part = f"/{self._part}" if self._part else ""
        return f"{root}{report_path(ti_key.run_id)}{part}"


LINKS = (
    RunLink("Quality report"),
    RunLink("Data Docs", "docs"),
    RunLink("MLflow run", "mlflow"),
)
