"""Splits that were not adjusted for, told from crashes."""

from typing import Final

import numpy as np

from gx.plugins.expectations.kernels.bars import (
    Bars,
    Flags,
    Floats,
    Ints,
    Judgement,
    symbols_with_fewer,
)
from gx.plugins.expectations.kernels.calm import (
    FEWEST_BARS,
    is_beyond_ticks,
    is_calm,
    is_outstanding,
)
from gx.plugins.expectations.kernels.declared_splits import Splits, price_shift
from gx.plugins.expectations.kernels.dividends import are_paid
from gx.plugins.expectations.kernels.market_moves import (
    MarketMoves,
    find_moves,
    judge_moves,
    times_of,
)
from gx.plugins.expectations.kernels.moves import (
    SCORE_PER_MAD,
    gaps,
    nonzero,
    previous,
    returns,
)
from gx.plugins.expectations.kernels.units import volume_moves_against
from gx.plugins.expectations.kernels.windows import medians_at

SPLIT_RATIOS: Final = (
    4 / 3, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 40.0,
    50.0, 100.0,
)  # fmt: skip
SMALLEST_STEP = 0.25  # log; the smallest ratio, 4:3, is 0.288
SMALL_STEP = 0.35  # log; below it a step must be rarer still
RARER = 1.5
HUNDREDFOLD = 4.0  # log; from here a step is a wrong unit unless the volume says split
MARKET_STEP = 1.6  # by its root, 26 %, half of the market must have moved


def unadjusted_splits(
    bars: Bars,
    *,
    threshold: float = 6.0,
    nearness: float = 0.12,
    stay: int = 5,
    window: int = 30,
    minimum: int = 10,
    turmoil: float = 5.0,
    splits: Splits | None = None,
    market: MarketMoves | None = None,
) -> Judgement:
    """Flag the first bar at a new level that a split or reverse split explains.

    The open over the previous close is near a ratio of SPLIT_RATIOS (log distance at most
    `nearness`); the step is `threshold` robust deviations of the returns over `window` bars on
    both sides, or, where fewer than `minimum` moves are known, three times the largest of at least
    five others (see `calm`); the median closes of the last and of the next `stay` bars are nearer
    to the old and the new level than to each other's; and the day is ordinary: its range is at most
    `turmoil` times the median range, its volume, in shares of before the step, at most
    `turmoil` times the median volume before it, and for steps below 2:1 down to half of that. In a
    crash range and volume explode, however near the fall is to a ratio. The steps of declared
    splits are none that somebody forgot, and a session on which the market stepped the same way
    explains the step (`market`), and so does a dividend that the dataset declares.
    """
    flags = split_bars(bars, threshold, nearness, stay, window, minimum, turmoil)
    shift = price_shift(bars, splits)
    if shift is not None:
        flags &= shift == previous(bars.table, shift)
    if market is None:
        market = judge_moves([find_moves(bars, factor=MARKET_STEP, splits=splits)])
    rows = np.flatnonzero(flags)
    flags[rows[_is_of_the_market(bars, rows, market) | are_paid(bars, rows)]] = False
    return bars.judge(flags, symbols_with_fewer(bars, FEWEST_BARS), market.details)


def _is_of_the_market(bars: Bars, rows: Ints, market: MarketMoves) -> Flags:
    times, up = times_of(bars)[rows], gaps(bars)[rows] > 0
    found: Flags = np.where(up, np.isin(times, market.up), np.isin(times, market.down))
    return found


def split_bars(
    bars: Bars,
    threshold: float = 6.0,
    nearness: float = 0.12,
    stay: int = 5,
    window: int = 30,
    minimum: int = 10,
    turmoil: float = 5.0,
) -> Flags:
    """Find the splits (see `unadjusted_splits`), as flags in sorted order: a copy of one's own."""
    names = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    key = ("splits", names, threshold, nearness, stay, window, minimum, turmoil)
    found = bars.table.memo(
        key, lambda: _split_bars(bars, threshold, nearness, stay, window, minimum, turmoil)
    )
    return found.copy()


def _split_bars(
    bars: Bars,
    threshold: float,
    nearness: float,
    stay: int,
    window: int,
    minimum: int,
    turmoil: float,
) -> Flags:
    table = bars.table
    gap = gaps(bars)
    rows = _candidates(bars, gap)
    ratio = _nearest_ratio(gap[rows])
    near = np.abs(gap[rows] - ratio) <= nearness
    rows, ratio = rows[near], ratio[near]
    split = (
        _out_of_the_ordinary(bars, gap, rows, threshold, window, minimum)
        & _changes_level(bars, rows, ratio, stay)
        & is_calm(bars, rows, ratio, window, turmoil, np.abs(gap[rows] - ratio))
        & _is_no_wrong_unit(bars, rows, ratio)
    )
    flags = np.zeros(len(table), dtype=bool)
    flags[rows[split]] = True
    return flags


def _around(window: int) -> range:
    return range(-window, window + 1)


def _candidates(bars: Bars, gap: Floats) -> Ints:
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(np.abs(gap) > SMALLEST_STEP)
    return rows[is_beyond_ticks(bars, np.abs(gap[rows]), rows)]


def _nearest_ratio(gap: Floats) -> Floats:
    """Return the log of the nearest split ratio, with the gap's sign."""
    logs = np.log(np.array(SPLIT_RATIOS))
    index = np.abs(np.abs(gap)[:, None] - logs[None, :]).argmin(axis=1)
    nearest: Floats = np.sign(gap) * logs[index]
    return nearest


def _out_of_the_ordinary(
    bars: Bars, gap: Floats, rows: Ints, threshold: float, window: int, minimum: int
) -> Flags:
    usual = medians_at(bars.table, nonzero(returns(bars)), rows, _around(window))
    size = np.abs(gap[rows])
    score = SCORE_PER_MAD * size / usual.value
    known = (usual.count >= minimum) & (score > threshold * np.where(size < SMALL_STEP, RARER, 1.0))
    return known | is_outstanding(bars, size, rows, window)


def _changes_level(bars: Bars, rows: Ints, ratio: Floats, stay: int) -> Flags:
    """Say where the bars before are at the old level and the bars from here on at the new one."""
    logs = bars.table.log_price(bars.close)
    last = logs[rows - 1]
    before = medians_at(bars.table, logs, rows, range(-stay, 0)).value
    after = medians_at(bars.table, logs, rows, range(stay)).value
    allowed = 0.6 * np.abs(ratio)
    return (np.abs(before - last) <= allowed) & (np.abs(after - last - ratio) <= allowed)


def _is_no_wrong_unit(bars: Bars, rows: Ints, ratio: Floats) -> Flags:
    fine = np.abs(ratio) < HUNDREDFOLD
    big = np.flatnonzero(~fine)
    if len(big):
        sizes = np.abs(ratio[big])
        fine[big] = volume_moves_against(
            bars, rows[big], np.sign(ratio[big]), float(sizes[0]), window=20
        )
    return fine
