"""### A model of published bars

Runs when the gate has published bars of the dataset, and uses nothing else: a bar that no run
vouches for stops it. `train_model` walks forward over the bars, each fold trained on what was known
before it, and compares the model with baselines that know nothing. It is registered in MLflow as
`challenger`; `champion` it becomes only when it beats all of them by more than the folds differ.
Usually it does not, and the log says so: **no skill**. `score_bars` writes what the champion says
of the newest bars of good symbols into `stock_data_signals`; it is skipped while there is none.

The dataset's file says `train: {horizon: 1}`; *Training* in dags/README.md has the rest.
"""

import pendulum
from airflow.sdk import DAG, dag, task

from dags.reporting.assets import asset_of
from dags.run.datasets import datasets_with
from dags.run.defaults import TAGS, task_defaults
from dags.run.settings import Settings


def training(name: str) -> DAG:
    """Train on what the dataset publishes, then score it."""

    @dag(
        dag_id=f"{name}_training",
        schedule=[asset_of(name)],
        start_date=pendulum.datetime(2025, 1, 1, tz="UTC"),
        catchup=False,
        max_active_runs=1,
        tags=[*TAGS, "training"],
        doc_md=__doc__,
        default_args=task_defaults(Settings()),
    )
    def steps() -> None:
        @task
        def train_model() -> str:
            from dags.training.task import train_for

            return train_for(name)

        @task
        def score_bars() -> str:
            from dags.training.task import score_for

            return score_for(name)

        train_model() >> score_bars()

    return steps()


for named in datasets_with(lambda dataset: dataset.train):
    globals()[f"{named}_training"] = training(named)
