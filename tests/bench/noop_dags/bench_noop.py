"""As many tasks as the real DAG, in the same shape, that do nothing."""

import pendulum
from airflow.sdk import dag, task


@dag(schedule=None, start_date=pendulum.datetime(2025, 1, 1, tz="UTC"), catchup=False)
def bench_noop() -> None:
    """Four tasks in a row and a teardown."""

    @task
    def nothing() -> None:
        pass

    first = nothing.override(task_id="first")()
    rest = [nothing.override(task_id=name)() for name in ("second", "third", "fourth")]
    last = nothing.override(task_id="last")().as_teardown(on_failure_fail_dagrun=True)
    first >> rest[0] >> rest[1] >> rest[2] >> last


bench_noop()
