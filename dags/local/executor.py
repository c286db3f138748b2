"""A LocalExecutor whose workers have the heavy libraries before the first task comes."""

import importlib
import logging
import tempfile
import time
from pathlib import Path

from airflow.executors.local_executor import LocalExecutor

from dags.run.settings import ROOT, Settings
from dags.staging.layout import BARS, DAG_ID

# Importing them takes seconds; a worker that is forked afterwards shares them, and so do its tasks.
HEAVY = (
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    f"dags.{DAG_ID}",
    "dags.steps",
    "dags.reporting.tracked.mlflow_run",
    "gx.gate.checkpoint",
    "gx.report.changes",
    "gx.report.render",
    "mlflow",
    "mlflow.tracking.request_header.registry",
    "pyarrow.dataset",
    "tracking.run.log",
    "upath.implementations.local",
)

LOG = logging.getLogger(__name__)


class PreloadedLocalExecutor(LocalExecutor):
    """LocalExecutor that imports before it forks. Code that is edited later needs a restart."""

    def start(self) -> None:
        """Import, then fork the workers."""
        began = time.monotonic()
        logging.getLogger("great_expectations").setLevel(logging.WARNING)
        try:
            _preload()
            _rehearse()
        except Exception:  # whatever broken code raises: the task that needs it fails and says so
            LOG.warning("Not everything could be preloaded", exc_info=True)
        LOG.info("Preloaded in %.1f s", time.monotonic() - began)
        super().start()


def _preload() -> None:
    for name in HEAVY:
        importlib.import_module(name)


def _rehearse() -> None:
    """Judge and enrich the sample once.

    Calendars and templates are then built and every kind of storage is known: 0.8 s that no run
    pays, and 40 ms that no task pays.
    """
    import pandas as pd

    from dags.staging.files import Folder
    from gx.engine.context import project_context
    from gx.gate import checkpoint
    from gx.project import PROJECT
    from gx.report.render import render_html
    from transforms.bars import enrich

    bars = pd.read_csv(ROOT / "sql" / "sample" / "stock_data.csv", parse_dates=["date"])
    with tempfile.TemporaryDirectory() as folder:
        staging = Folder(f"file://{folder}/rehearsal")
        staging.prepare()
        staging.write_frame(BARS, bars)
        staging.read_table(BARS)
        report = checkpoint.run(bars, results=Path(folder))
    project_context(Settings().results_dir, PROJECT)
    render_html(report, provenance={}, bars=bars)
    enrich(bars)
