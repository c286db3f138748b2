"""Returns, gaps, ranges and ticks of sorted bars: what the price detectors are made of."""

import numpy as np

from gx.plugins.expectations.kernels.bars import (
    MICROSECONDS_PER_HOUR,
    Bars,
    Flags,
    Floats,
    SortedFrame,
)
from gx.plugins.expectations.kernels.steps import usual_steps

SCORE_PER_MAD = 0.6745  # a normal variable's MAD in standard deviations
SMALLEST_MOVE = 1e-4  # one basis point: below it a move is rounding, whatever the MAD
OVERNIGHT = 4 * MICROSECONDS_PER_HOUR  # breaks at noon are shorter, nights longer
BREAK = MICROSECONDS_PER_HOUR // 2
RELATIVE_ROUNDING = 1e-9  # prices closer than this are the same price


def previous(table: SortedFrame, values: Floats) -> Floats:
    """Shift by one bar inside each symbol; NaN on its first bar."""
    shifted = np.empty_like(values)
    shifted[:1] = np.nan
    shifted[1:] = values[:-1]
    shifted[table.first] = np.nan
    return shifted


def following(table: SortedFrame, values: Floats) -> Floats:
    """Shift back by one bar inside each symbol; NaN on its last bar."""
    shifted = np.empty_like(values)
    shifted[-1:] = np.nan
    shifted[:-1] = values[1:]
    shifted[table.remaining == 0] = np.nan
    return shifted


def returns(bars: Bars) -> Floats:
    """Close-to-close log return; NaN on a first bar and next to an unusable price."""
    table = bars.table

    def compute() -> Floats:
        logs = table.log_price(bars.close)
        return _without_rounding(logs - previous(table, logs))

    return table.memo(("returns", bars.close), compute)


def gaps(bars: Bars) -> Floats:
    """Log of the open over the previous close."""
    table = bars.table

    def compute() -> Floats:
        before = previous(table, table.log_price(bars.close))
        return _without_rounding(table.log_price(bars.open) - before)

    return table.memo(("gaps", bars.open, bars.close), compute)


def nonzero(moves: Floats) -> Floats:
    """Sizes of the moves; NaN where there was none: a price that did not trade has no scale.

    Without this the MAD of a thinly traded share is zero and its every trade an outlier.
    """
    sizes = np.abs(moves)
    return np.where(sizes > 0, sizes, np.nan)


def tick_move(bars: Bars) -> Floats:
    """One tick as a log move: the symbol's smallest change of the close over the last close.

    The smallest change stands in for the tick size, which differs by exchange, price and year.
    """
    table = bars.table

    def compute() -> Floats:
        close = table.floats(bars.close)
        before = previous(table, close)
        with np.errstate(invalid="ignore"):  # of two infinite ones
            change = np.abs(close - before)
        usable = np.isfinite(change) & (change > RELATIVE_ROUNDING * np.abs(before))
        smallest = _per_symbol_minimum(table, np.where(usable, change, np.inf))
        positive = np.where(before > 0, before, np.nan)
        ticks = np.where(np.isfinite(smallest), smallest, 0.0) / positive
        return np.maximum(ticks, SMALLEST_MOVE)

    return table.memo(("tick", bars.close), compute)


def session_starts(bars: Bars) -> Flags:
    """True where a bar opens a session: overnight moves have their own size.

    Every bar of daily and longer bars is such a bar. Within the day it is one that comes more than
    four hours after the bar before, and half as long again as is usual for the symbol: no day
    changes at midnight UTC in Sydney or Chicago.
    """
    return _after(bars, OVERNIGHT)


def pauses(bars: Bars) -> Flags:
    """True where a bar comes so long after the one before that their move has no usual size.

    As `session_starts`, and within the day also behind a break or missing bars of half an hour.
    """
    return _after(bars, BREAK)


def _after(bars: Bars, least: int) -> Flags:
    table = bars.table
    if table.bar_size != "intraday":
        return np.ones(len(table), dtype=bool)

    def compute() -> Flags:
        limit = np.maximum(usual_steps(table) * 3 // 2, least)
        new = table.first.copy()
        new[1:] |= np.diff(table.instant) > limit[table.code[1:]] if len(limit) else False
        return new

    return table.memo(("pauses", least), compute)


def _without_rounding(moves: Floats) -> Floats:
    return np.where(np.abs(moves) <= RELATIVE_ROUNDING, 0.0, moves)


def _per_symbol_minimum(table: SortedFrame, values: Floats) -> Floats:
    if not len(values):
        return values
    return np.repeat(np.minimum.reduceat(values, table.starts), table.counts)
