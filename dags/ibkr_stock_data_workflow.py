"""### Is this market data fit to trade on?

Extracts bars from PostgreSQL, judges them with a Great Expectations suite, enriches the ones that
pass, publishes them to `stock_data_enriched`, and tracks everything that was found in MLflow.
Each dataset (`gx/datasets/`) has such a workflow of its own.

| Step | What it does |
|---|---|
| `extract_stock_data` | streams the bars of the chosen symbols and dates |
| `validate_data` | runs the checkpoint and writes the report; twice where AUTO_REPAIR mends |
| `transform_data` | adds the daily return and the price range |
| `publish_data` | upserts what passed and sets aside what is held, in one transaction |
| `ask`, `ask_partitions` | with policy `ask`: waits in *Required actions* until somebody decides |
| `check_partition`, `judge_partitions`, `publish_partition` | of a run of many symbols: see below |
| `log_to_mlflow` | tracks parameters, metrics, report and Data Docs, whatever happened before |
| `published` | does nothing; it is skipped when the run is marked as failed |
| `confirm_published` | fails a run that has not published: only what did ends green |

Above PARTITION_SYMBOLS (500) symbols the run works in partitions, on as many workers as there are:
`extract_stock_data` only divides the symbols; `check_partition` extracts and judges each partition;
`judge_partitions` puts their findings together, looks across all symbols, and decides; then
`publish_partition` enriches and publishes each, in a transaction of its own; `publish_data` checks
that no bar is lost. `validate_data` and `transform_data` are skipped. Nothing is published before
everything is judged. While the partitions are being published a reader sees some symbols as of this
run and others as of the run before, each symbol whole; `run_id` in `stock_data_enriched` tells
which.

A scheduled run or a backfill over days on which no exchange traded ends green with its tasks
skipped: nothing was due. Days with a session and without any bar are a failure.

A lost database or MLflow server is tried again, twice, two minutes apart. Bad data, SQL, suites
and parameters are not: time does not mend them. When MLflow stays away the run fails, and what was
published stays.

**When the gate closes**, open the tab *Quality report* of the run (or `validation/report.html` in
MLflow): it lists the failing bars, worst first. Mend the data or the suite
(`gx/expectations/`), then clear `validate_data` (`judge_partitions` of a run of many symbols) or
trigger a new run.

**What waits for published bars** (another workflow, scheduled on the dataset's asset) is told of
each publication, with its run, verdict, symbols, dates and digest. With every symbol held nothing
is published, and nobody is told.
"""

from typing import TYPE_CHECKING, NoReturn

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    DAG,
    Asset,
    CronDataIntervalTimetable,
    TaskGroup,
    dag,
    get_parsing_context,
    task,
)
from airflow.sdk.exceptions import AirflowSkipException

from dags.asking.operator import AskOperator
from dags.reporting.alerts import alert_on
from dags.reporting.assets import announce, asset_of, fetched_asset
from dags.run.context import current_run, skipping
from dags.run.datasets import dag_of, settings_for
from dags.run.defaults import OWNER, TAGS, task_defaults
from dags.run.form import form
from dags.run.settings import Settings
from gx.dataset.model import Dataset
from gx.dataset.read import dataset_names, read_dataset
from gx.errors import DatasetError

if TYPE_CHECKING:
    from dags.work.partitions import Mapped

# Airflow names each mapped task by what it was given.
LABEL = "{{ task.op_kwargs['partition']['label'] }}"


def schedule_of(dataset: Dataset, cron: str | None) -> CronDataIntervalTimetable | Asset | None:
    """When it runs by itself: as it is told, else when its bars were fetched, else never."""
    if cron:
        return CronDataIntervalTimetable(cron, timezone="UTC")
    return fetched_asset(dataset.name) if dataset.fetch else None


