"""Prices against declared splits and dividends: what was not applied, applied twice, or not told.

A split of ratio r moves raw prices by 1/r at its bar, and prices that were adjusted for it not at
all. Where an adjustment was applied twice the earlier prices are too low by r: they step by r.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from gx.plugins.expectations.kernels.bars import (
    Bars,
    Flags,
    Floats,
    Ints,
    Judgement,
    SortedFrame,
    symbols_with_fewer,
)
from gx.plugins.expectations.kernels.calm import FEWEST_BARS, UNDENIABLE
from gx.plugins.expectations.kernels.declared import (
    MICROSECONDS_PER_DAY,
    Declared,
    PlacedSplit,
    Remark,
    date_of,
    declared_of,
    placed_splits,
)
from gx.plugins.expectations.kernels.dividends import NEAREST, are_paid, paid_at, paid_steps
from gx.plugins.expectations.kernels.market_moves import (
    MarketMoves,
    find_moves,
    judge_moves,
    times_of,
)
from gx.plugins.expectations.kernels.moves import SCORE_PER_MAD, gaps, nonzero, returns
from gx.plugins.expectations.kernels.splits import MARKET_STEP, split_bars
from gx.plugins.expectations.kernels.windows import medians_at
from gx.plugins.expectations.tells import compared
from gx.plugins.expectations.tells import shown as shown_price

LISTED: Final = 50
DEVIATIONS = 4.0  # and of symbols that move more, so many of their usual moves
WIDEST = 0.35  # of the split's own step, so that no step is near to two of them
RARE = 6.0  # usual moves that a split must measure to be told from them


@dataclass(frozen=True, eq=False)
class _Seen:
    """Splits that can be told from other days, and the steps around them: a row each.

    rows: sorted positions from `within` bars before to as many after; -1 where there is none of the
    symbol, or none before it. gap: the open over the last close. level: the median close from
    there on over the one before. fall, near: the split's own step, and how near one is to it.
    """

    splits: Sequence[PlacedSplit]
    rows: Ints
    gap: Floats
    level: Floats
    fall: Floats
    near: Floats

    @property
    def lasting(self) -> Floats:
        """How near the level must be: it tells whether the step lasts, not how large it was."""
        return np.maximum(2 * self.near, np.abs(self.fall) / 2)

    def opens_at(self, size: Floats) -> Flags:
        """Where the opening is near a step of this size (a split's each)."""
        with np.errstate(invalid="ignore"):
            near: Flags = np.abs(self.gap - size[:, None]) <= self.near[:, None]
        return near

    def at(self, size: Floats) -> Flags:
        """Where it is, and the level stays there."""
        with np.errstate(invalid="ignore"):
            stays = np.abs(self.level - size[:, None]) <= self.lasting[:, None]
        return self.opens_at(size) & stays


def disagreements(
    bars: Bars,
    *,
    stay: int = 5,
    within: int = 3,
    window: int = 30,
    minimum: int = 10,
    market: MarketMoves | None = None,
) -> Judgement:
    """Flag the bar at which prices and what is declared of them contradict each other.

    At the first bar on or after a split's day the open over the last close, and the median of
    `stay` closes from there on over that of `stay` before, are compared with 1/ratio, 1 and ratio.
    One of them is the step when the opening is near it, within 0.12 (log) or four usual moves, at
    most a third of the split's own step, and the level about there. A split is judged that measures
    six usual moves (of `window` bars on either side), or 1.8 times where fewer than `minimum` are
    known. Up to `within` bars before and after the day are looked at where the step is not there.

    A bar fails whose step is a split's (see `split_bars`) and that neither a declared split nor a
    declared dividend explains, nor the market. Where a dataset declares nothing, nothing is judged.
    """
    table, flags = bars.table, np.zeros(len(bars.table), dtype=bool)
    declared = declared_of(table)
    if declared is None:
        return bars.judge(flags, details={"undeclared": "the dataset declares no splits"})
    seen, small = _seen(bars, stay, within, (window, minimum))
    shown, twice = seen.at(-seen.fall), seen.at(seen.fall)
    found = dict(_contradictions(bars, declared, seen, shown, twice))
    explained = np.zeros(len(table), dtype=bool)
    known = shown | twice if declared.adjusted else seen.opens_at(-seen.fall) | twice
    explained[[*small, *seen.rows[known], *found]] = True
    for row in _undeclared(bars, explained, market):
        found[row] = f"{_opening(bars, row)}: a step at a split ratio, and no split is declared"
    flags[list(found)] = True
    remarks = [*declared.remarks, *placed_splits(table).remarks, *_odd_dividends(bars, declared)]
    return bars.judge(flags, symbols_with_fewer(bars, FEWEST_BARS), _details(table, found, remarks))


def _seen(bars: Bars, stay: int, within: int, usual: tuple[int, int]) -> tuple[_Seen, list[int]]:
    """The splits that can be told from other days, and the rows of those that can't."""
    table, every = bars.table, placed_splits(bars.table).splits
    at, fall = np.array([one.row for one in every], dtype=np.int64), _falls(every)
    scale = _scales(bars, at, *usual)
    told = np.abs(fall) >= np.where(np.isnan(scale), UNDENIABLE, RARE * scale)
    small = at[~told].tolist()
    at, fall, scale = at[told], fall[told], scale[told]
    near = np.minimum(np.fmax(NEAREST, DEVIATIONS * scale), WIDEST * np.abs(fall))
    rows = at[:, None] + np.arange(-within, within + 1)
    inside = np.clip(rows, 0, max(len(table) - 1, 0))
    there = (rows == inside) & (table.code[inside] == table.code[at][:, None])
    rows = np.where(there & ~table.first[inside], rows, -1)
    flat = rows.ravel()
    gap, level = (np.where(flat < 0, np.nan, one) for one in _steps(bars, flat.clip(0), stay))
    splits = [one for one, is_told in zip(every, told.tolist(), strict=True) if is_told]
    return _Seen(
        splits, rows, gap.reshape(rows.shape), level.reshape(rows.shape), fall, near
    ), small


def _falls(splits: Sequence[PlacedSplit]) -> Floats:
    return np.log(np.array([one.ratio for one in splits], dtype=np.float64))


def _scales(bars: Bars, rows: Ints, window: int, minimum: int) -> Floats:
    """A usual move at each row, as a log; NaN where too few are known."""
    usual = medians_at(bars.table, nonzero(returns(bars)), rows, range(-window, window + 1))
    return np.where(usual.count >= minimum, usual.value / SCORE_PER_MAD, np.nan)


def _steps(bars: Bars, rows: Ints, stay: int) -> tuple[Floats, Floats]:
    logs = bars.table.log_price(bars.close)
    before = medians_at(bars.table, logs, rows, range(-stay, 0)).value
    after = medians_at(bars.table, logs, rows, range(stay)).value
    return gaps(bars)[rows], after - before


def _contradictions(
    bars: Bars, declared: Declared, seen: _Seen, shown: Flags, twice: Flags
) -> Iterator[tuple[int, str]]:
    """The bar of each split whose step is not as declared, and the sentence."""
    middle = seen.rows.shape[1] // 2
    for number, split in enumerate(seen.splits):
        row = int(seen.rows[number, middle])
        if row < 0:  # nothing is known of before
            continue
        at = _nearest(shown[number] | twice[number], middle)
        first = f"a split of {_ratio(split.ratio)} is declared for {date_of(split.day)}"
        if at is not None:
            there = int(seen.rows[number, at])
            why = _why(declared, split, there, is_twice=bool(twice[number, at]))
            if why:
                yield there, f"{first}; {_opening(bars, there)}{why}"
            continue
        gap, level = seen.gap[number, middle], seen.level[number, middle]
        near = seen.near[number]
        # Where the bar and the days do not agree a bar is bad, of which others tell, or something
        # else happened in these days.
        agree = abs(gap - level) <= seen.lasting[number]
        unclear = not agree or abs(gap + seen.fall[number]) <= near
        if declared.adjusted or unclear:
            continue
        still = abs(gap) <= near
        why = ": the prices do not show it" if still else ": that is another step"
        yield row, f"{first}; {_opening(bars, row)}{why}"


def _why(declared: Declared, split: PlacedSplit, row: int, *, is_twice: bool) -> str:
    """What is wrong with a split's step at this row; empty where it is as declared."""
    if is_twice:
        return ": the adjustment was applied twice"
    if declared.adjusted:
        return ", though the prices are said to be adjusted"
    if row in split.rows:
        return ""
    off = row - split.row
    return f": {abs(off)} bar{'s' * (abs(off) != 1)} {'later' if off > 0 else 'earlier'}"


def _nearest(chosen: Flags, middle: int) -> int | None:
    """Of the chosen places the one next to the middle."""
    places = np.flatnonzero(chosen)
    return int(places[np.abs(places - middle).argmin()]) if len(places) else None


def _undeclared(bars: Bars, explained: Flags, market: MarketMoves | None) -> list[int]:
    """The steps at a split ratio that nothing explains."""
    rows = np.flatnonzero(split_bars(bars) & ~explained)
    if not len(rows):
        return []
    if market is None:
        market = judge_moves([find_moves(bars, factor=MARKET_STEP)])
    up, times = gaps(bars)[rows] > 0, times_of(bars)[rows]
    by_market = np.where(up, np.isin(times, market.up), np.isin(times, market.down))
    rows = rows[~by_market]
    return [int(row) for row in rows[~are_paid(bars, rows)]]


def _odd_dividends(bars: Bars, declared: Declared) -> Iterator[Remark]:
    """Dividends that nobody can have paid: as much as the share cost, or more."""
    table, close = bars.table, bars.table.floats(bars.close)
    for row, amount in paid_at(bars, declared).items():
        before = float(close[row - 1])
        if 0 < before <= amount and not any(paid_steps(bars, row, {row: amount})):
            yield {
                "symbol": str(table.symbols[table.code[row]]),
                "date": _date(table, row),
                "says": f"a dividend of {amount:g} is declared, and the close before is {before:g}",
            }


def _opening(bars: Bars, row: int) -> str:
    table = bars.table
    opened = float(table.floats(bars.open)[row])
    before = float(table.floats(bars.close)[row - 1])
    step = f"{compared(opened, before)} the close before, {shown_price(before)}"
    return f"the open {shown_price(opened)} of {_date(table, row)} is {step}"


def _ratio(ratio: float) -> str:
    return f"{ratio:g}:1" if ratio >= 1 else f"1:{1 / ratio:g}"


def _date(table: SortedFrame, row: int) -> str:
    return date_of(int(table.local[row] // MICROSECONDS_PER_DAY))


def _details(
    table: SortedFrame, found: Mapping[int, str], remarks: Sequence[Remark]
) -> dict[str, object]:
    told = [
        {"symbol": str(table.symbols[table.code[row]]), "date": _date(table, row), "says": says}
        for row, says in found.items()
        if table.is_judged(row)
    ]
    return {
        "declared_splits": len(placed_splits(table).splits),
        "disagreements": first_of(told),
        "disagreement_count": len(told),
        "remarks": first_of(remarks),
        "remark_count": len(remarks),
    }


def first_of(told: Sequence[Remark]) -> list[Remark]:
    """The first of them by symbol and date, so that parts and the whole tell the same."""
    return sorted(told, key=lambda one: (one["symbol"], one["date"], one["says"]))[:LISTED]
