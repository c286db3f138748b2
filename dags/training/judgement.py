"""Has a model skill? Only when it beats every baseline by more than its folds differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dags.training.model import FoldScore


@dataclass(frozen=True)
class Margin:
    """By how much a baseline is beaten: the mean over the folds, and their standard deviation."""

    baseline: str
    what: str
    mean: float
    spread: float

    @property
    def beaten(self) -> bool:
        """By more than the folds differ among themselves? What is unknown is not beaten."""
        return bool(self.mean > self.spread)

    @property
    def sentence(self) -> str:
        """The margin in words."""
        return f"{self.what} than {self.baseline}: {100 * self.mean:+.2f} ± {100 * self.spread:.2f}"


@dataclass(frozen=True)
class Judgement:
    """What the folds say of a model, against each baseline."""

    margins: tuple[Margin, ...]
    folds: int

    @property
    def skill(self) -> bool:
        """Does it beat all of them?"""
        return all(one.beaten for one in self.margins)

    @cached_property
    def sentence(self) -> str:
        """The judgement in one line, in percentage points."""
        beaten = sum(one.beaten for one in self.margins)
        told = "; ".join(one.sentence for one in self.margins)
        if self.skill:
            return (
                f"skill: all {beaten} baselines are beaten by more than the spread over "
                f"{self.folds} folds (in % and points, mean ± standard deviation): {told}"
            )
        return (
            f"no skill: {beaten} of {len(self.margins)} baselines are beaten by more than the "
            f"spread over {self.folds} folds (in % and points, mean ± standard deviation): {told}"
        )


def judged(scores: Sequence[FoldScore]) -> Judgement:
    """The model against nothing, the usual return, yesterday's sign and the usual sign.

    The usual ones are what a model knows that has learned nothing but whether prices rise: to beat
    zero and yesterday's sign by that alone is no skill.
    """
    error, signs = "smaller squared error", "more signs right"
    return Judgement(
        (
            _margin("zero", error, [_gain(one.mse, one.mse_zero) for one in scores]),
            _margin("the usual return", error, [_gain(one.mse, one.mse_mean) for one in scores]),
            _margin("yesterday's sign", signs, [one.hits - one.hits_yesterday for one in scores]),
            _margin("the usual sign", signs, [one.hits - one.hits_mean for one in scores]),
        ),
        len(scores),
    )


def _gain(error: float, of_baseline: float) -> float:
    """By which share an error is smaller; none where nothing moved."""
    return 1 - error / of_baseline if of_baseline else 0.0


def _margin(baseline: str, what: str, each: Sequence[float]) -> Margin:
    return Margin(baseline, what, float(np.mean(each)), float(np.std(each, ddof=1)))
