"""All bars before a split that nobody adjusted for."""

import numpy as np

from gx.plugins.expectations.kernels.bars import Flags
from gx.plugins.expectations.kernels.splits import SPLIT_RATIOS
from gx.repair.fixes import Fix
from gx.repair.market import Market
from gx.repair.series import CLOSE, HIGH, LOW, OPEN, Series, shown

# A ratio is known when the gap is this near to it (log), and this many times nearer than the next.
EXACT, NEARER = 0.06, 3.0
WINDOW, FEWEST_VOLUMES = 30, 15
# Smaller ones (3:2) look like another share class, or a spin-off.
SMALLEST_RATIO = 2.0
# Of the step (log): how far the volume's may be from the one that the split asks for.
SURE = 0.25
# Where the volume is in new shares already it proves nothing. Then the step alone has to: as exact
# as this (log), between so many bars on either side, on days as calm as any, and for good.
ALONE_EXACT, ALONE_BARS = 0.02, 60
CALM, CALM_DAYS = 2.0, 3  # medians of range and volume, from the split on
FEWEST_CLOSES = 15  # different ones in a window: a price of few ticks is near a ratio by chance
SMALLEST_RANGE = 1e-3
STAYS = 0.15  # log; of the median closes of a window before and after


def before_splits(series: Series, splits: Flags, market: Market) -> list[Fix]:
    """All bars before the one split of a series that nobody adjusted, in shares of after it.

    There must be no bars before the range: repaired bars behind unrepaired ones would only move the
    step. The ratio is one of the usual ones. Either the volume steps against the price as much; or
    it stays, in new shares already, and the step itself leaves no doubt: see `_is_beyond_doubt`.
    """
    rows = np.flatnonzero(splits)
    if len(rows) != 1 or (series.rows < 0).any() or not series.sound.all():
        return []
    at = int(rows[0])
    gap = float(series.logs[at, OPEN] - series.logs[at - 1, CLOSE])
    ratio = _certain_ratio(abs(gap))
    if ratio is None:
        return []
    shares = ratio if gap < 0 else 1 / ratio  # new shares for an old one
    step = _volume_step(series, at) / float(np.log(shares))
    name = f"{ratio:g}:1" if gap < 0 else f"1:{ratio:g}"
    said = "falls" if gap < 0 else "rises"
    evidence = (
        f"from {shown(series.prices[at - 1, CLOSE])} at the close of {series.day(at - 1)} the "
        f"price {said} to {shown(series.prices[at, OPEN])} at the next open, {np.exp(gap):.3f} "
        f"times, as at a split of {name}; "
    )
    block, fixed = np.arange(at), series.prices[:at] / shares
    if abs(step - 1) <= SURE:
        evidence += "the volume steps against it as much"
        return [Fix("unadjusted split", block, fixed, evidence, series.volume[:at] * shares)]
    if abs(step) <= SURE and _is_beyond_doubt(series, at, ratio, market):
        evidence += (
            f"volume and range of that day are ordinary, both sides stay where they are for "
            f"{ALONE_BARS} bars, and no other symbol steps: the volume is in new shares already"
        )
        return [Fix("unadjusted split", block, fixed, evidence)]
    return []


def _certain_ratio(size: float) -> float | None:
    distance = np.abs(np.log(np.array(SPLIT_RATIOS)) - size)
    order = np.argsort(distance)
    nearest, next_one = distance[order[0]], distance[order[1]]
    ratio = SPLIT_RATIOS[order[0]]
    known = nearest <= EXACT and nearest * NEARER <= next_one and ratio >= SMALLEST_RATIO
    return ratio if known else None


def _volume_step(series: Series, at: int) -> float:
    """How much the usual volume changes (log); NaN where too few bars tell."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(series.volume)
    before, after = (
        part[np.isfinite(part)] for part in (logs[max(0, at - WINDOW) : at], logs[at : at + WINDOW])
    )
    if min(len(before), len(after)) < FEWEST_VOLUMES:
        return np.nan
    return float(np.median(after) - np.median(before))


def _is_beyond_doubt(series: Series, at: int, ratio: float, market: Market) -> bool:
    """Is the step exact, on calm days, for good, and this symbol's alone?

    In a crash range and volume explode, however near to a half the fall is.
    """
    dates = series.dates
    if (dates != dates.normalize()).any():  # an hour has sixty bars, and its falls no days
        return False
    if not ALONE_BARS <= at <= len(series.rows) - ALONE_BARS or not float(ratio).is_integer():
        return False
    gap = series.logs[at, OPEN] - series.logs[at - 1, CLOSE]
    before, after = series.logs[at - WINDOW : at], series.logs[at : at + WINDOW]
    step = np.median(after[:, CLOSE]) - np.median(before[:, CLOSE])
    enough = min(len(np.unique(part[:, CLOSE])) for part in (before, after)) >= FEWEST_CLOSES
    return bool(
        abs(abs(gap) - np.log(ratio)) <= ALONE_EXACT
        and abs(step - np.sign(gap) * np.log(ratio)) <= STAYS
        and enough
        and _is_calm(series, at)
        and market.is_calm(series.symbol, series.dates[at])
    )


def _is_calm(series: Series, at: int) -> bool:
    """Are range and volume ordinary, on the day before and the first days after?"""
    days, window = slice(at - 1, at + CALM_DAYS), slice(at - WINDOW, at)
    extent = series.logs[:, HIGH] - series.logs[:, LOW]
    usual, traded = np.median(extent[window]), np.median(series.volume[window])
    with np.errstate(invalid="ignore"):
        calm = (extent[days] <= CALM * max(float(usual), SMALLEST_RANGE)).all()
        return bool(calm and (series.volume[days] <= CALM * traded).all() and traded > 0)
