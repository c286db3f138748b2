"""### Is this market data fit to trade on?

Extracts daily bars from PostgreSQL, judges them with the Great Expectations suite `stock_data`,
enriches the ones that pass, publishes them to `stock_data_enriched`, and tracks everything that was
found in MLflow.

| Step | What it does |
|---|---|
| `extract_stock_data` | streams the bars of the chosen symbols and dates |
| `validate_data` | runs the checkpoint and writes the report |
| `transform_data` | adds the daily return and the price range |
| `publish_data` | upserts what passed and sets aside what is held, in one transaction |
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
(`gx/expectations/stock_data.json`), then clear `validate_data` (`judge_partitions` of a run of many
symbols) or trigger a new run.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    CronDataIntervalTimetable,
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
    TaskGroup,
    dag,
    task,
)
from airflow.sdk.exceptions import AirflowSkipException

from dags.errors import StagingError, StagingLostError
from dags.reporting.alerts import alert_on
from dags.run.context import current_run, skipping
from dags.run.request import POLICIES
from dags.run.settings import Settings
from dags.work.known_symbols import remembered
from gx.symbols import LIST_PATTERN, PATTERN
from sql.errors import DatabaseLostError
from tracking.errors import RunIncompleteError, StoreUnreachableError

if TYPE_CHECKING:
    from dags.work.partitions import Mapped

SETTINGS = Settings()

# Time mends a lost connection, a deadlock or a full disk; it does not mend data, SQL, a suite, a
# parameter, or whatever nobody here thought of.
RETRIES = ExceptionRetryPolicy(
    [
        RetryRule(StagingLostError),
        RetryRule(StagingError, RetryAction.FAIL),
        RetryRule(
            [
                *(DatabaseLostError, StoreUnreachableError, RunIncompleteError, OSError),
                "airflow.sdk.exceptions.AirflowRuntimeError",
            ]
        ),
        RetryRule(Exception, RetryAction.FAIL),
    ]
)
# Airflow names each mapped task by what it was given.
LABEL = "{{ task.op_kwargs['partition']['label'] }}"
# What is in no section is open from the start.
BAD_BARS, DIAGNOSIS = "When bars are bad", "For finding a fault"
PARAMETERS = {
    "symbols": Param(
        SETTINGS.symbols,
        title="Symbols",
        description="Which symbols to check; the list holds those that there are bars of.",
        type="array",
        items={"type": "string", "pattern": PATTERN},
        examples=remembered(SETTINGS.results_dir, SETTINGS.symbols),
        minItems=1,
    ),
    "more_symbols": Param(
        None,
        title="More symbols",
        description="Not in the list, with commas between them: IBM, BRK B, ^GSPC; * for all "
        "there are.",
        type=["null", "string"],
        pattern=LIST_PATTERN,
    ),
    "start_date": Param(
        None,
        title="First date",
        description="The first date to check; empty for the earliest bar there is.",
        type=["null", "string"],
        format="date",
    ),
    "end_date": Param(
        None,
        title="Last date",
        description="The last date to check; empty for the newest bar there is.",
        type=["null", "string"],
        format="date",
    ),
    "policy": Param(
        SETTINGS.on_critical,
        title="When a critical expectation fails",
        description="What happens to the bars when the suite finds a critical failure.",
        section=BAD_BARS,
        type="string",
        enum=list(POLICIES),
        values_display={
            "fail": "fail: publish nothing, the run fails",
            "quarantine": "quarantine: hold back the symbols at fault, publish the others",
        },
    ),
    "accept_removals": Param(
        None,
        title="Accept removals",
        description="Symbols whose published bars may go away because the source has them no more; "
        "* for all.",
        section=BAD_BARS,
        type=["null", "string"],
        pattern=LIST_PATTERN,
    ),
    "debug_mode": Param(
        SETTINGS.debug_mode,
        title="Debug mode",
        description="Also keep the SQL, a sample after each step, settings and versions in MLflow.",
        section=DIAGNOSIS,
        type="boolean",
    ),
}


@dag(
    schedule=CronDataIntervalTimetable(SETTINGS.workflow_schedule, timezone="UTC")
    if SETTINGS.workflow_schedule
    else None,
    start_date=pendulum.datetime(2025, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    tags=["market-data", "quality", "ibkr"],
    doc_md=__doc__,
    params=PARAMETERS,
    default_args={
        "owner": "ibkr-trading",
        "retries": SETTINGS.task_retries,
        "retry_delay": timedelta(seconds=SETTINGS.retry_delay_seconds),
        "retry_policy": RETRIES,
        # Steps leave what they found in the staging folder; an XCom would be a request each.
        "do_xcom_push": False,
    },
    on_failure_callback=alert_on(SETTINGS, failed=True),
    on_success_callback=alert_on(SETTINGS, failed=False),
)
def ibkr_stock_data_workflow() -> None:
    """Extract, validate, transform, publish, and track in every case."""

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
    @task
    def judge_partitions() -> dict[str, object]:
        from dags.steps import validate

        with skipping():
            return validate(current_run())

    @task
    def validate_data() -> dict[str, object]:
        from dags.steps import validate
        from dags.work.lanes import is_divided

        run = current_run()
        if is_divided(run):
            raise AirflowSkipException("The partitions are judged together, by judge_partitions.")
        return validate(run)

    @task
    def transform_data() -> dict[str, object]:
        from dags.steps import transform

        return transform(current_run())

    @task(map_index_template=LABEL)
    def publish_partition(partition: "Mapped") -> dict[str, object]:
        from dags.work.partition import publish_part

        return publish_part(current_run(), partition["number"])

    @task(trigger_rule="none_failed")
    def publish_data() -> dict[str, object]:
        from dags.steps import publish

        with skipping():
            return publish(current_run())

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
    extracted >> validate_data() >> transform_data() >> published >> tracked
    # One folded box in the graph: most runs are not divided.
    with TaskGroup("partitions", prefix_group_id=False, tooltip="Of a run of many symbols"):
        judged = judge_partitions()
        check_partition.expand(partition=extracted) >> judged
        judged >> publish_partition.expand(partition=extracted) >> published
    # Airflow judges a run by its last task, and skips all but teardowns when a person marks the run
    # as failed: the skipped task in between tells the last one, which would not know otherwise.
    in_between = EmptyOperator(task_id="published")
    confirmed = confirm_published().as_teardown(on_failure_fail_dagrun=True)
    [published, tracked] >> in_between >> confirmed


ibkr_stock_data_workflow()
