"""Published bars of a dataset that runs vouch for, and that what is derived of them fits."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dags.errors import TrainingError
from dags.run.datasets import published_at, settings_for
from dags.run.settings import Settings
from gx.dataset.model import Dataset
from gx.dataset.train import Train
from sql.connection import connected
from sql.terms import BAR, DERIVED
from sql.trained.vouched import VouchedBars, vouched_bars
from tracking.store import TrackingStore
from transforms.bars import enrich


def asked_of(dataset: Dataset) -> Train:
    """What the dataset's file says of training.

    Raises TrainingError when it says nothing, or prices are raw: a split would pass for a return.
    """
    if dataset.train is None:
        raise TrainingError(
            f"dataset {dataset.name} asks for no model: write train: {{horizon: 1}} into "
            f"gx/datasets/{dataset.name}.yml"
        )
    if dataset.prices == "raw":
        raise TrainingError(
            f"dataset {dataset.name} has raw prices, in which a split looks like a return: a model "
            "is trained on adjusted ones alone"
        )
    return dataset.train


def store_of(dataset: Dataset, settings: Settings) -> TrackingStore:
    """Where its trainings are tracked: in an experiment beside that of its runs."""
    own = settings_for(dataset, settings)
    return TrackingStore(
        own.mlflow_tracking_uri, f"{own.mlflow_experiment_name}-training", own.mlflow_artifact_root
    )


def bars_of(
    dataset: Dataset, settings: Settings, symbols: Sequence[str] | None = None
) -> VouchedBars:
    """All published bars of these symbols (None: of all).

    Raises UnvouchedError, NoBarsError, DatabaseLostError, and TrainingError where a figure beside a
    bar is not what it is derived from: a bar is missing, or somebody changed the figure.
    """
    with connected(published_at(dataset, settings)) as engine:
        found = vouched_bars(engine, symbols)
    _require_derived(found.bars)
    return found


def _require_derived(bars: pd.DataFrame) -> None:
    right = enrich(bars[list(BAR)])[list(DERIVED)].to_numpy()
    there = bars[list(DERIVED)].to_numpy()
    wrong = ~((right == there) | (np.isnan(right) & np.isnan(there))).all(axis=1)
    if not wrong.any():
        return
    first = bars[wrong].iloc[0]
    names = ",".join(bars.loc[wrong, "symbol"].unique()[:5])
    raise TrainingError(
        f"{wrong.sum():,} published bars have another return or range than their prices give, "
        f"first {first['symbol']} {first['date']:%Y-%m-%d}: somebody changed them, or removed a "
        f"bar before them. Publish them again: gate run --symbols '{names}', over all of their "
        "dates"
    )