def workflow(dataset: Dataset) -> DAG:
    """Extract, validate, transform, publish, and track in every case."""
    settings = settings_for(dataset, Settings())

    @dag(
        dag_id=dag_of(dataset.name),
        schedule=schedule_of(dataset, settings.workflow_schedule),
        start_date=pendulum.datetime(2025, 1, 1, tz="UTC"),
        catchup=False,
        max_active_runs=1,
        tags=[*TAGS, "ibkr" if dataset.name == "stock_data" else dataset.name],
        description=dataset.title or None,
        doc_md=__doc__,
        params=form(dataset, settings),
        default_args={
            **task_defaults(settings),
            # Steps leave what they found in the staging folder; an XCom would be a request each.
            "do_xcom_push": False,
        },
        on_failure_callback=alert_on(settings, failed=True),
        on_success_callback=alert_on(settings, failed=False),
    )
    def steps() -> None:

        @task(do_xcom_push=True)  # what to map over
        def extract_stock_data() -> "list[Mapped]":
            from dags.steps import extract

            with skipping():
                return extract(current_run(first=True))

        @task(map_index_template=LABEL)
        def check_partition(partition: "Mapped") -> dict[str, object]:
            from dags.work.partition import check

            return check(current_run(), partition["number"])

        # Of a run that is not divided, this is skipped with what is mapped, beside the other tasks.
        @task(do_xcom_push=True)  # what to ask about: a mapped task asks, or is skipped
        def judge_partitions() -> list[str]:
            from dags.steps import validate

            with skipping():
                return validate(current_run())["questions"]

        @task(do_xcom_push=True)
        def validate_data() -> list[str]:
            from dags.steps import validate
            from dags.work.lanes import is_divided

            run = current_run()
            if is_divided(run):
                raise AirflowSkipException("judge_partitions judges all together.")
            return validate(run)["questions"]

        @task(trigger_rule="none_failed_min_one_success")  # skipped when validating is
        def transform_data() -> dict[str, object]:
            from dags.steps import transform

            return transform(current_run())

        @task(map_index_template=LABEL, trigger_rule="none_failed")
        def publish_partition(partition: "Mapped") -> dict[str, object]:
            from dags.work.partition import publish_part

            with skipping():
                return publish_part(current_run(), partition["number"])

        @task(trigger_rule="none_failed", outlets=[asset_of(dataset.name)])
        def publish_data() -> dict[str, object]:
            from dags.steps import publish

            run = current_run()
            with skipping():
                done = publish(run)
            announce(run)
            return done

        @task
        def log_to_mlflow() -> dict[str, object]:
            from dags.reporting.tracked.mlflow_run import log

            with skipping():
                return log(current_run(tolerant=True))

        @task
        def confirm_published() -> None:
            from dags.run.context import state_of
            from dags.steps import confirm

            confirm(current_run(tolerant=True), state_of("published"))

        tracked = log_to_mlflow().as_teardown(on_failure_fail_dagrun=True)
        published, extracted = publish_data(), extract_stock_data()
        validated, transformed = validate_data(), transform_data()
        extracted >> validated >> transformed >> published >> tracked
        validated >> AskOperator.partial(task_id="ask").expand(about=validated) >> transformed
        # One folded box in the graph: most runs are not divided.
        with TaskGroup("partitions", prefix_group_id=False, tooltip="Of a run of many symbols"):
            judged = judge_partitions()
            check_partition.expand(partition=extracted) >> judged
            parts = publish_partition.expand(partition=extracted)
            judged >> parts >> published
            judged >> AskOperator.partial(task_id="ask_partitions").expand(about=judged) >> parts
        # Airflow judges a run by its last task, and skips all but teardowns when a person marks the
        # run as failed: the skipped task in between tells the last one, which would not know.
        in_between = EmptyOperator(task_id="published")
        confirmed = confirm_published().as_teardown(on_failure_fail_dagrun=True)
        [published, tracked] >> in_between >> confirmed

    return steps()


def broken(name: str, error: Exception) -> DAG:
    """In place of a workflow whose dataset's file cannot be trusted: it only says why."""
    said = str(error)

    @dag(
        dag_id=dag_of(name),
        schedule=None,
        tags=[*TAGS, "broken"],
        doc_md=f"### The dataset `{name}` cannot be used\n```\n{said}\n```\nCorrect "
        f"`gx/datasets/{name}.yml`; `gate dataset check {name}` tells what is wrong with it.",
        default_args={"owner": OWNER},
    )
    def steps() -> None:
        @task(retries=0)
        def dataset_is_broken() -> NoReturn:
            raise DatasetError(said)

        dataset_is_broken()

    return steps()


def workflow_of(name: str) -> DAG:
    """The workflow of a dataset; a broken file breaks its own alone."""
    try:
        return workflow(read_dataset(name))
    except Exception as error:  # noqa: BLE001  # one must not take the others away
        return broken(name, error)


# A task needs its own workflow alone.
parsed_for = get_parsing_context().dag_id
for found in dataset_names():
    if parsed_for in (None, dag_of(found)):
        globals()[dag_of(found)] = workflow_of(found)
