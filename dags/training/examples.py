"""Bars as what a model learns from: features, and the target with the day on which it is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from transforms.features import KNOWN_AT, TARGET, features, targets

# What a baseline calls yesterday's sign: that of the bar's own return.
_RETURN = "return_1"


@dataclass(frozen=True)
class Examples:
    """One row a bar, in the order of the bars: all of one index.

    `dates` is when the features are known, `known_at` when the target is; both are NaT or NaN where
    they never will be. `yesterday` is the bar's own return (float64).
    """

    features: pd.DataFrame
    target: pd.Series
    dates: pd.Series
    known_at: pd.Series
    yesterday: pd.Series


def examples(bars: pd.DataFrame, names: Sequence[str], horizon: int) -> Examples:
    """The examples of bars with symbol, date, open, high, low, close, volume.

    They must be sorted by symbol and date. Only bars whose target is known are examples.
    """
    made = features(bars, list(dict.fromkeys([*names, _RETURN])))
    ahead = targets(bars, horizon)
    there = np.isfinite(ahead[TARGET])
    return Examples(
        features=made.loc[there, list(names)],
        target=ahead.loc[there, TARGET],
        dates=bars.loc[there, "date"],
        known_at=ahead.loc[there, KNOWN_AT],
        yesterday=made.loc[there, _RETURN],
    )
