"""What the files of a run are called."""

import re

DAG_ID = "ibkr_stock_data_workflow"
STEPS = ("extract", "validate", "transform", "publish", "log")

BARS, CONTEXT = "bars.parquet", "context.parquet"
REPORT, RESULTS, FAILING = "report.json", "results.json", "failing.parquet"
REPORT_PAGE, DOCS_PAGE, SUITE = "report.html", "data_docs.html", "suite.json"
ENRICHED = "enriched.parquet"
WRITTEN_BY = {
    "extract": (BARS, CONTEXT),
    "validate": (REPORT, RESULTS, FAILING, REPORT_PAGE, DOCS_PAGE, SUITE),
    "transform": (ENRICHED,),
}


def safe_name(run_id: str) -> str:
    """``run_id`` with only letters, digits, dot, underscore and hyphen."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", run_id)
