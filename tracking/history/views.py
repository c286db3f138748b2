"""Saved views of the experiment's page in MLflow, and the description that leads to them.

The form of a view is MLflow's own and not documented: an experiment tag whose value holds a name
and the state of the page, as its "Save view" writes them (MLflow 3.17). A test in a browser fails
when the form changes; whoever logs runs goes on without.
"""

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracking.history.trends import KIND_TAG, TREND

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

_TAG = "mlflow.sharedViewState."
_NOTE = "mlflow.note.content"
_HEADING = "### Quality of the bars"
_SECTION = "quality-trends"


@dataclass(frozen=True)
class SavedView:
    """A view: its key in addresses, its name in the menu, the page's state, and table or charts."""

    key: str
    name: str
    state: Mapping[str, object]
    as_charts: bool = False

    @property
    def tag(self) -> str:
        """The name of the experiment tag that holds it."""
        return _TAG + self.key

    def url_path(self, experiment_id: str) -> str:
        """The experiment's page in this view, relative to the server's address."""
        mode = "CHART" if self.as_charts else "TABLE"
        return (
            f"#/experiments/{experiment_id}/runs?workflowType=machine_learning"
            f"&viewStateShareKey={self.key}&compareRunsMode={mode}"
        )

    def value(self, created_at_ms: int) -> str:
        """The tag's value, under 20,000 characters."""
        state = json.dumps(self.state, separators=(",", ":"), sort_keys=True)
        packed = "deflate;" + base64.b64encode(zlib.compress(state.encode(), 9)).decode()
        return json.dumps({"name": self.name, "createdAt": created_at_ms, "state": packed})


def ensure_views(client: "MlflowClient", experiment: "Experiment") -> None:
    """Create the views that the experiment does not have, and a description that links to them.

    A view that is there stays as people have made it; so does a description that is not ours.
    Costs no request when everything is there. Raises MlflowException.
    """
    experiment_id = experiment.experiment_id
    for view in VIEWS:
        if view.tag not in experiment.tags:
            value = view.value(experiment.creation_time or 0)
            client.set_experiment_tag(experiment_id, view.tag, value)
    wanted, present = _description(experiment_id), experiment.tags.get(_NOTE, "")
    if present != wanted and (not present.strip() or present.startswith(_HEADING)):
        client.set_experiment_tag(experiment_id, _NOTE, wanted)


def _description(experiment_id: str) -> str:
    # MLflow folds a description after its first line: the links have to be in that.
    links = " · ".join(f"[{view.name}]({view.url_path(experiment_id)})" for view in VIEWS)
    return f"{_HEADING}: {links}\n\nOne run for each DAG run, named like it."


def _column(kind: str, key: str) -> str:
    return f"{kind}.`{key}`"


def _line(metric: str) -> dict[str, object]:
    """A line chart of a metric over time, one line for each trend; MLflow titles it by its key."""
    return {
        "uuid": f"trend-{metric}",
        "type": "LINE",
        "metricSectionId": _SECTION,
        "metricKey": metric,
        "selectedMetricKeys": [metric],
        "xAxisKey": "time",
        "useGlobalXaxisKey": False,
        "useGlobalLineSmoothing": True,
        "displayPoints": True,
        "lineSmoothness": 0,
        "xAxisScaleType": "linear",
        "scaleType": "linear",
        "range": {},
        "selectedXAxisMetricKey": "",
        "yAxisKey": "metric",
        "yAxisExpressions": [],
        "ignoreOutliers": False,
        "runsCountToCompare": 100,
        "deleted": False,
        "isGenerated": False,
    }


def _state(filter_string: str, columns: list[str], **more: object) -> dict[str, object]:
    return {
        "searchFilter": filter_string,
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "modelVersionFilter": "All Runs",
        "datasetsFilter": [],
        "selectedColumns": columns,
        "columnOrder": [],
        "columnWidths": {},
        "viewMaximized": False,
        "runListHidden": False,
        "isAccordionReordered": False,
        "groupBy": None,
        "groupsExpanded": {},
        "useGroupedValuesInCharts": True,
        "hideEmptyCharts": True,
        "globalLineChartConfig": {
            "xAxisKey": "time",
            "lineSmoothness": 0,
            "selectedXAxisMetricKey": "",
        },
        **more,
    }


_QUALITY_COLUMNS = [
    _column("tags", "verdict"),
    _column("params", "validation_status"),
    _column("metrics", "failing_share"),
    _column("metrics", "failures_critical"),
    _column("metrics", "failures_warning"),
    _column("metrics", "total_rows"),
    _column("metrics", "rows_held"),
    _column("tags", "held_symbols"),
    _column("tags", "missing_symbols"),
    _column("params", "symbols"),
    _column("tags", "error"),
]
QUALITY = SavedView(
    key="quality-table",
    name="Quality of each run",
    state=_state(
        "tags.`airflow.run_key` LIKE '%'",
        _QUALITY_COLUMNS,
        # Beside MLflow's own panels a laptop has room for narrow columns only.
        columnOrder=_QUALITY_COLUMNS,
        columnWidths={**dict.fromkeys(_QUALITY_COLUMNS, 90), _column("tags", "verdict"): 360},
        runsHiddenMode="FIRST_10_RUNS",
    ),
)
TRENDS = SavedView(
    key="quality-trends",
    name="Trends",
    as_charts=True,
    state=_state(
        f"tags.`{KIND_TAG}` = '{TREND}'",
        [_column("tags", "trend.kind"), _column("metrics", "failing_share")],
        runsHiddenMode="SHOW_ALL",
        compareRunCharts=[
            _line("failing_share"),
            _line("rows"),
            _line("failures_critical"),
            _line("failures_warning"),
        ],
        compareRunSections=[
            {
                "uuid": _SECTION,
                "name": "Quality",
                "display": True,
                "isReordered": False,
                "deleted": False,
                "isGenerated": False,
                "columns": 2,
                "cardHeight": 320,
            }
        ],
    ),
)
VIEWS = (QUALITY, TRENDS)
