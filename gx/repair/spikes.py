"""A single bar, or one price of it, that is off by an exact factor, as its digits prove.

That a price would be ordinary at a tenth says little: of arbitrary wrong numbers many would be. Its
digits say more: 223.4 may be ten times 22.34, while 229.37 is no tenfold of a price in cents.
"""

from dataclasses import dataclass, replace

import numpy as np

from gx.plugins.expectations.kernels.bars import Floats, Ints
from gx.repair.digits import on_steps, usual_step
from gx.repair.fixes import Fix
from gx.repair.proposal import PRICES
from gx.repair.series import CLOSE, OPEN, Series, shown

# A hundredfold price is one in another unit (see gx.repair.levels and gx.repair.within_the_bar).
POWERS = (10.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0)
# Of whole bars: that four prices are all even is no rarity, so nothing below 3.
RATIOS = (3.0, 4.0, 5.0, 6.0, 8.0, 20.0, 25.0, 50.0)
BESIDE = 3  # sound bars on either side
NEAREST, FARTHEST = 0.02, 0.08  # log, to the neighbours on both sides
# Of the factor (log): within this the volume is ordinary, or off by the inverse; else nobody knows.
SURE = 0.35
FEWEST_TIMES = 10.0  # by which a volume is off, and not just low or high
VOLUMES, FEWEST_VOLUMES = 10, 6  # of bars around, which tell of the usual one


@dataclass(frozen=True)
class _Spot:
    """Where a spike may be: its bar, those beside it, and the step that prices have there."""

    series: Series
    at: int
    before: int
    after: int
    step: float

    def undone(self, columns: Ints, factor: float) -> Floats | None:
        """The bar's prices once ``factor`` is undone; None where they are not what must be."""
        prices = self.series.prices[self.at].copy()
        was = prices[columns]
        now = was / factor if factor > 1 else was * round(1 / factor)
        prices[columns] = np.round(now / self.step) * self.step
        on_the_steps = on_steps(now, self.step).all()
        # A price that is too low has digits that none has, unless somebody rounded it: then they
        # are lost. One that is too high has fewer: each is a multiple of the factor.
        told = on_the_steps and (factor > 1 or not on_steps(was, self.step).all())
        return prices if told and self._fits(prices) else None

    def _fits(self, prices: Floats) -> bool:
        series, near = self.series, _near(self.series)
        if not series.fits_itself(prices[np.newaxis])[0]:
            return False
        came = np.log(prices[OPEN]) - series.logs[self.before, CLOSE]
        went = series.logs[self.after, OPEN] - np.log(prices[CLOSE])
        return bool(max(abs(came), abs(went)) <= near)


def spikes(series: Series) -> list[Fix]:
    """Bars that are what both sides tell, once the one factor that explains them is undone."""
    found = []
    for at in np.flatnonzero(series.failing & np.isfinite(series.logs).all(axis=1)).tolist():
        spot = _spot(series, at)
        fix = None if spot is None else _spike(spot)
        if fix is not None:
            found.append(fix)
    return found


def _spot(series: Series, at: int) -> _Spot | None:
    """None where the bars beside do not agree, are too few, or have digits of any kind."""
    use = np.flatnonzero(series.sound)
    before, after = use[use < at][-BESIDE:], use[use > at][:BESIDE]
    if min(len(before), len(after)) < BESIDE:
        return None
    closes = series.logs[np.concatenate([before, after]), CLOSE]
    step = usual_step(series, at) if np.ptp(closes) <= 2 * _near(series) else None
    return None if step is None else _Spot(series, at, int(before[-1]), int(after[0]), step)


def _near(series: Series) -> float:
    return float(np.clip(series.tolerance, NEAREST, FARTHEST))


def _spike(spot: _Spot) -> Fix | None:
    logs = spot.series.logs[spot.at]
    alone, every = np.array([np.abs(logs - np.median(logs)).argmax()]), np.arange(4)
    tried = [
        *((every, factor) for factor in _both_ways((*POWERS, *RATIOS))),
        *((alone, factor) for factor in _both_ways(POWERS)),
    ]
    fitting = [
        (columns, factor, prices)
        for columns, factor in tried
        if (prices := spot.undone(columns, factor)) is not None
    ]
    if len(fitting) != 1:
        return None
    ((columns, factor, prices),) = fitting
    evidence = _evidence(spot, columns, factor, prices)
    fix = Fix("spike", np.array([spot.at]), prices[np.newaxis], evidence)
    if len(columns) == 1:
        return fix
    volume = _volume(spot, factor)
    if volume is None:
        return None
    if volume != spot.series.volume[spot.at]:
        evidence += "; its volume is as much too " + ("low" if factor > 1 else "high")
    return replace(fix, evidence=evidence, volume=np.array([volume]))


def _volume(spot: _Spot, factor: float) -> float | None:
    """The bar's own volume, or in the same shares as those around; None where that is uncertain."""
    series, at = spot.series, spot.at
    others = np.flatnonzero((series.volume > 0) & series.sound & ~series.failing)
    around = series.volume[others[np.argsort(np.abs(others - at), kind="stable")[:VOLUMES]]]
    own = float(series.volume[at])
    if len(around) < FEWEST_VOLUMES or not own > 0:
        return None
    # A bar in other shares has prices that are too high, and a volume as much too low.
    share = np.log(own / np.median(around)) / -np.log(factor)
    if abs(share) <= SURE:
        return own
    # On a half day it is a third by nature.
    in_others = abs(share - 1) <= SURE and max(factor, 1 / factor) >= FEWEST_TIMES
    return float(np.round(own * factor)) if in_others else None


def _both_ways(factors: tuple[float, ...]) -> tuple[float, ...]:
    return (*factors, *(1 / factor for factor in factors))


def _evidence(spot: _Spot, columns: Ints, factor: float, prices: Floats) -> str:
    series, at = spot.series, spot.at
    times = f"{factor:,.0f} times" if factor > 1 else f"1/{1 / factor:,.0f} of"
    column = int(columns[0]) if len(columns) == 1 else CLOSE
    what = PRICES[column] if len(columns) == 1 else "the bar, with its close"
    level = "what the bar's other prices tell" if len(columns) == 1 else "the level on both sides"
    beside = (
        f"closes {shown(series.prices[spot.before, CLOSE])} of {series.day(spot.before)} and "
        f"{shown(series.prices[spot.after, CLOSE])} of {series.day(spot.after)}"
    )
    return (
        f"{what} {shown(series.prices[at, column])}, of {series.day(at)} is {times} {level} "
        f"({beside}); as {shown(prices[column])} it fits them, and is a multiple of "
        f"{shown(spot.step)} as the prices around are"
    )
