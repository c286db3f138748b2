"""What a bar's own other prices tell: a sign, high and low exchanged, one price in another unit."""

import numpy as np

from gx.plugins.expectations.kernels.bars import Floats
from gx.repair.digits import on_steps, usual_step
from gx.repair.fixes import Fix
from gx.repair.proposal import PRICES
from gx.repair.series import HIGH, LOW, Series, shown

UNIT = np.log(100.0)
APART = 0.7  # log; a price is in another unit when it is this near to the factor


def signs(series: Series) -> list[Fix]:
    """Prices below zero that fit their bar and its neighbours without the sign.

    A price that was really negative does not: the others of its bar say so.
    """
    below = (series.prices < 0) & np.isfinite(series.prices)
    fixed = np.abs(series.prices)
    good = series.failing & below.any(axis=1) & series.fits_itself(fixed)
    found = []
    for at in np.flatnonzero(good).tolist():
        beside = nearest_close(series, at)
        if beside is None or abs(np.log(fixed[at, 3]) - np.log(beside)) > series.tolerance:
            continue
        names = [PRICES[one] for one in np.flatnonzero(below[at])]
        evidence = (
            f"{_listed(names)} {shown(series.prices[at, below[at]][0])} of {series.day(at)} "
            f"is below zero; without the sign it fits the bar's other prices, and the nearest "
            f"close beside it, {shown(beside)}"
        )
        found.append(Fix("sign", np.array([at]), fixed[[at]], evidence))
    return found


def exchanged(series: Series) -> list[Fix]:
    """Bars whose high is below their low, and which are as they should be the other way round."""
    fixed = series.prices[:, [0, LOW, HIGH, 3]]
    with np.errstate(invalid="ignore"):
        inverted = series.prices[:, HIGH] < series.prices[:, LOW]
    good = series.failing & inverted & series.fits_itself(fixed)
    found = []
    for at in np.flatnonzero(good).tolist():
        opened, high, low, close = series.prices[at]
        evidence = (
            f"high {shown(high)} of {series.day(at)} is below its low {shown(low)}; open "
            f"{shown(opened)} and close {shown(close)} lie between the two"
        )
        found.append(Fix("high and low exchanged", np.array([at]), fixed[[at]], evidence))
    return found


def single_units(series: Series) -> list[Fix]:
    """One price of a bar a hundred times too high or too low, by its other three."""
    off = series.logs - np.median(series.logs, axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        far = np.abs(np.abs(off) - UNIT) <= APART
        near = np.abs(off) <= APART
    alone = series.failing & (far.sum(axis=1) == 1) & (near.sum(axis=1) == 3)
    found = []
    for at in np.flatnonzero(alone).tolist():
        column = int(np.flatnonzero(far[at])[0])
        factor = 0.01 if off[at, column] > 0 else 100.0
        fixed = series.prices[[at]].copy()
        fixed[0, column] = scaled(fixed[0, column], factor)
        if not series.fits_itself(fixed)[0] or has_lost_digits(
            series, at, series.prices[at, [column]], factor
        ):
            continue
        others = [shown(one) for place, one in enumerate(series.prices[at]) if place != column]
        word = "100 times" if factor < 1 else "a 100th of"
        evidence = (
            f"{PRICES[column]} {shown(series.prices[at, column])} of {series.day(at)} is about "
            f"{word} the bar's other prices ({', '.join(others)}); as "
            f"{shown(fixed[0, column])} it fits them"
        )
        found.append(Fix("unit", np.array([at]), fixed, evidence))
    return found


def scaled(values: Floats, factor: float) -> Floats:
    """Prices in another unit; a division by 100 is exact where a product with 0.01 is not."""
    product: Floats = values / round(1 / factor) if factor < 1 else values * factor
    return product


def has_lost_digits(series: Series, at: int, prices: Floats, factor: float) -> bool:
    """Were prices that are too low rounded as all others are? Then nobody knows their last digits.

    Of a price in cents 22.34 a hundredth is 0.2234; as 0.22 it may have been any of a hundred.
    """
    step = usual_step(series, at) if factor > 1 else None
    return step is not None and bool(on_steps(prices, step).all())


def nearest_close(series: Series, at: int) -> float | None:
    """The close of the sound bar beside this one, within ten of it."""
    for distance in range(1, 11):
        for place in (at - distance, at + distance):
            if 0 <= place < len(series.rows) and series.sound[place]:
                return float(series.prices[place, 3])
    return None


def _listed(names: list[str]) -> str:
    return ", ".join(names)
