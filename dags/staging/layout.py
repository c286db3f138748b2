"""What the files of a run are called."""

import hashlib
import re
from urllib.parse import quote

PAGES = "/gate"  # where the pages are mounted, below Airflow's address
DAG_ID = "ibkr_stock_data_workflow"
STEPS = ("extract", "validate", "transform", "publish", "log")
# Airflow's tasks of them, of a run that is not divided.
TASKS = {
    "extract": "extract_stock_data",
    "validate": "validate_data",
    "transform": "transform_data",
    "publish": "publish_data",
    "log": "log_to_mlflow",
}

BARS, CONTEXT, REPAIRED = "bars.parquet", "context.parquet", "repaired.json"
ACTIONS = "actions.parquet"  # splits and dividends that the dataset declares, where it does
PROPOSED = "repairs.json"  # what validating proposes; REPAIRED has what was accepted and applied
REPORT, RESULTS, FAILING = "report.json", "results.json", "failing.parquet"
WAIVED = "waived.parquet"  # what failed and is accepted; there is none without such bars
REPORT_PAGE, DOCS_PAGE, SUITE = "report.html", "data_docs.html", "suite.json"
JUDGED_PAGE = "judged.html"  # the report before it is known what was published
ENRICHED, SUMMARY, CHANGES = "enriched.parquet", "summary.json", "changes.json"
# Of a run in partitions: each has a folder of its own, with the files above and its findings.
PLAN, PARTITIONS = "plan.json", "partitions"
FINDINGS, ARRAYS = "findings.json", "findings.npz"
WRITTEN_BY = {
    "extract": (BARS, CONTEXT, ACTIONS, REPAIRED, PLAN),
    "validate": (
        *(REPORT, RESULTS, FAILING, WAIVED, JUDGED_PAGE, DOCS_PAGE),
        *(SUITE, CHANGES, FINDINGS, ARRAYS, PROPOSED),
    ),
    "transform": (ENRICHED,),
    "log": (SUMMARY, REPORT_PAGE),
}
# What makes a run's folder big; everything else stays until it is pruned.
HEAVY = (BARS, CONTEXT, ACTIONS, ENRICHED, ARRAYS)

_LONGEST = 200  # a file name holds 255 bytes, also with the longest dataset's name before it
_OF_DAG = "@"  # which no safe name has
_GENERATED = re.compile(
    r"[A-Za-z_]+__\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+\d\d:\d\d[A-Za-z0-9._-]*"
)
_MADE_HERE = re.compile(r"-\d\dT\d\d_\d\d_\d\d(\.\d+)?_\d\d_\d\d|-[0-9a-f]{12}$")


def safe_name(run_id: str) -> str:
    """A file name for ``run_id``: letters, digits, dot, underscore, hyphen; no two ids share one.

    An id as Airflow makes them has its colons and plus signs replaced, at places where no other id
    of that form differs. Any other id that a file name cannot hold, or that reads like a name made
    here, gets twelve digits of its SHA-256 behind it.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", run_id)
    if _GENERATED.fullmatch(run_id):
        return plain
    is_own = plain == run_id and run_id.strip(".") and len(run_id) <= _LONGEST
    if is_own and not _MADE_HERE.search(run_id):
        return plain
    return f"{plain[:_LONGEST]}-{hashlib.sha256(run_id.encode()).hexdigest()[:12]}"


def run_folder(url: str, dag_id: str, run_id: str) -> str:
    """Where the folder of a run is, below the URL of staging."""
    return f"{url.rstrip('/')}/{dag_id}/{safe_name(run_id)}"


def run_path(dag_id: str, run_id: str) -> str:
    """The run's page in Airflow's UI, relative to Airflow's address."""
    return f"/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"


def report_path(dag_id: str, run_id: str) -> str:
    """The report of a run, relative to Airflow's address."""
    return f"{PAGES}{page_path(dag_id, run_id)}"


def page_path(dag_id: str, run_id: str) -> str:
    """The report of a run, below the pages; runs of the default DAG need not name it."""
    dag = "" if dag_id == DAG_ID else f"/dags/{quote(dag_id, safe='')}"
    return f"{dag}/runs/{quote(run_id, safe='')}"


def results_name(dag_id: str, run_id: str) -> str:
    """What a run is called in Data Docs, which has the runs of all DAGs; no two share a name."""
    dag = "" if dag_id == DAG_ID else f"{dag_id.removesuffix('_workflow')}{_OF_DAG}"
    return f"{dag}{safe_name(run_id)}"


def run_of_results(name: str) -> str:
    """The safe name of the run that is called so in Data Docs."""
    return name.rpartition(_OF_DAG)[2]
