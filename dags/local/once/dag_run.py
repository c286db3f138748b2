"""Run a DAG once, every task for real, through Airflow's own `dag.test()`.

A process of its own: `python -m dags.local.once.dag_run DAG LOGICAL_DATE CONF`. It exits 0 when the
run succeeded. What the libraries say goes to its standard output.
"""

import json
import sys
from datetime import datetime

from airflow.dag_processing.dagbag import DagBag

from dags.run.settings import ROOT
from dags.staging.layout import DAG_ID


def main(dag_id: str, logical_date: str, conf: str) -> int:
    """Run a DAG at ``logical_date`` (ISO; its run id follows from it) with ``conf`` (JSON)."""
    bag = DagBag(dag_folder=str(ROOT / "dags" / f"{DAG_ID}.py"))
    if bag.import_errors:
        sys.exit("\n".join(bag.import_errors.values()))
    moment = datetime.fromisoformat(logical_date)
    run = bag.dags[dag_id].test(run_after=moment, logical_date=moment, run_conf=json.loads(conf))
    return 0 if run.state == "success" else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
