"""As many tasks as the real DAG, in the same shape, that do nothing."""

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import dag, task


@dag(schedule=None, start_date=pendulum.datetime(2025, 1, 1, tz="UTC"), catchup=False)
def bench_noop() -> None:
    """Four tasks in a row, two teardowns, and the branch of partitions, which is skipped."""

    @task
    def divide() -> list[int]:
        return []

    @task
    def nothing() -> None:
        pass

    @task
    def one(partition: int) -> None:
        pass

    def named(name: str) -> object:
        return nothing.override(task_id=name)()

    first, last = divide(), nothing.override(task_id="last")()
    published = nothing.override(task_id="fourth", trigger_rule="none_failed")()
    first >> named("second") >> named("third") >> published
    tracked = last.as_teardown(on_failure_fail_dagrun=True)
    confirmed = nothing.override(task_id="confirm")().as_teardown(on_failure_fail_dagrun=True)
    published >> tracked
    check, share = one.override(task_id="check"), one.override(task_id="share")
    check.expand(partition=first) >> (judged := named("judge"))
    judged >> share.expand(partition=first) >> published
    [published, tracked] >> EmptyOperator(task_id="published") >> confirmed


bench_noop()
