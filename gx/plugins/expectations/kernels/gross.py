"""Prices that are several times, or a fraction of, what the symbol's last bars were."""

from dataclasses import dataclass

import numpy as np

from gx.plugins.expectations.kernels.bars import Bars, Flags, Floats, Ints, Judgement
from gx.plugins.expectations.kernels.declared_splits import Splits, price_shift
from gx.plugins.expectations.kernels.levels import WINDOW, Levels, follow
from gx.plugins.expectations.kernels.market_moves import (
    Closes,
    Limits,
    MarketMoves,
    closes_of,
    find_moves,
    judge_moves,
    times_of,
)
from gx.plugins.expectations.kernels.moves import RELATIVE_ROUNDING


def gross_errors(
    bars: Bars,
    *,
    factor: float = 4.0,
    splits: Splits | None = None,
    market: MarketMoves | None = None,
) -> Judgement:
    """Flag bars with a price beyond `factor` of the close before and of the last five's median.

    Each of open, high, low and close counts, up and down, without an upper limit; unusable prices
    (missing, NaN, infinite, not above zero) are skipped and say nothing. Closes that were found
    gross are no reference (see `levels.follow`). A bar with no reference before it is compared with
    those that follow, and where there is none either, with its own close. The limit is
    sqrt(factor) wider in the direction in which the market moved (`market`, what the bars
    themselves say of it where it is None).
    """
    if market is None:
        market = judge_moves([find_moves(bars, factor=factor, splits=splits)])
    closes, limits = closes_of(bars, splits), Limits(float(np.log(factor)), market)
    levels = follow(closes, limits)
    flags = np.zeros(len(bars.table), dtype=bool)
    flags[closes.row[levels.gross]] = True
    flags[_gross_rows(bars, _references(bars, closes, levels), limits, splits)] = True
    return bars.judge(flags, details=market.details)


@dataclass(frozen=True)
class _Extent:
    """The highest and the lowest usable price of each bar, as logs; NaN without any."""

    top: Floats
    bottom: Floats


@dataclass(frozen=True)
class _References:
    """The closes that bars are compared with, and how many of all of them are before each row.

    A row's own ones begin where its level does: at the row `start`, with its symbol or a new level.
    """

    level: Floats
    time: Ints
    before: Ints
    start: Ints
    begins: Ints
    of_row: Flags

    def count_before(self, rows: Ints) -> Ints:
        """How many references of the same level come before these rows."""
        count: Ints = self.before[rows] - self.before[self.start[rows]]
        return count

    def count_after(self, rows: Ints) -> Ints:
        """How many references of the same level come after these rows."""
        end = np.append(self.begins, len(self.before))[np.searchsorted(self.begins, rows, "right")]
        upto = np.append(self.before, len(self.level))[end]
        count: Ints = upto - self.before[rows] - self.of_row[rows]
        return count

    def last(self) -> Floats:
        """The level of the last reference before every row; NaN where there is none."""
        known = self.before > self.before[self.start]
        levels = np.append(self.level, np.nan)  # so that there is one to take
        return np.where(known, levels[self.before - 1], np.nan)


def _references(bars: Bars, closes: Closes, levels: Levels) -> _References:
    of_row, new = np.zeros(len(bars.table), dtype=bool), bars.table.first.copy()
    of_row[closes.row[levels.reference]] = True
    new[closes.row[levels.fresh]] = True
    return _References(
        level=closes.level[levels.reference],
        time=closes.time[levels.reference],
        before=np.cumsum(of_row) - of_row,
        start=np.maximum.accumulate(np.where(new, np.arange(len(new)), 0)),
        begins=np.flatnonzero(new),
        of_row=of_row,
    )


def _extent(bars: Bars, splits: Splits | None) -> _Extent:
    table = bars.table

    def compute() -> _Extent:
        logs = [table.log_price(column) for column in bars.prices]
        top, bottom = logs[0].copy(), logs[0].copy()
        for other in logs[1:]:
            np.fmax(top, other, out=top)
            np.fmin(bottom, other, out=bottom)
        shift = price_shift(bars, splits)
        return _Extent(top, bottom) if shift is None else _Extent(top + shift, bottom + shift)

    return table.memo(("extent", bars.prices, repr(splits or {})), compute)


def _gross_rows(bars: Bars, references: _References, limits: Limits, splits: Splits | None) -> Ints:
    """Find the bars with a price beyond the limit of the level that other bars tell."""
    rows = _suspects(bars, references, limits, splits)
    extent, times = _extent(bars, splits), times_of(bars)
    before, after = references.count_before(rows), references.count_after(rows)
    found = np.zeros(len(rows), dtype=bool)
    known, starts = before > 0, (before == 0) & (after > 0)
    if known.any():
        mine, at = rows[known], references.before[rows[known]] - 1
        since = references.time[at]
        up, down = limits.up(since, times[mine]), limits.down(since, times[mine])
        low, high = _level(references, at, -1, before[known])
        found[known] = (extent.top[mine] > high + up) | (extent.bottom[mine] < low - down)
    if starts.any():
        mine = rows[starts]
        at = references.before[mine] + references.of_row[mine]
        upto = references.time[at]
        fall, rise = limits.down(times[mine], upto), limits.up(times[mine], upto)
        low, high = _level(references, at, 1, after[starts])
        found[starts] = (extent.top[mine] > high + fall) | (extent.bottom[mine] < low - rise)
    alone = ~known & ~starts
    found[alone] = _is_torn(bars, rows[alone], limits.size)
    return rows[found]


def _suspects(bars: Bars, references: _References, limits: Limits, splits: Splits | None) -> Ints:
    """Find the bars beyond the limit of their last reference, and those that have none."""
    extent, last = _extent(bars, splits), references.last()
    with np.errstate(invalid="ignore"):
        near = (extent.top - last <= limits.size) & (last - extent.bottom <= limits.size)
    return np.flatnonzero(~near & np.isfinite(extent.top) & (bars.table.code >= 0))


def _level(references: _References, at: Ints, step: int, count: Ints) -> tuple[Floats, Floats]:
    """Return the lower and the higher of the nearest reference and the median of five.

    They begin at the references `at` and go backwards (`step` -1) or forwards; there are `count`.
    """
    offset = np.arange(WINDOW)
    place = np.clip(at[:, None] + step * offset, 0, len(references.level) - 1)
    count = np.minimum(count, WINDOW)
    around = np.where(offset < count[:, None], references.level[place], np.nan)
    nearest, around, pick = around[:, 0], np.sort(around, axis=1), np.arange(len(at))
    middle = (around[pick, (count - 1) // 2] + around[pick, count // 2]) / 2
    return np.minimum(nearest, middle), np.maximum(nearest, middle)


def _is_torn(bars: Bars, rows: Ints, limit: float) -> Flags:
    """Say which bars have a price far from their own close, or from the others without one."""
    logs = np.array([bars.table.log_price(column)[rows] for column in bars.prices])
    close = np.where(np.isfinite(logs[-1]), logs[-1], np.nanmedian(logs, axis=0))
    far: Flags = np.nanmax(np.abs(logs - close), axis=0, initial=0.0) > limit + RELATIVE_ROUNDING
    return far
