"""Declared splits and dividends against prices that are as declared, and that are not.

In made-up daily markets of every sort each symbol has a split and two dividends, one of them of a
third of the price. A defect is found when the bar of the split is flagged.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gx.plugins.expectations.declared import read_declared, with_declared
from gx.plugins.expectations.kernels.agreement import disagreements
from gx.plugins.expectations.kernels.bars import Bars
from tests.detector.bars import REAL_SPLITS, real_bars
from tests.detector.markets import PRICES, STYLES, Style, Values, frame_of, made_up

LENGTHS = (10, 20, 40, 250)
RATIOS = (1.5, 2.0, 3.0, 4.0, 5.0, 10.0, 20.0, 1 / 2, 1 / 4, 1 / 5, 1 / 10, 1 / 20)
# Of these a price has few ticks, or trades too seldom to have levels before and after.
COARSE = ("sub-cent", "penny", "illiquid", "hardly traded")
NAMES = ["symbol", "date", "kind", "value"]


@dataclass(frozen=True)
class Kind:
    """By which power of its ratio the prices step at a split: -1 is as traded, 0 adjusted.

    `declares`: is it declared at all, and as which power of its ratio?
    """

    name: str
    steps: float
    adjusted: bool
    declares: float | None = 1.0
    is_defect: bool = True


SOUND = (
    Kind("raw, as declared", -1, adjusted=False, is_defect=False),
    Kind("adjusted, as declared", 0, adjusted=True, is_defect=False),
)
KINDS = (
    Kind("raw: declared, not shown", 0, adjusted=False),
    Kind("adjusted: declared, shown", -1, adjusted=True),
    Kind("raw: not declared", -1, adjusted=False, declares=None),
    Kind("adjusted: not declared", -1, adjusted=True, declares=None),
    Kind("raw: adjusted twice", 1, adjusted=False),
    Kind("adjusted: adjusted twice", 1, adjusted=True),
    Kind("raw: declared inverted", -1, adjusted=False, declares=-1.0),
)


@dataclass(frozen=True)
class Market:
    """Bars with what is declared of them, the row of each split, and the names of the styles."""

    bars: pd.DataFrame
    splits: tuple[int, ...]
    styles: tuple[str, ...]


def market(kind: Kind, length: int, rounds: int, seed: int) -> Market:
    """Symbols of every daily style, with a split of the kind in each, and dividends."""
    symbols: dict[str, tuple[Style, Values]] = {}
    splits, told = [], []
    daily = [style for style in STYLES if style.every in ("B", "D")]
    for number in range(rounds):
        for style in daily:
            rng = np.random.default_rng([seed, length, number, *f"{style.name}".encode()])
            bars = made_up(style, length, rng)
            at, paid = rng.choice(np.arange(3, length - 2), 2, replace=False).tolist()
            ratio = float(rng.choice(RATIOS))
            # A third of the price in the week of the split would leave nothing to compare with.
            share = float(rng.choice([0.01, 1 / 3])) if abs(paid - at) > 5 else 0.01
            _step(bars, at, ratio**kind.steps, ratio if kind.steps else 1.0)
            _step(bars, paid, 1 - share, 1.0)
            name = f"{style.name} {number}"
            splits.append(len(symbols) * length + at)
            symbols[name] = style, bars
            told.append((name, at, ratio, paid, share * bars["close"][paid - 1]))
    frame = frame_of(symbols)
    dates = {name: own["date"].astype(str).tolist() for name, own in frame.groupby("symbol")}
    rows = []
    for name, at, ratio, paid, amount in told:
        rows.append((name, dates[name][paid], "dividend", str(amount)))
        if kind.declares is not None:
            rows.append((name, dates[name][at], "split", str(ratio**kind.declares)))
    declared = read_declared(pd.DataFrame(rows, columns=NAMES), adjusted=kind.adjusted)
    styles = tuple(name.rpartition(" ")[0] for name in symbols)
    return Market(with_declared(frame, declared), tuple(splits), styles)


def _step(bars: Values, at: int, factor: float, shares: float) -> None:
    for column in PRICES:
        bars[column][at:] *= factor
    bars["volume"][at:] *= shares


def judge(kind: Kind, length: int, rounds: int = 10, seed: int = 1) -> tuple[float, float, int]:
    """The share found in fine prices, and in coarse ones, and the other bars that are flagged."""
    planted = market(kind, length, rounds, seed)
    rows = np.flatnonzero(disagreements(Bars.of(planted.bars)).flags).tolist()
    if not kind.is_defect:
        return 0.0, 0.0, len(rows)
    seen = np.isin(planted.splits, rows)
    coarse = np.isin(planted.styles, COARSE)
    others = len(set(rows) - set(planted.splits))
    return float(seen[~coarse].mean()), float(seen[coarse].mean()), others


def real(*, adjusted: bool) -> int:
    """How many of the real bars are flagged, with their three splits declared."""
    bars = real_bars()
    for symbol, day in REAL_SPLITS if adjusted else ():
        bars.loc[(bars["symbol"] == symbol) & (bars["date"] < day), PRICES] /= 2
    told = pd.DataFrame([(*one, "split", "2:1") for one in REAL_SPLITS], columns=NAMES)
    known = with_declared(bars, read_declared(told, adjusted=adjusted))
    return int(disagreements(Bars.of(known)).flags.sum())


def report(rounds: int = 10, seed: int = 1) -> Iterator[str]:
    """The table, line by line: recall of fine and coarse prices by length, and false bars."""
    yield f"{'kind: fine, coarse (others)':28}" + "".join(f"{length:>20}" for length in LENGTHS)
    for kind in (*SOUND, *KINDS):
        cells = []
        for length in LENGTHS:
            fine, coarse, others = judge(kind, length, rounds, seed)
            said = f"{fine:.3f} {coarse:.3f} " if kind.is_defect else ""
            cells.append(f"{said}({others})")
        yield f"{kind.name:28}" + "".join(f"{cell:>20}" for cell in cells)
    yield f"real bars, raw ({real(adjusted=False)}), adjusted ({real(adjusted=True)})"
