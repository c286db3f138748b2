"""### Old bars into files

Moves the bars of a dataset before a day out of its table into files of Parquet below
`ARCHIVE_ROOT`, a folder or a store. Each file is written, read back and compared with the table
before one of its bars is deleted; a run that is killed loses none, and the next one goes on. The
gate's runs read archived bars as if they were still in the table. `gate archive --restore` puts
them back.

The database's user needs the right to delete from the table; the log says so when it has not.
"""

import pendulum
from airflow.sdk import DAG, ExceptionRetryPolicy, Param, RetryAction, RetryRule, dag, task

from dags.errors import StagingLostError
from dags.run.defaults import task_defaults
from dags.run.settings import Settings
from gx.dataset.read import dataset_names
from sql.errors import DatabaseLostError

# Time mends a store and a database that do not answer; nothing else.
RETRIES = ExceptionRetryPolicy(
    [
        RetryRule([StagingLostError, DatabaseLostError]),
        RetryRule(Exception, RetryAction.FAIL),
    ]
)


def archiving(names: list[str]) -> DAG:
    """One task, which archives what the run's parameters name."""
    settings = Settings()

    @dag(
        dag_id="archive_bars",
        schedule=None,
        start_date=pendulum.datetime(2025, 1, 1, tz="UTC"),
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        tags=["market-data", "archive"],
        doc_md=__doc__,
        params={
            "dataset": Param(
                names[0],
                title="Dataset",
                description="Whose bars to archive.",
                type="string",
                enum=names,
            ),
            "before_date": Param(
                None,
                title="Before",
                description="The first day that stays in the table.",
                type=["string", "null"],
                format="date",
            ),
            "to": Param(
                None,
                title="Place",
                description="A folder, or s3://BUCKET/FOLDER; ARCHIVE_ROOT unless told.",
                type=["string", "null"],
            ),
            "dry_run": Param(
                False,
                title="Only look",
                description="Only say what would be moved.",
                type="boolean",
            ),
        },
        default_args={**task_defaults(settings), "retry_policy": RETRIES},
    )
    def steps() -> None:
        @task
        def archive_old_bars() -> str:
            from dags.archive.task import archive_for

            return archive_for()

        archive_old_bars()

    return steps()


archive_bars = archiving(dataset_names())
