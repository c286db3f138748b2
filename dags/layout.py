"""What the files of a run are called."""

import re
from urllib.parse import quote

PAGES = "/gate"  # where the pages are mounted, below Airflow's address
DAG_ID = "ibkr_stock_data_workflow"
STEPS = ("extract", "validate", "transform", "publish", "log")

BARS, CONTEXT = "bars.parquet", "context.parquet"
REPORT, RESULTS, FAILING = "report.json", "results.json", "failing.parquet"
REPORT_PAGE, DOCS_PAGE, SUITE = "report.html", "data_docs.html", "suite.json"
ENRICHED, SUMMARY, CHANGES = "enriched.parquet", "summary.json", "changes.json"
# Of a run in partitions: each has a folder of its own, with the files above and its findings.
PLAN, SYMBOLS, PARTITIONS = "plan.json", "symbols.json", "partitions"
FINDINGS, ARRAYS = "findings.json", "findings.npz"
WRITTEN_BY = {
    "extract": (BARS, CONTEXT, PLAN, SYMBOLS),
    "validate": (
        *(REPORT, RESULTS, FAILING, REPORT_PAGE, DOCS_PAGE),
        *(SUITE, CHANGES, FINDINGS, ARRAYS),
    ),
    "transform": (ENRICHED,),
    "log": (SUMMARY,),
}
# What makes a run's folder big; everything else stays until it is pruned.
HEAVY = (BARS, CONTEXT, ENRICHED, ARRAYS)


def safe_name(run_id: str) -> str:
    """``run_id`` with only letters, digits, dot, underscore and hyphen."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", run_id)


def run_path(dag_id: str, run_id: str) -> str:
    """The run's page in Airflow's UI, relative to Airflow's address."""
    return f"/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"


def report_path(run_id: str) -> str:
    """The report of a run, relative to Airflow's address."""
    return f"{PAGES}/runs/{quote(run_id, safe='')}"
