"""How long the DAG processor parses the workflows of 30 datasets, against that of one."""

import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench.measure import ROOT, measure

LIMIT, ROUNDS, MANY = 1.0, 5, 30


def parse(number_of: int) -> Callable[[], int]:
    """Parse the DAG file as Airflow does, with its libraries loaded; returns how many it has."""
    import os

    from tests.bench.bench_pages import write_datasets

    folder = Path(tempfile.mkdtemp(prefix="bench-parse-"))
    os.environ |= {"AIRFLOW_HOME": str(folder / "airflow"), "AIRFLOW__CORE__UNIT_TEST_MODE": "True"}
    write_datasets(folder / "datasets", number_of)
    # The processor forks for each file from a process that has these.
    from airflow.dag_processing.dagbag import DagBag

    import dags.reporting.alerts
    import dags.run.form  # noqa: F401

    def work() -> int:
        bag = DagBag(str(ROOT / "dags" / "ibkr_stock_data_workflow.py"))
        assert not bag.import_errors, bag.import_errors
        return len(bag.dags)

    return work


def main(options: Sequence[str] = ()) -> int:  # every bench takes them
    """Print the seconds; 1 when 30 take longer than a second."""
    print(f"Parsing the workflows of {MANY} datasets\n")
    one = [measure(parse, 1) for _ in range(ROUNDS)]
    many = [measure(parse, MANY) for _ in range(ROUNDS)]
    assert {found.result for found in many} == {MANY}
    seconds = statistics.median(found.seconds for found in many)
    alone = statistics.median(found.seconds for found in one)
    said = "PASS" if seconds <= LIMIT else "FAIL"
    print(f"  one {alone:.2f} s, {MANY} {seconds:.2f} s   limit {LIMIT:.1f} s   {said}")
    return int(seconds > LIMIT)
