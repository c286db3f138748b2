"""A gradient-boosted model, tested fold by fold, and which features it leans on."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from dags.training.examples import Examples
from dags.training.folds import Fold

Floats = npt.NDArray[np.float64]
# Permuted so often, on so many bars of a fold.
_TIMES, _AT_MOST = 3, 5_000


class Model(Protocol):
    """What has learned."""

    def predict(self, features: pd.DataFrame) -> Floats:
        """The return that it foretells of each row."""
        raise NotImplementedError


@dataclass(frozen=True)
class FoldScore:
    """What a fold's test says, of the model and of the baselines, all out of sample.

    `mse` are mean squared errors, of the model, of nothing at all and of the mean that was trained
    on; `hits` are shares of signs that were right (half a hit for no sign), of the model, of
    yesterday's sign and of the sign of that mean. `correlation` is Spearman's, of what was foretold
    and what came: the information coefficient.
    """

    number: int
    first: pd.Timestamp
    last: pd.Timestamp
    trained_on: int
    tested_on: int
    mse: float
    mse_zero: float
    mse_mean: float
    hits: float
    hits_yesterday: float
    hits_mean: float
    correlation: float


@dataclass(frozen=True)
class Walked:
    """Every fold's score and forecasts (by the examples' index), and what each feature is worth.

    `importances` has, by feature, the columns mean and std over the folds: by how much the
    mean squared error grows, as a share of that of nothing at all, when the feature is shuffled.
    """

    scores: tuple[FoldScore, ...]
    forecasts: pd.Series
    importances: pd.DataFrame


def trained_on(features: pd.DataFrame, target: pd.Series) -> Model:
    """A model that has learned from these: the same from the same, to the last bit."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    # Small trees and slow steps: returns are nearly all noise. Nothing is held out to stop early,
    # for it would be chosen at random, from among later bars too.
    made = HistGradientBoostingRegressor(
        max_iter=100,
        learning_rate=0.03,
        max_leaf_nodes=8,
        min_samples_leaf=40,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=0,
    )
    with one_thread():
        fitted: Model = made.fit(features, target)
    return fitted


def one_thread() -> AbstractContextManager[object]:
    """OpenMP with one thread: on a busy machine several wait for each other at every tree.

    And sums in one order give one model.
    """
    from threadpoolctl import threadpool_limits

    limited: AbstractContextManager[object] = threadpool_limits(1)
    return limited


def walked(known: Examples, folds: Sequence[Fold]) -> Walked:
    """Train and test fold by fold."""
    scores, forecasts, worth = [], [], []
    for fold in folds:
        model = trained_on(known.features[fold.trained], known.target[fold.trained])
        features = known.features[fold.tested]
        with one_thread():
            forecast = pd.Series(model.predict(features), index=features.index)
            worth.append(_importances(model, features, known.target[fold.tested]))
        scores.append(_score(known, fold, forecast))
        forecasts.append(forecast)
    each = pd.DataFrame(worth)
    importances = pd.DataFrame({"mean": each.mean(), "std": each.std(ddof=1)})
    return Walked(
        tuple(scores),
        pd.concat(forecasts).sort_index(),
        importances.sort_values("mean", ascending=False).rename_axis("feature"),
    )


def _score(known: Examples, fold: Fold, forecast: pd.Series) -> FoldScore:
    target = known.target[fold.tested]
    usual = float(known.target[fold.trained].mean())
    return FoldScore(
        number=fold.number,
        first=fold.first,
        last=fold.last,
        trained_on=int(fold.trained.sum()),
        tested_on=len(target),
        mse=float(((target - forecast) ** 2).mean()),
        mse_zero=float((target**2).mean()),
        mse_mean=float(((target - usual) ** 2).mean()),
        hits=_hits(forecast, target),
        hits_yesterday=_hits(known.yesterday[fold.tested], target),
        hits_mean=_hits(pd.Series(usual, index=target.index), target),
        correlation=_rank_correlation(forecast, target),
    )


def _hits(forecast: pd.Series, target: pd.Series) -> float:
    """The share of right signs where there was a move; no sign is half a hit, as a coin's would."""
    moved = target != 0
    if not moved.any():
        return 0.5
    sign, came = np.sign(forecast[moved].fillna(0)), np.sign(target[moved])
    return float(np.where(sign == 0, 0.5, sign == came).mean())


def _rank_correlation(forecast: pd.Series, target: pd.Series) -> float:
    one, other = forecast.rank(), target.rank()
    if one.nunique() < 2 or other.nunique() < 2:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def _importances(model: Model, features: pd.DataFrame, target: pd.Series) -> pd.Series:
    from sklearn.inspection import permutation_importance

    found: Any = permutation_importance(
        model,
        features,
        target,
        scoring="neg_mean_squared_error",
        n_repeats=_TIMES,
        random_state=0,
        max_samples=min(_AT_MOST, len(features)),
    )
    nothing = float((target**2).mean())
    return pd.Series(found.importances_mean / nothing if nothing else np.nan, features.columns)
