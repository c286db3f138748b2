"""Is this container well? python -m dags.deployed.health PART; exit status 0 or 1.

Asked every few seconds, so it imports no more than it needs: `airflow jobs check` costs 5 s of CPU.
"""

import os
import socket
import sys
import urllib.request
from collections.abc import Callable, Mapping

TIMEOUT_SECONDS = 5
# Airflow counts a component as dead after 30 s without a heartbeat.
HEARTBEAT = """
    select exists (
        select from job
        where job_type = %s and hostname = %s and state = 'running'
            and latest_heartbeat > now() - interval '60 seconds'
    )
"""
Environment = Mapping[str, str]


def page(url: str) -> Callable[[Environment], bool]:
    """Whether a page on this machine answers."""

    def answers(_environment: Environment) -> bool:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
            return bool(answer.status == 200)

    return answers


def job(job_type: str) -> Callable[[Environment], bool]:
    """Whether a job of this type on this machine was heard of a moment ago."""

    def beats(environment: Environment) -> bool:
        import psycopg2

        dsn = environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "", 1)
        session = psycopg2.connect(dsn, connect_timeout=TIMEOUT_SECONDS)
        try:
            with session.cursor() as cursor:
                cursor.execute(HEARTBEAT, (job_type, socket.gethostname()))
                return bool(cursor.fetchone()[0])  # type: ignore[index]
        finally:
            session.close()

    return beats


def worker(environment: Environment) -> bool:
    """Whether the Celery worker on this machine answers a ping."""
    from celery import Celery

    app = Celery(broker=environment["AIRFLOW__CELERY__BROKER_URL"])
    name = f"celery@{socket.gethostname()}"
    return bool(app.control.ping([name], timeout=TIMEOUT_SECONDS))


CHECKS: dict[str, Callable[[Environment], bool]] = {
    # The first call of the tasks' own interface takes seconds: better here than in a task.
    "api-server": page("http://127.0.0.1:8080/execution/health"),
    "mlflow": page("http://127.0.0.1:5500/health"),
    "scheduler": job("SchedulerJob"),
    "dag-processor": job("DagProcessorJob"),
    "triggerer": job("TriggererJob"),
    "worker": worker,
}


def main(part: str, environment: Environment = os.environ) -> int:
    """0 when the part is well; 1 when it is not, or cannot be asked (the reason goes to stderr)."""
    if CHECKS[part](environment):
        return 0
    print(f"{part}: no sign of life", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
