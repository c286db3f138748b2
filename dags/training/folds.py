"""Walking forward: each fold is trained on what was known before it began, and tested on it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dags.errors import TrainingError

Flags = npt.NDArray[np.bool_]
# Fewer tell nothing: a leaf of the trees takes 40.
LEAST_TRAINED, LEAST_TESTED = 200, 50


@dataclass(frozen=True)
class Fold:
    """Which examples are trained on and which are tested; the first and last date of the test."""

    number: int
    trained: Flags
    tested: Flags
    first: pd.Timestamp
    last: pd.Timestamp


def walk_forward(dates: pd.Series, known_at: pd.Series, count: int) -> list[Fold]:
    """So many folds over the dates of examples, each with all that is known before it.

    The dates are cut into ``count`` + 1 parts of as many dates each, of which the first is only
    trained on. What is trained on has its target before the test begins: of a target ``h`` bars
    ahead the last ``h`` bars of each symbol before it are left out (the embargo; López de Prado,
    Advances in Financial Machine Learning, 2018, chapter 7: purging).

    Raises TrainingError where a fold would have too few examples.
    """
    found = list(_folds(dates, known_at, count))
    if not found:
        raise TrainingError(
            f"too few bars: {dates.nunique()} dates with a known target make no {count} folds. "
            "Publish more bars, or ask for fewer folds"
        )
    for fold in found:
        _require_enough(fold, count)
    return found


def _folds(dates: pd.Series, known_at: pd.Series, count: int) -> Iterator[Fold]:
    sessions = np.sort(dates.unique())
    if len(sessions) <= count:
        return
    for number, part in enumerate(np.array_split(sessions, count + 1)[1:], start=1):
        first, last = part[0], part[-1]
        trained = (known_at < first).to_numpy(dtype=bool)
        tested = ((dates >= first) & (dates <= last)).to_numpy(dtype=bool)
        yield Fold(number, trained, tested, pd.Timestamp(first), pd.Timestamp(last))


def _require_enough(fold: Fold, count: int) -> None:
    trained, tested = int(fold.trained.sum()), int(fold.tested.sum())
    if trained < LEAST_TRAINED or tested < LEAST_TESTED:
        raise TrainingError(
            f"too few bars: fold {fold.number} of {count}, from {fold.first:%Y-%m-%d} on, would be "
            f"trained on {trained} bars and tested on {tested}; it takes {LEAST_TRAINED} and "
            f"{LEAST_TESTED}. Publish more bars, or ask for fewer folds"
        )
