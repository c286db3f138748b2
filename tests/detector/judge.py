"""Counts what the expectations find of what was planted, and what they find besides."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from gx.gate.asked import NOTHING_ASKED
from gx.gate.expected import parameters
from gx.plugins.expectations import BarExpectation
from gx.plugins.expectations.kernels.bars import Bars
from gx.suite.fitting import fit
from gx.suite.named import suite_path
from gx.suite.read import Suite, read_suite
from tests.detector.bars import AS_OF, REAL_SPLITS, real_bars, rows_of
from tests.detector.plant import Kind, plant_many

UNIQUE = "expect_compound_columns_to_be_unique"
Found = dict[str, set[int]]


@dataclass(frozen=True)
class Score:
    """How well one kind of defect is found.

    planted, found: bars that should be flagged, and those that some expectation flags.
    finders: share of the planted bars that each expectation flags.
    strays: untouched bars per 10,000 that an expectation flags and does not flag in clean bars.
    """

    kind: Kind
    planted: int
    found: int
    finders: dict[str, float]
    strays: dict[str, float]

    @property
    def recall(self) -> float:
        """Share of the planted bars that are flagged."""
        return self.found / self.planted


def flagged(bars: pd.DataFrame) -> Found:
    """Return the index labels that each market expectation of the suite flags, as of AS_OF.

    One that the suite holds a second time, with another limit, has its severity in its name.
    """
    table = Bars.of(bars)
    found: Found = {}
    given = parameters(_suite(), AS_OF, NOTHING_ASKED)
    for expectation in fit(_suite().expectations, bars, given):
        if not isinstance(expectation, BarExpectation):
            continue
        arguments = {name: getattr(expectation, name) for name in expectation.parameters()}
        name = expectation.expectation_type
        name = f"{name} ({expectation.severity.value})" if name in found else name
        found[name] = set(bars.index[type(expectation).detector(table, **arguments).flags])
    found[UNIQUE] = set(bars.index[bars.duplicated(["symbol", "date"], keep=False)])
    return found


@cache
def _suite() -> Suite:
    return read_suite(suite_path("stock_data"))


def false_alarms(bars: pd.DataFrame) -> dict[str, float]:
    """Count alarms per 10,000 bars on clean real bars; the three real splits are no false ones."""
    real = set(rows_of(bars, REAL_SPLITS))
    return {name: 1e4 * len(rows - real) / len(bars) for name, rows in flagged(bars).items()}


def judge(kind: Kind, rounds: int, seed: int) -> Score:
    """Plant a kind in the real bars, `rounds` times, and count."""
    rng = np.random.default_rng(seed)
    clean = real_bars()
    before = flagged(clean)
    planted, found, untouched = 0, 0, 0
    finders: Counter[str] = Counter()
    strays: Counter[str] = Counter()
    for _ in range(rounds):
        defective = plant_many(clean, kind, rng)
        bars = defective.bars
        targets = set(defective.targets) & set(bars.index)
        touched = targets | set(defective.touched)
        after = flagged(bars)
        planted += len(targets)
        untouched += len(bars) - len(touched)
        found += len(targets & set().union(*after.values()))
        for name, rows in after.items():
            finders[name] += len(rows & targets)
            strays[name] += len(rows - touched - before[name])
    return Score(
        kind,
        planted,
        found,
        {name: count / planted for name, count in finders.most_common() if count},
        {name: 1e4 * count / untouched for name, count in strays.most_common() if count},
    )


def table(scores: Sequence[Score]) -> str:
    """Write the scores as lines of text."""
    lines = [f"{'kind of defect':24} {'bars':>5} {'recall':>7}  found by (recall)"]
    for score in scores:
        finders = ", ".join(f"{_short(name)} {share:.2f}" for name, share in score.finders.items())
        mark = "*" if score.kind.gross else " "
        lines.append(
            f"{score.kind.name:23}{mark} {score.planted:5d} {score.recall:7.3f}  {finders}"
        )
    return "\n".join([*lines, "* gross: recall must be at least 0.99"])


def _short(name: str) -> str:
    return name.removeprefix("expect_")
