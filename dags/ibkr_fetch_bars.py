"""### Bars from Interactive Brokers

Brings the source tables of datasets up to date that have `fetch` in their file (`gx/datasets/`),
from TWS or IB Gateway (`IB_HOST`, `IB_PORT`, `IB_CLIENT_ID`). It judges and publishes nothing: the
dataset's own workflow does, which runs when this one has brought something.

Only what is missing is asked for, and the last five sessions again. Bars with other numbers than
before are updated, and told in `bar_restatements`; where all prices differ by one factor the whole
history is asked for again. A session that has not closed is not stored. Silence is a fault: a
symbol without an answer is behind, and the log says so. The run fails only when nothing came.

A gateway or database that is away is tried again; a contract that is mistyped is not: time does not
mend it. Symbols that are behind, and a fetch that failed, are told to ALERT_URLS, with the reasons.
"""

import pendulum
from airflow.sdk import DAG, AssetAlias, Param, dag, task

from dags.fetch.alerts import fetch_alert_on
from dags.reporting.assets import FETCHED
from dags.run.datasets import datasets_with
from dags.run.defaults import TAGS, task_defaults
from dags.run.settings import Settings


def fetching(names: list[str]) -> DAG:
    """One task, which fetches what the run's parameters name."""
    settings = Settings()

    @dag(
        dag_id="ibkr_fetch_bars",
        schedule=settings.ib_schedule,
        start_date=pendulum.datetime(2025, 1, 1, tz="UTC"),
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        tags=[*TAGS, "ibkr"],
        doc_md=__doc__,
        params={
            "dataset": Param(
                names[0],
                title="Dataset",
                description="Whose bars to bring up to date.",
                type="string",
                enum=names,
            ),
            "symbols": Param(
                [],
                title="Symbols",
                description="None: all that the dataset's file has contracts of.",
                type=["array", "null"],
                items={"type": "string"},
            ),
        },
        default_args=task_defaults(settings),
    )
    def steps() -> None:
        @task(outlets=[AssetAlias(FETCHED)], on_failure_callback=fetch_alert_on(settings))
        def fetch_bars() -> str:
            from dags.fetch.task import fetch_for

            return fetch_for()

        fetch_bars()

    return steps()


if named := datasets_with(lambda dataset: dataset.fetch):
    ibkr_fetch_bars = fetching(named)
