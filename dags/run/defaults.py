"""What all workflows have alike: owner, tags, and what is tried again."""

from datetime import timedelta
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from dags.errors import GatewayLostError, StagingError, StagingLostError
from dags.run.settings import Settings
from sql.errors import DatabaseLostError
from tracking.errors import RunIncompleteError, StoreUnreachableError

OWNER, TAGS = "ibkr-trading", ["market-data", "quality"]
# Time mends a lost connection, a deadlock or a full disk; it does not mend data, SQL, a suite, a
# parameter, or whatever nobody here thought of.
RETRIES = ExceptionRetryPolicy(
    [
        RetryRule(StagingLostError),
        RetryRule(StagingError, RetryAction.FAIL),
        RetryRule(
            [
                *(DatabaseLostError, StoreUnreachableError, RunIncompleteError, OSError),
                GatewayLostError,
                "airflow.sdk.exceptions.AirflowRuntimeError",
            ]
        ),
        RetryRule(Exception, RetryAction.FAIL),
    ]
)


def task_defaults(settings: Settings) -> dict[str, Any]:
    """The arguments of every task: whose it is, and what is tried again, how often and when."""
    return {
        "owner": OWNER,
        "retries": settings.task_retries,
        "retry_delay": timedelta(seconds=settings.retry_delay_seconds),
        "retry_policy": RETRIES,
    }
