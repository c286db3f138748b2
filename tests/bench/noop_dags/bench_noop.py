"""As many tasks as the real DAG, in the same shape, that do nothing."""

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import dag, task


@dag(schedule=None, start_date=pendulum.datetime(2025, 1, 1, tz="UTC"), catchup=False)
def bench_noop() -> None:
    """Four tasks in a row, a teardown, and the leaf that has no process."""

    @task
    def nothing() -> None:
        pass

    first = nothing.override(task_id="first")()
    rest = [nothing.override(task_id=name)() for name in ("second", "third", "fourth")]
    last = nothing.override(task_id="last")().as_teardown(on_failure_fail_dagrun=True)
    first >> rest[0] >> rest[1] >> rest[2] >> last
    rest[2] >> EmptyOperator(task_id="published")


bench_noop()
